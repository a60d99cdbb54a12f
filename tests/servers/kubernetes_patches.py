"""Patches: from a document and a change to a document, purely.

Merge: RFC 7396. JSON: RFC 6902, without move and copy. Strategic:
https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md.
"""

from typing import Any

from tests.servers.kubernetes_resources import Object, Refused, copied

_KEYS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "imagePullSecrets": ("name",),
    "secrets": ("name",),
    "volumeMounts": ("mountPath",),
    "ports": ("containerPort", "port"),
    "ownerReferences": ("uid",),
    "conditions": ("type",),
    "hostAliases": ("ip",),
}
"""By what the elements of a list are known, by the list's name; other lists are replaced."""


def merged(held: Any, patch: Any) -> Any:
    """Apply a merge patch."""
    if not isinstance(patch, dict):
        return patch
    result = dict(held) if isinstance(held, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def strategic(held: Any, patch: Object) -> Object:
    """Apply a strategic merge patch."""
    if patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    result = dict(held) if isinstance(held, dict) else {}
    if "$retainKeys" in patch:
        result = {key: value for key, value in result.items() if key in patch["$retainKeys"]}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif key.startswith("$deleteFromPrimitiveList/"):
            name = key.partition("/")[2]
            result[name] = [each for each in result.get(name, []) if each not in value]
        elif not key.startswith("$"):
            result[key] = _combined(key, result.get(key), value)
    return _ordered(result, patch)


def _combined(name: str, held: Any, patch: Any) -> Any:
    if isinstance(patch, dict):
        return strategic(held, patch)
    if isinstance(patch, list) and name == "finalizers":
        return list(dict.fromkeys([*(held or []), *patch]))
    if isinstance(patch, list) and name in _KEYS:
        return _elements(held or [], patch, name)
    return patch


def _elements(held: list[Object], patch: list[Object], name: str) -> list[Object]:
    """Merge lists whose elements have a key."""
    if any(each.get("$patch") == "replace" for each in patch):
        return [each for each in patch if "$patch" not in each]
    result = {_identity(name, each): each for each in held}
    for each in patch:
        identity = _identity(name, each)
        if each.get("$patch") == "delete":
            result.pop(identity, None)
        else:
            result[identity] = strategic(result.get(identity), each)
    return list(result.values())


def _identity(name: str, element: Object) -> Any:
    return next((element[key] for key in _KEYS[name] if key in element), None)


def _ordered(result: Object, patch: Object) -> Object:
    """Sort the lists whose order the patch gives; what it does not name goes last."""
    for key, value in patch.items():
        name = key.removeprefix("$setElementOrder/")
        if name != key and name in _KEYS and name in result:
            places = {_identity(name, each): place for place, each in enumerate(value)}
            result[name] = sorted(result[name], key=lambda each: places.get(_identity(name, each), len(places)))
    return result


def stepwise(held: Object, patch: list[Object]) -> Object:
    """Apply a JSON patch of add, replace, remove and test."""
    result = copied(held)
    for step in patch:
        *way, last = (part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:])
        place: Any = result
        try:
            for part in way:
                place = place[int(part) if isinstance(place, list) else part]
            _step(place, last, step)
        except (KeyError, IndexError, ValueError) as error:
            message = f"the server rejected our request due to an error in our request: {step}"
            raise Refused(422, "Invalid", message) from error
    return result


def _step(place: Any, last: str, step: Object) -> None:
    key: Any = last
    if isinstance(place, list):
        key = len(place) if last == "-" else int(last)
    match step["op"]:
        case "remove":
            del place[key]
        case "test":
            if place[key] != step["value"]:
                raise ValueError(step)
        case "add" if isinstance(place, list):
            place.insert(key, step["value"])
        case "add" | "replace":
            place[key] = step["value"]
        case _:
            raise ValueError(step)

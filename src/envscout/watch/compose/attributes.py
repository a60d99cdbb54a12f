"""What a Compose file says of the attributes of a service that decide what it runs. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from envscout.watch.compose.service import EACH, OPTIONAL, RESET, SHARED, Said, Service
from envscout.watch.documents import Items, Text, Tree
from envscout.watch.filled import filled, part
from envscout.watch.interpolation import InvalidVariable, filled_in

MAX_IMAGE = 4096
"""Characters of an image, far beyond what any reference has."""
_NUMBER = re.compile(r"\+?(?:0[xob]([\da-f_]+)|(\d[\d_]*))(?:\.0*)?", re.ASCII | re.IGNORECASE)
_OVERRIDE = "!override"


def service(told: Tree, place: str, file: str, values: Mapping[str, str]) -> Service:
    """Return what a file says of a service itself. Variables are filled in before anything is merged, file by file."""
    said = {}
    for name, told_of, read in _attributes(told):
        if is_null(told_of):
            continue
        where, tag = f"{file}:{told_of.line}", getattr(told_of, "tag", "")
        try:
            said[name] = Said("" if tag == RESET else read(told_of, values), where, tag)
        except InvalidVariable as error:
            said[name] = Said("", where, tag, str(error))
    return Service(place, said)


def size(told: Tree) -> int:
    """Return how many characters what decides of a service is counted as."""
    attributes = (each for _, each, _ in _attributes(told))
    return sum(EACH + len(text) for each in attributes for text in (each if isinstance(each, Tree) else texts(each)))


def is_reset(told: Any) -> bool:
    """Tell whether something is to be as if it had never been said."""
    return getattr(told, "tag", "") == RESET


def replaces(told: Any) -> bool:
    """Tell whether something is to take the place of what was said before, or to take it away."""
    return getattr(told, "tag", "") in (RESET, _OVERRIDE)


def is_null(told: Any) -> bool:
    """Tell whether nothing is said."""
    return told is None or (isinstance(told, Text) and told.null)


_Read: TypeAlias = Callable[[Any, Mapping[str, str]], str | tuple[str, ...]]


def _attributes(told: Tree) -> Iterator[tuple[str, Any, _Read]]:
    for name, each in told.items():
        if read := _OWN.get(name):
            yield name, each, read
    deploy = told.get("deploy")
    replicas = deploy.get("replicas") if isinstance(deploy, Tree) else None
    if deploy is not None and (is_reset(deploy) or (replaces(deploy) and is_null(replicas))):
        # What replaces all of `deploy` and has no number of copies in it takes the number away.
        replicas = Text("", deploy.line, RESET)
    yield "replicas", replicas, _number


def _image(told: Any, values: Mapping[str, str]) -> str:
    if not isinstance(told, Text):
        raise InvalidVariable("its image is no text")
    text = filled(told, values)
    if told and not text.strip():
        raise InvalidVariable(f"nothing is left of its image {told[:200]!r} where variables are filled in")
    if len(text) > MAX_IMAGE:
        raise InvalidVariable(f"its image has more than {MAX_IMAGE:,} characters")
    return text


def _list(told: Any, values: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(filled(each, values) for each in texts(told))


def _links(told: Any, values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the services of `SERVICE` and `SERVICE:ALIAS`."""
    return tuple(part(each, each.partition(":")[0]) if each.count(":") == 1 else each for each in _list(told, values))


def _volumes_from(told: Any, values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the services of `SERVICE` and `SERVICE:MODE`; what begins with `container:` is none."""
    named = (each for each in _list(told, values) if not each.startswith("container:"))
    return tuple(part(each, each.partition(":")[0]) for each in named)


def _shared(told: Any, values: Mapping[str, str]) -> str:
    return filled(told, values) if isinstance(told, Text) else ""


def _needs(told: Any, values: Mapping[str, str]) -> tuple[str, ...]:
    if not isinstance(told, Tree):
        return _list(told, values)
    return tuple(f"{OPTIONAL if is_reset(each) or _is_optional(each) else ''}{name}" for name, each in told.items())


def _is_optional(told: Any) -> bool:
    return isinstance(told, Tree) and str(told.get("required", "")).lower() == "false"


def _number(told: Any, values: Mapping[str, str]) -> str:
    """Return a number without sign, prefix and leading zeros, "0" for none."""
    text = filled_in(told, values).strip() if isinstance(told, Text) else ""
    number = _NUMBER.fullmatch(text)
    if not number:
        raise InvalidVariable(
            f"its number of copies is {str(told)[:50]!r}"
            if isinstance(told, Text)
            else "its number of copies is no text"
        )
    return (number[1] or number[2]).lstrip("0_") or "0"


def _told(_: Any, __: Mapping[str, str]) -> str:
    return "yes"


def texts(told: Any) -> list[Text]:
    """Return a text, or those of a list."""
    return [each for each in (told if isinstance(told, Items) else [told]) if isinstance(each, Text)]


_OWN: Mapping[str, _Read] = {
    "image": _image,
    "build": _told,
    "provider": _told,
    "profiles": _list,
    "scale": _number,
    "depends_on": _needs,
    "links": _links,
    "volumes_from": _volumes_from,
    **dict.fromkeys(SHARED, _shared),
}

"""Which registry is watched and which of its images, as `--registry` says it. Pure.

The text is a host, or `type=oci,registry=HOST,key=value,...` as Docker Scout takes it.
"""

import re
from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase

import msgspec

from envscout.errors import InvalidReference, UsageError
from envscout.images.credentials import Credentials
from envscout.names import reference
from envscout.names.address import shown

TYPES = ("artifactory", "harbor", "nexus", "oci")
ANY_SECRET = "ENVSCOUT_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
_SECRETS = {
    "artifactory": "DOCKER_SCOUT_ARTIFACTORY_WEBHOOK_SECRET",
    "harbor": "DOCKER_SCOUT_HARBOR_WEBHOOK_AUTH",
    "nexus": "DOCKER_SCOUT_NEXUS_WEBHOOK_SECRET",
}
_LOGINS = {
    "artifactory": "DOCKER_SCOUT_ARTIFACTORY_API",
    "harbor": "DOCKER_SCOUT_HARBOR_API",
    "nexus": "DOCKER_SCOUT_NEXUS_API",
    "oci": "DOCKER_SCOUT_REGISTRY",
}
_EXAMPLE = "Write a host, or for example type=harbor,registry=HOST,include=team/*,port=9000."


class Watched(msgspec.Struct, frozen=True):
    """One registry, and which images of it count.

    host: `HOST[:PORT]`. api: where its list of repositories is, "" for the host itself. include, exclude: globs over
    repositories. within: what the names of repositories start with, "" or `NAME/`. port: where events are received,
    -1 for nowhere, 0 for any free port. listen: the address for that, "" for all.
    """

    type: str
    host: str
    api: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    repository: str = ""
    within: str = ""
    port: int = -1
    listen: str = ""


class Selection(msgspec.Struct, frozen=True):
    """Which images of a registry count beside what it says itself. repositories: () for all. tags: any of them fits."""

    repositories: tuple[str, ...] = ()
    tags: tuple[re.Pattern[str], ...] = ()


def parse(text: str) -> Watched:
    """Return what a text asks to watch. Raises UsageError."""
    fields: dict[str, list[str]] = {}
    for part in filter(str.strip, text.split(",")) if "=" in text else [f"registry={text}"]:
        key, _, value = (each.strip() for each in part.partition("="))
        if key not in _KEYS or not value:
            raise UsageError(f"{key!r} in --registry is not understood.", f"It takes {', '.join(_KEYS)}.")
        fields.setdefault(key, []).append(value)
    return _watched(fields)


def registered(kind: str, parameters: Mapping[str, str]) -> Watched:
    """Return what `integration configure` registered; include and exclude may be lists. Raises UsageError."""
    fields = {key: value.split(",") if key in _LISTS else [value] for key, value in parameters.items()}
    return _watched({**fields, "type": [kind]})


def _watched(fields: Mapping[str, list[str]]) -> Watched:
    one = {key: _one(key, values) for key, values in fields.items() if key not in _LISTS}
    kind = one.get("type", "oci")
    if kind not in TYPES:
        raise UsageError(f"{kind!r} is no type of registry.", f"The types are {', '.join(TYPES)}.")
    host = _host(one.get("registry", ""))
    repository = one.get("repository", "")
    if is_subdomain := _flag(one.get("subdomain-mode", "false")):
        if not repository:
            raise UsageError("subdomain-mode=true needs a repository.", "Add repository=NAME.")
        host = f"{repository}.{host}"
    bare = is_subdomain or not repository or kind == "nexus"
    return Watched(
        type=kind,
        host=host,
        api=_api(one.get("api", "")),
        include=tuple(fields.get("include", ())),
        exclude=tuple(fields.get("exclude", ())),
        repository=repository,
        within="" if bare else f"{repository}/",
        port=_port(one["port"]) if "port" in one else -1,
        listen=one.get("listen", ""),
    )


def selection(repositories: Collection[str], tags: Collection[str]) -> Selection:
    """Return which images count. tags: regular expressions, found anywhere in a tag. Raises UsageError."""
    try:
        return Selection(tuple(repositories), tuple(re.compile(each) for each in tags))
    except re.error as error:
        raise UsageError(f"{error.pattern!r} is no regular expression: {error}.", "Mend --tag.") from error


def wants_repository(watched: Watched, chosen: Selection, name: str) -> bool:
    """Return whether images of a repository count."""
    return (
        (not chosen.repositories or name in chosen.repositories)
        and name.startswith(watched.within)
        and (not watched.include or any(fnmatchcase(name, each) for each in watched.include))
        and not any(fnmatchcase(name, each) for each in watched.exclude)
    )


def wants_tag(chosen: Selection, tag: str) -> bool:
    """Return whether images under a tag count."""
    return not chosen.tags or any(each.search(tag) for each in chosen.tags)


def secret(watched: Watched, variables: Mapping[str, str]) -> str:
    """Return what proves that an event comes from the registry. Raises UsageError where none is set."""
    names = [*filter(None, [_SECRETS.get(watched.type, "")]), ANY_SECRET]
    found = next((variables[name] for name in names if variables.get(name)), "")
    if not found:
        raise UsageError(
            "Events from anybody would be believed: there is no secret.", f"Set {' or '.join(names)}, or omit port=."
        )
    return found


def credentials(watched: Watched, variables: Mapping[str, str]) -> Credentials | None:
    """Return who we are to the registry, None where only `docker login` knows."""
    prefix = _LOGINS[watched.type]
    user, password = variables.get(f"{prefix}_USER", ""), variables.get(f"{prefix}_PASSWORD", "")
    return Credentials(user, password) if user else None


def _one(key: str, values: list[str]) -> str:
    if len(values) > 1:
        raise UsageError(f"{key} stands {len(values)} times in --registry.", "Say it once.")
    return values[0]


def _host(text: str) -> str:
    bare = text.removeprefix("https://").rstrip("/")
    if not bare:
        raise UsageError("--registry names no registry.", _EXAMPLE)
    try:
        parsed = reference.parse(f"{bare}/a/a")
    except InvalidReference as error:
        raise UsageError(f"{text!r} is no host of a registry.", _EXAMPLE) from error
    if not parsed.host_typed or parsed.path != "a/a":
        raise UsageError(f"{text!r} is no host of a registry.", _EXAMPLE)
    return parsed.host


def _api(text: str) -> str:
    if text and not re.fullmatch(r"https?://[^/?#@\s]+(/[^?#\s]*)?", text):
        raise UsageError(f"api={shown(text)} is no address.", "Write https://HOST/PATH; /v2/_catalog is added to it.")
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise UsageError(f"port={text} is no port.", "Write a number up to 65535.")
    return int(text)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise UsageError(f"subdomain-mode={text} is not understood.", "Write true or false.")
    return text == "true"


_LISTS = ("include", "exclude")
_KEYS = ("type", "registry", "api", "include", "exclude", "repository", "port", "listen", "subdomain-mode")

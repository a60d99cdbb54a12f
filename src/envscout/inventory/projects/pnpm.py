"""`pnpm-lock.yaml` of pnpm, versions 5, 6 and 9 (github.com/pnpm/spec, lockfile)."""

import re
from collections.abc import Iterator
from typing import Any

from envscout.inventory.projects import document, graph
from envscout.inventory.projects.listing import Found, Listed, Unreadable, listing
from envscout.inventory.record import Reading

_MAJOR = re.compile(r"([0-9]{1,3})(?:\.[0-9]+)*")
_RUNTIME = ("dependencies", "optionalDependencies")


def read(path: str, data: bytes) -> Reading:
    """Return the packages that are installed with `--prod`."""
    return listing(path, data, _listed)


def _listed(_path: str, data: bytes) -> Listed:
    # Since version 11 a document about pnpm itself may come first.
    for lock in document.yaml(data):
        major = _MAJOR.fullmatch(document.text(lock.get("lockfileVersion")))
        if not major:
            raise Unreadable("it is no lock file of pnpm: it has no `lockfileVersion`")
        yield from _packages(lock, int(major[1]))


def _packages(lock: dict[str, Any], major: int) -> Iterator[Found]:
    left_out = _development(lock) if major >= 9 else set()
    for key, value in document.mapping(lock.get("packages"), "`packages`").items():
        found = document.entry(value)
        local = document.entry(found.get("resolution")).get("type") == "directory"
        if key in left_out or local or found.get("dev") == "true":
            continue
        name, version = _by_folder(key) if major < 6 else _by_at(key)
        yield Found("npm", document.text(found.get("name")) or name, document.text(found.get("version")) or version)


def _by_folder(key: str) -> tuple[str, str]:
    """Return name and version of `/@scope/name/1.0.0_peers`, or of the same behind the host of a registry."""
    name, _, version = key.partition("/")[2].rpartition("/")
    return name, version.partition("_")[0] if version[:1].isdigit() else ""


def _by_at(key: str) -> tuple[str, str]:
    """Return name and version of `@scope/name@1.0.0(peers)`; version "" of what comes from elsewhere."""
    name, version = _split(key.removeprefix("/"))
    return name, version if version[:1].isdigit() and "/" not in version else ""


def _split(key: str) -> tuple[str, str]:
    plain = key.partition("(")[0]
    at = plain.find("@", 1)
    return (plain, "") if at < 0 else (plain[:at], plain[at + 1 :])


def _development(lock: dict[str, Any]) -> set[str]:
    """Return the keys of packages that only development needs; version 9 tells it of the importers' own alone."""
    snapshots = document.mapping(lock.get("snapshots"), "`snapshots`")

    def needs(key: str) -> Iterator[str]:
        found = document.entry(snapshots.get(key))
        for field in _RUNTIME:
            for name, version in document.entry(found.get(field)).items():
                yield _snapshot(name, document.text(version))

    importers = [document.entry(each) for each in document.mapping(lock.get("importers"), "`importers`").values()]
    development = [root for each in importers for root in _roots(each, "devDependencies")]
    runtime = [root for each in importers for field in _RUNTIME for root in _roots(each, field)]
    # One package may be there with several sets of peers.
    runtime_too = {key.partition("(")[0] for key in graph.reached(runtime, needs)}
    return {key.partition("(")[0] for key in graph.reached(development, needs)} - runtime_too


def _roots(importer: dict[str, Any], field: str) -> Iterator[str]:
    for name, value in document.entry(importer.get(field)).items():
        yield _snapshot(name, document.text(document.entry(value).get("version")))


def _snapshot(name: str, version: str) -> str:
    """Return the key of a snapshot: an alias has the real name before its version, a version alone has not."""
    at = version.find("@", 1)
    ends = [place for place in (version.find(":"), version.find("(")) if place >= 0]
    is_key = version.startswith("@") or (at >= 0 and all(at < place for place in ends))
    return version if is_key else f"{name}@{version}"

"""`yarn.lock`: the own format of yarn 1 and the YAML of later versions (yarnpkg.com; neither tells development)."""

import re
from collections.abc import Iterator

from envscout.inventory.projects import document
from envscout.inventory.projects.listing import Found, Listed, listing
from envscout.inventory.record import Reading, damaged, text
from envscout.model import Problem

# `name@range`, or `alias@npm:name@range`.
_SPECIFIER = re.compile(r'"?(?:@?[^@\s"]+@npm:(?=@?[^@\s"]+@))?(@?[^@\s"]+)@([^",]*)')
_VERSION = re.compile(r' +"?version"? "?([^"\s]+)"?\s*')
_LOCAL = ("file:", "link:", "portal:", "workspace:", "./", "../")
_ARCHIVE = (".tgz", ".tar.gz", ".tar")


def read(path: str, data: bytes) -> Reading:
    """Return the packages of all entries but those of the project's own folders."""
    return listing(path, data, _listed)


def _listed(path: str, data: bytes) -> Listed:
    if re.search(rb"^__metadata:", data, re.MULTILINE):
        return _berry(data)
    return _classic(path, text(data.removeprefix(b"\xef\xbb\xbf")))


def _classic(path: str, lines: str) -> Iterator[Found | Problem]:
    """Yield the entries of yarn 1: a line of specifiers that ends with a colon, and indented fields below it."""
    header = ""
    for line in [*lines.split("\n"), "end:"]:
        line = line.rstrip("\r")
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            if header:
                yield from _of_entry(path, header, "")
            header = line
        elif header and (version := _VERSION.fullmatch(line)):
            yield from _of_entry(path, header, version[1])
            header = ""
    if header != "end:":
        yield damaged(path, "it has no end")


def _of_entry(path: str, header: str, version: str) -> Iterator[Found | Problem]:
    specifier = _SPECIFIER.match(header)
    if not specifier or not header.endswith(":"):
        yield damaged(path, f"an entry begins with {header[:60]!r}")
    elif not _is_own(specifier[2].removesuffix(":")):
        yield Found("npm", specifier[1], version)


def _berry(data: bytes) -> Iterator[Found]:
    """Yield the entries of yarn 2 and later, whose `resolution` is `name@protocol:rest`."""
    for lock in document.yaml(data):
        for key, value in lock.items():
            found = document.entry(value)
            resolution = document.text(found.get("resolution")) or key
            at = resolution.find("@", 1)
            name, source = (resolution, "") if at < 0 else (resolution[:at], resolution[at + 1 :])
            if key != "__metadata" and not _is_own(source):
                yield Found("npm", name, document.text(found.get("version")))


def _is_own(source: str) -> bool:
    """Tell whether a package comes from a folder of the project: a workspace, a link, a copy."""
    return source.startswith(_LOCAL) and not source.partition("#")[0].partition("::")[0].endswith(_ARCHIVE)

"""Paths inside an image: text without a leading slash, relative to the image's own root, which nothing leaves."""

from collections.abc import Callable

MAX_LINKS = 40
MAX_PATH = 4096


class PathEscapeError(Exception):
    """A path with a `..` in it, or one longer than any file system takes."""


class LinkLoopError(Exception):
    """A path that leads through more than MAX_LINKS symbolic links, as open(2) counts them (ELOOP)."""


def normalised(name: str) -> str:
    """Return `usr/bin/x` for `./usr//bin/x`, "" for the root.

    Raises PathEscapeError for any `..` and for over-long names.
    """
    if len(name) > MAX_PATH:
        raise PathEscapeError
    if name[:2] == "./":
        name = name[2:]
    name = name.strip("/")
    # Only names with one of these can hold a component to change.
    if "//" not in name and "/." not in name and name[:1] != ".":
        return name
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise PathEscapeError
    return "/".join(parts)


def ancestors(path: str) -> list[str]:
    """Return the directories above a path, the root ("") first."""
    if not path:
        return []
    found = [""]
    at = path.find("/")
    while at >= 0:
        found.append(path[:at])
        at = path.find("/", at + 1)
    return found


def resolved(path: str, link_at: Callable[[str], str | None]) -> str:
    """Follow every symbolic link on the way to a path; return the path that is left.

    link_at: says the target of the link at a path whose directories are real, None where there is no link. Absolute
    targets start at the image's root, and `..` stops there, as for a process whose root it is. Raises LinkLoopError.
    """
    todo = path.split("/")[::-1]
    current: list[str] = []
    links = 0
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            del current[-1:]
            continue
        target = link_at("/".join([*current, part]))
        if target is None:
            current.append(part)
            continue
        links += 1
        if links > MAX_LINKS:
            raise LinkLoopError
        if target.startswith("/"):
            current.clear()
        todo.extend(target.split("/")[::-1])
    return "/".join(current)

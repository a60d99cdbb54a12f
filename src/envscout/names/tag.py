"""What the tag of an image says: `3.14-alpine` is version 3.14 of something, on Alpine. Pure.

There is no rule for tags, only customs: those of Docker's official images, `VERSION[-FLAVOUR...]`, where a flavour may
name a release of a distribution (`trixie`, `alpine3.22`) or a variant (`slim`).
"""

import re
from functools import lru_cache

import msgspec

from envscout.names.releases import debian_release

_VERSION = re.compile(r"v?([0-9]+(?:\.[0-9]+){0,4})", re.ASCII)
_BEFORE = re.compile(r"(?:[._-]?(?:a|alpha|b|beta|rc|preview|pre|dev|nightly|snapshot|ea)[._]?[0-9]*)", re.ASCII | re.I)
_RELEASE = re.compile(r"(alpine|debian|ubuntu|ubi|el|fc|nanoserver|windowsservercore)v?([0-9]+(?:\.[0-9]+)*)", re.ASCII)
_UBUNTU = {
    "trusty": "14.04",
    "xenial": "16.04",
    "bionic": "18.04",
    "focal": "20.04",
    "jammy": "22.04",
    "noble": "24.04",
    "resolute": "26.04",
}
_DISTRIBUTIONS = frozenset({"alpine", "debian", "ubuntu", "ubi", "el", "fc", "oraclelinux", "amazonlinux"})


_NONE: tuple[int, ...] = ()


class Tag(msgspec.Struct, frozen=True):
    """text: the tag. version: (3, 14), () where it names none. early: it is of a version before a release.

    system, release: the distribution that it names, `alpine` and (3, 22); "" and () where it does not say. variant:
    all other words, in alphabetical order.
    """

    text: str
    version: tuple[int, ...] = ()
    early: bool = False
    system: str = ""
    release: tuple[int, ...] = ()
    variant: tuple[str, ...] = ()

    @property
    def precision(self) -> int:
        """Return how many numbers the version has: a tag of two moves with its patches, one of three does not."""
        return len(self.version)


# The same tags are looked at again and again while they are put in order.
@lru_cache(maxsize=1 << 16)
def parse(text: str) -> Tag:
    """Return what a tag says; never raises."""
    first, *words = text.split("-")
    version, early, rest = _version(first)
    words = [word for word in (rest, *words) if word]
    system, release = "", _NONE
    variant: list[str] = []
    for word in words:
        if _BEFORE.fullmatch(word):
            early = True
            continue
        found = _system(word)
        if found and not system:
            system, release = found
        else:
            variant.append(word)
    return Tag(text, version, early, system, release, tuple(sorted(variant)))


def _version(word: str) -> tuple[tuple[int, ...], bool, str]:
    """Return the version at the head of a tag, whether it comes before a release, and what is no version."""
    found = _VERSION.match(word)
    if not found or len(found[1]) > 40:
        return (), False, word
    rest = word[found.end() :]
    if rest and not _BEFORE.fullmatch(rest):
        return (), False, word
    return _numbers(found[1]), bool(rest), ""


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _system(word: str) -> tuple[str, tuple[int, ...]] | None:
    """Return the distribution that a word names."""
    if word in _DISTRIBUTIONS:
        return word, ()
    if word in _UBUNTU:
        return "ubuntu", _numbers(_UBUNTU[word])
    if found := _RELEASE.fullmatch(word):
        return found[1], _numbers(found[2])
    number = "" if word[:1].isdigit() else debian_release(word)
    return ("debian", _numbers(number) if number.isdecimal() else ()) if number else None

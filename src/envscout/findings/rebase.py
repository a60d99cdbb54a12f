"""Which image to build on instead: the same tag anew, or another tag of the same repository. Pure.

Tags are compared by what they say (`names.tag`), images by what is known of them. What nobody looked into is offered,
too, and says so: its vulnerabilities are unknown, not none.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from envscout.findings.upgrades import WEIGHTS
from envscout.model import Distribution, Summary
from envscout.names.tag import Tag, parse

Kind = Literal["refresh", "update"]

MOST_OFFERS = 10
_SIMILAR = 0.05
_SLIM = frozenset({"slim", "minimal", "micro", "tiny", "distroless"})


class Image(msgspec.Struct, frozen=True):
    """What an image of the base's repository is, as far as it is known; digest: "" where only the tag is.

    names: its vulnerabilities, None where nobody looked into it. created: RFC 3339. tags: other names of it.
    """

    tag: str
    digest: str = ""
    created: str = ""
    size: int = 0
    packages: int = 0
    distribution: Distribution | None = None
    names: frozenset[str] | None = None
    summary: Summary | None = None
    tags: tuple[str, ...] = ()


class Offer(msgspec.Struct, frozen=True):
    """An image to build on instead. benefits: in the words of Docker Scout, and what speaks against it."""

    kind: Kind
    image: Image
    benefits: tuple[str, ...]


def refresh(current: Image, newest: Image) -> Offer | None:
    """Return the image that the same tag stands for by now, None where it is the one that was built on."""
    if not newest.digest or newest.digest == current.digest:
        return None
    return Offer("refresh", newest, ("Newer image for same tag", *_benefits(current, newest)))


def updates(current: Image, others: Iterable[Image]) -> list[Offer]:
    """Return other tags to build on, the most suitable first: the same flavour; less to fear; newer."""
    now = parse(current.tag)
    asked = [each for each in others if each.tag != current.tag and each.digest not in ("", current.digest)]
    named = [each for each in others if each.tag != current.tag and not each.digest]
    fit = [each for each in [*asked, *named] if _fits(now, parse(each.tag), known=each.names is not None)]
    better = [each for each in fit if _is_better(current, each)]
    better.sort(key=lambda each: _place(now, each))
    return [Offer("update", each, _benefits(current, each)) for each in better[:MOST_OFFERS]]


def _fits(now: Tag, other: Tag, *, known: bool) -> bool:
    """Tell whether a tag is of the same line: as exact, not older, of the same flavour or a smaller one of it."""
    if not now.version or other.precision != now.precision or other.version < now.version:
        return False
    if other.early and not now.early:
        return False
    if now.system == other.system and now.release and not other.release:
        return False
    same = set(other.variant) - _SLIM == set(now.variant) - _SLIM
    return same and (known or now.system == other.system) and bool(other.release) >= bool(now.release)


def _is_better(current: Image, other: Image) -> bool:
    """Tell whether anything speaks for an image: it is newer, or holds fewer vulnerabilities."""
    before, after = parse(current.tag), parse(other.tag)
    if (after.version, not after.early) > (before.version, not before.early):
        return True
    if other.names is None or current.names is None:
        return other.names is None and _newer_system(before, after)
    return weight(other.summary) < weight(current.summary)


def _newer_system(now: Tag, other: Tag) -> bool:
    return (now.system == other.system and other.release > now.release) or len(other.variant) > len(now.variant)


def weight(summary: Summary | None) -> float:
    """Return counts as one number."""
    if summary is None:
        return float("inf")
    return float(sum(WEIGHTS[word] * getattr(summary, word) for word in WEIGHTS))


def _place(now: Tag, image: Image) -> tuple[object, ...]:
    tag = parse(image.tag)
    newer = tuple(-part for part in tag.version)
    release = tuple(-part for part in tag.release)
    distance = (tag.system != now.system, tag.variant != now.variant, tag.early)
    return (*distance, weight(image.summary), newer, release, image.tag)


def _benefits(current: Image, other: Image) -> tuple[str, ...]:
    return (
        *_systems(current, other),
        *_versions(parse(current.tag), parse(other.tag)),
        *_sizes(current, other),
        *_vulnerabilities(current, other),
    )


def _systems(current: Image, other: Image) -> Iterable[str]:
    before, after = _system(current), _system(other)
    if before is None or after is None:
        return
    if before[0] != after[0]:
        yield f"OS changes from {before[0]} to {after[0]}"
    elif before[1] == after[1]:
        yield "Same OS detected"
    else:
        # Alpine's and Ubuntu's releases are 3.21 and 24.04: the first number alone says little.
        yield f"{_change(before[1], after[1])} OS version update"


def _system(image: Image) -> tuple[str, tuple[int, ...]] | None:
    if image.distribution and image.distribution.id:
        numbers = image.distribution.version.split(".")[:2]
        return image.distribution.id, tuple(int(part) for part in numbers if part.isdecimal())
    tag = parse(image.tag)
    return (tag.system, tag.release) if tag.system and tag.release else None


def _change(before: Sequence[int], after: Sequence[int]) -> str:
    return "Major" if before[:1] != after[:1] else "Minor"


def _versions(before: Tag, after: Tag) -> Iterable[str]:
    if after.version != before.version and before.version:
        yield f"{_change(before.version, after.version)} runtime version update"
    if set(after.variant) & _SLIM and not set(before.variant) & _SLIM:
        yield "Tag is using slim variant"


def _sizes(current: Image, other: Image) -> Iterable[str]:
    if current.created and other.created > current.created:
        yield "Tag was pushed more recently"
    if current.size and other.size:
        if abs(other.size - current.size) <= _SIMILAR * current.size:
            yield "Image has similar size"
        else:
            word = "smaller" if other.size < current.size else "larger"
            yield f"Image is {word} by {_megabytes(abs(other.size - current.size))}"
    if current.packages and other.packages:
        fewer = current.packages - other.packages
        if fewer:
            yield f"Image contains {abs(fewer)} {'fewer' if fewer > 0 else 'more'} packages"
        else:
            yield "Image contains equal number of packages"


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.3g} MB"


def _vulnerabilities(current: Image, other: Image) -> Iterable[str]:
    if other.names is None:
        yield "Vulnerabilities not known: nobody looked into it"
        return
    if current.names is None:
        return
    removed, introduced = len(current.names - other.names), len(other.names - current.names)
    if introduced:
        yield f"Image introduces {introduced} and removes {removed} vulnerabilities"
    elif removed:
        yield f"Image introduces no new vulnerability but removes {removed}"
    else:
        yield "Image has same number of vulnerabilities"

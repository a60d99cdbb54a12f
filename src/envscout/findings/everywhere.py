"""How far "it runs nowhere" can be trusted, over all that runs. Pure."""

from collections.abc import Collection

from envscout.findings import coverage
from envscout.model import Coverage, Reason

_OF_FEEDS = frozenset({"no-feed", "stale-feed", "unkeyable-version", "unassessable-advisory"})
_ABOUT_CONTENT = frozenset(
    {"not-indexed", "no-package-database", "unread-package-database", "damaged-layer", "damaged-database"}
)


def unheard(query: str, names: Collection[str]) -> Coverage:
    """Say that a vulnerability was asked for that no advisory speaks of, where it stands for none."""
    return coverage.unheard([] if names else [query])


def apart_from_feeds(found: Coverage) -> Coverage:
    """Return what bears on an answer about an image, but for its feeds: those are told of once, for all."""
    return Coverage(found.state, tuple(each for each in found.reasons if each.code not in _OF_FEEDS))


def of_alike(count: int, found: Coverage) -> Coverage:
    """Say of so many images that run what holds of each."""
    return Coverage(found.state, tuple(Reason(each.code, f"{_many(count)}: {each.message}") for each in found.reasons))


def of_doubt(name: str, version: str, count: int) -> Coverage:
    """Say of a package that could not be compared in how many images it runs."""
    why = "may have it, but could not be compared with its advisory: check by hand."
    return Coverage("partial", (Reason("unkeyable-version", f"{name} {version} in {_many(count)} {why}"),))


def of_content(found: Coverage) -> Coverage:
    """Say where a package runs, which does not depend on advisories, only on what could be read of the images."""
    reasons = tuple(each for each in found.reasons if each.code in _ABOUT_CONTENT)
    return Coverage("partial" if reasons else "complete", reasons)


def _many(count: int) -> str:
    return "1 running image" if count == 1 else f"{count} running images"

"""Everything that a policy may judge an image by, and what a judgement is before it becomes a verdict."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from envscout.model import BaseImage, Coverage, Distribution, Finding, Image, Package, Violation

SINGLE = frozenset({"unkeyable-version", "unassessable-package", "unassessable-advisory", "unspecified-severity"})
"""Reasons for which an answer is not complete that concern single packages, which the answer names."""

CONTENT = frozenset(
    {
        "not-indexed",
        "no-package-database",
        "unread-package-database",
        "incomplete-inventory",
        "damaged-layer",
        "damaged-database",
    }
)
"""Those for which it is not known what is in the image."""


class Running(msgspec.Struct, frozen=True):
    """What runs in the target. findings: the suppressed ones, too. coverage: how far they are known."""

    findings: tuple[Finding, ...] = ()
    coverage: Coverage = Coverage()


class Facts(msgspec.Struct, frozen=True):
    """One image as it stands at a moment.

    findings: without those that are suppressed. environment: where it is to go, "" where nobody said. running: what is
    known of that which runs there, None where nothing does. newest_base: digests, of manifest and index, of the image
    that the base image's name stood for when it was seen last, () where nobody knows. attestations: kinds and predicate
    types of what is attached, None where nobody looked. kinds: of the facts about CVEs that the store has (`kev`,
    `epss`). advisories_of, now: microseconds since 1970 UTC, advisories_of None where there are none.
    """

    image: Image
    findings: tuple[Finding, ...]
    packages: tuple[Package, ...]
    coverage: Coverage
    now: int
    base: BaseImage | None = None
    newest_base: tuple[str, ...] = ()
    running: Running | None = None
    attestations: tuple[str, ...] | None = None
    kinds: frozenset[str] = frozenset()
    advisories_of: int | None = None
    is_indexed: bool = True
    distribution: Distribution | None = None
    environment: str = ""
    reference: str = ""
    organization: str = ""
    service: str = ""


class Judgement(NamedTuple):
    """What a kind of policy found. doubts: why it cannot say that there is no more. result: in a few words."""

    violations: tuple[Violation, ...] = ()
    doubts: tuple[str, ...] = ()
    result: str = ""


def doubts(facts: Facts, codes: Iterable[str] | None = None) -> tuple[str, ...]:
    """Return why what is known of an image may not be all. codes: those that matter; None: all but single packages."""
    wanted = None if codes is None else frozenset(codes)
    return tuple(
        f"{reason.code}: {reason.message}"
        for reason in facts.coverage.reasons
        if (reason.code not in SINGLE if wanted is None else reason.code in wanted)
    )


def lacks(what: str) -> str:
    """Return why nothing can be told by facts that the store does not have."""
    return f"The store does not have {what}: run `envscout db update`."

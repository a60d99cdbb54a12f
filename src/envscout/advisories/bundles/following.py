"""Which bundle may follow what a store holds of a feed. Pure.

Where a feed came from a bundle, its location says of which sequence (`bundle:SEQUENCE/FEED`), and its digest of which
generation. A feed that was fetched from elsewhere since has another location: nothing continues from that.
"""

from typing import NamedTuple

from envscout.advisories.bundles.manifest import Entry, Manifest
from envscout.names import moment

_SCHEME = "bundle:"


class Held(NamedTuple):
    """What a store holds of a feed: its location and digest, as they were written down, and the moment it is of."""

    location: str
    digest: str
    as_of: int = 0


class Refusal(NamedTuple):
    """Why a feed of a bundle is not applied, and what to do."""

    cause: str
    next_step: str


def location(manifest: Manifest, entry: Entry) -> str:
    """Return where a feed of a bundle comes from."""
    return f"{_SCHEME}{manifest.sequence}/{entry.name}"


def digest(manifest: Manifest) -> str:
    """Return what is written down as the digest of a feed that was brought to this generation."""
    return f"{manifest.reader}:{_SCHEME}{manifest.sequence}:{manifest.generation}"


def shown(generation: int) -> str:
    """Return a generation as people read it."""
    return f"{generation} ({moment.show(generation)})"


def refusal(
    manifest: Manifest, entry: Entry, held: Held | None, *, allow_older: bool = False, allow_other: bool = False
) -> Refusal | None:
    """Return why a feed may not be brought from what is held (None: nothing) to what a bundle says, None: it may."""
    at = _generation(manifest, entry, held)
    if at is None and held and held.location.startswith(_SCHEME) and not (allow_other and not entry.since):
        return _other(manifest, held, entry)
    if at is None and held and entry.as_of < held.as_of and not (allow_older and not entry.since):
        return _behind(entry, held)
    if at is not None and manifest.generation < at:
        return None if allow_older and not entry.since else _older(manifest, at, entry)
    if entry.since and at is None:
        return Refusal(
            f"the bundle continues from generation {shown(entry.since)}, of which nothing was applied here",
            "apply a full bundle of the same store first",
        )
    if at is not None and entry.is_unchanged and at not in (entry.since, manifest.generation):
        # They may have changed and changed back since then.
        return Refusal(
            f"what is as it was in generation {shown(entry.since)} is left out, and here is generation {shown(at)}",
            f"apply one made with --since {at}, or a full one",
        )
    if at is not None and entry.since > at:
        return Refusal(
            f"a bundle is missing: this one continues from generation {shown(entry.since)}, "
            f"and what is here is of generation {shown(at)}",
            f"apply the bundles in between first, or one made with --since {at}, or a full one",
        )
    if at is not None and 0 < entry.since < at < manifest.generation and at not in manifest.passed:
        return _parted(at)
    return None


def _generation(manifest: Manifest, entry: Entry, held: Held | None) -> int | None:
    """Return the generation of this sequence that a feed is at."""
    if held is None or held.location != location(manifest, entry):
        return None
    text = held.digest.rpartition(":")[2]
    return int(text) if text.isdecimal() else None


def _parted(at: int) -> Refusal:
    """Refuse what was made of a store that went another way: what changed on ours would stand for ever."""
    return Refusal(
        f"the store that the bundle was made of never was at generation {shown(at)}, which was applied here, or no "
        "longer knows: it was restored from a backup, or is a copy of the one that was there",
        "apply a full one of it; a copy that publishes beside its original needs a sequence of its own: "
        "db bundle create --new-sequence",
    )


def _other(manifest: Manifest, held: Held, entry: Entry) -> Refusal:
    there = held.location.removeprefix(_SCHEME).partition("/")[0]
    step = "make a full one" if entry.since else "pass --allow-other if it is meant to take over"
    return Refusal(
        f"the bundle is of another store (sequence {manifest.sequence[:8]}) than what was applied ({there[:8]})",
        f"apply bundles of one store only; {step}",
    )


def _behind(entry: Entry, held: Held) -> Refusal:
    """Refuse what is older than what came from elsewhere, of which no generation is known."""
    return Refusal(
        f"the bundle is older than what was applied: {entry.name} of {moment.show(entry.as_of)} after "
        f"{moment.show(held.as_of)}",
        "apply the newest bundle; to go back, pass --allow-older with a full one",
    )


def _older(manifest: Manifest, at: int, entry: Entry) -> Refusal:
    step = "make a full one" if entry.since else "pass --allow-older if that is meant"
    return Refusal(
        f"the bundle is older than what was applied: generation {shown(manifest.generation)} after {shown(at)}",
        f"apply the newest bundle; to go back, {step}",
    )

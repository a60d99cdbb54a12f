"""What was seen to run, and for how long that counts. Pure.

Jobs that run now and then, services that are scaled to nothing for a night, and going back to what ran yesterday are
no news: what ran within the last days goes on counting.
"""

from collections.abc import Iterable, Iterator

from envscout.errors import InvalidReference
from envscout.model import Event, Seen
from envscout.names.reference import Reference, parse

KEPT = 8 * 86_400_000_000
"""Microseconds for which it counts: a job of every week runs within them."""
MOST = 20_000
"""Images by name; of more, those that were seen last."""


def added(before: Seen, events: Iterable[Event], at: int) -> dict[str, dict[str, int]]:
    """Return what was seen, with what is seen now. What a node told, and what was asked of it by digest, both count."""
    found = {(name, digest): then for name, some in before.items() for digest, then in some.items() if then > at - KEPT}
    found |= {pair: at for each in events for pair in _pairs(each)}
    newest = sorted(found, key=lambda pair: (-found[pair], pair))[:MOST]
    kept: dict[str, dict[str, int]] = {}
    for name, digest in sorted(newest):
        kept.setdefault(name, {})[digest] = found[name, digest]
    return kept


def _pairs(event: Event) -> Iterator[tuple[str, str]]:
    try:
        reference = parse(event.reference)
    except InvalidReference:
        return
    yield _name(reference), event.digest
    if reference.digest:
        yield _name(reference), reference.digest


def _name(reference: Reference) -> str:
    return reference.repository if reference.digest else f"{reference.repository}:{reference.tag}"


def runs(seen: Seen, reference: Reference, stands: frozenset[str], at: int) -> bool:
    """Tell whether an image was seen that is wanted by a name.

    stands: digests that its tag is known to stand for by now: one that was moved on stands for something else than
    what was seen under it.
    """
    if reference.digest:
        return any(some.get(reference.digest, 0) > at - KEPT for some in seen.values())
    ran = {digest for digest, then in seen.get(_name(reference), {}).items() if then > at - KEPT}
    return bool(ran & stands if stands else ran)

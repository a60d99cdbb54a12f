"""What was said to run against what was seen to run. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from envscout.environments.becoming import Ran
from envscout.model import Deployment

OBSERVED = frozenset({"kubernetes", "docker"})
"""Sources that look at what runs; all others say what is to run."""

Kind = Literal["differs", "missing", "unmanaged", "moved"]


class Drift(msgspec.Struct, frozen=True):
    """A service that does not run what was said.

    differs: it runs something else. missing: it runs nothing. unmanaged: it runs, and nobody ever said so. moved: its
    tag stands for another image by now, `now`. since: when it was said, or began where nobody did.
    """

    service: str
    kind: Kind
    declared: tuple[Ran, ...]
    running: tuple[Ran, ...]
    since: int = 0
    now: str = ""


def drifts(
    declared: Iterable[Deployment],
    running: Iterable[Deployment],
    moved: Mapping[tuple[str, str], str],
    *,
    seen: bool,
    indexes: Mapping[str, str] | None = None,
) -> tuple[Drift, ...]:
    """Return what drifted, by service. seen: whether anybody looks at what runs; where nobody does, tags alone move.

    indexes: digest of an image -> that of the index that led to it: what one index led to on two platforms is the same.
    moved: (reference, digest) of what runs -> the digest that its tag stands for. Where nobody ever said what is to
    run, nothing is unmanaged: the record is what was seen.
    """
    said, runs = _by_service(declared), _by_service(running)
    found = []
    for service in sorted({*said, *runs}):
        ours, theirs = said.get(service, []), runs.get(service, [])
        kind = _kind(ours, theirs, indexes or {}, is_managed=bool(said)) if seen else None
        if kind:
            since = max(each.since for each in ours or theirs)
            found.append(Drift(service, kind, _ran(ours), _ran(theirs), since))
        for each in theirs:
            if now := moved.get((each.reference, each.digest)):
                found.append(Drift(service, "moved", _ran(ours), _ran([each]), each.since, now))
    return tuple(found)


def _kind(
    ours: list[Deployment], theirs: list[Deployment], indexes: Mapping[str, str], *, is_managed: bool
) -> Kind | None:
    if not ours:
        return "unmanaged" if is_managed else None
    if not theirs:
        return "missing"
    said, runs = ({indexes.get(each.digest, each.digest) for each in side} for side in (ours, theirs))
    return "differs" if said != runs else None


def _by_service(deployments: Iterable[Deployment]) -> dict[str, list[Deployment]]:
    found: dict[str, list[Deployment]] = defaultdict(list)
    for each in deployments:
        found[each.service].append(each)
    return found


def _ran(deployments: Iterable[Deployment]) -> tuple[Ran, ...]:
    return tuple(dict.fromkeys(Ran(each.reference, each.digest) for each in deployments))

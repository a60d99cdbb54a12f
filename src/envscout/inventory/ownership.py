"""Which distribution package installed which files: `/usr/lib/python3/dist-packages/yaml` came with `python3-yaml`."""

from collections.abc import Iterable, Mapping

import msgspec

from envscout.inventory.claims import place
from envscout.inventory.record import Claim


class Evidence(msgspec.Struct, frozen=True):
    """A file that packages were found in. sums: as in Reading; layer: diff_id of the layer its bytes are from."""

    path: str
    sums: Mapping[str, str]
    layer: str


class Owner(msgspec.Struct, frozen=True):
    """An installed package of a distribution. layer: diff_id of the layer that brought it."""

    purl: str
    layer: str


Owners = Mapping[tuple[str, str, str], Owner]
"""By purl type, name and architecture; the architecture "" stands for any."""


def owned(evidence: Iterable[Evidence], claims: Iterable[Claim], owners: Owners) -> dict[str, str]:
    """Return the package URL of the owner of each of these paths that has one.

    A file that was overwritten since its package installed it has no owner: its digest says so, or, where it was too
    large to be compared that way, the layer it lies in. A claim whose package is not installed counts for nothing, and
    one without digest only where its package gives no digests at all.
    """
    by_place = {place(each.path): each for each in evidence}
    if not by_place:
        return {}
    kept = [claim for claim in claims if place(claim.path) in by_place]
    summing = {owner for claim in claims if claim.digest and (owner := _owner(claim, owners))}
    found: dict[str, str] = {}
    for claim in kept:
        each = by_place[place(claim.path)]
        owner = _owner(claim, owners)
        if owner and _holds(claim, each, owner, summing):
            found.setdefault(each.path, owner.purl)
    return found


def _owner(claim: Claim, owners: Owners) -> Owner | None:
    """Return the package that claims; a list left by another architecture has to prove its claims by digests."""
    exact = owners.get((claim.type, claim.package, claim.architecture))
    return exact or (owners.get((claim.type, claim.package, "")) if claim.digest else None)


def _holds(claim: Claim, file: Evidence, owner: Owner, summing: set[Owner]) -> bool:
    if claim.digest and claim.algorithm in file.sums:
        return file.sums[claim.algorithm] == claim.digest
    if not claim.digest and owner in summing:
        return False
    return file.layer == owner.layer


def by_key(packages: Iterable[tuple[str, str, str, Owner]]) -> Owners:
    """Return owners by what claims name them by. packages: purl type, name, architecture, owner."""
    found: dict[tuple[str, str, str], Owner] = {}
    for type_, name, architecture, owner in packages:
        found[(type_, name, architecture)] = owner
        found.setdefault((type_, name, ""), owner)
    return found

"""What runs now, environment by environment, as it is kept in memory for as long as nothing changes there."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from envscout.store import deployments
from envscout.store.database import Connection, queries
from envscout.store.deployments import Running, Scope
from envscout.store.generations import Number
from envscout.store.memory import Memory

if TYPE_CHECKING:
    from pyroaring import BitMap

_SQL = queries("present")
_DEPLOYMENT = 700
"""Bytes of one that is kept, with its texts and its place in the tables beside."""

Kind = tuple[bool, str, str]
"""What bears on how far an answer about an image can be trusted: whether it is indexed, distribution, problems."""


class Present(msgspec.Struct, frozen=True):
    """What runs in one environment. running: in the order of `deployments.running`; by_image: the same by image.

    images: their numbers; several: of those that run more than once. kinds: images by kind. indexed: when each was
    looked into last.
    """

    organization: str
    name: str
    running: tuple[Running, ...]
    by_image: dict[int, tuple[Running, ...]]
    images: "BitMap"
    several: "BitMap"
    kinds: dict[Kind, "BitMap"]
    indexed: dict[int, int | None]

    def count(self, images: "BitMap") -> int:
        """Return in how many places some images run."""
        held = images & self.images
        return len(held) + sum(len(self.by_image[each]) - 1 for each in held & self.several)


def present(connection: Connection, memory: Memory, environment: Number) -> Present:
    """Return what runs in an environment; use inside `read()`, with a number that was read there."""
    return memory.get(
        ("present", environment),
        lambda: _read(connection, environment),
        lambda made: _DEPLOYMENT * len(made.running),
    )


def _read(connection: Connection, environment: Number) -> Present:
    from pyroaring import BitMap

    running = deployments.running(connection, Scope(environment.organization, environment.name))
    kinds: dict[Kind, BitMap] = {}
    indexed: dict[int, int | None] = {}
    for image_id, at, distribution, problems in connection.execute(_SQL["kinds"], {"env_id": environment.env_id}):
        kinds.setdefault((at is not None, distribution or "", problems), BitMap()).add(image_id)
        indexed[image_id] = at
    return _present(environment.organization, environment.name, running, kinds, indexed)


def holding(connection: Connection, scope: Scope, images: Iterable[int]) -> list[Present]:
    """Return what runs of some images at a moment, by environment; use inside `read()`. Their kinds are left out."""
    found = deployments.running_of(connection, scope, images)
    return [
        _present(organization, name, list(running), {}, {})
        for (organization, name), running in groupby(found, key=_environment)
    ]


def _environment(each: Running) -> tuple[str, str]:
    return each.deployment.organization, each.deployment.environment


def _present(
    organization: str,
    name: str,
    running: Sequence[Running],
    kinds: dict[Kind, "BitMap"],
    indexed: dict[int, int | None],
) -> Present:
    from pyroaring import BitMap

    by_image: dict[int, list[Running]] = defaultdict(list)
    for each in running:
        by_image[each.image_id].append(each)
    several = BitMap([image_id for image_id, each in by_image.items() if len(each) > 1])
    return Present(
        organization,
        name,
        tuple(running),
        {image_id: tuple(each) for image_id, each in by_image.items()},
        BitMap(by_image),
        several,
        kinds,
        indexed,
    )


def kinds(present: Iterable[Present]) -> dict[Kind, "BitMap"]:
    """Return the images that run in any of some environments, by kind."""
    from pyroaring import BitMap

    found: dict[Kind, list[BitMap]] = defaultdict(list)
    for each in present:
        for kind, images in each.kinds.items():
            found[kind].append(images)
    return {kind: BitMap.union(*images) for kind, images in found.items()}

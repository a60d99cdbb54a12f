"""What lies in images, by the sets that those share: small enough to be kept in memory for a whole fleet."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from envscout.store.present import Present

if TYPE_CHECKING:
    from pyroaring import BitMap

T = TypeVar("T")


class Spread(msgspec.Struct, Generic[T], frozen=True):
    """What lies in each set, by its number, and the images of each; times: images by how much is to be told of them."""

    sets: Mapping[int, tuple[T, ...]]
    images: Mapping[int, "BitMap"]
    times: Mapping[int, "BitMap"]

    @property
    def size(self) -> int:
        """Return bytes, about."""
        maps = (*self.images.values(), *self.times.values())
        return 700 * sum(map(len, self.sets.values())) + sum(100 + 2 * len(each) for each in maps)

    @property
    def holding(self) -> "BitMap":
        """Return the images in which anything lies."""
        from pyroaring import BitMap

        return BitMap.union(BitMap(), *self.times.values())

    def count(self, ran: Present) -> int:
        """Return how many things are to be told of what runs somewhere."""
        return sum(times * ran.count(images) for times, images in self.times.items())

    def lying(self, images: "BitMap") -> Mapping[int, Sequence[T]]:
        """Return what lies in each of some images."""
        found: dict[int, list[T]] = defaultdict(list)
        for set_id, held in self.images.items():
            for image_id in held & images:
                found[image_id] += self.sets[set_id]
        return found


def spread(
    sets: Mapping[int, Sequence[T]], told: Mapping[int, Collection[Hashable]], images: Iterable[tuple[int, int]]
) -> Spread[T]:
    """Return what lies in sets. told: what is to be told of each, once of an image; images: (set, image)."""
    from pyroaring import BitMap

    by_set: dict[int, list[int]] = {set_id: [] for set_id in sets}
    held: dict[int, list[int]] = defaultdict(list)
    for set_id, image_id in images:
        if set_id in by_set:
            by_set[set_id].append(image_id)
            held[image_id].append(set_id)
    alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for image_id, set_ids in held.items():
        alike[tuple(set_ids)].append(image_id)
    times: dict[int, BitMap] = defaultdict(BitMap)
    for key, image_ids in alike.items():
        times[len(set().union(*(told[set_id] for set_id in key)))].update(image_ids)
    return Spread(
        {set_id: tuple(each) for set_id, each in sets.items()},
        {set_id: BitMap(each) for set_id, each in by_set.items()},
        dict(times),
    )

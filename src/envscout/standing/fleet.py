"""What runs, as bitmaps: each service of an environment is a number, so that thousands of them are compared at once."""

import sys
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from pyroaring import BitMap

from envscout.store.standing import packed

_LEAST_BITS = 16
"""Of the number of a service within a slot: bitmaps are cut at these blocks without being looked at."""


class Fleet:
    """Services that run images. A slot is one service of one environment; its number rises with the environment's."""

    def __init__(
        self,
        running: Iterable[tuple[int, int, int]],
        sets: Iterable[tuple[int, int]],
        twofold: Collection[int] = (),
    ) -> None:
        """Number the slots. running: (environment, service, image); sets: (set, image); twofold: images."""
        running = list(running)
        self.running = running
        self.twofold = twofold
        self.held: dict[int, BitMap] = {}
        self._bits = max(_LEAST_BITS, max((service for _, service, _ in running), default=0).bit_length())
        self.env_ids = sorted({row[0] for row in running})
        self.base = {env_id: place << self._bits for place, env_id in enumerate(self.env_ids)}
        self._whole = [(env_id, BitMap(range(first, first + (1 << self._bits)))) for env_id, first in self.base.items()]
        self.images: dict[int, list[int]] = defaultdict(list)
        by_image: dict[int, list[int]] = defaultdict(list)
        for env_id, service, image_id in running:
            slot = self.base[env_id] + service
            self.images[slot].append(image_id)
            by_image[image_id].append(slot)
        self.by_image = {image_id: BitMap(slots) for image_id, slots in by_image.items()}
        by_set: dict[int, list[int]] = defaultdict(list)
        for set_id, image_id in sets:
            by_set[set_id] += by_image.get(image_id, ())
        self.by_set = {set_id: BitMap(slots) for set_id, slots in by_set.items()}

    def cut(self, slots: BitMap) -> Iterator[tuple[int, bytes]]:
        """Yield each environment among slots, with its services in the form that is kept."""
        numbers = slots.to_array()
        # The lower halves of numbers of four bytes: what is kept, where two bytes suffice.
        is_short = self._bits == _LEAST_BITS
        halves = memoryview(numbers).cast("B").cast("H")[_LOWER::2].tobytes() if is_short else b""
        first, mask = 0, (1 << self._bits) - 1
        while first < len(numbers):
            place = numbers[first] >> self._bits
            end = bisect_left(numbers, place + 1 << self._bits, first)
            if is_short:
                yield self.env_ids[place], halves[2 * first : 2 * end]
            else:
                yield self.env_ids[place], packed(array("I", [each & mask for each in numbers[first:end]]))
            first = end

    def among(self, slots: BitMap) -> list[int]:
        """Return the environments among slots."""
        return [env_id for env_id, whole in self._whole if slots.intersect(whole)]

    def holding(self, sets: Iterable[int]) -> BitMap:
        """Return the slots that hold any of some sets."""
        found = [self.by_set[each] for each in sets if each in self.by_set]
        return BitMap.union(*found) if found else BitMap()


_LOWER = 0 if sys.byteorder == "little" else 1

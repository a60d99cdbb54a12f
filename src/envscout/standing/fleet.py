"""What runs, as bitmaps: each service of an environment is a number, so that thousands of them are compared at once."""

from collections import defaultdict
from collections.abc import Iterable

from pyroaring import BitMap

_BLOCK = 1 << 16


class Fleet:
    """Services that run images. A slot is one service of one environment; its number rises with the environment's."""

    def __init__(self, running: Iterable[tuple[int, int, int]], sets: Iterable[tuple[int, int]]) -> None:
        """Number the slots. running: (environment, service, image); sets: (set, image)."""
        running = list(running)
        # Bitmaps are cut at these blocks, so that what belongs to one environment is cut out without being looked at.
        widest = max((service for _, service, _ in running), default=0)
        width = _BLOCK * (1 + widest // _BLOCK)
        self.base = {env_id: place * width for place, env_id in enumerate(sorted({row[0] for row in running}))}
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
        everything = BitMap(self.images)
        self.of_environment = {
            env_id: everything & BitMap(range(base, base + width)) for env_id, base in self.base.items()
        }

    def services(self, slots: BitMap, env_id: int) -> BitMap:
        """Return the services of an environment among slots."""
        return (slots & self.of_environment[env_id]).shift(-self.base[env_id])

    def holding(self, sets: Iterable[int]) -> BitMap:
        """Return the slots that hold any of some sets."""
        found = [self.by_set[each] for each in sets if each in self.by_set]
        return BitMap.union(*found) if found else BitMap()

"""Where packages of a name are, whether it runs or not."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from envscout.store.database import Connection, queries
from envscout.store.spread import Spread, spread
from envscout.store.sql import listed

_SQL = queries("holding")


class Wanted(msgspec.Struct, frozen=True):
    """A package that is looked for. normal: the name as an ecosystem normalises it; "" = any, or not asked for."""

    name: str
    type: str = ""
    version: str = ""
    ecosystem: str = ""
    normal: str = ""


class Held(NamedTuple):
    """A package as it is listed. owner: what installed it, "" where nothing says so."""

    purl: str
    type: str
    name: str
    version: str
    owner: str


def holding(connection: Connection, wanted: Iterable[Wanted]) -> Spread[Held]:
    """Return where packages are of any of some names, or built from a source of such a name; use inside `read()`."""
    sets: dict[int, dict[Held, None]] = defaultdict(dict)
    for each in wanted:
        for set_id, *held in connection.execute(_SQL["held"], msgspec.structs.asdict(each)):
            sets[set_id][Held(*held)] = None
    told = {set_id: {each.purl for each in held} for set_id, held in sets.items()}
    images = connection.execute(_SQL["images"], {"sets": listed(list(sets))}).fetchall()
    return spread({set_id: tuple(held) for set_id, held in sets.items()}, told, images)

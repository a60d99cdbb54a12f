"""The audit log as a chain: each entry seals itself and the one before, so that none can be changed unnoticed.

`hash` is the SHA-256, in hexadecimal digits, of the entry as JSON without `hash`: its fields in alphabetical order,
without spaces, in UTF-8. `previous` is the hash of the entry before, of the first one 64 zeros. Whoever keeps a hash
elsewhere can also tell whether entries are missing at the end.
"""

import hashlib
from collections.abc import Iterable, Iterator

import msgspec

from envscout.model.entry import GENESIS, Entry


def sealed(entry: Entry, number: int, previous: str) -> Entry:
    """Return an entry as it follows another one."""
    linked = msgspec.structs.replace(entry, number=number, previous=previous, hash="")
    return msgspec.structs.replace(linked, hash=seal(linked))


def seal(entry: Entry) -> str:
    """Return the hash that an entry must have."""
    fields = msgspec.structs.asdict(entry)
    del fields["hash"]
    return hashlib.sha256(msgspec.json.encode(fields, order="sorted")).hexdigest()


def faults(entries: Iterable[Entry], number: int = 0, previous: str = GENESIS) -> Iterator[str]:
    """Yield what is wrong with entries that should follow the one of a number and a hash."""
    for each in entries:
        if each.number != number + 1:
            yield f"entry {number + 1} is missing" if each.number > number else f"entry {each.number} is out of order"
        elif each.previous != previous:
            yield f"entry {each.number} does not follow the one before: one of them was replaced"
        if each.hash != seal(each):
            yield f"entry {each.number} was changed"
        number, previous = each.number, each.hash

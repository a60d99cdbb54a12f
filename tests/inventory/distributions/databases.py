"""The same four packages in each of rpm's database formats, without need of any program."""

import sqlite3
from pathlib import Path

from envscout.inventory.distributions import rpm_ndb
from envscout.inventory.distributions.damage import Damage

FIXTURES = Path(__file__).with_name("fixtures")
PLACES = {
    "bdb-little-endian": "var/lib/rpm/Packages",
    "bdb-big-endian": "var/lib/rpm/Packages",
    "ndb": "usr/lib/sysimage/rpm/Packages.db",
    "sqlite": "var/lib/rpm/rpmdb.sqlite",
}
"""Every format and where such a database lies."""


def database(kind: str) -> bytes:
    """Return a database with these packages."""
    if kind == "sqlite":
        return sqlite_database(headers())
    return next((FIXTURES / kind).iterdir()).read_bytes()


def headers() -> list[bytes]:
    """Return the packages' headers."""
    damage = Damage("")
    found = list(rpm_ndb.blobs(database("ndb"), damage))
    assert len(found) == 4
    assert damage.problems == ()
    return found


def sqlite_database(blobs: list[bytes], page_size: int = 512) -> bytes:
    """Return headers in a database such as rpm makes, with smaller pages: trees are deep and chains long."""
    with sqlite3.connect(":memory:") as connection:
        connection.execute(f"PRAGMA page_size = {page_size}")
        connection.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
        connection.executemany("INSERT INTO Packages (blob) VALUES (?)", [(blob,) for blob in blobs])
        connection.commit()
        data = connection.serialize()
    connection.close()
    return data


def header(*entries: tuple[int, int, bytes, int]) -> bytes:
    """Return a header of tags with their type, bytes and count, in this order and without alignment."""
    index, data = b"", b""
    for tag, kind, value, count in entries:
        index += b"".join(number.to_bytes(4, "big") for number in (tag, kind, len(data), count))
        data += value
    return len(entries).to_bytes(4, "big") + len(data).to_bytes(4, "big") + index + data


def ndb(*blobs: bytes) -> bytes:
    """Return headers in an NDB database."""
    from zlib import adler32

    slots, frames = b"", b""
    for number, blob in enumerate(blobs, 1):
        head = b"BlbS" + b"".join(word.to_bytes(4, "little") for word in (number, 1, len(blob)))
        body = head + blob + bytes(-(len(blob) + 12) % 16)
        frame = body + adler32(body).to_bytes(4, "little") + len(blob).to_bytes(4, "little") + b"BlbE"
        place = (number, 256 + len(frames) // 16, len(frame) // 16)
        slots += b"Slot" + b"".join(word.to_bytes(4, "little") for word in place)
        frames += frame
    first = b"RpmP" + b"".join(word.to_bytes(4, "little") for word in (0, 1, 1, len(blobs) + 1, 0, 0, 0))
    assert len(slots) <= 4064
    return first + slots + (b"Slot" + bytes(12)) * ((4064 - len(slots)) // 16) + frames

"""The headers in rpm's Berkeley DB, `Packages`: a hash database of either byte order.

Layout: the structures HMETA33, PAGE, HOFFPAGE and HKEYDATA of Berkeley DB 4 and 5 (db_page.h). Hash pages are read as
they come in the file, whatever bucket they belong to, so that no count or link of buckets needs to be trusted. Pages of
large items count once, and items add up to no more bytes than the file has.
"""

import struct
from collections.abc import Iterator

from envscout.inventory.distributions.damage import Damage, DamagedError

_MAGIC = 0x061561
_FIRST = 512
"""Bytes of the metadata, whatever the size of pages."""

_META, _HASHES, _OVERFLOW = 8, (13, 2), 7
_INLINE, _OFF_PAGE = 1, 3
_PAGE_HEADER = 26
_CHECKSUMS = 1
_NUMBER_OF_PACKAGES = b"\0\0\0\0"
"""The key of no package; every other key is a package's number."""


def order(data: bytes) -> str:
    """Return the byte order of a hash database as `struct` writes it, "" where the bytes are none."""
    return next((sign for sign in "<>" if data[12:16] == struct.pack(f"{sign}I", _MAGIC)), "")


def blobs(data: bytes, damage: Damage) -> Iterator[bytes]:
    """Yield the headers. Raises DamagedError where there is no such database; lesser damage is noted."""
    return _Database(data, damage).blobs()


class _Database:
    """One database file."""

    def __init__(self, data: bytes, damage: Damage) -> None:
        self._order = order(data)
        if not self._order or len(data) < _FIRST:
            raise DamagedError("it is no Berkeley DB hash")
        self._size = self._number(data, 20)
        encrypted, kind, flags = data[24:27]
        if kind != _META or encrypted or flags & _CHECKSUMS or not 512 <= self._size <= 65536:
            raise DamagedError("its first page describes no Berkeley DB hash that can be read")
        self._last = self._number(data, 32)
        self._missing = self._number(data, 88)
        self._data = data
        self._damage = damage
        self._seen = bytearray(len(data) // self._size + 1)
        self._left = len(data)

    def blobs(self) -> Iterator[bytes]:
        """Yield the value of every key."""
        held = len(self._data) // self._size
        if self._last >= held:
            self._damage.add(f"it ends after page {held - 1} of {self._last}")
        for number in range(1, min(held, self._last + 1)):
            start = number * self._size
            if self._data[start + 25] in _HASHES:
                yield from self._items(self._data[start : start + self._size], number)
        if self._missing > 0:
            self._damage.add(f"{self._missing} of its entries could not be found")

    def _items(self, page: bytes, number: int) -> Iterator[bytes]:
        """Yield the values on a hash page; keys and values take turns, from its end towards its beginning."""
        count = self._short(page, 20)
        if count % 2 or _PAGE_HEADER + 2 * count > self._size:
            self._damage.add(f"page {number} has an impossible number of items")
            return
        starts = struct.unpack_from(f"{self._order}{count}H", page, _PAGE_HEADER)
        ends = (self._size, *starts)
        self._missing -= count // 2
        for at in range(0, count, 2):
            try:
                key = self._item(page[starts[at] : ends[at]])
                if key == _NUMBER_OF_PACKAGES:
                    continue
                blob = self._item(page[starts[at + 1] : ends[at + 1]])
            except DamagedError as error:
                self._damage.add(f"page {number}: {error}")
                continue
            yield blob

    def _item(self, item: bytes) -> bytes:
        """Return a key or value, with what lies on other pages."""
        if not item:
            raise DamagedError("an item is empty")
        if len(item) > self._left:
            raise DamagedError("its items hold more bytes than the file")
        self._left -= len(item)
        if item[0] == _INLINE:
            return item[1:]
        if item[0] != _OFF_PAGE or len(item) < 12:
            raise DamagedError(f"an item is of the unknown kind {item[0]}")
        return self._chain(self._number(item, 4), self._number(item, 8))

    def _chain(self, number: int, length: int) -> bytes:
        """Return what lies on a chain of overflow pages."""
        if length > len(self._data):
            raise DamagedError("an item is longer than the file")
        pieces = []
        while length > 0:
            page = self._overflow(number)
            piece = page[_PAGE_HEADER : _PAGE_HEADER + min(length, self._short(page, 22))]
            if not piece:
                raise DamagedError(f"page {number} of an item is empty")
            pieces.append(piece)
            length -= len(piece)
            number = self._number(page, 16)
        return b"".join(pieces)

    def _overflow(self, number: int) -> bytes:
        start = number * self._size
        page = self._data[start : start + self._size]
        if len(page) < self._size:
            raise DamagedError(f"page {number} of an item lies beyond the end of the file")
        if not number or page[25] != _OVERFLOW:
            raise DamagedError(f"page {number} is no page of an item")
        if self._seen[number]:
            raise DamagedError(f"page {number} is used twice")
        self._seen[number] = 1
        return page

    def _number(self, data: bytes, at: int) -> int:
        return int(struct.unpack_from(f"{self._order}I", data, at)[0])

    def _short(self, data: bytes, at: int) -> int:
        return int(struct.unpack_from(f"{self._order}H", data, at)[0])

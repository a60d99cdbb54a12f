"""Rows of one table out of the bytes of an SQLite database, https://www.sqlite.org/fileformat2.html.

Tables with row ids are read, in their order; indexes and free pages are not looked at, and neither is a write-ahead log
beside the file. A page is read once and rows add up to no more bytes than the file has: pages that lead back to
themselves end there, and no file makes more work than it has bytes.
"""

import struct
from collections.abc import Iterator

from envscout.inventory.distributions.damage import Damage, DamagedError

MAGIC = b"SQLite format 3\0"

Value = None | int | float | bytes | str
Row = tuple[Value, ...]
"""The columns; one that is an alias of the row id is None, section 2.3."""

_ENCODINGS = {1: "utf-8", 2: "utf-16-le", 3: "utf-16-be"}
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_CONSTANTS: dict[int, Value] = {0: None, 8: 0, 9: 1}
_HEADER = 100
_LEAF, _INTERIOR = 0x0D, 0x05
_MAX_COLUMNS = 2000


class Database:
    """One database file. What of it cannot be read is noted as damage, the rest is yielded."""

    def __init__(self, data: bytes, damage: Damage) -> None:
        """Read the header, section 1.3. Raises DamagedError where it describes no database."""
        if len(data) < _HEADER or not data.startswith(MAGIC):
            raise DamagedError("it is no SQLite database")
        size = int.from_bytes(data[16:18], "big")
        self._size = 65536 if size == 1 else size
        self._usable = self._size - data[20]
        self._encoding = _ENCODINGS.get(int.from_bytes(data[56:60], "big") or 1, "")
        if self._size < 512 or self._size & (self._size - 1) or self._usable < 480 or not self._encoding:
            raise DamagedError("its header describes no SQLite database that can be read")
        self._data = data
        self._damage = damage
        self._seen = bytearray(len(data) // self._size + 1)
        self._left = len(data)

    def rows(self, table: str) -> Iterator[Row]:
        """Yield the rows of a table; one that does not exist is damage."""
        root = self._root(table)
        if root:
            yield from self._walk(root)
        else:
            self._damage.add(f"it has no table {table}")

    def _root(self, table: str) -> int:
        """Return the root page of a table as the schema gives it (section 2.6), 0 if there is none."""
        for row in self._walk(1):
            match row:
                case ("table", str(name), _, int(root), *_) if name.lower() == table.lower():
                    return root
        return 0

    def _walk(self, root: int) -> Iterator[Row]:
        """Yield the rows of a table's b-tree, section 1.6."""
        numbers = [root]
        while numbers:
            try:
                page, start, leaf, cells = self._node(numbers.pop())
            except DamagedError as error:
                self._damage.add(error)
                continue
            if leaf:
                yield from self._rows_of(page, cells)
            else:
                below = [_number(page, cell) for cell in cells]
                numbers += [_number(page, start + 8), *reversed(below)]

    def _node(self, number: int) -> tuple[bytes, int, bool, tuple[int, ...]]:
        """Return a page of a b-tree, where its header starts, whether it is a leaf, and where its cells are."""
        page = self._page(number)
        start = _HEADER if number == 1 else 0
        kind, count = page[start], int.from_bytes(page[start + 3 : start + 5], "big")
        first = start + (8 if kind == _LEAF else 12)
        if kind not in (_LEAF, _INTERIOR) or first + 2 * count > self._usable:
            raise DamagedError(f"page {number} is no page of a table")
        cells = struct.unpack_from(f">{count}H", page, first)
        if any(cell > self._usable - 4 for cell in cells):
            raise DamagedError(f"page {number} is no page of a table")
        return page, start, kind == _LEAF, cells

    def _rows_of(self, page: bytes, cells: tuple[int, ...]) -> Iterator[Row]:
        for cell in cells:
            try:
                length, at = _varint(page, cell)
                _, at = _varint(page, at)
                row = self._record(self._payload(page, at, length))
            except DamagedError as error:
                self._damage.add(error)
                continue
            yield row

    def _page(self, number: int) -> bytes:
        """Return a page that was not read before."""
        end = number * self._size
        if not number > 0 or end > len(self._data):
            raise DamagedError(f"page {number} lies beyond the end of the file")
        if self._seen[number]:
            raise DamagedError(f"page {number} is used twice")
        self._seen[number] = 1
        return self._data[end - self._size : end]

    def _payload(self, page: bytes, at: int, length: int) -> bytes:
        """Return the bytes of a cell, with what lies on overflow pages, section 1.6."""
        if length > self._left:
            raise DamagedError("a row is longer than the file")
        local = self._local(length)
        if at + local > self._usable:
            raise DamagedError("a row crosses the end of its page")
        pieces = [page[at : at + local]]
        missing, at = length - local, at + local
        while missing > 0:
            page, at = self._page(_number(page, at)), 0
            pieces.append(page[4 : min(self._usable, 4 + missing)])
            missing -= len(pieces[-1])
        self._left -= length
        return b"".join(pieces)

    def _local(self, length: int) -> int:
        """Return how many bytes of a payload lie in its cell."""
        most = self._usable - 35
        if length <= most:
            return length
        least = (self._usable - 12) * 32 // 255 - 23
        local = least + (length - least) % (self._usable - 4)
        return local if local <= most else least

    def _record(self, payload: bytes) -> Row:
        """Return the columns of a record, section 2.1."""
        end, at = _varint(payload, 0)
        if end > len(payload):
            raise DamagedError("a row is shorter than its header")
        kinds: list[int] = []
        while at < end and len(kinds) < _MAX_COLUMNS:
            kind, at = _varint(payload, at)
            kinds.append(kind)
        values: list[Value] = []
        for kind in kinds:
            width = _width(kind)
            if end + width > len(payload):
                raise DamagedError("a row is shorter than its columns")
            values.append(self._value(kind, payload[end : end + width]))
            end += width
        return tuple(values)

    def _value(self, kind: int, word: bytes) -> Value:
        if kind >= 12:
            return word.decode(self._encoding, "backslashreplace") if kind % 2 else word
        if kind in _INTEGERS:
            return int.from_bytes(word, "big", signed=True)
        return float(struct.unpack(">d", word)[0]) if kind == 7 else _CONSTANTS[kind]


def _width(kind: int) -> int:
    """Return the bytes a column of a serial type takes."""
    if kind >= 12:
        return (kind - 12) // 2
    if kind in (10, 11):
        raise DamagedError("a row has a column of an unknown type")
    return 8 if kind == 7 else _INTEGERS.get(kind, 0)


def _number(page: bytes, at: int) -> int:
    if at + 4 > len(page):
        raise DamagedError("a page is cut short")
    return int.from_bytes(page[at : at + 4], "big")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a variable-length integer, as unsigned, and where it ends."""
    value = 0
    for byte in data[at : at + 8]:
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at
    if at >= len(data):
        raise DamagedError("a row is cut short")
    return value << 8 | data[at], at + 1

"""rpm's header, the record of one package: https://rpm-software-management.github.io/rpm/manual/format_header.html.

In a database it has no magic: the number of index entries, the number of data bytes, entries of 16 bytes, data; all
big-endian. An entry is tag, type, offset into the data and count; which tags we use and of which type they must be is
said below (https://rpm-software-management.github.io/rpm/manual/tags.html).
"""

import struct

from envscout.inventory.distributions.damage import DamagedError
from envscout.inventory.record import text

NAME, VERSION, RELEASE, EPOCH, LICENSE, ARCH, SOURCERPM = 1000, 1001, 1002, 1003, 1014, 1022, 1044
OLDFILENAMES, FILEDIGESTS, DIRINDEXES, BASENAMES, DIRNAMES = 1027, 1035, 1116, 1117, 1118
FILEDIGESTALGO, MODULARITYLABEL = 5011, 5096

MAX_ENTRIES = 65535
MAX_ITEMS = 1 << 20
"""Items of one array, such as the files of a package, that are read."""

_INT32, _STRING, _STRING_ARRAY, _I18N = 4, 6, 8, 9
_WORDS = {_STRING, _STRING_ARRAY, _I18N}
_TAGS = frozenset({
    NAME, VERSION, RELEASE, EPOCH, LICENSE, ARCH, SOURCERPM, OLDFILENAMES, FILEDIGESTS, DIRINDEXES, BASENAMES,
    DIRNAMES, FILEDIGESTALGO, MODULARITYLABEL,
})  # fmt: skip
_INTRO = struct.Struct(">II")
_ENTRY = struct.Struct(">IIII")


class Header:
    """The tags of one package. A tag that it lacks, or that is of another type, reads as empty."""

    def __init__(self, blob: bytes) -> None:
        """Read the index. Raises DamagedError where the blob is no header or is cut short."""
        if len(blob) < _INTRO.size:
            raise DamagedError("a header is cut short")
        entries, size = _INTRO.unpack_from(blob)
        self._start = _INTRO.size + entries * _ENTRY.size
        if not 0 < entries <= MAX_ENTRIES or self._start + size > len(blob):
            raise DamagedError("a header is cut short or has an impossible size")
        self._blob = blob
        self._end = self._start + size
        index = blob[_INTRO.size : self._start]
        # What rpm added at installation stands behind the package's own entries and replaces them.
        self._entries = {tag: (kind, at, count) for tag, kind, at, count in _ENTRY.iter_unpack(index) if tag in _TAGS}

    def word(self, tag: int) -> str:
        """Return a string, "" if there is none. Raises DamagedError where it is cut short."""
        kind, start, count = self._entry(tag)
        if kind not in _WORDS or not count:
            return ""
        end = self._blob.find(b"\0", start, self._end)
        if end < 0:
            raise DamagedError(f"tag {tag} of a header is cut short")
        return text(self._blob[start:end])

    def words(self, tag: int) -> list[bytes]:
        """Return the strings of an array. Raises DamagedError where they are cut short or more than MAX_ITEMS."""
        kind, start, count = self._entry(tag)
        if kind not in _WORDS:
            return []
        if count > min(MAX_ITEMS, self._end - start):
            raise DamagedError(f"tag {tag} of a header has an impossible size")
        found = self._blob[start : self._end].split(b"\0", count)
        if len(found) <= count:
            raise DamagedError(f"tag {tag} of a header is cut short")
        return found[:count]

    def numbers(self, tag: int) -> tuple[int, ...]:
        """Return 32-bit numbers. Raises DamagedError where they are cut short or more than MAX_ITEMS."""
        kind, start, count = self._entry(tag)
        if kind != _INT32:
            return ()
        if count > MAX_ITEMS or start + 4 * count > self._end:
            raise DamagedError(f"tag {tag} of a header has an impossible size")
        return struct.unpack_from(f">{count}I", self._blob, start)

    def _entry(self, tag: int) -> tuple[int, int, int]:
        """Return type, place and count of a tag."""
        kind, at, count = self._entries.get(tag, (0, 0, 0))
        return kind, self._start + at, count

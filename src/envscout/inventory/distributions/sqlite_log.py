"""The write-ahead log beside an SQLite database: https://www.sqlite.org/fileformat2.html, section 4.

rpm and Nix leave it empty when they end well. Changes that an image holds only there are not read; that they exist is
told.
"""

import struct

from envscout.inventory.record import Reading, damaged

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_MAGICS = (0x377F0682, 0x377F0683)


def read(path: str, data: bytes) -> Reading:
    """Return a problem where the log holds changes that may be missing in the database."""
    if not _committed(data):
        return Reading()
    text = "it holds changes that may not be in the database beside it; they are not read"
    return Reading(problems=(damaged(path, text),))


def _committed(data: bytes) -> bool:
    """Tell whether any frame of the log's present round ends a transaction; older rounds have other salts."""
    if len(data) < _HEADER.size:
        return False
    magic, _, size, _, *salts = _HEADER.unpack_from(data)[:6]
    if magic not in _MAGICS or not 512 <= size <= 65536:
        return False
    for at in range(_HEADER.size, len(data) - _FRAME.size - size + 1, _FRAME.size + size):
        _, pages, *frame = _FRAME.unpack_from(data, at)[:4]
        if frame != salts:
            return False
        if pages:
            return True
    return False

"""The headers in rpm's own database format NDB, `Packages.db`: slots that say where the blob of each package lies.

All numbers are little-endian. Slots of 16 bytes fill the first pages; the first two are the file's header. A blob's
place is counted in blocks of 16 bytes; it is framed by a head that repeats the package's number and a tail with the
Adler-32 of all before it.
"""

import struct
from collections.abc import Iterator
from zlib import adler32

from envscout.inventory.distributions.damage import Damage, DamagedError

MAGIC = b"RpmP"

_VERSION = 0
_PAGE = 4096
_BLOCK = 16
_HEADER = struct.Struct("<4s3I")
_SLOT = struct.Struct("<4s3I")
_HEAD = struct.Struct("<4s3I")
_TAIL = struct.Struct("<2I4s")
_FIRST_SLOT = 32


def blobs(data: bytes, damage: Damage) -> Iterator[bytes]:
    """Yield the headers. Raises DamagedError where there is no such database; lesser damage is noted.

    Blobs add up to no more bytes than the file has. One whose checksum is wrong is noted and yielded all the same.
    """
    if len(data) < _FIRST_SLOT or not data.startswith(MAGIC):
        raise DamagedError("it is no NDB database")
    _, version, _, pages = _HEADER.unpack_from(data)
    if version != _VERSION:
        raise DamagedError(f"it is an NDB database of the unknown version {version}")
    if pages * _PAGE > len(data):
        damage.add("it ends within its list of packages")
    left = len(data)
    slots = data[_FIRST_SLOT : min(pages * _PAGE, len(data) - len(data) % _BLOCK)]
    for magic, number, start, blocks in _SLOT.iter_unpack(slots):
        if magic != b"Slot":
            damage.add("its list of packages is damaged")
        elif number:
            left -= blocks * _BLOCK
            if left < 0:
                raise DamagedError("its packages hold more bytes than the file")
            try:
                yield _blob(data[start * _BLOCK : (start + blocks) * _BLOCK], number, damage)
            except DamagedError as error:
                damage.add(f"package number {number}: {error}")


def _blob(frame: bytes, number: int, damage: Damage) -> bytes:
    """Return what head and tail frame."""
    if len(frame) < _HEAD.size + _TAIL.size:
        raise DamagedError("its place lies beyond the end of the file")
    magic, said, _, length = _HEAD.unpack_from(frame)
    tail = len(frame) - _TAIL.size
    if magic != b"BlbS" or said != number or _HEAD.size + length > tail:
        raise DamagedError("no package begins where it should")
    checksum, again, end = _TAIL.unpack_from(frame, tail)
    if end != b"BlbE" or again != length or checksum != adler32(frame[:tail]):
        damage.add(f"package number {number}: its checksum is wrong")
    return frame[_HEAD.size : _HEAD.size + length]

"""Zip archives built for the tests."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping


def zipped(
    members: Mapping[str, bytes | str], method: int = zipfile.ZIP_DEFLATED, *, comment: bytes = b"", zip64: bool = False
) -> bytes:
    """Return an archive of these members, in this order. zip64: with the long form of sizes wherever there is one."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name, data in members.items():
            with made.open(name, "w", force_zip64=zip64) as member:
                member.write(data.encode() if isinstance(data, str) else data)
        made.comment = comment
    return _long(buffer.getvalue()) if zip64 else buffer.getvalue()


def _long(data: bytes) -> bytes:
    """Return an archive whose end record says nothing, but the zip64 one in front of it."""
    end = data.rfind(b"PK\x05\x06")
    count, size, offset = struct.unpack_from("<HLL", data, end + 10)
    far = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    short = struct.pack("<4s4HLLH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return data[:end] + far + locator + short


def overlapping(count: int, name: bytes, inner: bytes) -> bytes:
    """Return an archive with many members of one name that are all the same stored bytes."""
    sizes = (zlib.crc32(inner), len(inner), len(inner))
    local = struct.pack("<4s5HLLLHH", b"PK\x03\x04", 20, 0, 0, 0, 0, *sizes, len(name), 0)
    entry = struct.pack("<4s6HLLLHHHHHLL", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, *sizes, len(name), 0, 0, 0, 0, 0, 0)
    body = local + name + inner
    end = (min(count, 0xFFFF), min(count, 0xFFFF), (len(entry) + len(name)) * count, len(body), 0)
    return body + (entry + name) * count + struct.pack("<4s4HLLH", b"PK\x05\x06", 0, 0, *end)

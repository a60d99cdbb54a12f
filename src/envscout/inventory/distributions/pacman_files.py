"""Which files a pacman package installed: its `mtree`, compressed, in the format of mtree(5)."""

import re
import zlib

from envscout.inventory.claims import claimable
from envscout.inventory.record import Claim, Reading, damaged, text

MAX_LIST = 32 << 20
"""Bytes of a list of files, unpacked, that are read; that of a kernel's headers has 5 MB."""

_FILE = re.compile(rb"^\./(\S{1,4096}) (?:[^\n]* )?sha256digest=([0-9a-f]{64})", re.M)
_ESCAPED = re.compile(rb"\\([0-7]{3})")


def read(path: str, data: bytes) -> Reading:
    """Return what the package of a folder claims, as far as the list can be unpacked."""
    # The folder is called NAME-VERSION-RELEASE.
    package = path.rpartition("/")[0].rpartition("/")[2].rsplit("-", 2)[0]
    words, message = _unpacked(data)
    claims = tuple(
        Claim("alpm", package, "", file, "sha256", digest.decode())
        for name, digest in _FILE.findall(words)
        if claimable(file := text(_ESCAPED.sub(_byte, name)))
    )
    return Reading(problems=(damaged(path, message),) if message else (), claims=claims)


def _byte(octal: re.Match[bytes]) -> bytes:
    return bytes([int(octal[1], 8) & 0xFF])


def _unpacked(data: bytes) -> tuple[bytes, str]:
    """Return the list and "", or what there is of it and what is wrong."""
    inflating = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        words = inflating.decompress(data, MAX_LIST)
    except zlib.error:
        return b"", "its list of files is not gzip"
    if inflating.eof:
        return words, ""
    return words, f"its list of files is cut short, or longer than {MAX_LIST >> 20} MiB"

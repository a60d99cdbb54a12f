"""How Go's linker writes build information: 32 bytes of header, and behind them, or where they point to, two texts.

    ff "Go buildinf:" WIDTH FLAGS     16 bytes, aligned to 16; with flag 2 (Go 1.18 and later) 16 bytes of nothing and
    NUMBER version NUMBER modules     the texts, each behind its length as a varint; without it (Go 1.13 to 1.17) the
    POINTER POINTER                   addresses of two string headers: pointer and length; flag 1 says big endian

Source: https://github.com/golang/go/blob/master/src/debug/buildinfo/buildinfo.go
"""

import re
from typing import Literal

import msgspec

MAGIC = b"\xff Go buildinf:"
ALIGNMENT = 16

START = bytes.fromhex("3077af0c9274080241e1c107e6d618e6")
END = bytes.fromhex("f932433186182072008242104116d8f2")
"""What frames the list of modules, wherever it stands."""

MAX_VERSION = 256
MAX_MODULES = 1 << 20
"""Bytes of the list of modules; the longest known has 60,000."""

_HEADER = 32
_VARINT = 10
FIRST = _HEADER + _VARINT + MAX_VERSION + _VARINT
"""Bytes in which build information shows where it ends."""

_BIG_ENDIAN, _INLINE = 1, 2
_VERSION = re.compile(rb"(?:go[0-9]|devel )[ -~]*")


class Build(msgspec.Struct, frozen=True):
    """What a Go program says of its making: version of Go, "" if that cannot be told; list of modules in its frame.

    is_cut: the file ended before its build information did. beside: texts that may be the version of the main module.
    """

    version: str = ""
    modules: bytes = b""
    is_cut: bool = False
    beside: tuple[str, ...] = ()


class Inline(msgspec.Struct, frozen=True):
    """Build information with its texts. begin, size: where the list of modules starts, and where it all ends."""

    version: str
    begin: int
    size: int


class Pointers(msgspec.Struct, frozen=True):
    """Build information that points to two string headers by the address they have in memory."""

    width: int
    order: Literal["big", "little"]
    version: int
    modules: int
    size: int = _HEADER

    def pair(self, data: bytes) -> tuple[int, int]:
        """Return pointer and length that a string header holds."""
        width = self.width
        return int.from_bytes(data[:width], self.order), int.from_bytes(data[width : 2 * width], self.order)


def decoded(data: bytes) -> Inline | Pointers | None:
    """Return what the FIRST bytes from a magic text on hold, None if that is no build information."""
    if len(data) < _HEADER or data[14] not in (4, 8) or data[15] > _BIG_ENDIAN | _INLINE:
        return None
    if data[15] & _INLINE:
        return _inline(data)
    width = data[14]
    order: Literal["big", "little"] = "big" if data[15] else "little"
    version, modules = (int.from_bytes(data[at : at + width], order) for at in (16, 16 + width))
    return Pointers(width, order, version, modules) if version else None


def unframed(modules: bytes) -> str:
    """Return the list of modules without the markers before and behind it, "" if they do not frame it."""
    if not modules.startswith(START) or not modules.endswith(b"\n" + END):
        return ""
    return modules[len(START) : -len(END)].decode("utf-8", "replace")


def _inline(data: bytes) -> Inline | None:
    length, at = _number(data, _HEADER)
    version = data[at : at + length]
    if length > MAX_VERSION or not _VERSION.fullmatch(version):
        return None
    size, begin = _number(data, at + length)
    return Inline(version.decode("ascii"), begin, begin + size) if size <= MAX_MODULES else None


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return a varint and the offset behind it; a number beyond all bounds where there is none."""
    number = 0
    for index, byte in enumerate(data[at : at + _VARINT]):
        number |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return number, at + index + 1
    return MAX_MODULES + 1, at

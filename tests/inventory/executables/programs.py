"""Small executables for the tests: the headers of real ones, around whatever a test wants to see found."""

import struct
from collections.abc import Iterable
from typing import Literal

from envscout.inventory.executables.go_blob import END, MAGIC, START
from envscout.inventory.executables.probe import HEAD, probe
from envscout.inventory.keeping import unpack
from envscout.inventory.record import Reading

PAGE = 0x4000
BASE = 0x400000
NOTE_AT = 0x800
GO_NOTE = struct.pack("<III4s4s", 4, 4, 4, b"Go\0\0", b"id/i")
GO_MARK = b'\xff Go build ID: "id/i"\n \xff'

Order = Literal["<", ">"]


def pages(content: bytes) -> bytes:
    """Return bytes filled up to whole pages, of which there is at least one."""
    return content + b"\0" * (-len(content) % PAGE or (0 if content else PAGE))


def elf(
    constants: bytes = b"",
    data: bytes = b"",
    *,
    loose: bytes = b"",
    wide: bool = True,
    order: Order = "<",
    is_go: bool = True,
    shows: int = 0,
) -> bytes:
    """Return an ELF program: a page of headers, one of code, constants, variables, and what is not loaded.

    shows: where not 0, the section table follows the program headers, and gives the first variables this size.
    """
    offsets = (PAGE, 2 * PAGE, 2 * PAGE + len(pages(constants)))
    parts = ((1, 5, offsets[0], PAGE), (1, 4, offsets[1], len(constants)), (1, 6, offsets[2], len(data)))
    note = (4, 4, NOTE_AT, len(GO_NOTE) if is_go else 0)
    rows = b"".join(_segment(wide, order, *part) for part in (*parts, note))
    header, segment, section = (64, 56, 64) if wide else (52, 32, 40)
    body = b"\x90" * PAGE + pages(constants) + pages(data) + loose
    table = header + len(rows) if shows else PAGE + len(body)
    sections = _section(wide, order, 0, 0, 0, 0) + _section(wide, order, 1, 3, offsets[2], shows)
    head = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    words = "IQQQI" if wide else "IIIII"
    head += struct.pack(
        f"{order}HH{words}6H", 2, 62, 1, BASE, header, table, 0, header, segment, len(rows) // segment, section, 2, 0
    )
    front = (head + rows + (sections if shows else b"")).ljust(NOTE_AT, b"\0") + GO_NOTE
    return front.ljust(PAGE, b"\0") + body + (b"" if shows else sections)


def _segment(wide: bool, order: Order, kind: int, flags: int, offset: int, size: int) -> bytes:
    if wide:
        return struct.pack(f"{order}IIQQQQQQ", kind, flags, offset, BASE + offset, 0, size, size, PAGE)
    return struct.pack(f"{order}8I", kind, offset, BASE + offset, 0, size, size, flags, PAGE)


def _section(wide: bool, order: Order, kind: int, flags: int, offset: int, size: int) -> bytes:
    form = "IIQQQQIIQQ" if wide else "10I"
    return struct.pack(f"{order}{form}", 0, kind, flags, BASE + offset, offset, size, 0, 0, 16, 0)


def pe(constants: bytes = b"", data: bytes = b"", *, audited: bytes = b"", is_go: bool = True) -> bytes:
    """Return a Windows program with sections for code, constants, variables, and a list of crates."""
    found = (
        (b".text", 0x60000020, GO_MARK if is_go else b"\x90"),
        (b".rdata", 0x40000040, constants),
        (b".data", 0xC0000040, data),
        (b".dep-v0", 0x40000040, audited),
    )
    table, body = b"", b""
    for name, flags, content in found:
        offset = PAGE + len(body)
        table += struct.pack("<8sIIIIIIHHI", name, len(content), offset, len(pages(content)), offset, 0, 0, 0, 0, flags)
        body += pages(content)
    optional = struct.pack("<H22xQ", 0x20B, BASE).ljust(240, b"\0")
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, len(found), 0, 0, 0, len(optional), 0x22)
    front = (b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80)).ljust(0x80, b"\0")
    return (front + coff + optional + table).ljust(PAGE, b"\0") + body


def macho(
    constants: bytes = b"", data: bytes = b"", *, audited: bytes = b"", wide: bool = True, is_go: bool = True
) -> bytes:
    """Return a macOS program with segments for constants and variables."""
    offsets = (PAGE, PAGE + len(pages(constants)), PAGE + len(pages(constants)) + len(pages(data)))
    commands = [
        _load(wide, b"__TEXT", 5, offsets[0], len(pages(constants)), [(b"__rodata", offsets[0], len(constants))]),
        _load(
            wide,
            b"__DATA",
            3,
            offsets[1],
            len(pages(data)) + len(pages(audited)),
            [(b"__go_buildinfo", offsets[1], len(data)), (b".dep-v0", offsets[2], len(audited))],
        ),
    ]
    loads = b"".join(commands)
    head = struct.pack("<7I", 0xFEEDFACF if wide else 0xFEEDFACE, 0x01000007, 3, 2, len(commands), len(loads), 0)
    front = head + (b"\0" * 4 if wide else b"") + loads + (GO_MARK if is_go else b"")
    return front.ljust(PAGE, b"\0") + pages(constants) + pages(data) + pages(audited)


def _load(wide: bool, name: bytes, rights: int, offset: int, size: int, parts: list[tuple[bytes, int, int]]) -> bytes:
    sizes = "QQQQ" if wide else "IIII"
    body = struct.pack(f"<16s{sizes}iiII", name, BASE + offset, size, offset, size, rights, rights, len(parts), 0)
    for part, at, length in parts:
        form = "<16s16sQQ8I" if wide else "<16s16sII7I"
        rest = (at, 4, 0, 0, 0, 0, 0, 0) if wide else (at, 4, 0, 0, 0, 0, 0)
        body += struct.pack(form, part, name, BASE + at, length, *rest)
    return struct.pack("<II", 0x19 if wide else 1, len(body) + 8) + body


def fat(*programs: bytes) -> bytes:
    """Return a file that holds programs for several processors."""
    head, body = struct.pack(">II", 0xCAFEBABE, len(programs)), b""
    for each in programs:
        head += struct.pack(">IIIII", 0x01000007, 3, PAGE + len(body), len(each), 14)
        body += pages(each)
    return head.ljust(PAGE, b"\0") + body


def inline(version: str, modules: str, *, width: int = 8, flags: int = 2) -> bytes:
    """Return build information as Go writes it since 1.18."""
    text = framed(modules)
    head = (MAGIC + bytes([width, flags])).ljust(32, b"\0")
    return head + varint(len(version)) + version.encode() + varint(len(text)) + text


def framed(modules: str) -> bytes:
    """Return a list of modules in its frame, nothing for none."""
    return START + modules.encode() + END if modules else b""


def varint(number: int) -> bytes:
    """Return a number, seven bits a byte, the lowest first."""
    found = b""
    while number > 127:
        found += bytes([number & 127 | 128])
        number >>= 7
    return found + bytes([number])


def pointing(
    version: str, modules: str, place: int, constants: int, *, wide: bool = True, order: Order = "<"
) -> tuple[bytes, bytes]:
    """Return constants and variables of a program made before Go 1.18, given the offsets where they will lie."""
    word = "Q" if wide else "I"
    before, text = b"constants go1.9 and go1.12 ", framed(modules)
    texts = before + version.encode() + b"more" + text
    start = BASE + constants + len(before)
    width = 8 if wide else 4
    head = MAGIC + bytes([width, 1 if order == ">" else 0])
    head += struct.pack(f"{order}{word}{word}", BASE + place + 64, BASE + place + 64 + 2 * width)
    headers = struct.pack(f"{order}4{word}", start, len(version), start + len(version) + 4 if text else 0, len(text))
    return texts, head.ljust(64, b"\0") + headers


def read(path: str, content: bytes, cuts: Iterable[int] = ()) -> Reading:
    """Return what an executable says that goes by in pieces, cut at these offsets."""
    found = probe(path, content[:HEAD], len(content))
    if not found:
        return Reading()
    at = 0
    for cut in (*cuts, len(content)):
        found.feed(content[at:cut])
        at = cut
    kept = found.done()
    return unpack(kept) if kept else Reading()


def names(reading: Reading) -> list[tuple[str, str]]:
    """Return names and versions of what was found."""
    return [(record.name, record.version) for record in reading.records]


def codes(reading: Reading) -> list[str]:
    """Return the codes of the problems."""
    return [problem.code for problem in reading.problems]

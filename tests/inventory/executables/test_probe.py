"""Which files are looked into, and that memory stays bounded whatever goes by."""

import tracemalloc
from collections.abc import Callable

import pytest

from envscout.inventory.executables.go_blob import START
from envscout.inventory.executables.probe import HEAD, probe
from tests.inventory.executables.programs import GO_MARK, codes, elf, inline, macho, names, pe, read

LARGE = 1 << 20
JAVA = b"\xca\xfe\xba\xbe\0\0\0\x34"


@pytest.mark.parametrize(
    "head",
    [b"", b"#!/bin/sh\n", b"\x7f", b"\x7fELF", b"M", b"PK\3\4", JAVA, b"\xca\xfe\xba\xbe", b"\xfe\xed", b"\x7fEL" * 9,
     elf()[:16] + b"\1\0" + elf()[18:HEAD], elf()[:16] + b"\4\0" + elf()[18:HEAD]],
)  # fmt: skip
def test_what_is_no_program_is_not_looked_into(head: bytes) -> None:
    assert probe("a", head, LARGE) is None


@pytest.mark.parametrize("program", [elf(), pe(), macho(), elf(order=">"), elf(wide=False)])
def test_programs_are_looked_into(program: bytes) -> None:
    assert probe("a", program[:HEAD], LARGE)
    assert probe("a", program[:HEAD], 1000) is None


def test_a_program_that_says_nothing_leaves_nothing() -> None:
    found = probe("a", elf(is_go=False)[:HEAD], LARGE)
    assert found
    found.feed(memoryview(elf(is_go=False)))
    assert found.done() == b""
    assert read("a", b"MZ" + b"text that begins like a program" * 9999).records == ()


def test_an_empty_stream_is_no_error() -> None:
    for program in (elf(), pe(), macho(), b"\xca\xfe\xba\xbe\0\0\0\2"):
        found = probe("a", program[:HEAD], LARGE)
        assert found
        assert found.done() == b""


@pytest.mark.parametrize("make", [elf, pe, macho])
def test_a_packed_program_is_unknown(make: Callable[..., bytes]) -> None:
    content = make(b"", inline("go1.21.5", "path\ta\n"))
    packed = content[:1000] + b"UPX!" + content[1004:]
    reading = read("usr/bin/a", packed)
    assert (names(reading), codes(reading)) == ([], ["packed-executable"])
    assert reading.problems[0].where == "usr/bin/a"


@pytest.mark.parametrize(
    "unit",
    [
        b"\0" * 16,
        b"\xff Go buildinf:",
        START,
        b"\xff Go buildinf:\x08\x02",
        b"go1.15.2 \0go1.21\0",
        bytes(range(256)),
        b"x\x9c\x05\x00",
    ],
)
@pytest.mark.parametrize("is_go", [True, False])
def test_memory_stays_bounded(unit: bytes, is_go: bool) -> None:
    size = (300 if not any(unit) else 64) << 20
    head = elf(is_go=is_go)[:0x2000]
    third = size // 3
    rows = {0x40: third, 0x78: third, 0xB0: third}
    program = bytearray(head)
    for number, row in enumerate(rows):
        program[row + 8 : row + 16] = (0x4000 + number * third).to_bytes(8, "little")
        program[row + 32 : row + 40] = (third - 0x20000).to_bytes(8, "little")
    piece = unit * (LARGE // len(unit))
    found = probe("a", bytes(program[:HEAD]), size)
    assert found
    found.feed(bytes(program) + GO_MARK + piece[: LARGE - len(program) - len(GO_MARK)])
    tracemalloc.start()
    try:
        for _ in range(size // LARGE):
            found.feed(piece)
        found.done()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 << 20

"""Notes that name the source package of an ELF file, made up and real."""

import json
import struct
from pathlib import Path

import pytest

from envscout.inventory import build
from envscout.inventory.executables.probe import HEAD
from envscout.inventory.keeping import prober
from envscout.inventory.record import Reading
from envscout.model import Content, File
from tests.inventory.executables.programs import NOTE_AT, Order, codes, elf, names, read
from tests.inventory.files import DEBIAN, file, stanza

SAID = {"type": "deb", "os": "Debian", "name": "systemd", "version": "252.39-1", "architecture": "amd64"}
LIBRARY = "usr/lib/x86_64-linux-gnu/libsystemd.so.0.35.0"


def noted(text: bytes, order: Order = "<", size: int | None = None) -> bytes:
    """Return a library with a note."""
    note = struct.pack(f"{order}III4s", 4, len(text) if size is None else size, 0xCAFE1A7E, b"FDO\0") + text
    program = bytearray(elf(b"x" * 20_000, is_go=False, order=order))
    program[NOTE_AT : NOTE_AT + len(note)] = note
    return bytes(program)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_note_names_the_source_package(order: Order) -> None:
    (record,) = read(LIBRARY, noted(json.dumps(SAID).encode() + b"\0\0\0", order)).records
    assert (record.type, record.name, record.version, record.architecture) == ("deb", "systemd", "252.39-1", "amd64")


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (b"{}", []),
        (b'{"type": "flatpak", "name": "a", "version": "1"}', []),
        (b"not JSON", ["damaged-database"]),
        (b'{"type": "rpm", "name": 5}', ["damaged-database"]),
        (b'{"type": "rpm", "name": "", "version": "1"}', ["damaged-database"]),
        (b"[" * 4000, ["damaged-database"]),
        (b"\xff", ["damaged-database"]),
    ],
)
def test_a_note_that_says_nothing_of_use(text: bytes, problems: list[str]) -> None:
    reading = read(LIBRARY, noted(text))
    assert (reading.records, codes(reading)) == ((), problems)


def test_a_note_as_large_as_nobody_writes_it_is_not_read() -> None:
    assert read(LIBRARY, noted(json.dumps(SAID).encode(), size=1 << 31)) == Reading()


def kept(path: str, data: bytes) -> File:
    """Return a program as an image holds it."""
    found = prober()(path, data[:HEAD], len(data))
    assert found
    found.feed(data)
    return File(path, (Content("0", found.done()),))


def test_it_is_heard_only_where_no_database_tells_it_better() -> None:
    library, os = kept(LIBRARY, noted(json.dumps(SAID).encode())), file("etc/os-release", DEBIAN)
    alone = build([library, os])
    assert [each.purl for each in alone.packages] == ["pkg:deb/debian/systemd@252.39-1?arch=amd64&distro=debian-12"]
    assert [each.code for each in alone.problems] == ["no-package-database"]
    beside = build([library, os, file("var/lib/dpkg/status", stanza("libsystemd0", "252.39-1", Source="systemd"))])
    assert [each.name for each in beside.packages] == ["libsystemd0"]


def test_a_real_library() -> None:
    for path in Path("/usr/lib").glob("*/libsystemd.so.0"):
        assert names(read(str(path).lstrip("/"), path.read_bytes()))[0][0] == "systemd"
        return
    pytest.skip("this machine has no libsystemd")

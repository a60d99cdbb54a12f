"""Rust programs built with cargo-auditable: real sections, any pieces, and damage."""

import json
import shutil
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.inventory.executables.programs import PAGE, codes, elf, inline, macho, names, pe, read

CRATES = {
    "packages": [
        {"name": "adler2", "version": "2.0.1", "source": "crates.io"},
        {"name": "app", "version": "0.1.0", "source": "local", "dependencies": [0, 2], "root": True},
        {"name": "serde", "version": "1.0.219", "source": "crates.io", "features": ["std"], "kind": "runtime"},
        {"name": "cc", "version": "1.2.0", "source": "crates.io", "kind": "build"},
    ]
}
FOUND = [("adler2", "2.0.1"), ("app", "0.1.0"), ("serde", "1.0.219")]
TEXT = json.dumps(CRATES, separators=(",", ":")).encode()
LONG = json.dumps(
    {"packages": [{"name": f"crate-{number}", "version": f"{number}.0.{number * 7 % 31}"} for number in range(900)]}
).encode()


@pytest.mark.parametrize("level", range(1, 10))
@pytest.mark.parametrize("text", [TEXT, LONG])
def test_the_list_is_found_outside_of_what_is_loaded(level: int, text: bytes) -> None:
    loose = b"GCC: (GNU) 12.2.0\0x\x9c\x05x\xda" + zlib.compress(text, level) + b".shstrtab\0"
    reading = read("app", elf(b"constants", b"variables", loose=loose, is_go=False))
    assert not reading.problems
    assert {record.type for record in reading.records} == {"cargo"}
    assert len(reading.records) == 900 if text == LONG else names(reading) == FOUND


@pytest.mark.parametrize("make", [pe, macho])
def test_windows_and_macos_say_where_it_is(make: Callable[..., bytes]) -> None:
    assert names(read("app", make(audited=zlib.compress(TEXT), is_go=False))) == FOUND


def test_a_list_among_the_constants_is_data_of_a_program_that_reads_them() -> None:
    assert not read("app", elf(zlib.compress(TEXT), b"", is_go=False)).records


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(3 * PAGE, 6 * PAGE), max_size=6), long=st.booleans())
def test_pieces_make_no_difference(cuts: list[int], long: bool) -> None:
    loose = bytes(70_000) + zlib.compress(LONG if long else TEXT) + bytes(40_000)
    content = elf(loose=loose, is_go=False)
    assert read("app", content, sorted(cuts)) == read("app", content)
    assert len(read("app", content).records) == (900 if long else 3)


def test_every_border() -> None:
    content = elf(loose=bytes(65_000) + zlib.compress(TEXT) + bytes(20_000), is_go=False)
    expected = read("app", content)
    start = content.index(zlib.compress(TEXT))
    for cut in range(start - 2, start + 700, 3):
        assert read("app", content, [cut, cut + 1, cut + 2]) == expected, cut


@pytest.mark.parametrize(
    ("data", "problems"),
    [
        (zlib.compress(b""), []),
        (zlib.compress(b'{"other":[]}'), []),
        (zlib.compress(b'{"packages":[]}'), []),
        (zlib.compress(b'{"packages":7}'), ["damaged-database"]),
        (zlib.compress(b'{"packages":[{"name":7}]}'), ["damaged-database"]),
        (zlib.compress(b'{"packages":' + b"[" * 100_000), ["damaged-database"]),
        (zlib.compress(b'{"packages":["\xff"]}'), ["damaged-database"]),
        (zlib.compress(b'{"packages":[{"name":"a","version":"1' + b"1" * 600 + b'"}]}'), ["unusable-version"]),
        (zlib.compress(b'{"packages":[' + b"1" * (64 << 20)), ["damaged-database"]),
        (zlib.compress(LONG)[:-9], ["damaged-database"]),
        (zlib.compress(LONG)[:700] + bytes(5000), ["damaged-database"]),
        (b"x\x9c\x05" * 10_000, []),
        (b"x\x9c\x05" * 50_000, ["damaged-database"]),
        (b"x" * 50_000, []),
    ],
)
def test_damage_is_said(data: bytes, problems: list[str]) -> None:
    assert codes(read("app", elf(loose=data, is_go=False))) == problems


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 3000), change=st.binary(min_size=1, max_size=4))
def test_damage_is_never_an_error(at: int, change: bytes) -> None:
    data = bytearray(zlib.compress(LONG))
    data[at : at + len(change)] = change
    content = elf(loose=bytes(60_000) + bytes(data), is_go=False)
    assert read("app", content) == read("app", content, [PAGE, 70_000, 90_000, 110_000])


def test_a_section_added_by_a_real_tool(tmp_path: Path) -> None:
    tool, program = shutil.which("objcopy"), shutil.which("ls")
    if not tool or not program:
        pytest.skip("objcopy is not installed")
    section, made = tmp_path / "crates", tmp_path / "app"
    section.write_bytes(zlib.compress(TEXT))
    subprocess.run([tool, f"--add-section=.dep-v0={section}", program, made], check=True)
    assert names(read("app", made.read_bytes())) == FOUND


def test_a_go_program_has_no_crates() -> None:
    reading = read("app", elf(b"", inline("go1.21.5", "path\ta\nmod\ta.b/c\tv1.0.0\t\n"), loose=zlib.compress(TEXT)))
    assert names(reading) == [("stdlib", "1.21.5"), ("a.b/c", "v1.0.0")]

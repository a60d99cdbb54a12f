"""Go programs: of every format, in any pieces, old and new, and what only looks like one."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscout.inventory.executables.go_blob import END, MAGIC, START
from tests.inventory.executables.programs import (
    PAGE,
    codes,
    elf,
    fat,
    inline,
    macho,
    names,
    pe,
    pointing,
    read,
    varint,
)

LIST = (
    "path\texample.org/app/cmd/app\n"
    "mod\texample.org/app\tv1.2.3\t\n"
    "dep\texample.org/a\tv0.1.0\th1:AAAA=\n"
    "dep\texample.org/b\tv0.2.0\n"
    "=>\texample.org/fork/b\tv0.2.1\th1:AAAA=\n"
    "dep\texample.org/c\tv0.3.0\n"
    "=>\t../c\t(devel)\t\n"
    "build\t-compiler=gc\n"
)
FOUND = [
    ("stdlib", "1.21.5"),
    ("example.org/app", "v1.2.3"),
    ("example.org/a", "v0.1.0"),
    ("example.org/fork/b", "v0.2.1"),
    ("example.org/c", ""),
]
NEW = inline("go1.21.5", LIST)
PROGRAMS = {
    "elf": elf(b"", NEW),
    "elf, sections in front": elf(b"", NEW, shows=len(NEW)),
    "elf, big endian": elf(b"", inline("go1.21.5", LIST, flags=3), order=">"),
    "elf, 32 bits": elf(b"", inline("go1.21.5", LIST, width=4), wide=False),
    "elf, no build id": elf(b"", NEW, is_go=False),
    "elf, far into the variables": elf(b"", b"\1" * 100_000 + bytes(-100_000 % 16) + NEW),
    "pe": pe(b"", NEW),
    "mach-o": macho(b"", NEW),
    "mach-o, 32 bits": macho(b"", NEW, wide=False),
    "fat mach-o": fat(macho(b"", NEW), macho(b"", NEW)),
}
OLD_LIST = LIST.replace("v1.2.3", "v1.2.2")


def _old(make: Callable[[bytes, bytes], bytes], at: int, **form: object) -> bytes:
    constants, _ = pointing("go1.15.2", OLD_LIST, 0, at, **form)  # type: ignore[arg-type]
    place = at + max(-(-len(constants) // PAGE), 1) * PAGE
    constants, data = pointing("go1.15.2", OLD_LIST, place, at, **form)  # type: ignore[arg-type]
    return make(constants, data)


OLD = {
    "elf": _old(elf, 2 * PAGE),
    "elf, sections in front": _old(lambda *parts: elf(*parts, shows=32), 2 * PAGE),
    "elf, big endian": _old(lambda *parts: elf(*parts, order=">"), 2 * PAGE, order=">"),
    "elf, 32 bits": _old(lambda *parts: elf(*parts, wide=False), 2 * PAGE, wide=False),
    "pe": _old(pe, 2 * PAGE),
    "mach-o": _old(macho, PAGE),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_lists_its_modules(name: str) -> None:
    reading = read("app", PROGRAMS[name])
    assert names(reading) == FOUND
    assert codes(reading) == ["unusable-version"]
    assert {record.type for record in reading.records} == {"golang"}


@pytest.mark.parametrize("name", OLD)
def test_a_program_made_before_go_1_18_lists_its_modules(name: str) -> None:
    reading = read("app", OLD[name])
    assert names(reading)[:2] == [("stdlib", "1.15.2"), ("example.org/app", "v1.2.2")]
    assert len(reading.records) == len(FOUND)


def test_a_program_of_go_1_12_has_no_pointers_to_its_texts() -> None:
    reading = read("app", elf(b"go1.12.17 " + START + LIST.encode() + END, b"variables"))
    assert names(reading)[:2] == [("stdlib", "1.12.17"), ("example.org/app", "v1.2.3")]
    two = read("app", elf(b"go1.12.17 go1.13.1 " + START + LIST.encode() + END, b"variables"))
    assert names(two)[0] == ("stdlib", "")
    assert "unusable-version" in codes(two)
    assert names(read("app", elf(b"go1.12.170" + START + LIST.encode() + END, b"variables")))[0] == ("stdlib", "")


@pytest.mark.parametrize("name", ["elf", "pe", "fat mach-o", "elf, far into the variables"])
def test_pieces_make_no_difference(name: str) -> None:
    content = PROGRAMS[name]
    expected = read("app", content)
    place = content.index(MAGIC)
    for cut in (*range(place - 3, place + 330, 7), *range(place, place + 60), 1, 63, 64, 65, 65535, 65536, 65537):
        assert read("app", content, [cut]) == expected, cut
        assert read("app", content, [cut, cut + 5, cut + 6]) == expected, cut


@pytest.mark.parametrize("name", OLD)
@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 5 * PAGE), max_size=8))
def test_pieces_make_no_difference_to_old_programs(name: str, cuts: list[int]) -> None:
    assert read("app", OLD[name], sorted(cuts)) == read("app", OLD[name])


def test_many_small_pieces() -> None:
    content = PROGRAMS["elf"]
    assert names(read("app", content, range(0, len(content), 97))) == FOUND


@pytest.mark.parametrize(
    "data",
    [
        MAGIC,
        MAGIC + b"\x08\x02",
        b"\1" + NEW,
        b"text that names \xff Go buildinf:, as its readers do".ljust(64),
        MAGIC + b"magic of another reader, then text".ljust(50, b"."),
        (MAGIC + bytes([8, 2])).ljust(32, b"\0") + b"\xff" * 300,
        (MAGIC + bytes([8, 2])).ljust(32, b"\0") + b"\x80" * 300,
        (MAGIC + bytes([8, 2])).ljust(32, b"\0") + varint(8) + b"go1.21.5" + varint(1 << 62),
        (MAGIC + bytes([8, 2])).ljust(32, b"\0") + varint(8) + b"\0\0\0\0\0\0\0\0" + varint(0),
        (MAGIC + bytes([8, 0])).ljust(32, b"\xff"),
    ],
)
def test_what_is_no_build_information_confuses_nobody(data: bytes) -> None:
    assert not read("app", elf(b"", data, is_go=False)).records
    padded = data + bytes(-len(data) % 16)
    assert names(read("app", elf(b"", padded + NEW, is_go=False))) == FOUND


def test_the_magic_text_among_constants_is_not_build_information() -> None:
    assert not read("app", elf(inline("go1.1", LIST), b"", is_go=False)).records


@pytest.mark.parametrize("cut", range(33, len(NEW), 9))
def test_a_program_that_ends_early_says_so(cut: int) -> None:
    whole = elf(b"", NEW, is_go=False)
    place = whole.index(MAGIC)
    reading = read("app", whole[: place + cut])
    assert not reading.records or "damaged-database" in codes(reading)
    assert reading.problems or cut < 60


def test_without_modules_it_is_said_that_nothing_is_known() -> None:
    reading = read("app", elf(b"", inline("go1.21.5 X:boringcrypto", "")))
    assert (names(reading), codes(reading)) == ([("stdlib", "1.21.5")], ["unknown-modules"])
    path = "path\tgithub.com/example/app/cmd/app\nbuild\t-trimpath=true\n"
    reading = read("app", elf(b"", inline("go1.21.5", path)))
    assert names(reading) == [("stdlib", "1.21.5"), ("github.com/example/app", "")]
    assert codes(reading) == ["unknown-modules"]
    assert codes(read("app", elf())) == ["unusable-version", "unknown-modules"]


def test_the_linkers_texts_tell_the_version() -> None:
    texts = b"x\0go1.21.5\0\0\0v1.4.2-beta.1\0v1.4.2-beta.1\0\0library 1.2.11\0"
    hidden = LIST.replace("v1.2.3", "(devel)")
    content = elf(b"\1" * 70_000 + texts, inline("go1.21.5", hidden))
    assert names(read("app", content))[1] == ("example.org/app", "v1.4.2-beta.1")
    assert names(read("app", content, range(0, len(content), 4096)))[1] == ("example.org/app", "v1.4.2-beta.1")
    far = elf(texts.replace(b"v1.4.2", b"\1" * 70_000 + b"v1.4.2"), inline("go1.21.5", hidden))
    assert names(read("app", far))[1] == ("example.org/app", "")


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(sorted(PROGRAMS)),
    changes=st.lists(st.tuples(st.integers(0, 3 * PAGE), st.binary(min_size=1, max_size=8)), max_size=6),
    size=st.integers(0, 6 * PAGE),
)
def test_damage_is_never_an_error(name: str, changes: list[tuple[int, bytes]], size: int) -> None:
    content = bytearray(PROGRAMS[name])
    for at, change in changes:
        content[at : at + len(change)] = change
    damaged = bytes(content[:size])
    assert read("app", damaged) == read("app", damaged, [100, 4096, 70_000])


@pytest.mark.parametrize(
    "program", ["docker", "dockerd", "containerd", "docker-registry", "skopeo", "buildah", "umoci"]
)
def test_programs_of_this_machine(program: str) -> None:
    found = shutil.which(program)
    if not found:
        pytest.skip(f"{program} is not installed")
    listed = dict(names(read(found[1:], Path(found).read_bytes())))
    assert listed["stdlib"]
    assert [name for name in listed if name.startswith("github.com/")]


def test_it_is_what_go_says() -> None:
    go = shutil.which("go")
    if not go:
        pytest.skip("go is not installed")
    said = subprocess.run([go, "version", "-m", go], capture_output=True, text=True, check=True).stdout
    listed = dict(names(read("usr/bin/go", Path(go).resolve().read_bytes())))
    assert f"go{listed['stdlib']}" in said
    assert all(name in said for name in listed if name != "stdlib")

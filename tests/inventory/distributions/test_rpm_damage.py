"""rpm's databases when they are cut, bent or made to harm: damage is told, what is left is read, work stays bounded."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscout.inventory.distributions import rpm, rpm_files
from envscout.inventory.record import Reading
from tests.inventory.distributions.databases import PLACES, database, header, headers, ndb, sqlite_database

KINDS = sorted(PLACES)
NAMES = ["lamp", "lamp-libs", "perl-Lamp", "python3-shade"]
DATABASES = {kind: database(kind) for kind in KINDS}
NAMED = tuple((tag, 6, word, 1) for tag, word in ((1000, b"a\0"), (1001, b"1\0"), (1002, b"2\0")))


def names(reading: Reading) -> list[str]:
    return sorted(record.name for record in reading.records)


def words(reading: Reading) -> str:
    return "; ".join(problem.message for problem in reading.problems)


@pytest.mark.parametrize("kind", KINDS)
def test_no_cut_goes_unnoticed(kind: str) -> None:
    whole = DATABASES[kind]
    lengths = {len(whole) * part // 97 for part in range(97)} | set(range(0, 600, 7)) | {len(whole) - 1}
    for length in sorted(lengths):
        reading = rpm.read(PLACES[kind], whole[:length])
        assert reading.problems, f"cut to {length} bytes"
        assert {problem.code for problem in reading.problems} <= {"damaged-database", "unusable-version"}
        assert len(reading.records) <= 4


@pytest.mark.parametrize("kind", KINDS)
def test_a_lost_page_costs_only_what_was_on_it(kind: str) -> None:
    whole = bytearray(DATABASES[kind])
    at = whole.index(b"python3-shade\x00")
    whole[at // 512 * 512 : at // 512 * 512 + 512] = bytes(512)
    reading = rpm.read(PLACES[kind], bytes(whole))
    assert reading.problems
    assert len(reading.records) >= 2


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(KINDS),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4)), min_size=1, max_size=8),
    st.floats(0, 1),
)
def test_anything_can_be_read(kind: str, changes: list[tuple[float, bytes]], kept: float) -> None:
    bent = bytearray(DATABASES[kind])
    for place, change in changes:
        # Most of what leads the reading stands in the first pages.
        at = int(place * place * (len(bent) - 4))
        bent[at : at + len(change)] = change
    reading = rpm.read(PLACES[kind], bytes(bent[: int(len(bent) * kept)]))
    assert len(reading.records) <= 8


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(headers()), st.integers(0, 2000), st.binary(max_size=200))
def test_any_header_can_be_read(blob: bytes, at: int, noise: bytes) -> None:
    bent = blob[:at] + noise + blob[at + len(noise) :]
    assert len(rpm.read("Packages.db", ndb(bent, noise)).records) <= 2


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no database of rpm's"),
        (b"\0" * 4096, "no database of rpm's"),
        (b"RpmP" + b"\0" * 10, "no NDB database"),
        (b"RpmP" + b"\1\0\0\0" + b"\0" * 100, "unknown version 1"),
        (b"SQLite format 3\0" + b"\0" * 200, "no SQLite database that can be read"),
        (b"\0" * 12 + b"\x61\x15\x06\0" + b"\0" * 600, "no Berkeley DB hash that can be read"),
    ],
)
def test_what_is_no_database(data: bytes, said: str) -> None:
    reading = rpm.read("var/lib/rpm/Packages", data)
    assert said in words(reading)
    assert len(reading.problems) == 1
    assert reading.records == ()


def changed(kind: str, at: int, value: bytes) -> bytes:
    data = bytearray(DATABASES[kind])
    data[at : at + len(value)] = value
    return bytes(data)


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("bdb-little-endian", lambda _: changed("bdb-little-endian", 24, b"\1"), "hash that can be read"),
        ("bdb-little-endian", lambda _: changed("bdb-little-endian", 88, b"\x09"), "4 of its entries"),
        ("bdb-little-endian", lambda data: data.replace(b"\x01\0\0\0\0", b"\x04\0\0\0\0"), "unknown kind 4"),
        ("ndb", lambda data: data.replace(b"A shade", b"A shadd"), "checksum is wrong"),
        ("ndb", lambda data: data.replace(b"Slot\1", b"Slat\1"), "list of packages is damaged"),
        ("ndb", lambda data: data.replace(b"BlbS\2", b"BlbS\3"), "no package begins where it should"),
        ("ndb", lambda _: changed("ndb", 56, b"\xff\xff\xff\x0f"), "beyond the end of the file"),
        ("ndb", lambda _: changed("ndb", 60, b"\xff\xff\xff\x0f"), "more bytes than the file"),
    ],
)
def test_single_damages(kind: str, change: Callable[[bytes], bytes], said: str) -> None:
    assert said in words(rpm.read(PLACES[kind], change(DATABASES[kind])))


def test_pages_of_a_berkeley_item_that_lead_in_a_circle() -> None:
    data = bytearray(DATABASES["bdb-little-endian"])
    pages = [at for at in range(0, len(data), 4096) if data[at + 25] == 7]
    for page in pages:
        data[page + 16 : page + 20] = (pages[0] // 4096).to_bytes(4, "little")
        data[page + 22 : page + 24] = b"\x01\x00"
    reading = rpm.read(PLACES["bdb-little-endian"], bytes(data))
    assert "is used twice" in words(reading)
    assert reading.records == ()


def test_blobs_within_one_another_are_read_only_once_over() -> None:
    # Each slot frames all that follows: read naively, this is the square of its size.
    count = 200
    blobs = ndb(*(b"" for _ in range(count)))
    slots = b"".join(
        b"Slot" + b"".join(word.to_bytes(4, "little") for word in (number + 1, 256 + 2 * number, 2 * (count - number)))
        for number in range(count)
    )
    reading = rpm.read("Packages.db", blobs[:32] + slots + blobs[32 + len(slots) :])
    assert "more bytes than the file" in words(reading)


def test_a_package_without_name_or_version() -> None:
    nameless, numberless = header(*NAMED[1:]), header(NAMED[0])
    reading = rpm.read("Packages.db", ndb(nameless, numberless))
    assert [(record.name, record.version) for record in reading.records] == [("a", "")]
    assert sorted(problem.code for problem in reading.problems) == ["damaged-database", "unusable-version"]


@pytest.mark.parametrize(
    "blob",
    [
        b"\0\0\0\1",
        b"\0\0\0\0\0\0\0\0",
        b"\xff\xff\xff\xff\0\0\0\0",
        b"\0\0\0\1\xff\xff\xff\xff" + bytes(16),
        b"\0\1\0\0\0\0\0\0" + bytes(16 * 65536),
    ],
)
def test_what_is_no_header(blob: bytes) -> None:
    reading = rpm.read("Packages.db", ndb(blob, header(*NAMED)))
    assert names(reading) == ["a"]
    assert "a header is cut short" in words(reading)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ((1014, 6, b"MIT", 1), "tag 1014 of a header is cut short"),
        ((1003, 4, b"\0", 1), "tag 1003 of a header has an impossible size"),
        ((1003, 4, b"\0\0\0\1", 0xFFFFFFFF), "tag 1003 of a header has an impossible size"),
        ((1117, 8, b"a\0b\0", 0xFFFFFFFF), "tag 1117 of a header has an impossible size"),
        ((1117, 8, b"a\0b\0", 3), "tag 1117 of a header is cut short"),
        ((1117, 8, b"a\0b\0", 2), "do not fit each other"),
    ],
)
def test_a_damaged_tag_costs_no_package(entry: tuple[int, int, bytes, int], said: str) -> None:
    reading = rpm.read("Packages.db", ndb(header(*NAMED, entry)))
    assert names(reading) == ["a"]
    assert said in words(reading)


def test_tags_of_another_type_are_none() -> None:
    (record,) = rpm.read("Packages.db", ndb(header(*NAMED, (1014, 4, bytes(4), 1), (1003, 6, b"7\0", 1)))).records
    assert (record.version, record.licenses) == ("1-2", ())


def test_more_packages_than_anybody_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpm, "MAX_PACKAGES", 3)
    reading = rpm.read(PLACES["sqlite"], sqlite_database([header(*NAMED)] * 5))
    assert len(reading.records) == 3
    assert "only its first 3 packages" in words(reading)


def test_files_in_a_folder_of_endless_name_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def files(folder: bytes) -> bytes:
        many = 1000
        index = ((1117, 8, b"a\0" * many, many), (1118, 8, folder + b"\0", 1), (1116, 4, bytes(4 * many), many))
        return ndb(header(*NAMED, *index))

    assert rpm.read("Packages.db", files(b"/usr/bin" + b"/a" * 5000 + b"/")).claims == ()
    assert len(rpm.read("Packages.db", files(b"/usr/bin/")).claims) == 1000
    monkeypatch.setattr(rpm_files, "MAX_LOOKED_AT", 100)
    reading = rpm.read("Packages.db", files(b"/usr/bin/"))
    assert len(reading.claims) == 11
    assert "more files than are looked at" in words(reading)

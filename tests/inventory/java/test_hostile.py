"""Archives that are damaged or made to harm: always a Reading, within bounds."""

import random
import struct
import zipfile
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from envscout.inventory.java import archive, pom
from envscout.inventory.record import Reading
from tests.inventory.archives import overlapping, zipped
from tests.inventory.fixtures import fixture
from tests.inventory.java.jars import manifest, properties

NESTED = zipped({
    "lib/a-1.jar": zipped(properties("org.example", "a", "1") | manifest(Bundle_License="MIT")),
    "META-INF/maven/g/b/pom.xml": "<project><artifactId>b</artifactId><version>1</version></project>",
    **manifest(Implementation_Version="1"),
})  # fmt: skip
SEEDS = [NESTED, zipped({"lib/a-1.jar": NESTED}, zipfile.ZIP_STORED), fixture("java", "jul-to-slf4j-2.0.7.jar")]


def names(data: bytes) -> list[str]:
    return [each.name for each in archive.read("x.jar", data).records]


def codes(reading: Reading) -> set[str]:
    return {problem.code for problem in reading.problems}


@given(st.sampled_from(SEEDS), st.integers(0, 1 << 32), st.integers(0, 12))
def test_damage_is_never_an_exception(seed: bytes, chance: int, flips: int) -> None:
    dice = random.Random(chance)
    data = bytearray(seed[: dice.randrange(len(seed) + 1)] if dice.random() < 0.3 else seed)
    for _ in range(flips if data else 0):
        data[dice.randrange(len(data))] = dice.choice((0, 255, dice.randrange(256)))
    assert isinstance(archive.read("x.jar", bytes(data)), Reading)


@given(st.binary(max_size=400))
def test_poms_are_read_or_refused(data: bytes) -> None:
    for read in (pom.read_properties, pom.read_xml):
        with suppress(pom.NoPomError):
            assert read("META-INF/maven/g/a/pom.xml", data).artifact


def test_what_precedes_and_follows_an_archive_does_not_matter() -> None:
    data = zipped(properties("org.example", "x", "1"))
    assert names(b"#!/bin/sh\nexec java -jar $0\n" + data) == ["org.example:x"]
    assert names(data + b"trailing") == ["org.example:x"]


def test_an_encrypted_or_unknown_member_is_a_problem() -> None:
    data = zipped(properties("org.example", "x", "1"))
    at = data.rfind(b"PK\x01\x02")
    for place, value in ((8, b"\x01\x00"), (10, b"\x63\x00")):
        changed = data[: at + place] + value + data[at + place + 2 :]
        assert "damaged-database" in codes(archive.read("x.jar", changed))


def test_a_bomb_is_not_inflated() -> None:
    bomb = zipped(
        {"META-INF/MANIFEST.MF": b"\n" * (200 << 20), "META-INF/maven/a/b/pom.properties": b"\n" * (200 << 20)}
    )
    assert codes(archive.read("x-1.jar", bomb)) >= {"damaged-database"}
    inner = zipped({"big.jar": b"\0" * (200 << 20)})
    assert any("more bytes" in problem.message for problem in archive.read("x-1.jar", inner).problems)


def test_the_same_bytes_a_thousand_times_a_thousand_times_come_to_an_end() -> None:
    data = zipped(properties("org.example", "x", "1"))
    for _ in range(3):
        data = overlapping(1000, b"a.jar", data)
    reading = archive.read("x.jar", data)
    assert len(reading.records) < 50_000
    assert len(reading.problems) <= archive.MAX_PROBLEMS + 2
    assert any("more bytes" in problem.message for problem in reading.problems)


def test_an_archive_that_holds_itself_comes_to_an_end() -> None:
    data = bytearray(overlapping(1, b"a.jar", b"\0" * 100))
    at = data.rfind(b"PK\x01\x02")
    # The member claims to be all of the file, from its header on; no checksum guards a stored archive.
    struct.pack_into("<LL", data, at + 20, len(data) - 35, len(data) - 35)
    assert isinstance(archive.read("x.jar", bytes(data)), Reading)


def test_a_doctype_is_refused() -> None:
    entities = '<!DOCTYPE p [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    laughs = f"{entities}<project><artifactId>&b;</artifactId></project>"
    reading = archive.read("x-1.jar", zipped({"META-INF/maven/g/a/pom.xml": laughs}))
    assert any("document type" in problem.message for problem in reading.problems)


def test_tricks_with_names_stay_text() -> None:
    members = {f"META-INF/maven/{name}/pom.properties": "artifactId=x\nversion=1\n" for name in ("../../etc/x", "\n/y")}
    reading = archive.read("x-1.jar", zipped(members | {"../../\x1b[31m.jar": zipped(properties("g", "a", "1"))}))
    assert all(each.inside.isprintable() and each.name.isprintable() for each in reading.records)
    assert len(archive.read("x.jar", zipped({"a" * 2000 + ".jar": b""})).records) == 1


def test_text_that_is_no_coordinate_is_refused() -> None:
    for bad in ("a b", "a:b", "a/b", "a" * 300, "\u202ex"):
        data = zipped({"sub/pom.properties": f"groupId=g\nartifactId={bad}\nversion=1\n".encode()})
        assert not any(each.name.startswith("g:") for each in archive.read("x-1.jar", data).records)

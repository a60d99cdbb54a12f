"""Damaged and hostile feeds and SBOMs: the rest is read, and what could not be is told."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stories.story import FILES, HOLE, Desk, advisory, feed, names, refused, rootfs, zipped


@pytest.mark.parametrize(
    "document",
    [
        b"", b"{}", b"[]", b"null", b"\xff\xfe", b"not json", b'{"bomFormat": "CycloneDX"}' + b"[" * 100,
        b"[" * 100_000, b'{"spdxVersion": "SPDX-2.3"', b'{"bomFormat": 7}', b"<xml/>",
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    ],
    ids=range(12),
)  # fmt: skip
def test_an_sbom_that_is_none(watched: Desk, tmp_path: Path, document: bytes) -> None:
    (tmp_path / "sbom.json").write_bytes(document)
    refused(watched, f"sbom://{tmp_path / 'sbom.json'}")


def test_an_sbom_of_nothing_is_not_clean(watched: Desk, tmp_path: Path) -> None:
    for document in (
        {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": []},
        {"spdxVersion": "SPDX-2.3", "packages": []},
    ):
        (tmp_path / "sbom.json").write_text(json.dumps(document))
        answer = watched.call("cves", "--exit-code", f"sbom://{tmp_path / 'sbom.json'}")
        assert answer.code in (1, 2)


def test_an_sbom_from_standard_input(watched: Desk, tmp_path: Path) -> None:
    document = watched.ok("sbom", f"fs://{rootfs(tmp_path / 'root', FILES)}").out.encode()
    answer = watched.spawn("cves", "--format", "json", "sbom://", stdin=document)
    assert names(answer.json) == {"CVE-2023-5363"}
    assert watched.spawn("cves", "sbom://-", stdin=b"junk").code == 1


BROKEN = (b"", b"{", b"[]", b'{"id": 7}', b'{"id": "CVE-2", "affected": 3}', b"\xff\xfe", b'"text"', b"[" * 10_000)


@pytest.mark.parametrize("broken", BROKEN, ids=range(len(BROKEN)))
def test_one_broken_record_does_not_stop_the_others(desk: Desk, tmp_path: Path, broken: bytes) -> None:
    members = {"CVE-2023-5363.json": json.dumps(HOLE).encode(), "CVE-2026-0002.json": broken}
    place = zipped(tmp_path / "Debian" / "all.zip", members)
    done = desk.ok("db", "update", "--from", place)
    assert "1 records" in done.out
    assert "1 problems" in done.out
    status = desk.ok("db", "status", "--problems").out
    assert "CVE-2026-0002" in status
    (listed,) = desk.ok("db", "status", "--format", "json").json["feeds"][0]["skipped"]
    assert listed["count"] == 1
    assert names(desk.cves(f"fs://{rootfs(tmp_path / 'root', FILES)}")) == {"CVE-2023-5363"}


def test_versions_that_have_no_place_are_told(desk: Desk, tmp_path: Path) -> None:
    long = advisory("CVE-2026-0002", "Debian:sid", "bash", "1" * (10 << 20))
    odd = advisory("CVE-2026-0003", "PyPI", "x", "\ud800not a version".encode("utf-8", "replace").decode())
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE, long, odd))
    status = desk.ok("db", "status", "--problems")
    assert "CVE-2026-0002" in status.out
    assert len(status.out) < 100_000
    assert names(desk.cves(f"fs://{rootfs(tmp_path / 'root', FILES)}")) == {"CVE-2023-5363"}


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


@pytest.mark.parametrize(
    "damage",
    [_cut, lambda path: path.write_bytes(b""), lambda path: path.write_bytes(b"PK\x03\x04")],
    ids=["cut", "empty", "head"],
)
def test_a_feed_that_is_damaged_leaves_the_old_state(
    desk: Desk, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    place = zipped(tmp_path / "Debian" / "all.zip", {"CVE-2023-5363.json": json.dumps(HOLE).encode()})
    desk.ok("db", "update", "--from", place)
    before = desk.ok("db", "status", "--format", "json").json["feeds"][0]
    zipped(place, {"CVE-2026-0002.json": json.dumps({**HOLE, "id": "CVE-2026-0002"}).encode()})
    damage(place)
    answer = desk.call("db", "update", "--from", place)
    assert answer.code == 1
    assert answer.refusal
    after = desk.ok("db", "status", "--format", "json").json["feeds"][0]
    assert {**before, "age_seconds": 0} == {**after, "age_seconds": 0}
    assert names(desk.cves(f"fs://{rootfs(tmp_path / 'root', FILES)}")) == {"CVE-2023-5363"}


def test_one_bad_feed_does_not_stop_the_others(desk: Desk, tmp_path: Path) -> None:
    good = feed(tmp_path / "good", HOLE)
    answer = desk.call("db", "update", "--from", tmp_path / "none", "--from", good)
    assert answer.code == 1
    assert "none" in answer.refusal
    assert desk.ok("db", "status", "--format", "json").json["feeds"][0]["records"] == 1


def test_places_without_feeds(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "readme.txt").write_text("nothing")
    (tmp_path / "other" / "settings.json").write_text("{}")
    for place in (tmp_path / "empty", tmp_path / "other", tmp_path / "none", tmp_path / "other" / "readme.txt"):
        answer = desk.call("db", "update", "--from", place)
        assert (answer.code, answer.out) == (1, ""), place
        assert str(place) in answer.refusal
    answer = desk.call("db", "update", "--from", "http://127.0.0.1:1/all.zip")
    assert answer.code == 1
    assert answer.refusal
    assert desk.ok("db", "status").out == ""

"""What lies where is told by content, and the same feed has the same name wherever it comes from."""

import gzip
from pathlib import Path

import pytest

from envscout.advisories import sources
from envscout.advisories.sources import Feed, default_feeds, discover, identify
from envscout.errors import FeedError
from tests.advisories.samples import encode, record, write_zip

EPSS = b"#model_version:v1,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\nCVE-2024-0001,0.1,0.2\n"
KEV = b'{\n "title": "x",\n "catalogVersion": "1",\n "vulnerabilities": [{"cveID": "CVE-2024-0001"}]\n}'
CVE = b'{"id":"CVE-2024-0001","description":"x"}\n{"id":"CVE-2024-0002"}\n'


def test_a_directory_is_walked(tmp_path: Path) -> None:
    write_zip(tmp_path / "feeds/PyPI/all.zip", {"T-1.json": encode(record())})
    write_zip(tmp_path / "feeds/Rocky Linux/all.zip", {"T-1.json": encode(record())})
    (tmp_path / "scores").write_bytes(b"no suffix, no feed")
    (tmp_path / "scores.csv.gz").write_bytes(gzip.compress(EPSS))
    (tmp_path / "kev.json").write_bytes(KEV)
    (tmp_path / "meta.jsonl.gz").write_bytes(gzip.compress(CVE))
    (tmp_path / "loose").mkdir()
    (tmp_path / "loose/T-1.json").write_bytes(encode(record()))
    (tmp_path / "other.json").write_bytes(b'{"hello": "world"}')
    found = {feed.name: feed for feed in discover(tmp_path)}
    loose = next(name for name in found if name.startswith(f"osv:{tmp_path.name}-"))
    assert sorted(found) == sorted(["cve", "epss", "kev", "osv:PyPI", "osv:Rocky Linux", loose])
    assert found["osv:PyPI"] == Feed("osv:PyPI", "osv", str(tmp_path / "feeds/PyPI/all.zip"))
    assert found[loose].location == str(tmp_path)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (EPSS, "epss"),
        (EPSS.partition(b"\n")[2], "epss"),
        (KEV, "kev"),
        (KEV.replace(b"\n", b""), "kev"),
        (CVE, "cve"),
        (CVE.partition(b"\n")[0], "cve"),
        (encode(record()), "osv"),
        (encode(record(details="x" * 200_000)), "osv"),
        (encode(record(details="x" * 200_000)) + b"\n" + encode(record()), "osv"),
        (b"\xef\xbb\xbf" + encode(record()), "osv"),
        (encode(record()).replace(b", ", b",\n"), "osv"),
    ],
)
@pytest.mark.parametrize("packed", [True, False])
def test_content_tells_and_not_the_name(tmp_path: Path, data: bytes, kind: str, packed: bool) -> None:
    path = tmp_path / "download"
    path.write_bytes(gzip.compress(data) if packed else data)
    assert identify(path).kind == kind


@pytest.mark.parametrize(
    "data", [b"", b"x", b"{}", b'{"id": "x"}', b"<html>", b"[1]", b"\x1f\x8bbroken", b"{" * 70_000]
)
def test_what_is_no_feed_is_an_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.json").write_bytes(data)
    with pytest.raises(FeedError):
        discover(tmp_path / "x.json")


def test_a_directory_without_feeds_and_a_missing_one_are_errors(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(FeedError):
            discover(path)


def test_two_files_that_are_one_feed_are_an_error(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_zip(tmp_path / folder / "PyPI/all.zip", {"T-1.json": encode(record())})
    with pytest.raises(FeedError, match="both the feed osv:PyPI"):
        discover(tmp_path)


def test_a_zip_is_named_after_its_ecosystem_wherever_it_comes_from(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x", {"T-1.json": encode(record())})
    url = f"{sources.OSV_BASE}/Rocky%20Linux/all.zip"
    assert identify(path, url) == Feed("osv:Rocky Linux", "osv", url)
    everything = identify(path, f"{sources.OSV_BASE}/all.zip").name
    assert everything.startswith("osv:all-")
    assert identify(path, "https://example.org/x/all.zip").name != everything
    assert identify(path, "https://example.org/mine.zip").name.startswith("osv:mine-")


def test_the_defaults_are_one_zip_for_all_releases() -> None:
    names = ["Debian:12", "Debian:11", "Rocky Linux:9", "Ubuntu:22.04", "PyPI", ""]
    found = default_feeds(names, "http://127.0.0.1:1/osv/", "http://127.0.0.1:1/e", "http://127.0.0.1:1/k")
    assert [(feed.name, feed.location) for feed in found] == [
        ("osv:Debian", "http://127.0.0.1:1/osv/Debian/all.zip"),
        ("osv:PyPI", "http://127.0.0.1:1/osv/PyPI/all.zip"),
        ("osv:Rocky Linux", "http://127.0.0.1:1/osv/Rocky%20Linux/all.zip"),
        ("osv:Ubuntu", "http://127.0.0.1:1/osv/Ubuntu/all.zip"),
        ("epss", "http://127.0.0.1:1/e"),
        ("kev", "http://127.0.0.1:1/k"),
    ]


def test_real_files_are_told_apart(data: Path) -> None:
    assert identify(data / "kev.json.gz").kind == "kev"
    assert identify(data / "cve_meta.jsonl.gz").kind == "cve"
    assert len(discover(data / "advisories")) == 13

"""EPSS, KEV and CVE metadata: good rows are read, bad ones are named, cut off files are errors."""

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest

from envscout.advisories import cve, epss, facts, kev, sniff
from envscout.advisories.facts import CveMeta, Epss, Facts, Kev
from envscout.errors import FeedError

HEAD = "#model_version:v2026.01.01,score_date:2026-11-23T00:00:00+0000\ncve,epss,percentile\n"


def stream(text: str) -> IO[bytes]:
    return io.BytesIO(text.encode())


def test_scores_are_read_and_bad_rows_named() -> None:
    bad = ["CVE-2024-0002,2,0.5", "CVE-2024-0003", "CVE-2020-XXXX,0.1,0.1", "CVE-2024-0004,nan,0.1", "\x00"]
    found = epss.parse(stream(HEAD + "CVE-2024-0001,0.01297,0.85914\n" + "\n".join(bad)))
    assert found.rows == (Epss("CVE-2024-0001", 0.01297, 0.85914),)
    assert found.as_of == 1_795_392_000_000_000
    assert [problem.where for problem in found.problems] == [f"line {number}" for number in range(4, 9)]


def test_a_catalog_is_read_and_bad_entries_named() -> None:
    entries = [
        {"cveID": "CVE-2024-0001", "dateAdded": "2024-05-06", "dueDate": None, "knownRansomwareCampaignUse": "Known"},
        {"cveID": "CVE-2024-0002", "dateAdded": "soon", "dueDate": "2024-06-01", "vulnerabilityName": "Hole"},
        {"cveID": 5},
        "text",
        {"cveID": "no id"},
    ]
    found = kev.parse(stream(json.dumps({"dateReleased": "2025-08-25T17:04:19.9796Z", "vulnerabilities": entries})))
    assert found.rows == (
        Kev("CVE-2024-0001", "2024-05-06", "", True),
        Kev("CVE-2024-0002", "", "2024-06-01"),
    )
    assert found.as_of == 1_756_141_459_979_600
    assert [problem.where for problem in found.problems] == ["entry 3", "entry 4", "entry 5"]


def test_metadata_takes_the_newest_score() -> None:
    lines: list[Any] = [
        {
            "id": "CVE-2024-0001",
            "published": "2024-05-06",
            "description": "Text",
            "cvss": {
                "nvd": ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8],
                "cvssV4_0": ["CVSS:4.0/AV:N", 7],
                "odd": 5,
                "worse": ["x", 5.0],
            },
            "cwe": ["CWE-1", "text"],
            "ubuntu_priority": "Low",
            "kev": "2024-05-07",
        },
        {"id": "CVE-2024-0002", "cvss": None, "cwe": None, "published": "unknown"},
        {"id": "x"},
        [],
    ]
    found = cve.parse(stream("\n".join(map(json.dumps, lines))))
    assert found.rows == (
        CveMeta("CVE-2024-0001", "2024-05-06", "Text", "CVSS:4.0/AV:N", 7.0, "low", ("CWE-1",)),
        CveMeta("CVE-2024-0002"),
    )
    assert [problem.where for problem in found.problems] == ["line 3", "line 4"]


PARSERS: list[Callable[[IO[bytes]], Facts[Any]]] = [epss.parse, kev.parse, cve.parse]


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize(
    "text", ["", "<html>no feed</html>", "{}", '{"vulnerabilities": []}', HEAD, "[" * 100_000, "\0" * 99]
)
def test_what_is_no_feed_is_an_error(parse: Callable[[IO[bytes]], Facts[Any]], text: str) -> None:
    with pytest.raises(FeedError):
        parse(stream(text))


@pytest.mark.parametrize("parse", PARSERS)
def test_a_feed_that_is_cut_off_is_an_error(parse: Callable[[IO[bytes]], Facts[Any]], tmp_path: Path) -> None:
    rows: dict[Callable[[IO[bytes]], Facts[Any]], str] = {
        epss.parse: HEAD + "".join(f"CVE-2024-{n},0.1,0.2\n" for n in range(1000, 9999)),
        kev.parse: json.dumps({"vulnerabilities": [{"cveID": f"CVE-2024-{n}"} for n in range(1000, 9999)]}),
        cve.parse: "".join(f'{{"id": "CVE-2024-{n}"}}\n' for n in range(1000, 9999)),
    }
    packed = gzip.compress(rows[parse].encode())
    path = tmp_path / "feed.gz"
    path.write_bytes(packed)
    with sniff.open_plain(path) as file:
        assert len(parse(file).rows) == 8_999
    for kept in (len(packed) - 1, len(packed) // 2):
        path.write_bytes(packed[:kept])
        with pytest.raises(FeedError), sniff.open_plain(path) as file:
            parse(file)


def test_endless_lines_and_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FeedError, match="line 3"):
        epss.parse(stream(HEAD + "x" * (facts.MAX_LINE + 1)))
    monkeypatch.setattr(facts, "MAX_ROWS", 3)
    with pytest.raises(FeedError, match="line 4"):
        epss.parse(stream(HEAD + "CVE-2024-0001,0.1,0.2\n" * 2))


def test_a_feed_of_bad_rows_does_not_fill_memory_with_complaints() -> None:
    found = epss.parse(stream(HEAD + "CVE-2024-0001,0.1,0.2\n" + "bad\n" * 5_000))
    assert len(found.problems) == 1_001
    assert "4000 more" in found.problems[-1].message


def test_real_facts_are_read(data: Path) -> None:
    with sniff.open_plain(data / "kev.json.gz") as file:
        catalog = kev.parse(file)
    assert (len(catalog.rows), catalog.problems) == (1_404, ())
    with sniff.open_plain(data / "cve_meta.jsonl.gz") as file:
        found = cve.parse(file)
    assert (len(found.rows), found.problems) == (88_972, ())
    assert sum(1 for row in found.rows if row.score is not None) == 60_996

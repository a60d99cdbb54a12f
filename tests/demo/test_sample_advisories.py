"""The sample advisories: well formed, about packages of the fleet, and true."""

import json
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from envscout.demo import contents
from envscout.demo.fleet import ADVISORIES, DATED, HIGHLIGHT

FILES = sorted(ADVISORIES.glob("*/*.json"))
Fact = tuple[str, str, str, frozenset[str]]


def _facts(record: dict[str, Any]) -> set[Fact]:
    """Return (ecosystem, package, CVE, fixed versions) of a record."""
    names = [record["id"], *record.get("aliases", []), *record.get("upstream", [])]
    return {
        (block["package"]["ecosystem"], block["package"]["name"].lower(), name, _fixed(block))
        for block in record["affected"]
        for name in names
        if name.startswith("CVE-")
    }


def _fixed(block: dict[str, Any]) -> frozenset[str]:
    return frozenset(
        event["fixed"]
        for part in block.get("ranges", [])
        for event in part["events"]
        if part["type"] != "GIT" and "fixed" in event
    )


def _installed() -> set[tuple[str, str]]:
    debs = (*contents.BOOKWORM_12_1, *contents.API_LIBRARIES_OLD)
    apks = (*contents.ALPINE_3_22_0.packages, *contents.NODE, *contents.PYTHON)
    return (
        {("Debian", one.source.partition(" ")[0] or one.name) for one in debs}
        | {("Alpine", one.origin or one.name) for one in apks}
        | {("PyPI", one.name.lower()) for one in (*contents.API_OLD, *contents.WORKER_OLD)}
        | {("npm", one.name) for one in contents.FRONTEND_OLD}
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_record_is_well_formed_and_labelled(path: Path) -> None:
    record = json.loads(path.read_bytes())
    assert record["id"] == path.stem
    assert record["modified"].startswith(DATED)
    assert "sample" in record["database_specific"]
    assert record["summary"]
    assert all(eco.partition(":")[0] == path.parent.name for eco, *_ in _facts(record))


def test_every_record_speaks_of_a_package_of_the_fleet() -> None:
    named = {(eco.partition(":")[0], name) for path in FILES for eco, name, *_ in _facts(json.loads(path.read_bytes()))}
    assert named <= _installed()


def test_the_highlighted_vulnerability_reaches_three_ecosystems_and_is_exploited() -> None:
    reached = {path.parent.name for path in FILES if HIGHLIGHT in path.read_text(encoding="utf-8")}
    assert reached == {"Debian", "PyPI", "npm"}
    catalog = json.loads((ADVISORIES / "kev.json").read_bytes())
    assert HIGHLIGHT in {entry["cveID"] for entry in catalog["vulnerabilities"]}


@pytest.mark.parametrize("ecosystem", ["Debian", "PyPI", "npm"])
def test_the_facts_are_those_of_the_real_advisories(data: Path, ecosystem: str) -> None:
    ours = {fact for path in FILES if path.parent.name == ecosystem for fact in _facts(json.loads(path.read_bytes()))}
    wanted = {cve.encode() for _, _, cve, _ in ours}
    real: dict[tuple[str, str, str], set[frozenset[str]]] = defaultdict(set)
    with zipfile.ZipFile(data / "advisories" / ecosystem / "all.zip") as archive:
        for member in archive.namelist():
            text = archive.read(member)
            if any(cve in text for cve in wanted):
                for release, name, cve, fixed in _facts(json.loads(text)):
                    real[release, name, cve].add(fixed)
    known = {fact for fact in ours if fact[:3] in real}
    assert {fact for fact in known if fact[3] not in real[fact[:3]]} == set()
    # The real npm set has no record of sharp.
    assert len(ours - known) == (1 if ecosystem == "npm" else 0)

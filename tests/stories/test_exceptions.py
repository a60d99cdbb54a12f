"""Somebody decides that a vulnerability does not count: for a while, in one place, and never silently."""

import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from envscout.demo.databases import Deb
from tests.stories.story import (
    APP,
    CRITICAL,
    HOLE,
    OPENSSL_3_0_9,
    Desk,
    advisory,
    debian,
    feed,
    layout,
    moment,
    names,
)

CVE = "CVE-2023-5363"
ACCEPT = ("--kind", "accepted-risk", "--reason", "behind a proxy", "--owner", "alice")
WRONG = ("--kind", "false-positive", "--reason", "never called", "--owner", "bob")
NOT_CALLED = ("--justification", "vulnerable_code_not_in_execute_path")
OPEN = advisory("CVE-2024-0009", "Debian:sid", "openssl", "", CRITICAL)


def add(desk: Desk, *words: str, cve: str = CVE) -> int:
    """Add an exception and return its number."""
    (made,) = desk.ok("exception", "add", cve, *words, "--format", "json").json["exceptions"]
    return int(made["id"])


def hushed(report: Any) -> dict[str, str]:
    """Return what is suppressed, and by whom."""
    return {each["vulnerability"]: each["suppression"]["who"] for each in report["suppressed"]}


def age(desk: Desk, number: int, column: str = "until") -> None:
    """Let time pass: move the end of an exception to the first of October 2020."""
    with sqlite3.connect(desk.store) as connection:
        done = connection.execute(f"UPDATE exception SET {column} = 1601510400000000 WHERE exception_id = ?", (number,))
        assert done.rowcount == 1


@pytest.fixture
def staged(watched: Desk, old: str) -> Desk:
    watched.record("staging", old, *APP)
    watched.record("production", old, *APP)
    return watched


def test_it_is_asked_for_and_counts_until_somebody_approves(staged: Desk) -> None:
    words = ("exception", "add", CVE, *ACCEPT, "--env", "staging", "--ask")
    assert "asked for as" in staged.ok(*words).out
    (asked,) = staged.ok(*words, "--format", "json").json["proposals"]
    assert CVE in names(staged.ok("cves", "--env", "staging", "--format", "json").json)
    assert not staged.ok("exception", "list", "--format", "json").json["exceptions"]
    assert staged.ok("exception", "asked").out.count(CVE) == 2
    (made,) = staged.ok("exception", "approve", str(asked["number"]), "--format", "json").json["exceptions"]
    assert (made["vulnerability"], made["owner"]) == (CVE, "alice")
    assert CVE not in names(staged.ok("cves", "--env", "staging", "--format", "json").json)
    assert "decided" in staged.call("exception", "approve", str(asked["number"])).err
    assert "reason" in staged.call("exception", "refuse", "1").err
    assert "refused" in staged.ok("exception", "refuse", "1", "--reason", "it is reachable").out
    assert "Nothing waits" in staged.ok("exception", "asked").out
    told = staged.ok("exception", "asked", "--all", "--format", "json").json["proposals"]
    assert [(each["approved"], each["why"]) for each in told] == [(False, "it is reachable"), (True, "")]
    assert "nobody asked" in staged.call("exception", "approve", "99").err


def test_it_is_shown_and_does_not_count(staged: Desk) -> None:
    assert names(staged.cves("--env", "production")) == {CVE}
    number = add(staged, *ACCEPT, "--expires", "2099-01-01")
    report = staged.cves("--env", "production")
    assert (names(report), hushed(report), report["summary"]["total"]) == (set(), {CVE: "alice"}, 0)
    (why,) = [each["suppression"] for each in report["suppressed"]]
    assert why == {
        "source": "exception",
        "kind": "accepted-risk",
        "who": "alice",
        "why": "behind a proxy",
        "justification": "",
        "since": why["since"],
        "until": "2099-01-01T00:00:00Z",
        "where": str(number),
    }
    text = staged.ok("cves", "--env", "production").out
    assert f"HIGH {CVE}  SUPPRESSED" in text
    assert "Exception       : accepted risk\n                      : alice, until 2099-01-01 (exception 1)" in text
    assert "behind a proxy" in staged.ok("cves", "--env", "production", "--format", "markdown").out
    assert "exception 1,accepted-risk,alice" in staged.ok("cves", "--env", "production", "--format", "csv").out


def test_gates_do_not_see_it(staged: Desk, old: str) -> None:
    gate = ("cves", "--env", "production", "--only-severity", "critical,high", "--exit-code")
    policy = ("policy", old, "--only-policy", "fixable-vulnerabilities", "--exit-code")
    assert [staged.call(*each).code for each in (gate, policy)] == [2, 2]
    number = add(staged, *ACCEPT)
    assert [staged.call(*each).code for each in (gate, policy)] == [0, 0]
    staged.ok("exception", "remove", str(number), "--reason", "no more")
    assert [staged.call(*each).code for each in (gate, policy)] == [2, 2]


def test_it_hides_nothing_unless_asked_to(staged: Desk) -> None:
    add(staged, *ACCEPT)
    hidden = staged.cves("--env", "production", "--ignore-suppressed")
    assert (hidden["suppressed"], hidden["summary"]["total"]) == ([], 0)
    kept = staged.cves("--env", "production", "--only-vex-affected")
    assert hushed(kept) == {CVE: "alice"}


def test_it_expires_comes_back_and_is_told_of(staged: Desk) -> None:
    number = add(staged, *ACCEPT, "--expires", "90d")
    age(staged, number)
    answer = staged.call("cves", "--env", "production", "--exit-code")
    assert answer.code == 2
    assert f"! exception {number} for {CVE} by alice expired on 2020-10-01" in answer.err
    report = staged.cves("--env", "production")
    assert (names(report), report["suppressed"]) == ({CVE}, [])
    assert report["lapses"] == [
        {
            "where": str(number),
            "vulnerability": CVE,
            "who": "alice",
            "cause": "expired",
            "until": "2020-10-01T00:00:00Z",
            "detail": "",
        }
    ]
    assert staged.ok("exception", "list").lines == ["  No exceptions"]
    (listed,) = staged.ok("exception", "list", "--all", "--format", "json").json["exceptions"]
    assert listed["state"] == "expired"
    # A newer one takes its place, and nobody needs to hear of the old one.
    add(staged, *ACCEPT)
    report = staged.cves("--env", "production")
    assert (hushed(report), report["lapses"]) == ({CVE: "alice"}, [])


def test_it_ends_when_a_fix_is_known(desk: Desk, tmp_path: Path, old: str) -> None:
    unfixed = advisory(CVE, "Debian:sid", "openssl", "", CRITICAL)
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", unfixed))
    desk.record("production", old, *APP)
    number = add(desk, *ACCEPT, "--expires", "on-fix")
    assert hushed(desk.cves("--env", "production")) == {CVE: "alice"}
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE))
    answer = desk.ok("cves", "--env", "production")
    assert f"exception {number} for {CVE} by alice ended because a fix is known: 3.0.11-1" in answer.err
    assert names(desk.cves("--env", "production")) == {CVE}


def test_it_ends_when_it_is_exploited(staged: Desk, tmp_path: Path) -> None:
    number = add(staged, *ACCEPT, "--expires", "on-kev,2099-01-01")
    assert hushed(staged.cves("--env", "production")) == {CVE: "alice"}
    catalog = tmp_path / "kev.json"
    entry = {"cveID": CVE, "dateAdded": "2026-03-01", "dueDate": "", "knownRansomwareCampaignUse": "Unknown"}
    catalog.write_text(
        '{"title": "CISA Catalog of Known Exploited Vulnerabilities", "dateReleased": "2026-03-01T00:00:00Z",'
        f' "count": 1, "vulnerabilities": [{json.dumps(entry)}]}}'
    )
    staged.ok("db", "update", "--from", catalog)
    answer = staged.ok("cves", "--env", "production")
    assert (
        f"exception {number} for {CVE} by alice ended because it is known to be exploited, since 2026-03-01"
        in answer.err
    )


def test_its_scope_is_kept(staged: Desk, old: str, tmp_path: Path) -> None:
    staged.record("production", old, "--service", "myorg/other", "--org", "myorg")
    staged.record("production", old, "--service", "myorg/myapp", "--org", "another")

    def where(*words: str) -> set[tuple[str, str]]:
        number = add(staged, *ACCEPT, *words)
        found = {
            (environment, f"{image['organization']} {image['service']}")
            for environment in ("staging", "production")
            for image in staged.cves("--env", environment)["images"]
            if image["summary"]["total"] == 0
        }
        staged.ok("exception", "remove", str(number), "--reason", "next")
        return found

    app, other, foreign = "myorg myorg/myapp", "myorg myorg/other", "another myorg/myapp"
    everything = {("staging", app), *(("production", each) for each in (app, other, foreign))}
    assert where() == everything
    assert where("--env", "staging") == {("staging", app)}
    assert where("--org", "myorg") == everything - {("production", foreign)}
    assert where("--service", "myorg/myapp") == everything - {("production", other)}
    assert where("--service", "myorg/myapp", "--env", "production", "--org", "another") == {("production", foreign)}
    assert where("--package", "libssl3") == everything
    assert where("--package", "pkg:deb/debian/openssl") == everything
    assert where("--package", "pkg:deb/debian/openssl@3.0.9-1") == everything
    assert where("--package", "pkg:deb/debian/openssl@3.0.8-1") == set()
    assert where("--package", "libss?3,zlib*") == everything
    assert where("--package", "pkg:rpm/debian/openssl") == set()
    digest = staged.cves("--env", "staging")["images"][0]["digest"]
    assert where("--image", digest) == everything
    assert where("--image", f"sha256:{'0' * 64}") == set()


def test_it_does_not_cover_another_package(desk: Desk, tmp_path: Path) -> None:
    image = f"oci-dir://{layout(tmp_path / 'i', debian(OPENSSL_3_0_9, Deb('libcrypto', '3.0.9-1', 'openssl')))}"
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE))
    number = add(desk, *ACCEPT, "--package", "libssl3")
    report = desk.cves(image)
    assert [each["package"]["name"] for each in report["findings"]] == ["libcrypto"]
    assert [each["package"]["name"] for each in report["suppressed"]] == ["libssl3"]
    assert report["summary"]["total"] == 1
    assert report["suppressed"][0]["suppression"]["where"] == str(number)


def test_any_of_its_names_is_understood(desk: Desk, tmp_path: Path, old: str) -> None:
    named = advisory("DEBIAN-1", "Debian:sid", "openssl", "3.0.11-1", CRITICAL, aliases=[CVE])
    other = advisory("GHSA-aaaa-bbbb-cccc", "npm", "openssl", "1.0.0", CRITICAL, aliases=[CVE])
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", named, other))
    for name in (CVE.lower(), "DEBIAN-1", "GHSA-aaaa-bbbb-cccc"):
        number = add(desk, *ACCEPT, cve=name)
        assert hushed(desk.cves(old)) == {CVE: "alice"}, name
        desk.ok("exception", "remove", str(number), "--reason", "next")
    assert names(desk.cves(old)) == {CVE}


def test_the_past_is_answered_with_what_stood_then(staged: Desk) -> None:
    before = moment()
    number = add(staged, *ACCEPT)
    during = moment()
    staged.ok("exception", "remove", str(number), "--reason", "it is not so")
    after = moment()
    assert [hushed(staged.cves("--env", "production", "--at", at)) for at in (before, during, after)] == [
        {},
        {CVE: "alice"},
        {},
    ]
    assert hushed(staged.cves("--env", "production", "--at", during, "--known-at", "now")) == {}
    listed = staged.ok("exception", "list", "--at", during, "--format", "json").json["exceptions"]
    assert [(each["id"], each["state"], each["removed_at"]) for each in listed] == [(number, "active", None)]


def test_the_past_does_not_know_that_it_would_expire(staged: Desk) -> None:
    number = add(staged, *ACCEPT, "--expires", "90d")
    during = moment()
    with sqlite3.connect(staged.store) as connection:
        connection.execute("UPDATE exception SET until = ?", (time.time_ns() // 1000,))
    report = staged.cves("--env", "production")
    assert (hushed(report), [each["where"] for each in report["lapses"]]) == ({}, [str(number)])
    report = staged.cves("--env", "production", "--at", during)
    assert (hushed(report), report["lapses"]) == ({CVE: "alice"}, [])


def test_the_record_says_who_did_what(staged: Desk) -> None:
    number = add(staged, *WRONG, *NOT_CALLED, "--package", "libssl3", "--env", "production")
    staged.ok("exception", "remove", str(number), "--reason", "it is called after all", USER="carol")
    (entry,) = staged.ok("exception", "list", "--all", "--format", "json").json["exceptions"]
    assert {key: value for key, value in entry.items() if not key.endswith("_at")} == {
        "id": number,
        "vulnerability": CVE,
        "kind": "false-positive",
        "justification": "vulnerable_code_not_in_execute_path",
        "owner": "bob",
        "reason": "never called",
        "organization": None,
        "environment": "production",
        "service": None,
        "image": None,
        "packages": ["libssl3"],
        "expires": None,
        "on_fix": False,
        "on_kev": False,
        "state": "removed",
        "added_by": staged.let_in("tester"),
        "removed_by": staged.let_in("carol"),
        "removed_because": "it is called after all",
    }
    assert staged.call("exception", "remove", str(number), "--reason", "again").code == 64
    assert staged.call("exception", "remove", "99", "--reason", "none").code == 1


def test_what_ends_soon_is_told_of(staged: Desk) -> None:
    add(staged, *ACCEPT, "--expires", "5d")
    add(staged, *ACCEPT, "--expires", "30d", cve="CVE-2024-0009")
    answer = staged.ok("exception", "list", "--owner", "alice")
    assert "exception 1 for CVE-2023-5363 by alice ends on" in answer.err
    assert "exception 2" not in answer.err
    assert len(answer.lines) == 4
    assert staged.ok("exception", "list", "--owner", "bob").lines == ["  No exceptions"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kind", "false-positive", "--reason", "x"), "needs a justification"),
        ((*ACCEPT, *NOT_CALLED), "has no justification"),
        (("--kind", "accepted-risk"), "needs a reason"),
        (("--kind", "accepted-risk", "--reason", "  "), "needs a reason"),
        (("--kind", "wontfix", "--reason", "x"), "wontfix"),
        ((*ACCEPT, "--expires", "2020-01-01"), "2020-01-01 has been"),
        ((*ACCEPT, "--expires", "soon"), "no moment in time"),
        ((*ACCEPT, "--expires", "1d,2d"), "cannot end"),
        ((*ACCEPT, "--expires", "never,on-fix"), "cannot end"),
        ((*ACCEPT, "--package", "*"), "names no package"),
        ((*ACCEPT, "--package", "pkg:nothing"), "not a package URL"),
        ((*ACCEPT, "--image", "never/recorded:v1"), "no image was recorded"),
        ((*ACCEPT, "--env", "a\x1b[2J"), "environment"),
    ],
)
def test_what_nobody_could_understand_is_refused(watched: Desk, words: tuple[str, ...], said: str) -> None:
    answer = watched.call("exception", "add", CVE, *words)
    assert answer.code in (1, 64)
    assert said in answer.refusal
    assert watched.ok("exception", "list", "--all").lines == ["  No exceptions"]


@pytest.mark.parametrize("name", ["", "log4shell", "CVE 2021 44228", "x-" + "9" * 300, "CVE-\x1b[2J"])
def test_what_is_no_vulnerability_is_refused(watched: Desk, name: str) -> None:
    assert watched.call("exception", "add", CVE, name, *ACCEPT).code == 64
    assert watched.ok("exception", "list", "--all").lines == ["  No exceptions"]


def test_a_doubtful_one_is_made_with_a_warning(watched: Desk) -> None:
    answer = watched.ok("exception", "add", "CVE-1999-0001", *ACCEPT, "--env", "prodution")
    assert "no advisory in the store speaks of CVE-1999-0001" in answer.err
    assert "nothing was ever recorded in environment prodution" in answer.err


def test_many_at_once(watched: Desk) -> None:
    def one(number: int) -> int:
        return watched.spawn("exception", "add", f"CVE-2024-{1000 + number}", CVE, *ACCEPT).code

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(one, range(12))) == [0] * 12
    listed = watched.ok("exception", "list", "--format", "json").json["exceptions"]
    assert sorted(each["id"] for each in listed) == list(range(1, 25))
    assert len({each["vulnerability"] for each in listed}) == 13


def test_only_its_own_vulnerability_is_covered(desk: Desk, tmp_path: Path, old: str) -> None:
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE, OPEN))
    add(desk, *ACCEPT)
    report = desk.cves(old)
    assert (names(report), set(hushed(report))) == ({"CVE-2024-0009"}, {CVE})


def test_comparing_counts_what_counts(staged: Desk, new: str) -> None:
    staged.record("staging", new, *APP)
    compare = ("compare", "--env", "production", "--to-env", "staging", "myorg/myapp", "--format", "json")
    assert [each["vulnerability"] for each in staged.ok(*compare).json["introduced"]] == [CVE]
    add(staged, *ACCEPT, "--env", "production")
    assert staged.ok(*compare).json["introduced"] == []


def test_what_is_exported_suppresses_the_same_elsewhere(staged: Desk, old: str, tmp_path: Path) -> None:
    add(staged, *WRONG, *NOT_CALLED, "--env", "production", "--package", "libssl*")
    file = tmp_path / "ours.vex.json"
    staged.ok("exception", "export", "--author", "Acme", "--output", file)
    other = Desk(tmp_path / "other")
    other.ok("db", "update", "--from", tmp_path / "feed")
    assert hushed(other.cves(old)) == {}
    report = other.cves(old, "--vex-location", file)
    assert (hushed(report), names(report)) == ({CVE: "Acme"}, set())
    (why,) = [each["suppression"] for each in report["suppressed"]]
    assert (why["kind"], why["justification"]) == ("not_affected", "vulnerable_code_not_in_execute_path")


def test_an_accepted_risk_suppresses_nothing_elsewhere(staged: Desk, old: str, tmp_path: Path) -> None:
    add(staged, *ACCEPT, "--expires", "2099-01-01")
    file = tmp_path / "ours.vex.json"
    staged.ok("exception", "export", "--output", file)
    (only,) = json.loads(file.read_text())["statements"]
    assert (only["status"], "2099-01-01" in only["action_statement"]) == ("affected", True)
    other = Desk(tmp_path / "other")
    other.ok("db", "update", "--from", tmp_path / "feed")
    assert names(other.cves(old, "--vex-location", file)) == {CVE}


def test_what_is_exported_is_what_stands_and_is_met(staged: Desk) -> None:
    ended = add(staged, *ACCEPT, "--expires", "90d")
    age(staged, ended)
    unmet = add(staged, *ACCEPT, "--env", "nowhere", cve="CVE-2024-0009")
    answer = staged.call("exception", "export")
    assert answer.code == 1
    assert f"exception {unmet} for CVE-2024-0009 suppresses nothing that runs" in answer.err
    add(staged, *WRONG, *NOT_CALLED, "--package", "pkg:npm/never-seen", cve="CVE-2024-0010")
    (only,) = staged.ok("exception", "export").json["statements"]
    assert [each["@id"] for each in only["products"]] == ["pkg:npm/never-seen"]


def test_what_is_exploited_today_did_not_end_an_exception_before(desk: Desk, tmp_path: Path) -> None:
    """The auditor asks for a day on which the exception stood: the catalog took the vulnerability up only later."""
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE))
    desk.record("production", f"oci-dir://{layout(tmp_path / 'image', debian(OPENSSL_3_0_9))}", *APP)
    desk.ok("exception", "add", "CVE-2023-5363", "--kind", "accepted-risk", "--reason", "x", "--expires", "on-kev")
    before = moment()
    assert desk.cves("--env", "production")["summary"]["total"] == 0
    day = datetime.now(UTC).date()
    for added, then in ((day + timedelta(days=1), 0), (day, 1)):
        catalog = {"catalogVersion": "1", "dateReleased": f"{day}T00:00:00Z", "count": 1, "vulnerabilities": [
            {"cveID": "CVE-2023-5363", "dateAdded": f"{added}", "dueDate": "2099-01-01"}]}  # fmt: skip
        (tmp_path / "kev").mkdir(exist_ok=True)
        (tmp_path / "kev" / "kev.json").write_text(json.dumps(catalog))
        desk.ok("db", "update", "--from", tmp_path / "kev")
        assert desk.cves("--env", "production", "--at", before)["summary"]["total"] == then
        spots = desk.ok("where", "CVE-2023-5363", "--at", before, "--format", "json").json["places"]
        assert [bool(each["suppression"]) for each in spots] == [not then]
    assert desk.cves("--env", "production")["summary"]["total"] == 1

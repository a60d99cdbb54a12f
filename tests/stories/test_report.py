"""The report of an environment: one command gives an auditor what was, at any moment."""

import csv
import json
from pathlib import Path

import pytest

from tests.stories.story import APP, HOLE, OPENSSL_3_0_9, Desk, debian, feed, layout, moment

RUN = "https://ci.example.org/runs/77"


@pytest.fixture
def audited(watched: Desk, old: str, new: str) -> Desk:
    """Return a desk whose production was repaired after a moment that lies in `between`."""
    origin = ("--actor", "a person", "--commit", "0123abc", "--run-url", RUN)
    watched.record("production", old, *APP, *origin)
    flags = ("--kind", "accepted-risk", "--owner", "an owner", "--reason", "not reached", "--env", "production")
    watched.ok("exception", "add", "CVE-2023-5363", *flags, "--org", "myorg", "--expires", "90d")
    watched.home.mkdir(exist_ok=True)
    (watched.home / "between").write_text(moment())
    watched.record("production", new, *APP, "--actor", "another person")
    return watched


def between(desk: Desk) -> str:
    return (desk.home / "between").read_text()


def test_a_past_moment_in_one_command(audited: Desk, tmp_path: Path) -> None:
    target = tmp_path / "production.html"
    answer = audited.ok("report", "--env", "production", "--at", between(audited), "--output", f"html={target}")
    assert "myorg/myapp" in answer.out
    page = target.read_text()
    for words in (
        "0123abc",
        RUN,
        "a person",
        "an owner",
        "not reached",
        "CVE-2023-5363",
        "judged by what was known then",
    ):
        assert words in page, words
    assert "another person" not in page
    now = audited.ok("report", "--env", "production", "--format", "html").out
    assert "another person" in now
    assert "CVE-2023-5363" not in now.partition('id="images"')[2]


def test_the_json_of_a_report(audited: Desk) -> None:
    found = audited.ok(
        "report", "--env", "production", "--at", between(audited), "--since", "1d", "--format", "json"
    ).json
    assert found["schema"] == "envscout/report/1"
    (image,) = found["images"]
    assert image["deployment"]["actor"] == audited.by("a person")
    assert image["deployment"]["run_url"] == RUN
    assert image["health"]["grade"]
    assert {each["state"] for each in image["policies"]} == {"pass", "fail", "unknown"} - ({"fail"} - {"fail"})
    assert [each["vulnerability"] for each in found["suppressed"]] == ["CVE-2023-5363"]
    assert [each["owner"] for each in found["exceptions"]] == ["an owner"]
    assert [each["action"] for each in found["events"]] == ["record"]
    assert [each["records"] for each in found["feeds"]] == [1]
    assert found["summary"]["total"] == 0
    now = audited.ok("report", "--env", "production", "--since", "1d", "--format", "json").json
    assert len(now["events"]) == 2
    assert now["suppressed"] == []
    assert audited.ok("report", "--env", "production", "--format", "json").json["events"] == []


def test_what_ran_then_by_what_is_known_now(audited: Desk, tmp_path: Path) -> None:
    new_hole = {**HOLE, "id": "CVE-2026-0009", "aliases": []}
    audited.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE, new_hole))
    then = ("report", "--env", "production", "--at", between(audited), "--format", "json")
    assert audited.ok(*then).json["findings"] == []
    later = audited.ok(*then, "--known-at", "now").json
    assert [each["vulnerability"] for each in later["findings"]] == ["CVE-2026-0009"]
    assert later["known_at"] >= later["at"]
    text = audited.ok(*then[:-2], "--known-at", "now").out
    assert "judged by what was known on" in text


def test_a_plain_file_is_a_page_and_a_form_that_is_named_wins(audited: Desk, tmp_path: Path) -> None:
    page, document, table = tmp_path / "a", tmp_path / "b", tmp_path / "c.csv"
    assert audited.ok("report", "--env", "production", "-o", page).out == ""
    assert page.read_text().startswith("<!DOCTYPE html>")
    audited.ok("report", "--env", "production", "--format", "json", "-o", document, "-o", f"csv={table}")
    assert json.loads(document.read_text())["environment"] == "production"
    assert list(csv.DictReader(table.read_text().splitlines())) == []


def test_markdown_has_every_part(audited: Desk) -> None:
    text = audited.ok(
        "report", "--env", "production", "--at", between(audited), "--since", "1d", "--format", "markdown"
    ).out
    for part in ("# production", "## What ran", "## Policies", "## Exceptions in force", "## Since", "## Sources"):
        assert part in text
    assert f"[run]({RUN})" in text
    assert "1 finding suppressed" in text


def test_a_service_alone_and_one_that_is_not_there(audited: Desk, old: str) -> None:
    audited.record("production", old, "--service", "myorg/other", "--org", "myorg")
    found = audited.ok("report", "--env", "production", "myorg/myapp", "--format", "json").json
    assert [each["service"] for each in found["images"]] == ["myorg/myapp"]
    assert len(audited.ok("report", "--env", "production", "--format", "json").json["images"]) == 2
    assert audited.call("report", "--env", "production", "myorg/none").code == 1
    assert audited.call("report", "--env", "nowhere").code == 1
    assert audited.call("report", "--env", "production", "--at", "2020-01-01").code == 1
    assert audited.call("report").code == 64
    assert audited.call("report", "--env", "").code == 64
    assert audited.call("report", "--env", "production", "--since", "never").code == 64


def test_an_image_that_nobody_looked_into(desk: Desk, old: str, tmp_path: Path) -> None:
    desk.record("production", old, *APP, "--no-index")
    target = tmp_path / "a.html"
    text = desk.ok("report", "--env", "production", "-o", f"html={target}").out
    assert "unknown" in text
    assert "not-indexed" in target.read_text()
    assert "may be vulnerable to is not known" in target.read_text()


def test_parts_of_the_json_are_those_of_other_documents(audited: Desk) -> None:
    words = ("--env", "production", "--at", between(audited), "--format", "json")
    found = audited.ok("report", *words).json
    cves = audited.ok("cves", *words).json
    policy = audited.ok("policy", "myorg/myapp", *words).json
    own = {"deployment", "met", "health", "in_force", "policies"}
    for name in ("findings", "suppressed", "lapses", "summary", "coverage"):
        assert found[name] == cves[name], name
    assert [{key: value for key, value in each.items() if key not in own} for each in found["images"]] == cves["images"]
    (image,) = found["images"]
    assert [each["policy"] for each in image["policies"]] == [each["policy"] for each in policy["policies"]]
    assert image["in_force"] == policy["in_force"]
    listed = audited.ok("exception", "list", "--format", "json").json["exceptions"]
    assert [each["id"] for each in found["exceptions"]] == [each["id"] for each in listed]
    text = (Path(__file__).parents[2] / "docs" / "reference" / "json.md").read_text(encoding="utf-8")
    section = text.partition("## `envscout/report/1`")[2].partition("\n## ")[0]
    for name in found.keys() - {"schema"}:
        assert f"`{name}" in section, name


def test_an_exception_for_an_image_by_any_of_its_digests(desk: Desk, tmp_path: Path) -> None:
    """What suppresses a finding is in the report, by whatever digest it names the image."""
    image = layout(tmp_path / "image", debian(OPENSSL_3_0_9))
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE))
    desk.record("production", f"oci-dir://{image}", *APP)
    (entry,) = json.loads((image / "index.json").read_text())["manifests"]
    manifest = json.loads((image / "blobs" / "sha256" / entry["digest"].partition(":")[2]).read_text())
    words = ("--kind", "accepted-risk", "--owner", "an owner", "--reason", "not reached")
    desk.ok("exception", "add", "CVE-2023-5363", *words, "--image", manifest["config"]["digest"])
    desk.ok("exception", "add", "CVE-2023-5363", *words, "--image", "sha256:" + "0" * 64)
    found = desk.ok("report", "--env", "production", "--format", "json").json
    (suppressed,) = found["suppressed"]
    assert [f"{each['id']}" for each in found["exceptions"]] == [suppressed["suppression"]["where"]]

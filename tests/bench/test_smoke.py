"""Every script of bench/ runs and prints what it promises, on very little data; no time is judged."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"


def _run(script: str, *arguments: str, data: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "ENVSCOUT_TEST_DATA"}
    if data is not None:
        env["ENVSCOUT_TEST_DATA"] = str(data)
    command = [sys.executable, str(BENCH / script), *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def _lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.fixture
def feeds(tmp_path: Path) -> Path:
    """Return a folder of data that holds one small feed."""
    folder = tmp_path / "advisories" / "npm"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            affected = {
                "package": {"ecosystem": "npm", "name": f"module-{number}"},
                "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.2.3"}]}],
            }
            record = {"id": f"GHSA-{number}", "modified": "2026-01-01T00:00:00Z", "affected": [affected]}
            archive.writestr(f"GHSA-{number}.json", json.dumps(record))
    return tmp_path


def test_update_is_measured_against_its_floor(feeds: Path) -> None:
    lines = _lines(_run("update.py", "--times", "1", data=feeds))
    assert [line.partition("  ")[0] for line in lines[3:]] == [
        "inflate and decode",
        "db update, fresh store",
        "db update, nothing new",
    ]


def test_a_watcher_is_measured() -> None:
    lines = _lines(_run("following.py", "--pods", "200", "--bytes", "100", "--seconds", "1"))
    assert [line.split()[-1] for line in lines[-2:]] == ["CPU", "CPU"]
    assert re.match(r"listed +\d+ MB", lines[-2])
    assert re.match(r"\d+ replaced +\d+ MB", lines[-1])


def test_bundles_are_measured_against_an_update(feeds: Path) -> None:
    lines = _lines(_run("bundle.py", "--times", "1", "--levels", data=feeds))
    assert [line.partition("  ")[0] for line in lines[3:12]] == [
        "db update, fresh store",
        "bundle create, full",
        "bundle apply, fresh store",
        "bundle apply, the same again",
        "bundle create, incremental",
        "bundle apply, incremental",
        "full bundle",
        "incremental bundle",
        "largest process",
    ]
    assert lines[12] in ("bars met", "bars missed")
    assert len(lines) == 19


def test_update_without_data_says_what_it_needs() -> None:
    done = _run("update.py")
    assert done.returncode == 1
    assert "ENVSCOUT_TEST_DATA" in done.stderr


def test_the_fleet_is_built_once_and_answers_as_bare_sql_does(tmp_path: Path) -> None:
    arguments = ("--work", str(tmp_path), "--scale", "0.002", "--times", "1", "--samples", "3")
    first, second = _lines(_run("fleet.py", *arguments)), _lines(_run("fleet.py", *arguments))
    assert [line.startswith("# building") for line in first].count(True) == 1
    assert [line.startswith("# building") for line in second].count(True) == 0
    for question in ("full match", "one image", "CVE -> environments", "1,000 changed"):
        assert any(line.startswith(question) for line in second)
    assert "# product and bare SQL agree" in second


def test_suppression_is_measured_against_an_answer_without(tmp_path: Path) -> None:
    few = ("--exceptions", "30", "--statements", "30")
    lines = _lines(_run("suppress.py", "--work", str(tmp_path), "--scale", "0.01", "--times", "1", *few))
    assert [line.partition("  ")[0] for line in lines[4:]] == ["nothing said", "30 exceptions", "30 VEX statements"]
    assert [line.endswith(" 0 suppressed") for line in lines[4:]] == [True, False, False]


def test_startup_is_measured_on_a_real_answer() -> None:
    lines = _lines(_run("startup.py", "--times", "1"))
    assert any(line.startswith("envscout cves --env") and line.endswith("200 findings") for line in lines)


def test_completion_is_measured_on_real_names() -> None:
    lines = _lines(_run("completion.py", "--times", "1", "--cves", "200", "--services", "2"))
    assert [line.split()[-2] for line in lines if line.startswith("envscout cves --env")] == ["1", "2"]


def test_keys_are_made_with_and_without_data(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions" / "deb.tsv").write_text("left\top\tright\n1.0-1\t<\t1.0-2\n", encoding="utf-8")
    made = _lines(_run("keys.py", "--times", "1"))
    real = _lines(_run("keys.py", "--times", "1", data=tmp_path))
    assert any(line.startswith("maven") for line in made)
    assert [line.split()[0] for line in real[5:]] == ["deb"]


def test_every_form_is_measured_beside_the_json() -> None:
    lines = _lines(_run("formats.py", "--findings", "50", "--times", "1"))
    forms = [line.split()[0] for line in lines[5:-2]]
    assert {"json", "sarif", "gitlab", "html", "junit", "openvex", "cyclonedx", "spdx", "csv"} <= set(forms)
    assert [line.split(":")[0] for line in lines[-2:]] == ["# sarif", "# gitlab"]


def test_a_server_is_asked_beside_bare_sql(tmp_path: Path, postgresql: object) -> None:
    size = ("--work", str(tmp_path), "--scale", "0.002", "--clients", "10")
    lines = _lines(_run("server.py", *size, "--seconds", "1", "--alone", "0", "--upload"))
    labels = ("CVE -> environments", "environment summary", "compare two environments", "record")
    rows = [line for line in lines if line.startswith(labels)]
    assert [line.split("  ")[0] for line in rows] == list(labels)
    assert any("images uploaded" in line for line in lines)
    assert any("resident" in line for line in lines)


def test_delivery_tells_each_message_once() -> None:
    lines = _lines(_run("delivery.py", "40"))
    assert lines[0].startswith("40 news, 40 messages in ")
    assert lines[-1] == "the receiver got 40, 40 different ones, with 40 news"


def test_a_refresh_is_followed_to_the_last_of_its_notifications(tmp_path: Path) -> None:
    size = ("--work", str(tmp_path), "--scale", "0.002", "--advisories", "40", "--times", "1")
    first, second = _lines(_run("refresh.py", *size)), _lines(_run("refresh.py", *size))
    assert [any(line.startswith("# baseline: longest write") for line in each) for each in (first, second)] == [
        True,
        False,
    ]
    rows = [line.split() for line in second if line.split()[0] in ("ordinary-0", "worst-0")]
    (told,) = (line.split() for line in second if line.startswith("# /program: "))
    made = sum(int(row[2].replace(",", "")) for row in rows)
    assert int(told[4].replace(",", "")) == made > 0

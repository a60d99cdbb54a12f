"""The action as a runner runs it: log, outputs, summary, SARIF, comment and exit code."""

import json
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from envscout.demo.databases import Deb
from tests.ci.conftest import World
from tests.ci.github import MAX_COMMENT, GitHub
from tests.ci.runner import ACTION, Runner
from tests.stories.story import HIGH, Desk, advisory, debian, feed, layout

HOSTILE = "\n".join(
    ("x", "::error::forged\r::set-output name=cves::forged", "##[add-path]/tmp", "```", "@octocat <b> %0A::error::y")
)
APP = {"service": "myorg/myapp", "organization": "myorg"}
Python = dict[str, str]


def test_a_question_about_an_environment(runner: Runner, github: GitHub, python: Python) -> None:
    ran = runner.use({"command": "cves", "environment": "production", "sarif-file": "found.sarif", **python})
    assert ran.code == 0, ran.log
    assert "✗ HIGH" in ran.log
    assert "[CVE\\-2023\\-5363](" in ran.outputs["cves"]
    assert ran.outputs["cves"].strip() in ran.summary
    assert [each["body"].count("CVE\\-2023\\-5363") for each in github.comments] == [1]
    assert "[The run](https://github.example/myorg/myapp/actions/runs/42)" in github.comments[0]["body"]
    sarif = json.loads((runner.workspace / "found.sarif").read_text())
    assert [rule["id"] for rule in sarif["runs"][0]["tool"]["driver"]["rules"]] == ["CVE-2023-5363"]


def test_a_gate_fails_the_step_and_is_told(runner: Runner, github: GitHub, python: Python) -> None:
    ran = runner.use({"command": "cves,recommendations", "environment": "production", "exit-code": True, **python})
    assert ran.code == 2
    assert ran.told("error") == ["Detected 1 vulnerable package with a total of 1 vulnerability"]
    assert ran.outputs["recommendations"] == "", "what comes after a failure is not done"
    assert "**The gate stays shut**" in github.comments[0]["body"]


def test_commands_run_in_order_and_each_is_an_output(pushed: Runner, world: World, python: Python) -> None:
    asked = {"command": "environment, quickview,compare,policy,sbom", "environment": "staging", "to-env": "production"}
    ran = pushed.use({**asked, "image": world.old, **APP, "hide-policies": True, **python})
    assert ran.code == 0, ran.log
    assert "Successfully recorded" in ran.outputs["environment"]
    assert "CVE" in ran.outputs["policy"] + ran.outputs["quickview"]
    assert "vulnerabilities" in ran.outputs["compare"]
    assert json.loads(ran.outputs["sbom"])["packages"]
    assert "libssl3" not in ran.summary.partition("`envscout sbom`")[2], "a document is nothing to read"
    titles = [line for line in ran.summary.splitlines() if line.startswith("## `")]
    assert titles == [f"## `envscout {each}`" for each in ("environment", "quickview", "compare", "policy", "sbom")]
    assert "this run is about no pull request" in ran.log


def test_comparing_is_a_gate_for_what_gets_worse(pushed: Runner, world: World, python: Python) -> None:
    worse = {"command": "compare", "image": world.old, "to-env": "staging", **APP, **python}
    better = {**worse, "image": world.new, "to-env": "production"}
    asked = {"exit-on": "vulnerability", "exit-code": True}
    assert [pushed.use({**each, **asked}).code for each in (worse, better)] == [2, 0]
    assert pushed.use({**better, "exit-code": True}).code == 2, "without exit-on any difference counts, as there"


def test_one_comment_is_kept_up_to_date(runner: Runner, github: GitHub, python: Python, world: World) -> None:
    for number in range(120):
        github.comment(f"talk {number}", "User")
    asked = {"command": "cves", "image": world.old, **python}
    for _ in range(2):
        assert runner.use(asked).code == 0
    mine = [each for each in github.comments if each["body"].startswith("<!-- envscout ")]
    assert len(mine) == 1
    assert len(github.comments) == 121
    assert runner.use({**asked, "image": world.new}).code == 0
    assert len(github.comments) == 122, "a step about something else has a comment of its own"
    assert runner.use({**asked, "keep-previous-comments": True}).code == 0
    assert github.hidden == [mine[0]["node_id"]]
    assert len(github.comments) == 123
    ran = runner.use({**asked, "keep-previous-comments": True, "github-token": "ghs_fork"})
    assert "does not hide the previous comment (Resource not accessible)" in ran.told("warning")[0]
    assert len(github.comments) == 123


def test_a_stranger_cannot_take_the_place_of_the_comment(runner: Runner, github: GitHub, python: Python) -> None:
    asked = {"command": "cves", "environment": "production", **python}
    runner.use(asked)
    mark = github.comments.pop()["body"].partition("\n")[0]
    github.comment(f"{mark}\nmine now", "User")
    runner.use(asked)
    assert github.comments[0]["body"].endswith("mine now")
    assert github.comments[1]["body"].startswith(mark)


def test_a_comment_that_cannot_be_written_fails_nothing(runner: Runner, github: GitHub, python: Python) -> None:
    asked = {"command": "cves", "environment": "production", **python}
    ran = runner.use({**asked, "github-token": "ghs_fork"})
    assert ran.code == 0
    assert "GitHub answers 403 (Resource not accessible by integration); the job needs" in ran.told("warning")[0]
    assert runner.use({**asked, "write-comment": False}).told("warning") == []
    assert github.comments == []


def test_more_than_a_comment_takes_is_cut(
    runner: Runner, github: GitHub, python: Python, tmp_path: Path, world: World
) -> None:
    records = [advisory(f"CVE-2030-{number:05}", "Debian:sid", "openssl", "9", HIGH) for number in range(30)]
    desk = Desk(world.home)
    desk.ok("db", "update", "--from", feed(tmp_path / "many", *records))
    image = layout(tmp_path / "image", debian(*(Deb(f"libssl{n}", "3.0.9-1", "openssl") for n in range(20))))
    for name in ("one", "two"):
        desk.ok("environment", "wide", f"oci-dir://{image}", "--service", f"myorg/{name}")
    ran = runner.use({"command": "cves", "environment": "wide", **python})
    assert ran.code == 0, ran.log[-2000:]
    body = github.comments[0]["body"]
    assert 60_000 < len(body) <= MAX_COMMENT
    assert "the summary of the run has all of it" in body
    assert body.count("<details>") == body.count("</details>")
    assert len(ran.summary) > MAX_COMMENT


def test_names_from_an_image_command_nothing(
    runner: Runner, github: GitHub, python: Python, tmp_path: Path, world: World
) -> None:
    record = advisory("CVE-2030-1", "Debian:sid", "evil", "9", HIGH, summary=HOSTILE)
    Desk(world.home).ok("db", "update", "--from", feed(tmp_path / "evil", record))
    versions = ("1~::error::forged", "1~##[add-path]forged", "1~`@octocat`<b>")
    image = layout(tmp_path / "image", debian(*(Deb(f"evil{n}", each, "evil") for n, each in enumerate(versions))))
    folder = tmp_path / "::error::forged\n::error::forged"
    folder.mkdir(parents=True)
    (folder / "evil").symlink_to(image)
    for asked in ({"command": "cves,recommendations"}, {"command": "sbom", "format": "list"}):
        ran = runner.use({**asked, "image": f"oci-dir://{image}", "exit-code": False, **python})
        assert ran.code == 0, ran.log
        assert "::error::forged" in ran.log
        assert {each.name for each in ran.commands} <= {"add-mask", "group", "endgroup"}
        assert set(ran.outputs) == set(ACTION["outputs"])
        body = github.comments[-1]["body"]
        assert "forged" in body
        shown = MarkdownIt("commonmark").enable("table").render(body)
        assert "&lt;b&gt;" in shown
        assert "<b>" not in shown
    ran = runner.use({"command": "cves", "image": f"oci-dir://{folder}/evil", **python})
    assert [each.name for each in ran.commands if "forged" in each.text] == ["group"]
    ran = runner.use({"command": "cves", "image": HOSTILE, **python})
    assert [each.name for each in ran.commands if each.name not in ("add-mask", "group", "endgroup")] == ["error"]


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"command": "cvs"}, "the input `command` names 'cvs'; choose from quickview, compare, cves,"),
        ({"command": " , "}, "the input `command` is empty; choose from"),
        ({"command": "cves\n::error::x"}, "the input `command` names"),
        ({"command": "environment", "image": "myorg/myapp:v1"}, "the input `environment` is empty"),
        ({"command": "environment", "environment": "staging"}, "the input `image` is empty"),
        ({"command": "cves", "exit-code": "maybe"}, "the input `exit-code` is 'maybe'; write true or false"),
        ({"command": "cves", "summary": "perhaps"}, "the input `summary` is 'perhaps'; write true or false"),
        ({"command": "policy", "sarif-file": "x"}, "`sarif-file` is for `cves` and `compare`"),
        ({"command": "cves,policy", "format": "json"}, "`format` and `output` are for `sbom`, or for one command"),
        ({"command": "cves", "image": "UPPER case"}, ""),
        ({"command": "quickview", "exit-code": "true"}, "`exit-code` means nothing to quickview"),
        ({"command": "cves", "exit-on": "policy"}, "`exit-on` means nothing to cves"),
    ],
)
def test_wrong_usage_is_64_and_says_what_is_wrong(
    pushed: Runner, python: Python, inputs: dict[str, str], told: str
) -> None:
    ran = pushed.use({**inputs, **python})
    assert ran.code == 64, ran.log
    assert told in "".join(ran.told("error"))


def test_what_lies_in_the_workspace_is_no_module(pushed: Runner, python: Python) -> None:
    for name in ("msgspec", "logging", "secrets", "click"):
        (pushed.workspace / f"{name}.py").write_text("raise SystemExit(99)")
    ran = pushed.use({"command": "cves", "environment": "nowhere", **python})
    assert ran.code == 1, ran.log


def test_no_answer_is_1(pushed: Runner, python: Python) -> None:
    ran = pushed.use({"command": "cves", "environment": "nowhere", **python})
    assert ran.code == 1
    assert "nowhere" in ran.told("error")[0]
    assert "**There is no answer**" in ran.summary


def test_a_document_goes_where_it_is_sent(pushed: Runner, world: World, python: Python) -> None:
    asked = {"command": "sbom", "image": world.old, "format": "spdx", "output": "app.spdx.json", **python}
    assert pushed.use(asked).code == 0
    assert json.loads((pushed.workspace / "app.spdx.json").read_text())["spdxVersion"] == "SPDX-2.3"
    asked = {"command": "cves", "image": world.old, "format": "json", "output": "cves.json", **python}
    ran = pushed.use({**asked, "only-severities": "low"})
    assert json.loads(ran.outputs["cves"]) == json.loads((pushed.workspace / "cves.json").read_text())
    assert json.loads(ran.outputs["cves"])["findings"] == []
    assert pushed.use({**asked, "output": "no/such/folder/x"}).code == 64


def test_advisories_can_come_first(pushed: Runner, world: World, python: Python, tmp_path: Path) -> None:
    asked = {"command": "sbom,db-update,cves", "image": world.old, "advisories": str(world.feed), "exit-code": True}
    ran = pushed.use({**asked, **python}, {"ENVSCOUT_HOME": str(tmp_path / "fresh")})
    assert ran.code == 2, ran.log
    assert "CVE" in ran.outputs["cves"]


def test_secrets_are_masked_and_shown_nowhere_else(pushed: Runner, world: World, python: Python) -> None:
    names = ("token", "github-token", "dockerhub-password", "registry-password", "registry-write-password")
    given = {name: f"secret-{name}-%" for name in names}
    ran = pushed.use({"command": "cves", "image": world.old, "debug": True, **given, **python})
    assert ran.code == 0
    assert set(given.values()) <= set(ran.told("add-mask"))
    rest = "\n".join(line for line in ran.log.splitlines() if not line.startswith("::add-mask::"))
    assert "secret-" not in rest + ran.summary + str(ran.outputs)


def test_a_flag_in_a_value_is_no_flag(pushed: Runner, world: World, python: Python) -> None:
    ran = pushed.use({"command": "cves", "image": "--help", **python})
    assert ran.code == 64, ran.log
    ran = pushed.use({"command": "cves", "image": world.old, "organization": "--help", **python})
    assert "Usage:" not in ran.log


def test_a_word_that_the_runner_would_not_know_is_none(pushed: Runner, python: Python) -> None:
    with pytest.raises(AssertionError, match="the runner warns"):
        pushed.use({"command": "cves", "colour": "x", **python})

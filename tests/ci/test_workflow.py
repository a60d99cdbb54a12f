"""What a step says to the runner is read as it was meant, whatever is in it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envscout.cli.ci import comment, page, workflow
from envscout.cli.ci.inputs import Inputs, read
from envscout.cli.ci.running import Result
from tests.ci.runner import outputs_of, said

TEXTS = st.text(max_size=40) | st.lists(
    st.sampled_from(
        ["::error::x", "##[error]x", "%0A", "%", "\r", "\n", " ", "::", "<<", "a=b", "`", "```", "<details>"]
    )
).map("".join)
# A busy machine makes texts slowly.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@patient
@given(TEXTS, TEXTS)
def test_a_command_is_one_command(text: str, title: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        written: list[str] = []
        patch.setattr(workflow, "_write", written.append)
        workflow.command("notice", text, title or "t")
    (only,) = said("".join(written).removesuffix("\n"))
    assert (only.name, only.properties) == ("notice", f"title={title or 't'}")
    assert only.text.rstrip() == text.rstrip(), "blanks at the end are nothing to the runner"


@patient
@given(TEXTS, TEXTS)
def test_nothing_is_said_within_a_shield(text: str, title: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        written: list[str] = []
        patch.setattr(workflow, "_write", written.append)
        with workflow.shielded(title):
            workflow.show(text)
    assert [each.name for each in said("".join(written))] == ["group", "endgroup"]


@patient
@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_an_output_is_what_it_was(texts: list[str]) -> None:
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workflow, "_append", lambda _file, text: lines.append(text))
        for number, text in enumerate(texts):
            assert workflow.output(Path(), f"name-{number}", text)
    assert outputs_of("".join(lines)) == {f"name-{number}": text for number, text in enumerate(texts)}


@patient
@given(TEXTS, st.integers(0, 200))
def test_what_is_cut_fits_and_is_closed(text: str, most: int) -> None:
    cut = workflow.within(text, most, len)
    assert len(cut) <= most
    assert cut in (text, "") or "This is shortened" in cut


@patient
@given(TEXTS)
def test_no_text_leaves_its_fence(text: str) -> None:
    lines = page.written([Result("sbom", 0, f"x{text}", "text")]).split("\n")
    fence = lines[2]
    assert set(fence) == {"`"}
    assert [number for number, line in enumerate(lines) if line.startswith(fence)] == [2, len(lines) - 3]


@pytest.mark.parametrize(
    ("event", "number"),
    [
        ({"pull_request": {"number": 7}}, 7),
        ({"issue": {"number": 8, "pull_request": {"url": "x"}}, "comment": {}}, 8),
        ({"issue": {"number": 9}}, 0),
        ({"ref": "refs/heads/main", "pull_request": None}, 0),
        ({"pull_request": {"number": "7"}}, 0),
        ([], 0),
    ],
)
def test_which_pull_request_a_run_is_about(tmp_path: Path, event: Any, number: int) -> None:
    (tmp_path / "event.json").write_text(json.dumps(event))
    assert comment.pull_request({"GITHUB_EVENT_PATH": str(tmp_path / "event.json")}) == number
    assert comment.pull_request({}) == 0


def test_another_matrix_has_another_comment() -> None:
    asked = {"command": "cves", "image": "myorg/myapp:v1", "environment": "staging"}
    others = (
        {**asked, "environment": "production"},
        {**asked, "image": "myorg/other:v1"},
        {**asked, "command": "sbom"},
    )
    one = comment.mark(Inputs(asked), {"GITHUB_JOB": "a"})
    assert comment.mark(Inputs({**asked, "image": "myorg/myapp:v2"}), {"GITHUB_JOB": "a"}) == one
    assert one not in [comment.mark(Inputs(each), {"GITHUB_JOB": "a"}) for each in others]
    assert one != comment.mark(Inputs(asked), {"GITHUB_JOB": "b"})


def test_inputs_are_read_from_variables() -> None:
    found = read(
        {"INPUT_ONLY_SEVERITIES": " critical,\nhigh ", "INPUT_EXIT_CODE": "True", "INPUT_IMAGE": "\udcff", "OTHER": "x"}
    )
    assert (found.many("only-severities"), found.is_on("exit-code"), found.is_on("summary")) == (
        ("critical", "high"),
        True,
        False,
    )
    assert found.image == "\\xff"

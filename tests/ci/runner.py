"""A runner of GitHub Actions, as far as composite actions and small workflows need one.

Steps are run by bash as there; files and workflow commands are read back as actions/runner reads them.
https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
"""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
OURS = "myorg/envscout"

_EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")
_COMMAND = re.compile(r"::([\w-]+)(?: ([^:]*))?::(.*)")
_OLD_COMMAND = re.compile(r"##\[([\w-]+)[^\]]*\](.*)")
_OUTPUT = re.compile(r"([^=<\n]+)<<([^\n]+)\n(.*?)\n?^\2\n|([^=\n]+)=([^\n]*)\n", re.DOTALL | re.MULTILINE)


class Said(NamedTuple):
    """A workflow command, its text unescaped."""

    name: str
    properties: str
    text: str


class Ran(NamedTuple):
    """What a step left behind."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str

    @property
    def commands(self) -> list[Said]:
        """Return the workflow commands in the log."""
        return said(self.log)

    def told(self, kind: str) -> list[str]:
        """Return the texts of the commands of one kind."""
        return [each.text for each in self.commands if each.name == kind]


def said(log: str) -> list[Said]:
    """Read a log as the runner does: leading blanks do not count, and nothing does after stop-commands."""
    found, word = [], ""
    for line in re.split(r"\r\n|\r|\n", log):
        command = _COMMAND.match(line.strip())
        if word:
            word = "" if command and command[1] == word else word
            continue
        if command and command[1] == "stop-commands":
            word = command[3]
        elif command:
            found.append(Said(command[1], _plain(command[2] or ""), _plain(command[3])))
        elif old := _OLD_COMMAND.search(line):
            found.append(Said(old[1], "", old[2]))
    return found


def _plain(text: str) -> str:
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, char)
    return text


def resolved(text: Any, contexts: Mapping[str, Any]) -> str:
    """Return a text with its expressions evaluated: names with dots. Raise KeyError for any that nobody defines."""
    return _EXPRESSION.sub(lambda found: _value(found[1], contexts), _yaml(text))


def _yaml(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _value(name: str, contexts: Mapping[str, Any]) -> str:
    value: Any = contexts
    for part in name.split("."):
        value = value[part]
    return _yaml(value)


class Runner:
    """Runs steps in a folder. env: the variables of the machine; event: what triggered the run."""

    def __init__(self, folder: Path, env: Mapping[str, str], event: Mapping[str, Any] | None = None) -> None:
        self.folder = folder
        self.workspace = folder / "workspace"
        self.workspace.mkdir(parents=True)
        (folder / "temp").mkdir()
        (folder / "event.json").write_text(json.dumps(event or {}))
        self.env = {
            **env,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTOR": "octocat",
            "GITHUB_EVENT_PATH": str(folder / "event.json"),
            "GITHUB_JOB": "build",
            "GITHUB_REPOSITORY": "myorg/myapp",
            "GITHUB_RUN_ID": "42",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_SHA": "5f1b9c6e0f2d4b7a8c3e1d2f4a6b8c0d1e3f5a7b",
            "GITHUB_WORKFLOW": "Build",
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(folder / "temp"),
        }
        self.github = {"token": "ghs_automatic", "repository": "myorg/myapp", "sha": self.env["GITHUB_SHA"]}
        self._steps = 0

    def use(self, inputs: Mapping[str, Any], env: Mapping[str, str] | None = None) -> Ran:
        """Run our action with some inputs, as `uses:` with `with:` does."""
        unknown = inputs.keys() - ACTION["inputs"].keys()
        assert not unknown, f"the runner warns of {unknown}"
        given = {
            name: _yaml(inputs[name]) if name in inputs else resolved(each.get("default", ""), {"github": self.github})
            for name, each in ACTION["inputs"].items()
        }
        steps: dict[str, Any] = {}
        done = Ran(0, "", {}, "")
        for step in ACTION["runs"]["steps"]:
            if step.get("if") == "inputs.python == ''" and given["python"]:
                continue
            contexts: dict[str, Any] = {"inputs": given, "github": self.github}
            variables = {name: resolved(value, contexts) for name, value in step.get("env", {}).items()}
            done = self.shell(step["run"], {**(env or {}), **variables})
            steps[step.get("id", "")] = {"outputs": done.outputs}
            if done.code:
                break
        names = {name: each["value"] for name, each in ACTION["outputs"].items()}
        reached = steps.get("run", {"outputs": {}})["outputs"]
        contexts = {"steps": {"run": {"outputs": {**dict.fromkeys(names, ""), **reached}}}}
        return done._replace(outputs={name: resolved(value, contexts) for name, value in names.items()})

    def shell(self, script: str, env: Mapping[str, str], words: str = "--noprofile --norc -eo pipefail") -> Ran:
        """Run a script as a step does."""
        self._steps += 1
        place = self.folder / f"step-{self._steps}"
        place.mkdir()
        files = {name: place / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH")}
        for file in files.values():
            file.touch()
        (place / "script.sh").write_text(script)
        done = subprocess.run(
            ["bash", *words.split(), str(place / "script.sh")],
            cwd=self.workspace,
            env={**self.env, "GITHUB_ACTION_PATH": str(ROOT), **{k: str(v) for k, v in files.items()}, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert files["GITHUB_ENV"].read_text() == files["GITHUB_PATH"].read_text() == ""
        outputs = outputs_of(files["GITHUB_OUTPUT"].read_text(encoding="utf-8"))
        return Ran(done.returncode, done.stdout.decode(), outputs, files["GITHUB_STEP_SUMMARY"].read_text("utf-8"))


def outputs_of(text: str) -> dict[str, str]:
    """Read what a step set: `name<<END` to END, or `name=value`. Fail where the runner would refuse it."""
    found: dict[str, str] = {}
    place = 0
    while place < len(text):
        match = _OUTPUT.match(text, place)
        assert match, f"the runner refuses the file: {text[place : place + 80]!r}"
        found[match[1] or match[4]] = match[3] if match[1] else match[5]
        place = match.end()
    return found

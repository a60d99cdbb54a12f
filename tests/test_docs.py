"""The documentation against the program: nothing is missing, nothing is invented, and examples are understood."""

import inspect
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from envscout.cli.program import ALIASES, program
from envscout.config import SETTINGS
from envscout.demo.fleet import ADVISORIES
from envscout.findings import coverage

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
CLI = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")


COMMANDS = dict(_commands(program, "envscout"))
SECTIONS = dict(re.findall(r"^##+ `(envscout [^`]+)`\n(.*?)(?=^##|\Z)", CLI, re.DOTALL | re.MULTILINE))


def _options(command: click.Command) -> set[str]:
    return {
        word
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden
        for word in parameter.opts
        if word.startswith("--")
    }


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    assert SECTIONS.keys() == COMMANDS.keys()


@pytest.mark.parametrize("path", COMMANDS)
def test_a_section_names_the_options_that_there_are(path: str) -> None:
    said = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", SECTIONS[path]))
    assert said == _options(COMMANDS[path])


def test_every_alias_is_documented() -> None:
    assert [alias for alias in ALIASES if f"`envscout {alias}`" not in CLI] == []


def test_every_setting_is_documented_with_its_meaning() -> None:
    text = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*)\|$", text, re.MULTILINE))
    assert rows.keys() == SETTINGS.keys()
    for name, setting in SETTINGS.items():
        if isinstance(setting.default, int):
            assert str(setting.default) in rows[name]


def _examples() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in re.findall(r"^```console\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
            for line in block.splitlines():
                if line.startswith("$ "):
                    yield page.name, line.removeprefix("$ ")


@pytest.mark.parametrize(("page", "line"), list(_examples()))
def test_an_example_is_a_command_that_is_understood(page: str, line: str) -> None:
    words = shlex.split(line, comments=True)
    if words[0] == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        assert set(words[1:]) <= set(targets)
        return
    words = words[2:] if words[:2] == ["docker", "scout"] else words[1:]
    command: click.Command = program
    while isinstance(command, click.Group):
        _, found, words = command.resolve_command(click.Context(command), words)
        assert found is not None
        command = found
    command.make_context(line, words)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a process that asks the store of the demo."""
    folder = tmp_path_factory.mktemp("demo")
    env = {**os.environ, "ENVSCOUT_HOME": str(folder / "home")}
    _envscout(env, "demo", "--keep", str(folder / "kept"))
    return {**env, "ENVSCOUT_STORE": str(folder / "kept" / "envscout.db"), "KEPT": str(folder / "kept")}


def _envscout(env: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "envscout", *words], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _fields(value: object, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _fields(part, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for part in value:
            yield from _fields(part, f"{path}[]")
    else:
        yield path


@pytest.mark.parametrize(
    "question",
    [
        "cves --env production --format json",
        "where CVE-2023-4863 --format json",
        "where lodash --format json",
        "sbom oci-dir://KEPT/images/api-2.3.0",
        "environment --format json",
        "environment staging --format json",
        "environment history staging --format json",
        "db update --from ADVISORIES --format json",
        "db status --format json",
        "cache df --format json",
    ],
)
def test_every_field_of_json_is_documented(kept: dict[str, str], question: str) -> None:
    words = question.replace("KEPT", kept["KEPT"]).replace("ADVISORIES", str(ADVISORIES)).split()
    document = json.loads(_envscout(kept, *words))
    text = (DOCS / "reference" / "json.md").read_text(encoding="utf-8")
    section = text.partition(f"## `{document.pop('schema')}`\n")[2].partition("\n## ")[0]
    shared = re.findall(r"`((?:summary|coverage)\.[^`]+)`", text.partition("\n## ")[0])
    said = {whole for name in re.findall(r"`([^`]+)`", section) for whole in _spelled_out(name, shared)}
    assert [field for field in dict.fromkeys(_fields(document)) if field not in said and not _empty(field, said)] == []


def _spelled_out(name: str, shared: list[str]) -> Iterator[str]:
    """Yield a documented name, and the members of a part that is described once for all documents."""
    yield name
    head, _, last = name.rpartition(".")
    yield from (f"{head}.{member}".lstrip(".") for member in shared if member.partition(".")[0] == last)


def _empty(field: str, said: set[str]) -> bool:
    """Tell whether a field stands for a list that is empty here and whose members are documented."""
    return any(name.startswith(f"{field}[]") for name in said)


def test_every_reason_is_documented() -> None:
    text = (DOCS / "coverage.md").read_text(encoding="utf-8")
    said = {
        code for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE) for code in re.findall(r"`([a-z-]+)`", row)
    }
    source = inspect.getdoc(coverage) or ""
    assert set(re.findall(r"^([a-z]+(?:-[a-z]+)+)(?=[ ,])", source, re.MULTILINE)) <= said


def test_the_sample_is_as_large_as_the_pages_say() -> None:
    count = len(list(ADVISORIES.glob("*/*.json")))
    for page in (DOCS / "reference" / "advisories.md", ADVISORIES / "README.md"):
        assert f"{count} records" in page.read_text(encoding="utf-8")


def test_links_between_pages_of_the_repository_lead_somewhere() -> None:
    for page in [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", ROOT / "CHANGELOG.md"]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"

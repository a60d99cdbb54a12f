"""The documentation against the program: nothing is missing, nothing is invented, and examples are understood."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from envscout.cli.program import ALIASES, program
from envscout.config import SETTINGS
from envscout.demo.fleet import ADVISORIES

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


def test_the_sample_is_as_large_as_the_pages_say() -> None:
    count = len(list(ADVISORIES.glob("*/*.json")))
    for page in (DOCS / "reference" / "advisories.md", ADVISORIES / "README.md"):
        assert f"{count} records" in page.read_text(encoding="utf-8")


def test_links_between_pages_of_the_repository_lead_somewhere() -> None:
    for page in [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", ROOT / "CHANGELOG.md"]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"

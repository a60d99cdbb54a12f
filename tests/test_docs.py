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
from click.testing import CliRunner

from envscout.cli import reference
from envscout.cli.program import ALIASES, program
from envscout.config import SETTINGS
from envscout.demo.fleet import ADVISORIES
from envscout.findings import coverage

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
CLI = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


COMMANDS = dict(reference.commands())


def test_the_reference_of_the_command_line_is_what_the_commands_say() -> None:
    assert reference.page(CLI) == CLI, "run `make reference`"


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_says_what_it_does_and_gives_examples(words: str) -> None:
    command = COMMANDS[words]
    first, *rest = [" ".join(each) for each in reference.prose(command)]
    assert re.fullmatch(r"[A-Z].*[.?]", first), "a sentence comes first"
    assert ". " not in first, "and it stands alone"
    if not isinstance(command, click.Group):
        examples = [each for each in rest if each.startswith("```console")]
        assert any(f"envscout {words}" in each for each in examples), "an example comes after it"


@pytest.mark.parametrize("words", COMMANDS)
def test_help_is_that_of_the_reference(words: str) -> None:
    asked = [CliRunner().invoke(program, each, prog_name="envscout").output for each in (
        [*words.split(), "--help"], ["help", *words.split()],
    )]  # fmt: skip
    assert asked[0] == asked[1]
    assert asked[0].startswith(f"Usage: envscout {words} ")


@pytest.mark.parametrize("words", COMMANDS)
def test_every_option_says_what_it_means(words: str) -> None:
    shown = [each for each in COMMANDS[words].params if isinstance(each, click.Option) and not each.hidden]
    assert [each.opts for each in shown if not re.fullmatch(r"\S.*[.]", each.help or "")] == []
    nameless = [
        each.opts for each in shown if not (each.is_flag or each.metavar or isinstance(each.type, click.Choice))
    ]
    assert nameless == [], "a metavar says what kind of value it is, and what a shell completes"


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
    if words[0] == "echo":
        return
    if words[0] == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        assert set(words[1:]) <= set(targets)
        return
    words = words[2:] if words[:2] == ["docker", "scout"] else words[1:]
    command: click.Command = program
    while isinstance(command, click.Group):
        # A group that does something by itself takes flags of its own.
        if command.invoke_without_command and (not words or words[0].startswith("-")):
            break
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
    kept = {**env, "ENVSCOUT_STORE": str(folder / "kept" / "envscout.db"), "KEPT": str(folder / "kept")}
    (folder / "policies.yaml").write_text("policies: [{id: complete-coverage}]")
    _envscout(kept, "policy", "apply", "-f", str(folder / "policies.yaml"), "--org", "shop")
    return kept


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
        "compare --env staging --to-env production --format json",
        "policy list --format json",
        "environment --format json",
        "environment staging --format json",
        "environment history staging --format json",
        "db update --from ADVISORIES --format json",
        "db status --format json",
        "db bundle create KEPT/all.bundle --format json",
        "cache df --format json",
        "recommendations --offline --env production shop/api --format json",
        "repo list --format json",
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

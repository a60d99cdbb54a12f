"""Every command and flag of Docker Scout (v1.23, and the older ones that scripts use) is here, or absent on purpose.

scout_reference.tsv is the list, a line for each: command, flag, type, a value, whether help shows it, and the test that
proves what it does, or `absent`: then docs/reference/docker-scout.md says why, and using it is refused.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest

from envscout.cli import entry
from envscout.cli.program import ALIASES, program

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = (ROOT / "docs" / "reference" / "docker-scout.md").read_text(encoding="utf-8")

COMMANDS = (
    "attestation add", "attestation get", "attestation list", "cache df", "cache prune", "compare", "config", "cves",
    "docker-cli-plugin-hooks", "enroll", "environment", "help", "integration configure", "integration delete",
    "integration list", "policy", "policy publish", "push", "quickview", "recommendations", "repo disable",
    "repo enable", "repo list", "sbom", "stream", "version", "vex get", "watch",
)  # fmt: skip
SHORTER = {"attest": "attestation", "diff": "compare", "env": "environment", "qv": "quickview"}
HIDDEN = ("docker-cli-plugin-hooks", "stream")

# What a command is about, where it cannot do without it.
ABOUT = {
    "attestation add": ("image",),
    "attestation get": ("image",),
    "attestation list": ("image",),
    "integration configure": ("harbor",),
    "integration delete": ("harbor",),
    "policy": ("image",),
    "policy publish": ("image",),
    "push": ("image",),
    "vex get": ("image",),
}


class Row(NamedTuple):
    """A line of the list. value: that is passed; a slice takes commas and repeats, an array repeats alone."""

    command: str
    flag: str
    type: str
    value: str
    seen: str
    proof: str

    @property
    def names(self) -> list[str]:
        """Return the spellings, the long one last."""
        return self.flag.split(", ")


def rows() -> Iterator[Row]:
    """Read the list."""
    with (HERE / "scout_reference.tsv").open(encoding="utf-8", newline="") as file:
        yield from (Row(*line) for line in csv.reader(file, delimiter="\t") if not line[0].startswith("#"))


ROWS = list(rows())


def found(words: str) -> click.Command:
    """Return the command that words lead to; of a command that takes words or a thing, the one for things."""
    command: click.Command = program
    for word in words.split():
        assert isinstance(command, click.Group)
        inner = command.get_command(click.Context(command), word)
        assert inner is not None, words
        command = inner
    return getattr(command, "default", command)


def option(row: Row) -> click.Option:
    """Return the option of a line."""
    for each in found(row.command).params:
        if isinstance(each, click.Option) and set(row.names) <= {*each.opts, *each.secondary_opts}:
            return each
    raise AssertionError(f"{row.command} has no {row.flag}")


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_is_there(words: str) -> None:
    command = found(words)
    assert command.hidden == (words in HIDDEN)
    assert command.help


def test_every_other_name_is_there() -> None:
    assert SHORTER.items() <= ALIASES.items()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.command} {row.names[-1]}")
def test_every_flag_is_there_and_understood(row: Row) -> None:
    there = option(row)
    assert there.hidden == (row.seen == "hidden")
    # A toggle is on where it stands alone, and takes what it is to be.
    assert there.is_flag == (row.type == "bool")
    if row.type == "choice":
        return
    about = list(ABOUT.get(row.command, ()))
    for name in row.names:
        for words in _spellings(row, name):
            assert _parsed(row, [*words, *about]) == _parsed(row, [*about, *words]) == _expected(row), words


def _spellings(row: Row, name: str) -> list[list[str]]:
    if row.type in ("bool", "toggle"):
        return [[name]]
    values = row.value.split(",")
    if row.type == "slice":
        return [[name, row.value], [word for value in values for word in (name, value)], [f"{name}={row.value}"]][
            : 3 if name.startswith("--") else 2
        ]
    return [[name, row.value], [f"{name}={row.value}"] if name.startswith("--") else [name + row.value]]


def _parsed(row: Row, words: list[str]) -> Any:
    context = found(row.command).make_context(row.command, list(words))
    return context.params[str(option(row).name)]


def _expected(row: Row) -> Any:
    if row.type in ("bool", "toggle"):
        return True
    if row.type == "slice":
        return tuple(row.value.split(","))
    if row.type == "array" or option(row).multiple:
        return (row.value,)
    return {"float": float, "int": int}.get(row.type, str)(row.value)


CHOICES = [row._replace(value=value) for row in ROWS if row.type == "choice" for value in row.value.split(",")]


@pytest.mark.parametrize("row", CHOICES, ids=lambda row: f"{row.command} {row.flag} {row.value}")
def test_every_form_is_understood(row: Row) -> None:
    about = list(ABOUT.get(row.command, ()))
    assert _parsed(row, [row.flag, row.value, *about]) == _parsed(row, [*about, row.flag, row.value]) == row.value


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.command} {row.names[-1]}")
def test_every_flag_is_proved_or_absent_with_a_reason(row: Row) -> None:
    absent = (row.command, row.names[-1]) in ABSENT
    assert absent == (row.proof == "absent")
    if absent:
        return
    path, _, test = row.proof.partition("::")
    text = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"^ *def {test}\(", text, re.MULTILINE), row.proof


ABSENT = dict.fromkeys(
    re.findall(r"^\| `([a-z ]+) (--[a-z-]+)` \| .{20,} \|$", PAGE.partition("## Absent on purpose")[2], re.MULTILINE)
)


def test_the_page_and_the_list_name_the_same_absent_flags() -> None:
    assert set(ABSENT) == {(row.command, row.names[-1]) for row in ROWS if row.proof == "absent"}


REFUSED = [row for row in ROWS if row.proof == "absent"]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"{row.command} {row.names[-1]}")
def test_what_is_absent_is_refused(row: Row, capsys: pytest.CaptureFixture[str]) -> None:
    flag = [row.names[-1], *filter(None, [row.value])]
    assert entry.run([*row.command.split(), *flag, *ABOUT.get(row.command, ("image",))]) == 64
    assert "ERROR" in capsys.readouterr().err


@pytest.mark.parametrize("words", COMMANDS)
@pytest.mark.parametrize("flag", ["--debug", "--verbose-debug"])
def test_flags_of_all_commands_stand_anywhere(words: str, flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.run([*words.split(), flag, "--help"]) == 0
    assert flag not in capsys.readouterr().out
    assert entry.run([flag, *words.split(), "--help"]) == 0


def test_the_page_speaks_of_every_variable() -> None:
    for name in VARIABLES:
        assert f"`{name}`" in PAGE, name


VARIABLES = [
    f"DOCKER_SCOUT_{name}"
    for name in (
        "CACHE_FORMAT", "CACHE_DIR", "NO_CACHE", "OFFLINE", "REGISTRY_TOKEN", "REGISTRY_USER", "REGISTRY_PASSWORD",
        "HUB_USER", "HUB_PASSWORD", "NEW_VERSION_WARN", "EXPERIMENTAL_WARN", "EXPERIMENTAL_POLICY_OUTPUT",
    )
]  # fmt: skip

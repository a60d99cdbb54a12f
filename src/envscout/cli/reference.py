"""The reference of the command line, as Markdown, from what `--help` says: `make reference`.

A page is written by hand down to the line MARK; what follows is one section for each command that is not hidden:
usage, other names, the docstring's prose, its examples, its options. Nothing here reads a clock, a store or a setting.
"""

import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import click

from envscout.cli.program import ALIASES, program

MARK = "<!-- What follows is written by `make reference`, from the docstrings and options of the commands. -->"

# Where a section leads to: command, and the pages of docs/reference that say more.
SEE: Mapping[str, tuple[str, ...]] = {
    "attestation": ("[attestations](../attestations.md)",),
    "compare": ("[how to promote](../howto/promote.md)", "[forms of answers](formats.md)", "[JSON](json.md)"),
    "config": ("[settings](settings.md)",),
    "cves": ("[what is known and what is not](../coverage.md)", "[forms of answers](formats.md)", "[JSON](json.md)"),
    "db status": ("[advisories](advisories.md)",),
    "db update": ("[advisories](advisories.md)",),
    "demo": ("[first success](../first-success.md)",),
    "environment": ("[concepts](../concepts.md)", "[JSON](json.md)"),
    "exception": ("[exceptions and VEX](../exceptions-and-vex.md)",),
    "integration": ("[watching a registry](../watch-a-registry.md)",),
    "policy": ("[policies](policies.md)", "[how to promote](../howto/promote.md)"),
    "report": ("[how to serve an auditor](../howto/audit.md)", "[forms of answers](formats.md)"),
    "sbom": ("[documents](sbom-formats.md)", "[JSON](json.md)"),
    "vex get": ("[exceptions and VEX](../exceptions-and-vex.md)",),
    "watch": ("[watching a registry](../watch-a-registry.md)",),
    "where": ("[how to find a CVE in production](../howto/in-production.md)", "[JSON](json.md)"),
}


def commands(group: click.Group = program, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield each command that is not hidden, by its words behind `envscout`; a group before its members."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        words = f"{path} {name}".strip()
        yield words, command
        if isinstance(command, click.Group):
            yield from commands(command, words)


def page(text: str) -> str:
    """Return a page with everything behind MARK written anew. Raise ValueError where it has no MARK."""
    head, mark, _ = text.partition(MARK)
    if not mark:
        raise ValueError(f"the page has no line {MARK!r}")
    return "\n".join([f"{head}{MARK}", *(line for words, each in commands() for line in section(words, each)), ""])


def section(words: str, command: click.Command) -> list[str]:
    """Return the section of one command, as lines."""
    context = click.Context(command, info_name=words, parent=click.Context(program, info_name="envscout"))
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    lines = ["", f"{'#' * (2 + words.count(' '))} `envscout {words}`", "", "```text", usage, "```"]
    others = sorted(f"`envscout {alias}`" for alias, name in ALIASES.items() if name == words)
    if others:
        lines += ["", f"Also {' and '.join(others)}."]
    for each in prose(command):
        lines += ["", *each]
    if words in SEE:
        lines += ["", f"See also {', '.join(SEE[words])}."]
    shown = [each for each in command.get_params(context) if isinstance(each, click.Option) and not each.hidden]
    rows = [f"| {_names(each, context)} | {_meaning(each, context)} |" for each in shown if "--help" not in each.opts]
    return [*lines, "", "| option | meaning |", "|---|---|", *rows] if rows else lines


def prose(command: click.Command) -> Iterator[list[str]]:
    """Yield the paragraphs of a docstring as lines of Markdown; what click shall not wrap becomes a block."""
    for paragraph in inspect.cleandoc(command.help or "").partition("\f")[0].split("\n\n"):
        lines = paragraph.strip("\n").splitlines()
        if lines[:1] != ["\b"]:
            yield _coded("\n".join(lines)).splitlines()
        elif all(line.startswith(("envscout ", "docker ")) for line in lines[1:]):
            yield ["```console", *(f"$ {line}" for line in lines[1:]), "```"]
        else:
            yield ["```text", *lines[1:], "```"]


def _names(option: click.Option, context: click.Context) -> str:
    names = [*option.opts, *option.secondary_opts]
    value = "" if option.is_flag or option.count else f" {_value(option, context)}"
    return ", ".join(f"`{_cell(name + (value if name.startswith('--') else ''))}`" for name in names)


def _value(option: click.Option, context: click.Context) -> str:
    """Return the word that stands for an option's value; choices are told of in the meaning."""
    name = option.metavar or ("" if isinstance(option.type, click.Choice) else option.make_metavar(context))
    return name or option.opts[-1].rpartition("-")[2].upper()


def _meaning(option: click.Option, context: click.Context) -> str:
    text = option.help or ""
    text = text if text.endswith("...") else text.removesuffix(".")
    if isinstance(option.type, click.Choice):
        *first, last = (f"`{each}`" for each in option.type.choices)
        text += f": {', '.join(first)} or {last}"
    default = option.get_default(context)
    if not option.is_flag and isinstance(default, str | int | float) and default:
        text += f"; by default `{str(default).lower() if isinstance(default, bool) else default}`"
    return _cell(_coded(text))


def _coded(text: str) -> str:
    """Return text with flags, prefixes, variables and paths as code, as far as they are not yet."""
    parts = text.split("`")
    return "`".join(each if number % 2 else _LITERAL.sub(r"`\g<0>`", each) for number, each in enumerate(parts))


_LITERAL = re.compile(
    r"(?<![\w-])(--[a-z][a-z-]*(?:=\w+)?|[a-z-]+://(?:[\w./:@-]*\w)?|\$[A-Z_]+|~?/[\w./*-]*\w|[\w*.-]*\*[\w*.-]+)",
    re.ASCII,
)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main(paths: Iterable[str]) -> None:
    """Write pages anew."""
    for path in map(Path, paths):
        path.write_text(page(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

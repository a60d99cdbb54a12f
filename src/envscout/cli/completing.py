"""What a shell offers behind the cursor: nothing fails here, nothing is written but the answer, no store is made.

A shell's script (see the command `completion`) calls the program with two variables: one names the shell, LINE holds
the command line up to the cursor. The answer has a row for each candidate: `plain`, `part` (more of it may
follow), `file` or `dir`; the text; what it means; with tabs between them.

The docker client asks its plugins itself: `__complete scout WORD...`, the last word being the one that is not finished
(https://github.com/docker/cli, cli-plugins/manager/cobra.go). It wants rows of a text and its meaning, and then a colon
and a number: what the shell may do beside (ShellCompDirective, https://github.com/spf13/cobra, completions.go).
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import click
from click.shell_completion import CompletionItem, _resolve_context, _resolve_incomplete, split_arg_string

from envscout.cli.candidates import candidates
from envscout.cli.words import WordsOrThing

LINE = "_ENVSCOUT_LINE"

Item = CompletionItem[str]

# What is offered ends up on a command line: an id out of a feed must not bring a `$(...)` there.
_HARMLESS = re.compile(r"[\w.:/@+~,=-]+", re.ASCII)
# Of cobra: the client's script puts no blank behind what it completes; it offers no files.
_NO_SPACE, _NO_FILES = 2, 4


def answer(arguments: Sequence[str], shell: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return what a shell gets, or the docker client where none is named, whatever goes wrong."""
    if not shell:
        words = list(arguments[1:])
        return _for_client(words[1:] if words[:1] == ["scout"] else words)
    # The last word ends where the cursor is; this keeps one that is empty.
    words = split_arg_string(f"{environ.get(LINE, '')}\0")
    *before, last = [word.replace("\0", "") for word in words] or [""]
    cut = len(_before_break(last, environ.get("COMP_WORDBREAKS", ""))) if shell == "bash" else 0
    rows = (f"{each.type}\t{each.value[cut:]}\t{_line(each.help)}" for each in found(before[1:], last))
    return "".join(f"{row}\n" for row in rows)


def _for_client(words: list[str]) -> str:
    *before, last = words or [""]
    items = list(found(before, last))
    offered = [each for each in items if each.type in ("plain", "part")]
    # The client's script puts `--flag=` before each candidate by itself.
    cut = last.index("=") + 1 if last.startswith("-") and "=" in last else 0
    directive = 0 if len(offered) < len(items) else _NO_FILES
    directive |= _NO_SPACE if any(each.type == "part" for each in offered) else 0
    return "".join(f"{each.value[cut:]}\t{_line(each.help)}\n" for each in offered) + f":{directive}\n"


def found(before: list[str], last: str) -> Iterator[Item]:
    """Yield what may stand in the place of the last word. before: the finished words behind the program's name."""
    from envscout.cli.program import program

    try:
        context = _resolve_context(program, {}, "envscout", [*before])
        target, rest = _resolve_incomplete(context, [*before], last)
        # What stays before each candidate: `--flag=`, and the values before the last comma.
        flag = last.removesuffix(rest)
        items = list(_offered(context, target, rest))
    except Exception:
        # A broken setting, store or line must not break the shell it is typed in.
        return
    for each in items:
        if each.type in ("file", "dir") or _HARMLESS.fullmatch(each.value):
            yield Item(flag + each.value, each.type, each.help)


def _offered(context: click.Context, target: click.Command | click.Parameter, rest: str) -> Iterable[Item]:
    group = context.parent.command if context.parent and isinstance(target, click.Argument) else target
    if isinstance(group, WordsOrThing) and context.command in (group, group.default) and not rest.startswith("-"):
        words = [Item(each) for each in group.list_commands(context) if each.startswith(rest)]
        thing = next(each for each in group.default.params if isinstance(each, click.Argument))
        return [*words, *candidates(context, thing, rest)]
    if isinstance(target, click.Command) or isinstance(target.type, click.Choice | click.Path):
        return target.shell_complete(context, rest)
    return candidates(context, target, rest)


def _before_break(word: str, breaks: str) -> str:
    """Return the part of a word that bash does not replace: it takes what stands behind `:` or `=` for a word."""
    return word[: max(word.rfind(sign) for sign in (":", "=")) + 1] if {":", "="} <= set(breaks) else ""


def _line(text: str | None) -> str:
    """Return the first sentence of a help text, on one line."""
    return " ".join((text or "").split()).partition(". ")[0].rstrip(".")

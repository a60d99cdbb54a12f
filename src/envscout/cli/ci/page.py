"""What a person reads of a step: the results of its commands as Markdown, for its summary and a comment. Pure."""

import re
from collections.abc import Iterable, Iterator

from envscout.cli.ci.running import Result
from envscout.cli.show.markdown import escaped

GATE = 2


def written(results: Iterable[Result]) -> str:
    """Return the results of commands, one after the other."""
    return "\n".join(line for each in results for line in _lines(each)) + "\n"


def _lines(each: Result) -> Iterator[str]:
    yield from (f"## {'❌ ' if each.code else ''}`envscout {each.command.replace('-', ' ')}`", "")
    if each.code:
        yield from (f"**{_SAID.get(each.code, 'There is no answer')}**: {escaped(each.why or 'see the log')}", "")
    if each.form == "markdown":
        yield from (each.text.strip("\n"), "")
    elif each.form == "text" and each.text.strip():
        fence = _fence(each.text)
        yield from (fence, each.text.strip("\n"), fence, "")


_SAID = {GATE: "The gate stays shut"}


def _fence(text: str) -> str:
    """Return a fence that nothing in a text can close: https://github.github.com/gfm/#fenced-code-blocks."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    return "`" * max(3, longest + 1)

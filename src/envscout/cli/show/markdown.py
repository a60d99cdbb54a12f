"""Markdown as GitHub renders it (https://github.github.com/gfm/), of text that nobody can trust."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from envscout.cli.show.table import inert

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~@-])")


def escaped(text: str) -> str:
    """Return text that means only itself: no markup, no HTML, no mention of a person."""
    return _SPECIAL.sub(r"\\\1", inert(text)).replace("&", "&amp;").replace("\\<", "&lt;").replace("\\@", "&#64;")


def code(text: str) -> str:
    """Return text in a fixed width, where nothing but the fence itself and a table's border is special."""
    return f"`{inert(text).replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def strong(text: str) -> str:
    """Return text that stands out."""
    return f"**{escaped(text)}**"


def link(text: str, url: str) -> str:
    """Return a link, or only its text where the address is no plain one."""
    plain = url.startswith("https://") and not re.search(r"[\s<>()|\\\"']", url)
    return f"[{escaped(text)}]({url})" if plain else escaped(text)


def grid(head: Sequence[str], rows: Iterable[Sequence[str]], ready: Collection[int] = ()) -> Iterator[str]:
    """Yield the lines of a table. ready: columns whose cells are Markdown already."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        cells = (cell if number in ready else escaped(cell) for number, cell in enumerate(row))
        yield f"| {' | '.join(cells)} |"

"""HTML that is safe by how it is made: text becomes markup by being escaped, or it does not become markup."""

from collections.abc import Iterable
from html import escape
from typing import TypeAlias

from envscout.formats.style import STYLE
from envscout.formats.words import link, plain


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()

    def __html__(self) -> str:
        """Return it as it is, to whoever would escape text."""
        return self


Child: TypeAlias = "str | Iterable[Child] | None"
"""Text (escaped), markup, several of them, or nothing."""


def text(words: str) -> Markup:
    """Return text as markup that shows it."""
    return words if isinstance(words, Markup) else Markup(escape(plain(words)))


def join(children: Iterable[Child]) -> Markup:
    """Return several pieces as one."""
    return Markup("".join(_one(each) for each in children if each))


def _one(child: Child) -> str:
    return text(child) if isinstance(child, str) else join(child or ())


def el(tag: str, *children: Child, **attributes: str | None) -> Markup:
    """Return an element; `class_` is class, `_` in other names is `-`, and an attribute that is None is left out."""
    given = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{text(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{tag}{given}>{join(children)}</{tag}>")


def anchor(words: str, url: str) -> Markup:
    """Return a link, or only its text where the address is none of a web page."""
    address = link(url)
    return el("a", words, href=address, rel="noopener noreferrer") if address else text(words)


def table(caption: str, head: Iterable[str], rows: Iterable[Iterable[Child]], **attributes: str | None) -> Markup:
    """Return a table whose rows become cards on a narrow screen; cells are named by their columns."""
    names = tuple(head)
    body = (
        el(
            "tr",
            *(
                el("td", cell, data_label=name) if cell else el("td", class_="none")
                for name, cell in zip(names, row, strict=True)
            ),
        )
        for row in rows
    )
    return el(
        "table",
        el("caption", caption),
        el("thead", el("tr", *(el("th", name, scope="col") for name in names))),
        el("tbody", *body),
        **attributes,
    )


def facts(rows: Iterable[tuple[str, Child]]) -> Markup:
    """Return labels and what they stand for, without those that stand for nothing."""
    return el("dl", *(el("div", el("dt", label), el("dd", value)) for label, value in rows if value))


# Nothing is loaded, run or sent: https://www.w3.org/TR/CSP3/
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(title: str, *body: Child) -> str:
    """Return a whole document that stands alone."""
    head = el(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        Markup('<meta name="referrer" content="no-referrer">'),
        el("title", title),
        Markup(f"<style>{STYLE}</style>"),
    )
    skip = el("a", "Skip to the content", href="#content", class_="skip")
    return f"<!DOCTYPE html>\n{el('html', head, el('body', skip, *body), lang='en')}"

"""One page as a row, one form as a row: what is served, checked and shown of them follows from here."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from envscout.access.roles import Action
from envscout.server.asking import Asked
from envscout.server.routes.common import Moment


class Table(msgspec.Struct, frozen=True):
    """What a page shows as a table, in whole: for programs that calculate. rows: texts and numbers."""

    name: str
    head: Sequence[str]
    rows: Iterable[Sequence[str | int | float | None]]


class Page(msgspec.Struct, frozen=True):
    """A page. path: each parameter is one segment. template: its file, without the ending; it gets `found`.

    section: the link of the navigation that it lies under. answer: makes `found`. query: a struct of the query
    parameters. table: what of it is had as CSV, with `format=csv`.
    """

    path: str
    template: str
    section: str
    answer: Callable[[Asked], Any]
    query: type[msgspec.Struct] = Moment
    action: Action = "read"
    table: Callable[[Asked], Table] | None = None


class Form(msgspec.Struct, frozen=True):
    """What a page sends. fields: a struct of its fields. submit: does it, and returns the address to go to then.

    A form whose answer is shown once, such as a new token, returns `Shown` instead. page: it is shown again, with the
    cause and what was typed, where that cannot be done; the query that it gets is what the form says of it.
    untold: fields that are not typed back, as they hold a secret.
    """

    path: str
    fields: type[msgspec.Struct]
    action: Action
    submit: Callable[[Asked], "str | Shown | Kept"]
    page: Page | None = None
    untold: frozenset[str] = frozenset()


class Shown(msgspec.Struct, frozen=True):
    """A page that is the answer to a form. It is kept nowhere."""

    template: str
    section: str
    found: Any


class Kept(msgspec.Struct, frozen=True):
    """Where to go, and what the browser is to keep: name, value and seconds of a cookie."""

    target: str
    cookie: tuple[str, str, int]

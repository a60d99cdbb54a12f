"""One endpoint as a row: everything that is served, checked and documented of it follows from here."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec

from envscout.access.roles import Action
from envscout.server.asking import Asked
from envscout.server.etag import Subject

Method = Literal["GET", "POST", "DELETE"]


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No query parameters."""


class Text(msgspec.Struct, frozen=True):
    """An answer that is written already."""

    content: bytes
    media_type: str


class Route(msgspec.Struct, frozen=True):
    """An endpoint. path: as OpenAPI writes it, `/api/v1/environments/{environment}`; each parameter is one segment.

    answer: makes the result; its docstring says what it does. query: a struct of the query parameters. body: the type
    of the body, None for none, bytes for one that is read by what it says. result: the type of the result. tag: the
    group that it is shown in. about: what the answer rests on, None where nobody can tell; it is kept then for as long
    as that stays the same. keyed: a write that may be asked for under a key. together: does for several who ask at the
    same time what `answer` does for one, in the transaction that is open. takes, media_types: of the body and of the
    answer.
    """

    method: Method
    path: str
    name: str
    action: Action
    answer: Callable[[Asked], Any]
    result: Any
    tag: str
    query: type[msgspec.Struct] = Nothing
    body: Any = None
    status: int = 200
    about: Callable[[Asked], Subject | None] | None = None
    keyed: bool = True
    together: Callable[[Sequence[Asked]], Sequence[Any]] | None = None
    takes: tuple[str, ...] = ("application/json",)
    media_types: tuple[str, ...] = ("application/json",)

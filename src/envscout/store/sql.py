"""Named queries, and what they are run on.

SQL lives in `.sql` files beside the module that uses it; each query starts with `-- name: NAME` and a sentence. One
text serves both engines: PostgreSQL differs in spelling alone (store.postgresql says how), or else there is a second
text that starts with `-- name: NAME (postgresql)`.
"""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

import msgspec

HERE = Path(__file__).parent
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
_NAME = re.compile(r"^-- name: (\w+)(?: \((postgresql)\))?$", re.MULTILINE)

Values = Sequence[Any] | Mapping[str, Any]
T = TypeVar("T")


class Cursor(Protocol):
    """The rows that a query gave, as tuples."""

    @property
    def rowcount(self) -> int:
        """Return how many rows were written."""

    def fetchone(self) -> Any:
        """Return the next row, None if there is none."""

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """What `Database.read` and `Database.write` give, and what the functions of this folder take."""

    tenant: str
    """The organization whose images are known, "" for those of the whole instance."""

    @property
    def in_transaction(self) -> bool:
        """Tell whether a transaction is open."""

    def execute(self, sql: str, parameters: Values = (), /) -> Cursor:
        """Run one query."""

    def executemany(self, sql: str, parameters: Iterable[Values], /) -> Cursor:
        """Run one query once for each of the parameters."""


class Query(str):
    """A query as SQLite takes it; `postgresql` is a text of its own for the other engine, "" where this serves both."""

    __slots__ = ("postgresql",)
    postgresql: str


class Queries(Mapping[str, Query]):
    """The queries of one file, which is read when the first of them is asked for: few commands need many files."""

    def __init__(self, module: str) -> None:
        self._module = module

    @functools.cached_property
    def _found(self) -> Mapping[str, Query]:
        return _read(self._module)

    def __getitem__(self, name: str) -> Query:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


@functools.cache
def queries(module: str) -> Mapping[str, Query]:
    """Return the named queries of `<module>.sql`."""
    return Queries(module)


def listed(rows: Sequence[object]) -> str:
    """Return rows as the parameter of a query that goes through them: `json_each(:name)`. No engine keeps a NUL."""
    text = msgspec.json.encode(rows).decode()
    return _NUL.sub(r"\1\\ufffd", text) if "\\u0000" in text else text


def parts(rows: Iterable[T], size: int = 5_000) -> Iterator[list[T]]:
    """Yield rows in parts of a size that a query takes at once without much memory."""
    left = iter(rows)
    while part := list(islice(left, size)):
        yield part


def _read(module: str) -> Mapping[str, Query]:
    parts = _NAME.split((HERE / f"{module}.sql").read_text(encoding="utf-8"))
    found: dict[str, Query] = {}
    for name, engine, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        if engine:
            found[name].postgresql = text
        else:
            found[name] = Query(text)
            found[name].postgresql = ""
    return MappingProxyType(found)

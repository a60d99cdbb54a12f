"""Requests for the same write, done in one transaction: each is answered, and its key kept, as if it had been alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from envscout.errors import EnvscoutError, StoreBusy, StoreLost
from envscout.operations.coding import encode
from envscout.server.asking import Asked
from envscout.server.idempotency import Keyed
from envscout.server.routes.route import Route
from envscout.store import Connection, Database, idempotency, now
from envscout.store.idempotency import Answer, Key

MOST_BYTES = 1 << 20
"""Of requests that are done in one transaction: who asks for much does not keep the others waiting with theirs."""


class Write(NamedTuple):
    """A request. key: under which it is asked for. size: bytes of its body."""

    asked: Asked
    key: Keyed | None
    size: int


Content = tuple[int, bytes]


def written(row: Route, database: Database, writes: Sequence[Write]) -> list[Content | Exception]:
    """Do what is asked for; return status and content of each answer, or why there is none."""
    return [each for some in _parts(writes) for each in _answers(row, database, some)]


def _parts(writes: Iterable[Write]) -> Iterator[list[Write]]:
    """Yield what goes into one transaction each: who asks under a key again comes after who did before."""
    part: list[Write] = []
    for each in writes:
        is_repeated = each.key is not None and any(other.key and other.key.name == each.key.name for other in part)
        if part and (is_repeated or each.size + sum(other.size for other in part) > MOST_BYTES):
            yield part
            part = []
        part.append(each)
    if part:
        yield part


def _answers(row: Route, database: Database, writes: Sequence[Write]) -> list[Content | Exception]:
    """Do several at once; each alone where that fails because of one of them."""
    try:
        with database.together() as connection:
            return _done(row, connection, writes)
    except (StoreBusy, StoreLost) as error:
        return [error] * len(writes)
    except Exception as error:
        if len(writes) == 1:
            return [error]
    return [answer for each in writes for answer in _answers(row, database, [each])]


def _done(row: Route, connection: Connection, writes: Sequence[Write]) -> list[Content | Exception]:
    """Answer those that were answered before, do the others, keep what they are answered."""
    assert row.together is not None
    moment = now()
    keys = [each.key.name for each in writes if each.key]
    before = idempotency.answers(connection, keys, moment) if keys else {}
    new = [each for each in writes if each.key is None or each.key.name not in before]
    results = iter(row.together([each.asked for each in new]) if new else ())
    answers = [
        _again(each.key, before) if each.key and each.key.name in before else _content(row, next(results))
        for each in writes
    ]
    kept = {
        each.key.name: Answer(each.key.said, *answer)
        for each, answer in zip(writes, answers, strict=True)
        if each.key and each.key.name not in before and not isinstance(answer, Exception)
    }
    if kept:
        idempotency.keep(connection, moment, kept)
    return answers


def _again(key: Keyed, before: Mapping[Key, Answer]) -> Content | Exception:
    try:
        return key.again(before[key.name])
    except EnvscoutError as error:
        return error


def _content(row: Route, result: Any) -> Content | Exception:
    return result if isinstance(result, Exception) else (row.status, encode(result))

"""What changes by time alone: exceptions that end, or are about to; releases and feeds whose time is over."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from envscout.model import Distribution, News, NewsFacts
from envscout.names import moment, releases
from envscout.store import Connection, exceptions, findings, lapse, news, standing

_DAY = 86_400_000_000


def by_time(connection: Connection, at: int, warn_days: int) -> int:
    """Mark what time alone changed since it was last looked; tell what is about to end."""
    since = standing.checked(connection)
    standing.put_checked(connection, max(at, since or 0))
    count = _expiring(connection, at, warn_days)
    if since is None or since >= at:
        return count
    ended = lapse.ended(connection, since, at)
    for entry in _entries(connection, ended):
        standing.mark_names(connection, findings.resolve(connection, entry.statement.names[0]))
    days = (moment.show(since)[:10], moment.show(at)[:10])
    if days[0] != days[1]:
        lapse.mark_exploited(connection, *days)
        _mark_ended_releases(connection, since, at)
    if lapse.last_run(connection) > since:
        lapse.mark_unserved(connection)
    told = [_exception_news("exception-ended", each, at) for each in _entries(connection, ended)]
    return count + news.append(connection, told)


def _expiring(connection: Connection, at: int, warn_days: int) -> int:
    numbers = lapse.expiring(connection, at, at + warn_days * _DAY)
    lapse.put_told(connection, numbers, at)
    return news.append(
        connection, [_exception_news("exception-expiring", each, at) for each in _entries(connection, numbers)]
    )


def _entries(connection: Connection, numbers: Iterable[int]) -> Iterator[exceptions.Entry]:
    for number in numbers:
        yield from exceptions.entries(connection, number=number, removed=True)


def _exception_news(kind: str, entry: exceptions.Entry, at: int) -> News:
    said = entry.statement
    (product,) = said.products
    return News(
        kind=kind,  # type: ignore[arg-type]  # both are kinds
        at=at,
        organization=product.organization,
        environment=product.environment,
        service=product.service,
        vulnerability=said.names[0],
        digest=product.digest,
        direction="worse",
        cause="exception",
        facts=NewsFacts(about=str(entry.number), text=said.why, until=said.until, actor=said.who),
    )


def _mark_ended_releases(connection: Connection, since: int, at: int) -> None:
    """Mark what runs on a release whose support ended between two moments."""
    first, last = (datetime.fromtimestamp(each / 1_000_000, UTC).date() for each in (since, at))
    for text in lapse.distributions(connection):
        end = releases.support_end(msgspec.json.decode(text, type=Distribution))
        if end is not None and first <= end < last:
            lapse.mark_distribution(connection, text)

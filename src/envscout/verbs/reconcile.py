"""Tell the world what changed: what is marked is looked at again, and compared with what was told.

One transaction writes the news, what stands told, and takes the marks away, so that a crash at any point loses and
repeats nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime

import msgspec

from envscout.findings.heeding import Heed
from envscout.model import Distribution, News, NewsFacts
from envscout.model.finding import WORDS
from envscout.names import moment, releases
from envscout.standing.fleet import Fleet
from envscout.standing.present import Asked, Present, present
from envscout.standing.turn import Turn, Why, is_same, turn
from envscout.standing.unknown import unknown
from envscout.store import Connection, Database, exceptions, findings, news, now, standing
from envscout.store.standing import Key, Slot, Told

VULNERABILITIES = 1_000
"""Those that are looked at in one transaction, wherever they are."""

SERVICES = 400
"""Those of one environment that are looked at in one transaction."""

_PACKAGES = 5
_NAMED = 3
_DAY = 86_400_000_000
_HEED = Heed()


class Reconciled(msgspec.Struct, frozen=True):
    """What was done. news: how much was told; left: what is marked still."""

    news: int = 0
    left: int = 0


class _Look(msgspec.Struct):
    """What is compared in one transaction. env_id: 0 for all. told: whether anybody is to hear of it."""

    env_id: int
    wanted: Collection[int]
    fleet: Fleet
    at: int
    heed: Heed
    deployed: bool
    told: bool = True


def reconcile(
    database: Database, heed: Heed = _HEED, warn_days: int = 7, batches: int = 0, at: int | None = None
) -> Reconciled:
    """Tell what changed since it was last told. heed: whose statements about what does not count are heeded.

    warn_days: before an exception ends. batches: after how many transactions to stop; 0: when nothing is left. at: the
    moment that it is now, None for the clock's.
    """
    done = 0
    count = 0
    while True:
        with database.write() as connection:
            moment_now = now() if at is None else at
            done += 0 if count else _by_time(connection, moment_now, warn_days)
            more = _batch(connection, heed, moment_now)
            left = standing.marks(connection)
        done += more
        count += 1
        if not left or count == batches:
            return Reconciled(done, left)


def _batch(connection: Connection, heed: Heed, at: int) -> int:
    """Look at some of what is marked; return how much was told."""
    found = standing.marked_environment(connection)
    if found is None:
        return _vulnerabilities(connection, heed, at)
    kind, env_id = found
    if kind != "slot":
        return _environment(connection, env_id, heed, at, told=kind != "baseline")
    services = standing.marked(connection, "slot", env_id, SERVICES)
    done = _services(connection, env_id, services, heed, at)
    standing.unmark(connection, "slot", env_id, services)
    return done


def _vulnerabilities(connection: Connection, heed: Heed, at: int) -> int:
    """Look at vulnerabilities wherever they are."""
    numbers = standing.marked(connection, "vulnerability", 0, VULNERABILITIES)
    if not numbers:
        return 0
    running = standing.running(connection)
    standing.make_room(connection)
    fleet = Fleet(running, standing.near(connection, {image_id for *_, image_id in running}))
    done = _compare(connection, _Look(0, numbers, fleet, at, heed, deployed=False))
    standing.unmark(connection, "vulnerability", 0, numbers)
    return done


def _environment(connection: Connection, env_id: int, heed: Heed, at: int, *, told: bool) -> int:
    """Look at all of an environment."""
    running = standing.running(connection, env_id)
    services = {service for _, service, _ in running} | standing.slots(connection, env_id).keys()
    done = _services(connection, env_id, services, heed, at, wholly=True, told=told)
    standing.unmark_environment(connection, env_id)
    return done


def _services(
    connection: Connection,
    env_id: int,
    services: Collection[int],
    heed: Heed,
    at: int,
    *,
    wholly: bool = False,
    told: bool = True,
) -> int:
    """Look at what some services of an environment ran and run."""
    running = standing.running(connection, env_id)
    before = standing.slots(connection, env_id)
    after: dict[int, set[int]] = {service: set() for service in services}
    for _, service, image_id in running:
        if service in after:
            after[service].add(image_id)
    involved = {each for found in after.values() for each in found}
    involved |= {each for service in services if service in before for each in before[service].images}
    wanted = _in_images(connection, involved)
    wanted |= standing.told_in(connection, env_id) if wholly else set()
    standing.make_room(connection)
    fleet = Fleet(running, standing.near(connection, {image_id for *_, image_id in running}))
    standing.look_near(connection)
    done = _compare(connection, _Look(env_id, wanted, fleet, at, heed, deployed=True, told=told))
    return done + _slots(connection, env_id, before, after, at, told=told)


def _in_images(connection: Connection, image_ids: Iterable[int]) -> set[int]:
    standing.make_room(connection)
    standing.near(connection, image_ids)
    standing.look_near(connection)
    return standing.vulnerabilities_near(connection)


def _compare(connection: Connection, look: _Look) -> int:
    """Compare what stands with what was told, and write down the difference; return how much was told."""
    standing.want(connection, look.wanted)
    skipped = set() if look.env_id else standing.baselines(connection)
    env_ids = [look.env_id] if look.env_id else [each for each in look.fleet.base if each not in skipped]
    asked = Asked(bool(look.env_id), look.heed, look.at)
    found = present(connection, look.fleet, env_ids, asked)
    told = {key: each for key, each in standing.told(connection, look.env_id).items() if key[1] not in skipped}
    fresh = {key: each for key, each in found.states.items() if key not in told or not is_same(told[key], each)}
    gone = told.keys() - found.states.keys()
    count = _tell(connection, look, found, told, {**fresh, **dict.fromkeys(gone)}) if look.told else 0
    kept = {key: _since(each, told.get(key)) for key, each in fresh.items()}
    standing.keep(connection, kept, gone, look.at)
    return count


def _since(fresh: Told, told: Told | None) -> Told:
    return fresh if told is None else msgspec.structs.replace(fresh, since=told.since)


def _tell(
    connection: Connection, look: _Look, found: Present, told: Mapping[Key, Told], changed: Mapping[Key, Told | None]
) -> int:
    withdrawn = standing.withdrawn(connection) if changed else set()
    turns: dict[Key, Turn] = {}
    for key, after in changed.items():
        what = turn(told.get(key), after, Why(look.deployed, key[0] in withdrawn))
        if what is not None:
            turns[key] = what
    chosen = {key: _packages(found, look.fleet, key) for key in turns}
    purls = standing.purls(connection, {each for few in chosen.values() for each in few})
    places = standing.environments(connection)
    names = {number: name for (_, name), number in standing.services(connection).items()}

    def entries() -> Iterator[News]:
        for key in sorted(turns, key=lambda each: (each[1], each[0])):
            what, after, before = turns[key], changed[key], told.get(key)
            signal = found.signals[key[0]]
            organization, environment = places[key[1]]
            count, first = _services_of(after or before)
            services = [names[each] for each in first]
            yield News(
                kind=what.kind,
                at=look.at,
                organization=organization,
                environment=environment,
                service=services[0] if count == 1 else "",
                vulnerability=signal.name,
                severity=WORDS[(after if what.kind != "resolved" and after else before or after).level],  # type: ignore[union-attr]
                direction=what.direction,
                cause=what.cause,
                facts=NewsFacts(
                    text=_text(what, services, count, withdrawn=key[0] in withdrawn),
                    before=WORDS[before.level] if before and not before.suppressed else "",
                    kev=signal.kev,
                    epss=signal.score,
                    fixable=bool(after and after.fixed),
                    packages=tuple(purls[each] for each in chosen[key] if each in purls),
                ),
            )

    return news.append(connection, entries())


def _services_of(told: Told | None) -> tuple[int, list[int]]:
    """Return how many services there are, and the first few of them."""
    from pyroaring import BitMap

    found = BitMap.deserialize(told.services) if told else BitMap()
    return len(found), [found[place] for place in range(min(_NAMED, len(found)))]


def _packages(found: Present, fleet: Fleet, key: Key) -> list[int]:
    """Return a few of the packages that have a vulnerability in an environment."""
    here = fleet.of_environment.get(key[1])
    if here is None:
        return []
    few: list[int] = []
    for pkg_id, slots in found.packages.get(key[0], ()):
        if slots.intersect(here):
            few.append(pkg_id)
            if len(few) == _PACKAGES:
                break
    return few


def _text(what: Turn, services: list[str], count: int, *, withdrawn: bool) -> str:
    where = ", ".join(services) + (f" and {count - len(services)} more" if count > len(services) else "")
    if what.kind == "resolved":
        if what.cause == "advisory":
            return "its advisories were withdrawn" if withdrawn else "its advisories do not speak of what runs any more"
        return {"exception": "somebody said that it does not count"}.get(
            what.cause, "nothing that has it runs any more"
        )
    return f"in {where}" if where else ""


def _slots(
    connection: Connection,
    env_id: int,
    before: Mapping[int, Slot],
    after: Mapping[int, set[int]],
    at: int,
    *,
    told: bool,
) -> int:
    """Write down what services run, and tell which of them nothing can be said of that could be before."""
    reasons = unknown(connection, {each for found in after.values() for each in found}, at)
    fresh: dict[int, Slot | None] = {}
    for service, image_ids in after.items():
        codes = sorted({code for each in image_ids for code in reasons.get(each, "").split()})
        fresh[service] = Slot(tuple(sorted(image_ids)), " ".join(codes)) if image_ids else None
    standing.put_slots(connection, env_id, fresh)
    if not told:
        return 0
    organization, environment = standing.environments(connection)[env_id]
    names = {number: name for (_, name), number in standing.services(connection).items()}
    return news.append(
        connection,
        [
            News(
                kind="unknown-coverage",
                at=at,
                organization=organization,
                environment=environment,
                service=names[service],
                direction="worse",
                cause="deployment",
                facts=NewsFacts(text=slot.unknown),
            )
            for service, slot in fresh.items()
            if slot and slot.unknown and slot.unknown != (before[service].unknown if service in before else "")
        ],
    )


def _by_time(connection: Connection, at: int, warn_days: int) -> int:
    """Mark what time alone changed since it was last looked; tell what is about to end."""
    since = standing.checked(connection)
    standing.put_checked(connection, max(at, since or 0))
    count = _expiring(connection, at, warn_days)
    if since is None or since >= at:
        return count
    ended = standing.ended(connection, since, at)
    for entry in _entries(connection, ended):
        standing.mark_names(connection, findings.resolve(connection, entry.statement.names[0]))
    days = (moment.show(since)[:10], moment.show(at)[:10])
    if days[0] != days[1]:
        standing.mark_exploited(connection, *days)
        _mark_ended_releases(connection, since, at)
    if standing.last_run(connection) > since:
        standing.mark_unserved(connection)
    told = [_exception_news("exception-ended", each, at) for each in _entries(connection, ended)]
    return count + news.append(connection, told)


def _expiring(connection: Connection, at: int, warn_days: int) -> int:
    numbers = standing.expiring(connection, at, at + warn_days * _DAY)
    standing.put_told(connection, numbers, at)
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
    for text in standing.distributions(connection):
        end = releases.support_end(msgspec.json.decode(text, type=Distribution))
        if end is not None and first <= end < last:
            standing.mark_distribution(connection, text)

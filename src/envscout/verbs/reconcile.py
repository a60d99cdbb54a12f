"""Tell the world what changed: what is marked is looked at again, and compared with what was told.

One transaction writes the news, what stands told, and takes the marks away, so that a crash at any point loses and
repeats nothing.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice

import msgspec

from envscout.findings.heeding import Heed
from envscout.model import News, NewsFacts
from envscout.model.finding import WORDS
from envscout.standing.fleet import Fleet
from envscout.standing.present import Asked, Present, looked_at, present
from envscout.standing.times import by_time
from envscout.standing.turn import Turn, Why, turn
from envscout.standing.unknown import unknown
from envscout.store import Connection, Database, generations, news, now, standing
from envscout.store.standing import Key, Slot, Told

VULNERABILITIES = 500
"""Those that are looked at in one transaction, wherever they are: well below a second."""

SERVICES = 40
"""Those of one environment that are looked at in one transaction."""

RUNNING = 1_000
"""Those that are written down in one transaction before all of their environment is looked at."""

_PACKAGES = 5
_NAMED = 3
_HEED = Heed()
_NOWHERE = Told(0, b"")


class Reconciled(msgspec.Struct, frozen=True):
    """What was done. news: how much was told; left: what is marked still."""

    news: int = 0
    left: int = 0


class _Look(msgspec.Struct):
    """What is compared in one transaction. env_id: 0 for all. told: whether anybody is to hear of it.

    env_ids: the environments that are looked at; where nobody is to hear of it.
    """

    env_id: int
    wanted: Collection[int]
    fleet: Fleet
    at: int
    heed: Heed
    deployed: bool
    told: bool = True
    env_ids: Collection[int] = ()


def reconcile(
    database: Database,
    heed: Heed = _HEED,
    warn_days: int = 7,
    batches: int = 0,
    at: int | None = None,
    seconds: float = 0.0,
) -> Reconciled:
    """Tell what changed since it was last told. heed: whose statements about what does not count are heeded.

    warn_days: before an exception ends. batches: after how many transactions to stop; 0: when nothing is left. at: the
    moment that it is now, None for the clock's. seconds: after which nothing more is begun; 0: never.
    """
    done = count = 0
    ends = time.monotonic() + seconds
    memory = _Memory()
    while True:
        with database.write() as connection:
            moment_now = now() if at is None else at
            done += 0 if count else by_time(connection, moment_now, warn_days)
            done += _batch(connection, memory, heed, moment_now)
            left = standing.marks(connection)
        count += 1
        if not left or count == batches or (seconds and time.monotonic() > ends):
            return Reconciled(done, left)


class _Memory:
    """What runs, kept from one transaction to the next for as long as nothing was recorded in between."""

    def __init__(self) -> None:
        self._seen: tuple[int, int] | None = None
        self._fleet = Fleet((), ())
        self.written: tuple[Fleet, Collection[int]] | None = None

    def is_written(self, fleet: Fleet, env_ids: Collection[int]) -> bool:
        """Tell whether it was written already what runs in some environments."""
        return self.written is not None and self.written[0] is fleet and self.written[1] == env_ids

    def fleet(self, connection: Connection) -> Fleet:
        """Return what runs; makes room."""
        come = generations.generations(connection)
        if self._seen == (come.images, come.ran):
            standing.make_room(connection)
        else:
            self._fleet = looked_at(connection)
            self._seen = (come.images, come.ran)
        return self._fleet


def _batch(connection: Connection, memory: _Memory, heed: Heed, at: int) -> int:
    """Look at some of what is marked; return how much was told."""
    found = standing.marked_environment(connection)
    if found is None:
        return _vulnerabilities(connection, memory, heed, at)
    kind, env_id = found
    if kind == "baseline":
        return _baseline(connection, memory, heed, at)
    if kind == "environment":
        return _environment(connection, env_id, heed, at)
    services = standing.marked(connection, "slot", env_id, SERVICES)
    done = _services(connection, env_id, services, heed, at)
    standing.unmark(connection, "slot", env_id, services)
    return done


def _vulnerabilities(connection: Connection, memory: _Memory, heed: Heed, at: int) -> int:
    """Look at vulnerabilities wherever they are."""
    numbers = standing.marked(connection, "vulnerability", 0, VULNERABILITIES)
    if not numbers:
        return 0
    done = _compare(connection, _Look(0, numbers, memory.fleet(connection), at, heed, deployed=False))
    standing.unmark(connection, "vulnerability", 0, numbers)
    return done


def _baseline(connection: Connection, memory: _Memory, heed: Heed, at: int) -> int:
    """Look at the next vulnerabilities in environments of which nobody was told anything yet, and tell nobody."""
    done = standing.baselines(connection)
    number = min(done.values())
    env_ids = frozenset(env_id for env_id, each in done.items() if each == number)
    fleet = memory.fleet(connection)
    if not memory.is_written(fleet, env_ids):
        if _write_running(connection, fleet, env_ids, at):
            return 0
        memory.written = (fleet, env_ids)
    numbers = standing.following(connection, number, VULNERABILITIES)
    if numbers:
        look = _Look(0, numbers, fleet, at, heed, deployed=False, told=False, env_ids=env_ids)
        _compare(connection, look)
        standing.proceed(connection, env_ids, numbers[-1])
    else:
        for env_id in env_ids:
            standing.unmark(connection, "baseline", env_id, (number,))
    return 0


def _write_running(connection: Connection, fleet: Fleet, env_ids: Collection[int], at: int) -> bool:
    """Add some images that run to those that services were seen to run; return whether there were any to add.

    Whatever is kept as told rests on one of them, so that it is looked at again where a service changes meanwhile.
    """
    seen = standing.every_slot(connection)
    running: dict[tuple[int, int], set[int]] = defaultdict(set)
    for env_id, service, image_id in fleet.running:
        if env_id in env_ids:
            running[env_id, service].add(image_id)
    fresh = {
        (env_id, service): image_ids.union(seen[env_id][service].images if service in seen[env_id] else ())
        for (env_id, service), image_ids in running.items()
        if service not in seen[env_id] or not image_ids.issubset(seen[env_id][service].images)
    }
    fresh = dict(islice(fresh.items(), RUNNING))
    reasons = unknown(connection, {each for found in fresh.values() for each in found}, at)
    by_environment: dict[int, dict[int, Slot | None]] = defaultdict(dict)
    for (env_id, service), image_ids in fresh.items():
        by_environment[env_id][service] = _slot(image_ids, reasons)
    for env_id, found in by_environment.items():
        standing.put_slots(connection, env_id, found)
    return bool(fresh)


def _environment(connection: Connection, env_id: int, heed: Heed, at: int) -> int:
    """Look at all of an environment."""
    running = standing.running(connection, env_id)
    services = {service for _, service, _ in running} | standing.slots(connection, env_id).keys()
    done = _services(connection, env_id, services, heed, at, wholly=True)
    standing.unmark_environment(connection, env_id)
    return done


def _services(
    connection: Connection, env_id: int, services: Collection[int], heed: Heed, at: int, *, wholly: bool = False
) -> int:
    """Look at what some services of an environment ran and run."""
    before = standing.slots(connection, env_id)
    after: dict[int, set[int]] = {service: set() for service in services}
    for _, service, image_id in standing.running(connection, env_id):
        if service in after:
            after[service].add(image_id)
    involved = {each for found in after.values() for each in found}
    involved |= {each for service in services if service in before for each in before[service].images}
    wanted = _in_images(connection, involved)
    wanted |= standing.told_in(connection, env_id) if wholly else set()
    fleet = looked_at(connection, env_id)
    standing.look_near(connection)
    done = _compare(connection, _Look(env_id, wanted, fleet, at, heed, deployed=True))
    return done + _slots(connection, env_id, before, after, at)


def _in_images(connection: Connection, image_ids: Iterable[int]) -> set[int]:
    standing.make_room(connection)
    standing.near(connection, image_ids)
    standing.look_near(connection)
    return standing.vulnerabilities_near(connection)


def _compare(connection: Connection, look: _Look) -> int:
    """Compare what stands with what was told, and write down the difference; return how much was told."""
    standing.want(connection, look.wanted)
    env_ids = look.env_ids or {look.env_id} if look.env_id or look.env_ids else None
    if env_ids is None:
        env_ids = standing.environments(connection).keys() - standing.baselines(connection).keys()
    found = present(connection, look.fleet, env_ids, Asked(bool(look.env_id), look.heed, look.at))
    told = {key: each for key, each in standing.told(connection, look.env_id).items() if key[1] in env_ids}
    fresh = {key: each for key, each in found.states.items() if told.get(key) != each}
    gone = told.keys() - found.states.keys()
    count = _tell(connection, look, found, told, {**fresh, **dict.fromkeys(gone)}) if look.told else 0
    standing.keep(connection, fresh, gone)
    return count


def _tell(
    connection: Connection, look: _Look, found: Present, told: Mapping[Key, Told], changed: Mapping[Key, Told | None]
) -> int:
    withdrawn = standing.withdrawn(connection) if changed else set()
    turns: dict[Key, Turn] = {}
    for key, after in changed.items():
        what = turn(told.get(key), after, Why(look.deployed, key[0] in withdrawn))
        if what is not None:
            turns[key] = what
    held = _Held(found, look.fleet, turns)
    chosen = {key: held(key) for key in sorted(turns)}
    purls = standing.purls(connection, {each for few in chosen.values() for each in few})
    places = standing.environments(connection)
    names = {number: name for (_, name), number in standing.services(connection).items()}

    def entries() -> Iterator[News]:
        for key, few in chosen.items():
            what, after, before = turns[key], changed[key], told.get(key)
            signal = found.signals[key[0]]
            organization, environment = places[key[1]]
            numbers = (after or before or _NOWHERE).numbers
            count, services = len(numbers), [names[each] for each in numbers[:_NAMED]]
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
                    packages=tuple([purls[each] for each in few if each in purls]),
                ),
            )

    return news.append(connection, entries())


class _Held:
    """A few of the packages that have a vulnerability in an environment."""

    def __init__(self, found: Present, fleet: Fleet, wanted: Iterable[Key]) -> None:
        self._found = found
        self._fleet = fleet
        self._places: dict[int, list[int]] = {}
        self._vuln_id = 0
        self._few: dict[int, list[int]] = {}
        self._count = Counter(vuln_id for vuln_id, _ in wanted)

    def __call__(self, key: Key) -> list[int]:
        """Return them; best asked for one vulnerability after the other."""
        if key[0] != self._vuln_id:
            self._vuln_id, self._few = key[0], defaultdict(list)
            left = _PACKAGES * self._count[key[0]]
            for pkg_id, slots in self._found.packages.get(key[0], ()):
                if pkg_id not in self._places:
                    self._places[pkg_id] = self._fleet.among(slots)
                for env_id in self._places[pkg_id]:
                    few = self._few[env_id]
                    if len(few) < _PACKAGES:
                        few.append(pkg_id)
                        left -= 1
                if left <= 0:
                    break
        return self._few.get(key[1], [])


def _text(what: Turn, services: list[str], count: int, *, withdrawn: bool) -> str:
    where = ", ".join(services) + (f" and {count - len(services)} more" if count > len(services) else "")
    if what.kind == "resolved":
        if what.cause == "advisory":
            return "its advisories were withdrawn" if withdrawn else "its advisories do not speak of what runs any more"
        return {"exception": "somebody said that it does not count"}.get(
            what.cause, "nothing that has it runs any more"
        )
    return f"in {where}" if where else ""


def _slot(image_ids: Collection[int], reasons: Mapping[int, str]) -> Slot:
    codes = sorted({code for each in image_ids for code in reasons.get(each, "").split()})
    return Slot(tuple(sorted(image_ids)), " ".join(codes))


def _slots(
    connection: Connection,
    env_id: int,
    before: Mapping[int, Slot],
    after: Mapping[int, set[int]],
    at: int,
) -> int:
    """Write down what services run, and tell which of them nothing can be said of that could be before."""
    reasons = unknown(connection, {each for found in after.values() for each in found}, at)
    fresh: dict[int, Slot | None] = {}
    for service, image_ids in after.items():
        fresh[service] = _slot(image_ids, reasons) if image_ids else None
    standing.put_slots(connection, env_id, fresh)
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

"""Tell the world what changed: what is marked is looked at again, and compared with what was told.

It is looked at without a lock, as it was at one moment; then one short transaction writes the news, what stands told,
and takes the marks away, so that a crash at any point loses and repeats nothing. What changes in between is marked
again, and such a mark stays: it is as if all had been written at the moment of the look. What is marked by what stands
has all of it looked at again.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import islice

import msgspec

from envscout.findings.heeding import Heed
from envscout.model import News, NewsFacts
from envscout.standing.fleet import Fleet
from envscout.standing.present import Asked, looked_at, present
from envscout.standing.telling import Compared, news_of
from envscout.standing.times import by_time
from envscout.standing.unknown import unknown
from envscout.store import Connection, Database, generations, news, now, standing
from envscout.store.standing import Key, Mark, Slot, Told

VULNERABILITIES = 250
"""Those that are looked at together, wherever they are: what is written of them takes well below half a second."""

SERVICES = 40
"""Those of one environment that are looked at together."""

RUNNING = 1_000
"""Those that are written down in one transaction before all of their environment is looked at."""

_HEED = Heed()


class Reconciled(msgspec.Struct, frozen=True):
    """What was done. news: how much was told; left: what is marked still."""

    news: int = 0
    left: int = 0


class _Plan(msgspec.Struct):
    """What a look found to be written down. turn: when it was looked at. marks: that are done with.

    slots: by environment. proceed: environments, and the vulnerability up to which they were looked at.
    """

    turn: int
    marks: list[Mark] = []
    told: list[news.Values] = []
    fresh: dict[Key, Told] = {}
    gone: Collection[Key] = ()
    slots: dict[int, dict[int, Slot | None]] = {}
    proceed: tuple[Collection[int], int] | None = None


class _Look(msgspec.Struct):
    """What is compared. env_id: 0 for all. told: whether anybody is to hear of it.

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
    count = 0
    ends = time.monotonic() + seconds
    memory = _Memory()
    with database.write() as connection:
        done = by_time(connection, now() if at is None else at, warn_days)
        left = standing.marks(connection)
    while left and not (batches and count >= batches) and not (seconds and count and time.monotonic() > ends):
        with database.read() as connection:
            plan = _plan(connection, memory, heed, now() if at is None else at)
        with database.write() as connection:
            # Else somebody wrote what stands, or marked by what stood, since this was looked at.
            if standing.turn(connection) == plan.turn:
                done += _write(connection, plan)
                count += 1
            left = standing.marks(connection)
    return Reconciled(done, left)


def _write(connection: Connection, plan: _Plan) -> int:
    """Write down what was found; return how much was told."""
    standing.next_turn(connection)
    count = news.append_values(connection, plan.told)
    standing.keep(connection, plan.fresh, plan.gone)
    for env_id, found in plan.slots.items():
        standing.put_slots(connection, env_id, found)
    if plan.proceed:
        standing.proceed(connection, *plan.proceed)
    standing.unmark(connection, plan.marks)
    return count


class _Memory:
    """What runs, kept from one look to the next for as long as nothing was recorded in between."""

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


def _plan(connection: Connection, memory: _Memory, heed: Heed, at: int) -> _Plan:
    """Look at some of what is marked."""
    plan = _Plan(standing.turn(connection))
    found = standing.marked_environment(connection)
    if found is None:
        _vulnerabilities(connection, plan, memory, heed, at)
        return plan
    kind, env_id = found
    if kind == "baseline":
        _baseline(connection, plan, memory, heed, at)
    elif kind == "environment":
        _environment(connection, plan, env_id, heed, at)
    else:
        plan.marks = standing.marked(connection, "slot", env_id, SERVICES)
        _services(connection, plan, env_id, [each.number for each in plan.marks], heed, at)
    return plan


def _vulnerabilities(connection: Connection, plan: _Plan, memory: _Memory, heed: Heed, at: int) -> None:
    """Look at vulnerabilities wherever they are."""
    plan.marks = standing.marked(connection, "vulnerability", 0, VULNERABILITIES)
    numbers = [each.number for each in plan.marks]
    if numbers:
        _compare(connection, plan, _Look(0, numbers, memory.fleet(connection), at, heed, deployed=False))


def _baseline(connection: Connection, plan: _Plan, memory: _Memory, heed: Heed, at: int) -> None:
    """Look at the next vulnerabilities in environments of which nobody was told anything yet, and tell nobody."""
    done = standing.baselines(connection)
    number = min(each.number for each in done)
    marks = [each for each in done if each.number == number]
    env_ids = frozenset(each.env_id for each in marks)
    fleet = memory.fleet(connection)
    if not memory.is_written(fleet, env_ids):
        plan.slots = _running(connection, fleet, env_ids, at)
        if plan.slots:
            return
        memory.written = (fleet, env_ids)
    numbers = standing.following(connection, number, VULNERABILITIES)
    if numbers:
        _compare(connection, plan, _Look(0, numbers, fleet, at, heed, deployed=False, told=False, env_ids=env_ids))
        plan.proceed = (env_ids, numbers[-1])
    else:
        plan.marks = marks


def _running(
    connection: Connection, fleet: Fleet, env_ids: Collection[int], at: int
) -> dict[int, dict[int, Slot | None]]:
    """Return some images that run beside those that services were seen to run, by environment and service.

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
    return by_environment


def _environment(connection: Connection, plan: _Plan, env_id: int, heed: Heed, at: int) -> None:
    """Look at all of an environment."""
    plan.marks = standing.marked_in(connection, env_id)
    running = standing.running(connection, env_id)
    services = {service for _, service, _ in running} | standing.slots(connection, env_id).keys()
    _services(connection, plan, env_id, services, heed, at, wholly=True)


def _services(
    connection: Connection,
    plan: _Plan,
    env_id: int,
    services: Collection[int],
    heed: Heed,
    at: int,
    *,
    wholly: bool = False,
) -> None:
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
    _compare(connection, plan, _Look(env_id, wanted, fleet, at, heed, deployed=True))
    _slots(connection, plan, env_id, before, after, at)


def _in_images(connection: Connection, image_ids: Iterable[int]) -> set[int]:
    standing.make_room(connection)
    standing.near(connection, image_ids)
    standing.look_near(connection)
    return standing.vulnerabilities_near(connection)


def _compare(connection: Connection, plan: _Plan, look: _Look) -> None:
    """Compare what stands with what was told; plan to write down the difference, and to tell it."""
    standing.want(connection, look.wanted)
    env_ids = look.env_ids or {look.env_id} if look.env_id or look.env_ids else None
    if env_ids is None:
        env_ids = standing.environments(connection).keys() - {each.env_id for each in standing.baselines(connection)}
    found = present(connection, look.fleet, env_ids, Asked(bool(look.env_id), look.heed, look.at))
    told = {key: each for key, each in standing.told(connection, look.env_id).items() if key[1] in env_ids}
    plan.fresh = {key: each for key, each in found.states.items() if told.get(key) != each}
    plan.gone = told.keys() - found.states.keys()
    if look.told:
        changed = {**plan.fresh, **dict.fromkeys(plan.gone)}
        of = Compared(found, look.fleet, told, changed, look.deployed, look.at)
        plan.told += map(news.values, news_of(connection, of))


def _slot(image_ids: Collection[int], reasons: Mapping[int, str]) -> Slot:
    codes = sorted({code for each in image_ids for code in reasons.get(each, "").split()})
    return Slot(tuple(sorted(image_ids)), " ".join(codes))


def _slots(
    connection: Connection,
    plan: _Plan,
    env_id: int,
    before: Mapping[int, Slot],
    after: Mapping[int, set[int]],
    at: int,
) -> None:
    """Plan to write down what services run, and to tell which of them nothing can be said of that could be before."""
    reasons = unknown(connection, {each for found in after.values() for each in found}, at)
    fresh: dict[int, Slot | None] = {}
    for service, image_ids in after.items():
        fresh[service] = _slot(image_ids, reasons) if image_ids else None
    plan.slots = {env_id: fresh}
    organization, environment = standing.environments(connection)[env_id]
    names = {number: name for (_, name), number in standing.services(connection).items()}
    plan.told += [
        news.values(
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
        )
        for service, slot in fresh.items()
        if slot and slot.unknown and slot.unknown != (before[service].unknown if service in before else "")
    ]

"""From the commit of a refresh to the last of the notifications it makes, on a large fleet, through the real product.

    python bench/refresh.py [--work FOLDER] [--scale 0.05] [--advisories 1000] [--times 3] [--store postgresql]

Takes the fleet of bench/synthetic.py, lets everything that runs be told once (the baseline, which tells nobody; kept in
FOLDER), has a web hook told everything and two chats what is grave in some environments, with the usual budget, and
starts `envscout worker`. Then this process applies feeds of new advisories, as `envscout db update` does beside it:
"ordinary" ones, drawn as the fleet's own are, and the "worst", all about packages that run nearly everywhere. Seconds
are counted from just before the commit: to the last news, to the last message that is kept to be sent, and to the last
request that the receiver took. "waited" is how long another writer waited for its turn at most; "cpu" is the worker's.
At the end "bare SQL" is the least that finds what a refresh touched: one row for each environment, service and
vulnerability.

The bar: 5 s to the last of it. The peers, by their default settings at worst: Clair 13 h (updaters every 6 h, notifier
every 1 h and their periods), StackRox 4.5 h, Dependency-Track 26 h.
"""

import argparse
import contextlib
import gc
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import server_store
from fleet import fleet
from measure import heading, program
from receiver import Receiver, Told, receiving
from shape import POSITIONS, RELEASE_COUNT, Pool, Sizes, name_of, pools, version
from sql import queries

from envscout.notify.declared import Channel
from envscout.notify.rules import Rule
from envscout.store import Connection, Database, Place, news, now, outbox, standing
from envscout.verbs import channels
from envscout.verbs.reconcile import reconcile
from envscout.verbs.update.run import update

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.servers.program import running

PEERS = "the peers, by default at worst: Clair 13 h, StackRox 4.5 h, Dependency-Track 26 h"
_HEAD = ("refresh", "applied s", "news", "requests", "news s", "made s", "told s", "cpu s", "waited s")
_TOLD = ("standing", "standing_slot", "standing_time")
_GLANCE = 0.02
_PATIENCE = 600.0
_SOON = 60_000_000
"""Microseconds: what is told later waits for its budget."""


def main() -> None:
    """Build, measure, print."""
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "envscout-bench", help="kept fleet")
    wanted.add_argument("--scale", type=float, default=1.0, help="size, 1 = 20,000 images")
    wanted.add_argument("--advisories", type=int, default=1_000, help="new ones in each refresh")
    wanted.add_argument("--times", type=int, default=3, help="refreshes")
    wanted.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite", help="where the fleet is")
    options = wanted.parse_args()
    heading()
    # As the program does, which looks for cycles seldom.
    gc.set_threshold(50_000)
    sizes = Sizes() if options.scale == 1 else Sizes().scaled(options.scale)
    file = _told_once(options.work, options.scale)
    with _home() as home, _place(options.store, file, home) as place, receiving() as receiver:
        with Timed(place) as database, _worker(home, place) as pid:
            _listen(database, receiver.url)
            print(f"# {PEERS}")
            print("".join(f"{each:>12}" for each in _HEAD))
            names = [f"{kind}-{number}" for kind in KINDS for number in range(options.times)]
            for name in names:
                records = _records(sizes, name, options.advisories)
                _print(name, Refresh(database, home, receiver, pid).run(name, records))
        with Database(place) as database:
            for name in names:
                print("# bare SQL for {}: {:.2f} s, {:.2f} s of CPU".format(name, *_bare(database, name)))
        for path, told in sorted(receiver.told().items()):
            print(f"# {path}: {told.requests} requests, {told.different_news:,} news, {told.more:,} more counted")


class Timed(Database):
    """A store that knows how long its write lock was held at most, in seconds."""

    longest = 0.0

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """Do as every store does."""
        with super().write() as connection:
            began = time.perf_counter()
            yield connection
        self.longest = max(self.longest, time.perf_counter() - began)


def _told_once(work: Path, scale: float) -> Path:
    """Return the fleet of which everything was told once, made where it is not there yet."""
    source = fleet(work, scale)
    into = work / f"told-{source.stem}-{Database.schema_at(source)[1]}.db"
    if not into.exists():
        half = into.with_suffix(".half")
        shutil.copy(source, half)
        _baseline(half)
        half.rename(into)
    return into


def _baseline(file: Path) -> None:
    with contextlib.closing(Timed(file)) as database:
        with database.write() as connection:
            standing.mark_all(connection, standing.environments(connection), "baseline")
        began, worked = time.perf_counter(), time.process_time()
        reconcile(database)
        took, worked = time.perf_counter() - began, time.process_time() - worked
        (count,) = database.connection.execute("SELECT count(*) FROM standing").fetchone()
        print(f"# baseline: {count:,} standing in {took:.1f} s, {worked:.1f} s of CPU")
        print(f"# baseline: longest write transaction {database.longest:.2f} s", flush=True)
        database.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextlib.contextmanager
def _home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="envscout-bench-") as home:
        os.environ |= {
            "ENVSCOUT_HOME": home,
            "ENVSCOUT_ALLOW_PRIVATE_ADDRESSES": "127.0.0.1",
            "ENVSCOUT_REFRESH_MINUTES": "0",
        }
        yield Path(home)


@contextlib.contextmanager
def _place(kind: str, file: Path, home: Path) -> Iterator[Place]:
    """Return a store of that kind with what is in a file."""
    if kind == "sqlite":
        yield Path(shutil.copy(file, home / "envscout.db"))
        return
    with server_store.server() as postgres:
        place = postgres.make()
        server_store.copy(file, place, (*server_store.ALL, *_TOLD))
        yield place


@contextlib.contextmanager
def _worker(home: Path, place: Place) -> Iterator[int]:
    """Have the product work on the store, in a process of its own; return its number."""
    os.environ["ENVSCOUT_STORE"] = str(place)
    with Database(place) as database, running([program(), "worker"], home / "log", lambda: _works(database)) as made:
        yield made.pid


def _works(database: Database) -> bool:
    with database.read() as connection:
        return bool(connection.execute("SELECT count(*) FROM worker").fetchone()[0])


def _listen(database: Database, url: str) -> None:
    """Have a program told everything, and two teams what is grave where they look."""
    channels.add(database, "acme", Channel("program", f"{url}/program"))
    channels.add_rule(database, "acme", Rule("everything", "program"))
    for team, environments in (("shop", "env-1*"), ("search", "env-2*")):
        channels.add(database, "acme", Channel(team, f"{url}/{team}", "mattermost"))
        channels.add_rule(database, "acme", Rule(team, team, (environments,), severity="high"))


class Seen(NamedTuple):
    """What one refresh took, in seconds since its commit but for cpu."""

    applied: float
    news: int
    requests: int
    last_news: float
    made: float
    told: float
    cpu: float
    waited: float


class Refresh:
    """One refresh, and what comes of it."""

    def __init__(self, database: Database, home: Path, receiver: Receiver, pid: int) -> None:
        self._database, self._home, self._receiver, self._pid = database, home, receiver, pid
        self._committed = 0.0
        self._waited = 0.0
        self._ended = threading.Event()

    def run(self, name: str, records: list[dict[str, object]]) -> Seen:
        """Apply records, wait until all of it was told, and return what that took."""
        self._until(self._is_still)
        with self._database.read() as connection:
            newest = news.newest(connection)
        before, worked = self._told(), _cpu(self._pid)
        file = self._home / f"refresh-{name}.json"
        file.write_text("\n".join(json.dumps(each) for each in records))
        file = file.rename(file.with_suffix(".jsonl"))
        writer = threading.Thread(target=self._write_beside)
        writer.start()
        self._database.witness = self._note
        began = time.perf_counter()
        update(self._database, [str(file)], lambda _used: (), lambda *_: None)
        applied = time.perf_counter() - began
        self._database.witness = None
        last_news = self._until(lambda connection: standing.marks(connection) == 0)
        made = self._until(self._is_matched)
        self._until(self._is_still)
        self._ended.set()
        writer.join()
        worked = _cpu(self._pid) - worked
        after = self._told()
        with self._database.read() as connection:
            count = news.newest(connection) - newest
        return Seen(
            applied, count, after.requests - before.requests, last_news, made, after.last - self._committed, worked,
            self._waited,
        )  # fmt: skip

    def _note(self, connection: Connection) -> None:
        """Note the moment of the commit after which there is something to tell."""
        if not self._committed and standing.marks(connection):
            self._committed = time.time()

    def _until(self, holds: Callable[[Connection], bool]) -> float:
        """Wait until something holds; return the seconds since the commit."""
        ends = time.monotonic() + _PATIENCE
        while time.monotonic() < ends:
            with self._database.read() as connection:
                if holds(connection):
                    return time.time() - self._committed
            time.sleep(_GLANCE)
        raise TimeoutError("not all of it is told")

    def _is_matched(self, connection: Connection) -> bool:
        return news.cursor(connection, news.NOTIFY) == news.newest(connection)

    def _is_still(self, connection: Connection) -> bool:
        return (
            standing.marks(connection) == 0
            and self._is_matched(connection)
            and not 0 < outbox.next_due(connection) < now() + _SOON
        )

    def _told(self) -> Told:
        found = self._receiver.told().values()
        return Told(sum(each.requests for each in found), last=max((each.last for each in found), default=0.0))

    def _write_beside(self) -> None:
        """Be another writer, who has little to write and waits for a turn."""
        with Database(self._database.place) as mine:
            while not self._ended.wait(0.05):
                began = time.perf_counter()
                with mine.write():
                    self._waited = max(self._waited, time.perf_counter() - began if self._committed else 0.0)


def _bare(database: Database, name: str) -> tuple[float, float]:
    """Return what the least SQL takes that finds what a refresh touched, in seconds, and how much of that is CPU."""
    with database.read() as connection:
        connection.execute(queries("bare")["asked"])
        connection.execute(queries("bare")["put_asked_like"], {"name": f"CVE-2027-{name}-%"})
        began, worked = time.perf_counter(), time.process_time()
        connection.execute(queries("bare")["touched_places"], {"forever": 2**63 - 1}).fetchone()
        return time.perf_counter() - began, time.process_time() - worked


def _cpu(pid: int) -> float:
    """Return the seconds of CPU that a process took."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _print(name: str, seen: Seen) -> None:
    figures = (name, *(f"{each:,}" if isinstance(each, int) else f"{each:.2f}" for each in seen))
    print("".join(f"{each:>12}" for each in figures), flush=True)


def _ordinary(chance: random.Random, sizes: Sizes) -> Iterator[tuple[Pool, int, int]]:
    """Yield pool, rank and fixed position of what one record names, drawn as the fleet's own advisories are."""
    ecosystems = pools(sizes)
    releases, languages = ecosystems[:RELEASE_COUNT], ecosystems[RELEASE_COUNT:]
    if chance.random() < 3 * sizes.cves / (3 * sizes.cves + sizes.language):
        feed = chance.choice([1, 2, 3])
        named = [pool for pool in releases if pool.feed == feed]
    else:
        named = chance.choices(languages, [pool.size for pool in languages])
    popular = list(accumulate((rank + 20) ** -0.1 for rank in range(named[0].size)))
    rank, age = chance.choices(range(named[0].size), cum_weights=popular)[0], chance.random()
    for pool in named:
        yield pool, rank, int(POSITIONS * min(0.9999, max(0.01, age + chance.uniform(-0.05, 0.05))))


def _worst(chance: random.Random, sizes: Sizes) -> Iterator[tuple[Pool, int, int]]:
    """Yield the same of a record about the most popular packages, in up to three ecosystems, of nearly all versions."""
    rank, fixed = int(400 * chance.random() ** 2), chance.randrange(9_000, 10_000)
    for pool in chance.sample(pools(sizes), chance.randint(1, 3)):
        yield pool, rank, fixed


KINDS = {"ordinary": _ordinary, "worst": _worst}


def _records(sizes: Sizes, seed: str, count: int) -> list[dict[str, object]]:
    """Return new records of a kind."""
    chance, kind = random.Random(seed), seed.partition("-")[0]
    return [
        {
            "id": f"CVE-2027-{seed}-{number:05}",
            "modified": "2026-01-02T00:00:00Z",
            "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
            "affected": [_affected(*each) for each in KINDS[kind](chance, sizes)],
        }
        for number in range(count)
    ]


def _affected(pool: Pool, rank: int, fixed: int) -> dict[str, object]:
    events = [{"introduced": "0"}, {"fixed": version(pool.scheme, fixed)}]
    return {
        "package": {"ecosystem": pool.ecosystem, "name": name_of(pool, rank)},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }


if __name__ == "__main__":
    main()

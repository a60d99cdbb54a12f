"""A whole small installation: database, API and worker processes, feeds, a receiver; and the clients that use it."""

import os
import random
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from envscout.model import NEWS_KINDS, Image, Inventory, Package
from envscout.notify.declared import Channel
from envscout.notify.rules import Rule
from envscout.store import Database, Place, images, news, now, outbox, standing
from envscout.verbs import channels
from envscout.verbs.news import READER
from tests.faults.feeds import NAMES, Feeds, record
from tests.faults.load import Load
from tests.faults.programs import PROGRAM, Api, Postgres, Program
from tests.faults.receiver import Receiver

IMAGES = 12
PACKAGES = 15


class World:
    """What a test breaks. Nothing runs at first; everything is stopped by `end`."""

    def __init__(self, folder: Path, place: Place, logs: Path, chance: random.Random, feeds: Feeds) -> None:
        self.folder, self.place, self.logs = folder, place, logs
        self.chance, self.feeds = chance, feeds
        self.receivers: dict[str, Receiver] = {}
        self._ends = ExitStack()
        self.postgres: Postgres | None = None
        self.apis: list[Api] = []
        self.workers: list[Program] = []
        self.loads: list[Load] = []
        self.headers: dict[str, str] = {}
        self.uncertain = 0
        """How often a sender was cut off, and could not know what had arrived."""
        self.env = {
            "ENVSCOUT_HOME": str(folder / "home"),
            "HOME": str(folder / "home"),
            "ENVSCOUT_STORE": str(place),
            "PATH": os.environ["PATH"],
            "TMPDIR": str(folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            # The receiver is on this machine.
            "ENVSCOUT_ALLOW_PRIVATE_ADDRESSES": "127.0.0.1",
            **feeds.settings(),
        }

    @property
    def is_file(self) -> bool:
        """Tell whether the store is a file, on which one process both answers and works."""
        return self.postgres is None

    def database(self) -> Postgres:
        """Return the database server."""
        assert self.postgres is not None
        return self.postgres

    def start(self, apis: int, workers: int, more: Mapping[str, str] | None = None, *words: str) -> None:
        """Start processes of envscout; on a file one that does all.

        more: environment that they alone have. words: that `serve` is told.
        """
        env = {**self.env, **(more or {})}
        if self.is_file:
            apis, workers = 1, 0
        self.apis = [Api(env, self.logs / f"api-{number}.log", *words) for number in range(apis)]
        worker = [str(PROGRAM), "worker", "--concurrency", "2"]
        self.workers = [Program(worker, env, self.logs / f"worker-{number}.log") for number in range(workers)]
        for each in (*self.apis, *self.workers):
            each.start()
        for each in self.apis:
            each.await_ready()

    def listen(self, *modes: str) -> None:
        """Have everything that happens told to receivers, of each of some modes, "ok" if none is named."""
        with Database(self.place) as database:
            for mode in modes or ("ok",):
                name = f"to-{mode}"
                channels.add(database, "", Channel(name, self.receiver(name, mode).address))
                channels.add_rule(database, "", Rule(f"all-{mode}", name, kinds=NEWS_KINDS))

    def receiver(self, channel: str, mode: str = "ok") -> Receiver:
        """Return a receiver that runs, for a channel of a name."""
        self.receivers[channel] = self._ends.enter_context(Receiver(mode))
        return self.receivers[channel]

    def change(self, count: int) -> None:
        """Publish that some advisories are about later versions than was known, and fetch them."""
        records = dict(self.feeds.records)
        for number in self.chance.sample(sorted(records), count):
            records[number] = record(number, self.chance.randrange(2, 6))
        self.feeds.publish(records)
        self.ok("db", "update")

    def left(self, channel: str = "") -> dict[str, int]:
        """Return what is still to be told, to one channel or to all, by where it waits."""
        with Database(self.place) as database, database.read() as connection:
            waiting = [
                each.count
                for each in outbox.counts(connection)
                if each.state in ("waiting", "held") and channel in ("", each.channel)
            ]
            left: dict[str, int] = {
                "marks": standing.marks(connection),
                "news": news.newest(connection) - news.cursor(connection, READER),
                "messages": sum(waiting),
            }
        return {name: count for name, count in left.items() if count}

    def settle(self, seconds: float = 90.0) -> None:
        """Wait until everything is told."""
        self.until(lambda: not self.left(), "not everything is told", seconds)

    def end(self) -> None:
        """Stop everything."""
        for load in self.loads:
            load.stop(0)
        programs = [*self.apis, *self.workers]
        for each in programs:
            each.kill()
        if self.postgres is not None:
            self.postgres.kill()
        self._ends.close()

    def load(self, clients: int = 4) -> Load:
        """Return clients of all API processes."""
        made = Load([each.address for each in self.apis], self.headers, digests(), self.chance, clients)
        self.loads.append(made)
        return made

    def run(self, *words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command, on the store itself unless an environment says otherwise."""
        argv = [str(PROGRAM), *words]
        return subprocess.run(argv, env=env or self.env, capture_output=True, text=True, check=False)

    def ok(self, *words: str, env: Mapping[str, str] | None = None) -> str:
        """Run a command that has to succeed; return what it printed."""
        done = self.run(*words, env=env)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def until(self, true: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        """Wait until something is true. Raise AssertionError with what every process said."""
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, f"{what}: not within {seconds} s: {self.left()}\n{self.said()}"
            time.sleep(0.2)

    def said(self) -> str:
        """Return the end of what every process printed."""
        return "\n".join(f"== {each.log.name}\n{each.said()}" for each in (*self.apis, *self.workers))


def digests() -> list[str]:
    """Return the digests of the images that are stored."""
    return [f"sha256:{number:064x}" for number in range(1, IMAGES + 1)]


def fill(place: Place) -> None:
    """Put the images into a store; advisories are fetched."""
    chance = random.Random(20261127)
    with Database(place) as database:
        for digest in digests():
            names = chance.sample(range(NAMES), PACKAGES)
            inventory = Inventory(packages=tuple(map(_package, names, (chance.randrange(1, 5) for _ in names))))
            with database.write() as connection:
                images.put(connection, Image(digest, "linux/amd64"), inventory, now())


def _package(number: int, version: int) -> Package:
    name, text = f"lib-{number}", f"{version}.0.0"
    where = (f"app/node_modules/{name}/package.json",)
    return Package("npm", name, text, f"pkg:npm/{name}@{text}", name, text, locations=where)

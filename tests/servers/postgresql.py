"""A real PostgreSQL, one for each process that runs tests; every test gets databases of its own."""

import itertools
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest

from envscout.store import Database
from tests.servers.program import need, run, running

FAST = ("fsync=off", "full_page_writes=off", "listen_addresses=", "max_connections=400", "autovacuum_naptime=1h")
ROOM = 2 << 30
"""Bytes that must be free; few databases are there at a time, of ten million bytes each."""

# The owner comes in by the socket; everybody else says a password.
ACCESS = "local all postgres trust\nlocal all all scram-sha-256\n"


class Server:
    """A running server. Its owner is `postgres`; folder: where its socket is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = itertools.count()
        self._begun = ""

    def place(self, database: str = "postgres", user: str = "postgres", password: str = "") -> str:
        """Return the address of a database."""
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@/{database}?host={self.folder}"

    def ask(self, *statements: str) -> None:
        """Run statements, each by itself."""
        with psycopg.connect(self.place(), autocommit=True) as connection:
            for each in statements:
                connection.execute(each.encode())

    def make(self, template: str = "template0") -> str:
        """Make a database, empty or like another one; return its address."""
        name = f"store_{next(self._numbers)}"
        self.ask(
            # Nobody may be in what is copied; servers that keep a connection open make another one.
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{template}'",
            f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'",
        )
        return self.place(name)

    def store(self) -> str:
        """Make a database with a store in which nothing is; return its address."""
        if not self._begun:
            self._begun = self.make()
            Database(self._begun).close()
        return self.copy(self._begun)

    def copy(self, place: str) -> str:
        """Make a database like another one; return its address."""
        return self.make(named(place))

    def drop(self, place: str) -> None:
        """Forget a database, whoever is in it."""
        self.ask(f"DROP DATABASE IF EXISTS {named(place)} WITH (FORCE)")

    def is_ready(self) -> bool:
        """Tell whether it answers."""
        environment: Mapping[str, str] = {**os.environ, "PGCONNECT_TIMEOUT": "1"}
        argv = ["psql", "-XAtqc", "SELECT 1", self.place()]
        return subprocess.run(argv, capture_output=True, env=environment, check=False).returncode == 0


def named(place: str) -> str:
    """Return the name of a database from its address."""
    return place.rpartition("?")[0].rpartition("/")[2]


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server that runs for as long as the tests do."""
    # The path of a socket is short, and pytest's folders belong to whoever runs the tests.
    folder = Path(mkdtemp(prefix="envscout-pg-", dir=_roomy()))
    try:
        initialise(folder)
        argv = command(folder, (*FAST, "max_wal_size=256MB"))
        server = Server(folder)
        # SIGTERM would wait until nobody is connected any more, and SIGQUIT leave shared memory behind.
        with running(argv, tmp_path_factory.mktemp("postgresql") / "log", server.is_ready, signal.SIGINT):
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _roomy() -> Path:
    """Return where many small files are made and removed: in memory, where there is enough of that."""
    memory = Path("/dev/shm")  # a folder of our own is made in it
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM:
        return memory
    return Path("/tmp")


def initialise(folder: Path) -> None:
    """Make what a server needs in a folder."""
    # Debian keeps the server's programs apart from those for everybody.
    places = [os.environ["PATH"], *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    os.environ["PATH"] = os.pathsep.join(places)
    need("initdb", "postgres", "psql")
    data = folder / "data"
    words = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
    run(*_as_nobody(folder), "initdb", "-D", data, *words)
    (data / "pg_hba.conf").write_text(ACCESS)


def command(folder: Path, settings: Iterable[str]) -> list[str]:
    """Return the command that serves what `initialise` made; its socket is in the folder too."""
    options = [word for each in settings for word in ("-c", each)]
    return [*_as_nobody(folder), "postgres", "-D", str(folder / "data"), "-k", str(folder), *options]


def _as_nobody(folder: Path) -> list[str]:
    """Return the words before a command that has to run as somebody who is not root."""
    need("setpriv")
    # Nobody stops the server of a test run that was killed.
    words = ["setpriv", "--pdeathsig=QUIT"]
    if not os.geteuid():
        shutil.chown(folder, "nobody")
        words += ["--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    return [*words, "--"]

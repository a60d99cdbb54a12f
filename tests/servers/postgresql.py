"""A real PostgreSQL, one for each process that runs tests; every test gets databases of its own."""

import itertools
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.servers.program import need, run, running

FAST = ("fsync=off", "full_page_writes=off", "listen_addresses=", "max_connections=400", "autovacuum_naptime=1h")
# The owner comes in by the socket; everybody else says a password.
ACCESS = "local all postgres trust\nlocal all all scram-sha-256\n"


class Server:
    """A running server. Its owner is `postgres`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()

    def place(self, database: str = "postgres", user: str = "postgres", password: str = "") -> str:
        """Return the address of a database."""
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@/{database}?host={self._folder}"

    def ask(self, sql: str, database: str = "postgres") -> str:
        """Run a statement; return its rows, fields parted by `|`."""
        return run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", self.place(database), stdin=sql.encode())

    def make(self, template: str = "template0") -> str:
        """Make a database, empty or like another one; return its address."""
        name = f"store_{next(self._numbers)}"
        # Nobody may be in what is copied; servers that keep a connection open make another one.
        self.ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{template}'")
        self.ask(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
        return self.place(name)

    def copy(self, place: str) -> str:
        """Make a database like another one; return its address."""
        return self.make(place.rpartition("?")[0].rpartition("/")[2])

    def is_ready(self) -> bool:
        """Tell whether it answers."""
        environment: Mapping[str, str] = {**os.environ, "PGCONNECT_TIMEOUT": "1"}
        argv = ["psql", "-XAtqc", "SELECT 1", self.place()]
        return subprocess.run(argv, capture_output=True, env=environment, check=False).returncode == 0


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server that runs for as long as the tests do."""
    # The path of a socket is short, and pytest's folders belong to whoever runs the tests.
    folder = Path(mkdtemp(prefix="envscout-pg-", dir="/tmp"))
    try:
        initialise(folder)
        argv = command(folder, FAST)
        server = Server(folder)
        # SIGTERM would wait until nobody is connected any more, and SIGINT write files that nobody reads again.
        with running(argv, tmp_path_factory.mktemp("postgresql") / "log", server.is_ready, signal.SIGQUIT):
            yield server
    finally:
        # Hundreds of databases of hundreds of files each: nobody waits until they are gone.
        run("sh", "-c", 'rm -rf "$1" >/dev/null 2>&1 &', "sh", folder)


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

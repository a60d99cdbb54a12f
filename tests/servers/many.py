"""The real server, for many stores at once: the first segment of a path says which one. Run as a program.

Stories are many and each begins with a store of its own; a server for each would take longer than all they do.
"""

import asyncio
import base64
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from envscout.access.roles import Role
from envscout.store import Database, Place
from tests.servers.program import running

ROOT = Path(__file__).parents[2]

MOST = 12
"""Stores that are held open."""

_place: ContextVar[str] = ContextVar("place")


def segment(place: Place) -> str:
    """Return a place as the segment of a path."""
    kind = "file:" if isinstance(place, Path) else ""
    return base64.urlsafe_b64encode(f"{kind}{place}".encode()).decode().rstrip("=")


def _meant(text: str) -> Place:
    place = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    return Path(place.removeprefix("file:")) if place.startswith("file:") else place


class Servers:
    """Servers that run, one address each."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._asked = 0

    def address(self, place: Place) -> str:
        """Return where a store is served, by each of the servers in turn."""
        self._asked += 1
        return f"http://127.0.0.1:{self._ports[self._asked % len(self._ports)]}/{segment(place)}"


@contextmanager
def serving(folder: Path, count: int = 1) -> Iterator[Servers]:
    """Run servers until the block ends."""
    with ExitStack() as stack:
        ports = []
        for number in range(count):
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            program = (
                f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.servers.many import main; main({port})"
            )
            argv = [sys.executable, "-c", program]
            stack.enter_context(running(argv, folder / f"server-{number}.log", partial(_answers, port)))
            ports.append(port)
        yield Servers(ports)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def main(port: int) -> None:
    """Serve until told to stop."""
    import uvicorn

    from envscout.server import app as server
    from envscout.server.stores import Stores

    # Receivers of stories are on this machine.
    os.environ["ENVSCOUT_ALLOW_PRIVATE_ADDRESSES"] = "127.0.0.1"
    held: dict[str, Stores] = {}

    class Many(Stores):
        """The stores of the request that is answered."""

        def __init__(self, _place: Place) -> None:
            super().__init__(Path(os.devnull))

        def ask(self, question: Any, tenant: str = "") -> Any:
            return _stores().ask(question, tenant)

        def open(self, tenant: str = "") -> Any:
            return _stores().open(tenant)

    def _stores() -> Stores:
        name = _place.get()
        found = held.pop(name, None) or Stores(_meant(name))
        held[name] = found
        while len(held) > MOST:
            held.pop(next(iter(held))).close()
        return found

    server.Stores = Many  # type: ignore[assignment, attr-defined]
    inner = server.make(Path(os.devnull))

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            name, _, rest = scope["path"].lstrip("/").partition("/")
            _place.set(name)
            raw = scope.get("raw_path") or scope["path"].encode()
            scope = {**scope, "path": f"/{rest}", "raw_path": raw.removeprefix(f"/{name}".encode())}
        await inner(scope, receive, send)

    config = uvicorn.Config(serve, host="127.0.0.1", port=port, log_level="warning", lifespan="off")
    asyncio.run(uvicorn.Server(config).serve())


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Return servers for every store: three where ENVSCOUT_TEST_SERVER=cluster asks for that, else one."""
    count = 3 if os.environ.get("ENVSCOUT_TEST_SERVER") == "cluster" else 1
    with serving(tmp_path_factory.mktemp("servers"), count) as found:
        yield found


def token(place: Place, role: Role = "owner") -> str:
    """Make a token in a store; return its secret."""
    from envscout.verbs import tokens

    with Database(place) as database:
        return tokens.create(database, role, "tester", name="tester").secret


if __name__ == "__main__":
    main(int(sys.argv[1]))

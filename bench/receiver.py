"""A receiver of web hooks as lean as can be, in a process of its own, for what is measured of delivery.

with receiving() as receiver:
    ...  # send to receiver.url
    receiver.told()
"""

import asyncio
import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple


class Told(NamedTuple):
    """What came in on a path. different: identities of requests. news: that were told; of them different ones.

    more: news that a summary only counts. last: when the last request was there, seconds since 1970. size: bytes.
    """

    requests: int = 0
    different: int = 0
    news: int = 0
    different_news: int = 0
    more: int = 0
    last: float = 0.0
    size: int = 0


class Receiver(NamedTuple):
    """Where it listens."""

    url: str

    def told(self) -> dict[str, Told]:
        """Return what came in, by path."""
        with urllib.request.urlopen(f"{self.url}/told") as answer:
            return {path: Told(*found) for path, found in json.load(answer).items()}


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """Run one."""
    process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield Receiver(f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class _Request(NamedTuple):
    path: str
    identity: bytes
    at: float
    body: bytes


class _Connection(asyncio.Protocol):
    came: list[_Request] = []  # noqa: RUF012

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._data = transport, bytearray()

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._data[:end])
            size = int(_header(head.lower(), b"content-length") or 0)
            if len(self._data) < end + 4 + size:
                return
            body = bytes(self._data[end + 4 : end + 4 + size])
            del self._data[: end + 4 + size]
            self._transport.write(self._answer(head, body))

    def _answer(self, head: bytes, body: bytes) -> bytes:
        method, path, _ = head.split(b" ", 2)
        if method == b"GET":
            said = json.dumps(_told(self.came)).encode()
        else:
            said = b""
            self.came.append(_Request(path.decode(), _header(head.lower(), b"webhook-id"), time.time(), body))
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said)


def _told(came: list[_Request]) -> dict[str, Told]:
    """Count what came; it is read only now, as that would take the time of whoever sends."""
    found = {}
    for path in {each.path for each in came}:
        mine = [each for each in came if each.path == path]
        bodies = [json.loads(each.body).get("data", {}) for each in mine]
        news = Counter(json.dumps(each, sort_keys=True) for body in bodies for each in body.get("news", ()))
        found[path] = Told(
            len(mine),
            len({each.identity for each in mine}),
            sum(news.values()),
            len(news),
            sum(body.get("more", 0) for body in bodies),
            max(each.at for each in mine),
            sum(len(each.body) for each in mine),
        )
    return found


def _header(head: bytes, name: bytes) -> bytes:
    return head.partition(b"\r\n%b:" % name)[2].partition(b"\r\n")[0].strip()


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0, backlog=256)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())

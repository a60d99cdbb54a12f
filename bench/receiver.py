"""A receiver of web hooks as lean as can be, in a process of its own, for what is measured of delivery.

with receiving() as receiver:
    ...  # send to receiver.url
    receiver.told()
"""

import asyncio
import contextlib
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import NamedTuple


class Receiver(NamedTuple):
    """Where it listens."""

    url: str

    def told(self) -> tuple[int, int]:
        """Return how many messages came in, and how many different ones."""
        with urllib.request.urlopen(f"{self.url}/count") as answer:
            came, different = answer.read().split()
        return int(came), int(different)


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


class _Connection(asyncio.Protocol):
    came = 0
    different: set[bytes] = set()  # noqa: RUF012

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._data = transport, b""

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end].lower()
            size = int(_header(head, b"content-length") or 0)
            if len(self._data) < end + 4 + size:
                return
            self._data = self._data[end + 4 + size :]
            self._transport.write(self._answer(head))

    def _answer(self, head: bytes) -> bytes:
        kind = type(self)
        body = b""
        if head.startswith(b"get /count"):
            body = f"{kind.came} {len(kind.different)}".encode()
        else:
            kind.came += 1
            kind.different.add(_header(head, b"webhook-id"))
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def _header(head: bytes, name: bytes) -> bytes:
    return head.partition(b"\r\n%b:" % name)[2].partition(b"\r\n")[0].strip()


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0, backlog=256)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())

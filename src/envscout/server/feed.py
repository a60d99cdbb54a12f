"""Waiting for news: one poller for all who wait in this process; none of them holds a store or a thread."""

import asyncio
import contextlib
import signal
import threading
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any

from litestar.concurrency import sync_to_thread

from envscout.errors import EnvscoutError

POLL_SECONDS = 0.5
MOST_WAITING = 500
MOST_OF_ONE = 100


class Feed:
    """The end of the news, and who waits for it to move. newest: reads it from the store."""

    def __init__(self, newest: Callable[[], int]) -> None:
        self.is_over = False
        self._read = newest
        self._newest = 0
        self._waiting = 0
        self._by: Counter[str] = Counter()
        self._moved = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None

    def is_full(self, who: str) -> bool:
        """Tell whether as many wait as may, of all or of one who asks: nobody takes all the places."""
        return self._waiting >= MOST_WAITING or self._by[who] >= MOST_OF_ONE

    async def beyond(self, cursor: int, seconds: float, who: str = "") -> bool:
        """Wait until there are news after a cursor, at most so long; return whether there are."""
        self._waiting += 1
        self._by[who] += 1
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            async with asyncio.timeout(seconds):
                while self._newest <= cursor and not self.is_over:
                    await self._moved.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
            self._by[who] -= 1
            if not self._by[who]:
                del self._by[who]
        return self._newest > cursor

    async def _poll(self) -> None:
        while self._waiting and not self.is_over:
            with contextlib.suppress(EnvscoutError):
                found = await sync_to_thread(self._read)
                if found != self._newest:
                    self._newest = found
                    self._wake()
            await asyncio.sleep(POLL_SECONDS)

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    def end(self) -> None:
        """Send home who waits. From the loop's own thread."""
        self.is_over = True
        self._wake()

    async def end_at_signals(self) -> None:
        """Do so as soon as the process is told to stop: a server waits for its answers to end before it ends itself."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._chained(loop, signal.getsignal(number)))

    def _chained(self, loop: asyncio.AbstractEventLoop, before: Any) -> Callable[[int, FrameType | None], None]:
        def handle(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self.end)
            if callable(before):
                before(number, frame)

        return handle

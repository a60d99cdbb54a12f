"""Writes that would wait for one another: all that wait are done together, and those that come meanwhile after them.

Writers are serial, and a commit takes as long for a hundred writes as for one: the more ask at once, the less each
waits. Nobody is answered before what they asked for is done. Who asks alone waits for nobody.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import anyio
import anyio.to_thread

MOST = 100
"""That are done together."""

A = TypeVar("A")
B = TypeVar("B")


class Gathering(Generic[A, B]):
    """What waits in this process; of its event loop alone. do: several -> what each is answered, or its failure."""

    def __init__(self, do: Callable[[Sequence[A]], Sequence[B | Exception]]) -> None:
        self._do = do
        self._waiting: deque[tuple[A, asyncio.Future[B]]] = deque()
        self._work: asyncio.Task[None] | None = None

    async def ask(self, one: A) -> B:
        """Have one done with others; return its answer. Raise its failure."""
        answered: asyncio.Future[B] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, answered))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._all())
        return await answered

    async def _all(self) -> None:
        # A thread of its own: however many others answer, one of them writes.
        thread = anyio.CapacityLimiter(1)
        while self._waiting:
            taken = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
            asked = [one for one, _ in taken]
            for (_, answered), answer in zip(
                taken, await anyio.to_thread.run_sync(self._answers, asked, limiter=thread), strict=True
            ):
                _settle(answered, answer)

    def _answers(self, asked: Sequence[A]) -> Sequence[B | Exception]:
        try:
            return self._do(asked)
        except Exception as error:  # whatever it is, it is what each is answered
            return [error] * len(asked)


def _settle(answered: "asyncio.Future[B]", answer: B | Exception) -> None:
    if answered.done():
        return
    if isinstance(answer, Exception):
        answered.set_exception(answer)
    else:
        answered.set_result(answer)

"""Connections that are bounded in time and size: whoever sends byte by byte, or without end, is let go.

uvicorn's own protocol bounds the wait between two requests alone, and not what a head may hold.
"""

from asyncio import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 15.0
"""For a connection to say what it wants: from its beginning, or from the first byte of a further request."""
BODY_SECONDS = 60.0
"""For each mebibyte of a body, the first one begun."""
HEAD_BYTES = 64 * 1024
HEADERS = 100
_PART = 1 << 20


class Bounded(HttpToolsProtocol):
    """A connection that must get on."""

    _timer: TimerHandle | None = None
    _head = 0
    _left = 0
    _is_head = True

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._wait(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._wait(0)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what came of a head before it is read: it is kept in memory until it is whole."""
        if self._is_head:
            self._head += len(data)
            if self._head > HEAD_BYTES + _PART:
                self.transport.abort()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin with a head."""
        self._is_head, self._head = True, 0
        self._wait(HEAD_SECONDS)
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, if there is room."""
        super().on_header(name, value)
        size = sum(len(key) + len(said) for key, said in self.headers) if len(self.headers) % 10 == 0 else 0
        if len(self.headers) > HEADERS or max(size, len(value)) > HEAD_BYTES:
            self.transport.abort()

    def on_headers_complete(self) -> None:
        """Begin to wait for the body."""
        self._is_head, self._left = False, _PART
        self._wait(BODY_SECONDS)
        if not self.transport.is_closing():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body; who sends enough of it in time may go on."""
        self._left -= len(body)
        if self._left <= 0:
            self._left = _PART
            self._wait(BODY_SECONDS)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait no more: it is for us to answer."""
        self._wait(0)
        super().on_message_complete()

    def _wait(self, seconds: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self._give_up) if seconds else None

    def _give_up(self) -> None:
        if self.transport and not self.transport.is_closing():
            self.transport.abort()

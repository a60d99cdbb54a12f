"""Reading a stream of byte chunks by exact amounts, and passing over what nobody wants without copying it."""

from collections.abc import Iterable, Iterator

CHUNK = 1 << 20


class DamagedError(Exception):
    """Bytes that end early or contradict themselves. Never leaves envscout.images: it becomes a Problem there."""

    def __init__(self, message: str, code: str = "damaged-layer") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class ChunkReader:
    """A forward reader over an iterator of chunks.

    position: bytes taken or skipped so far. is_whole: whether the stream has not failed until now.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._buffer = b""
        self._at = 0
        self.position = 0
        self.is_whole = True

    def read(self, size: int) -> bytes:
        """Return exactly `size` bytes, or fewer where the stream ends."""
        end = self._at + size
        data = self._buffer[self._at : end]
        self._at = end
        if len(data) < size:
            data = self._gather(data, size)
        self.position += len(data)
        return data

    def peek(self, size: int) -> bytes:
        """Return the next `size` bytes without taking them, or fewer where the stream ends."""
        while len(self._buffer) - self._at < size:
            rest = self._buffer[self._at :]
            if not self._fill():
                self._buffer, self._at = rest, 0
                break
            self._buffer = rest + self._buffer
        return self._buffer[self._at : self._at + size]

    def skip(self, size: int) -> int:
        """Pass over `size` bytes; return how many there were."""
        self._at += size
        missing = self._at - len(self._buffer)
        while missing > 0 and self._fill():
            self._at = missing
            missing -= len(self._buffer)
        passed = size - max(missing, 0)
        self.position += passed
        return passed

    def pieces(self, size: int) -> Iterator[bytes]:
        """Yield the next `size` bytes in pieces as they come, fewer where the stream ends."""
        while size > 0 and (self._at < len(self._buffer) or self._fill()):
            piece = self._buffer[self._at : self._at + size]
            self._at += len(piece)
            self.position += len(piece)
            size -= len(piece)
            yield piece

    def chunk(self) -> bytes:
        """Return the rest of the current chunk or the next one, b"" at the end."""
        data = self._buffer[self._at :] if self._at < len(self._buffer) or not self._fill() else self._buffer
        self._at = len(self._buffer)
        self.position += len(data)
        return data

    def drain(self) -> None:
        """Consume everything that is left, so that whoever verifies the stream sees its end."""
        while self._fill():
            pass

    def _gather(self, data: bytes, size: int) -> bytes:
        parts = [data]
        missing = size - len(data)
        while missing > 0 and self._fill():
            part = self._buffer[:missing]
            self._at = len(part)
            missing -= len(part)
            parts.append(part)
        return b"".join(parts)

    def _fill(self) -> bool:
        """Load the next chunk that holds anything; False at the end of the stream."""
        try:
            for chunk in self._chunks:
                if chunk:
                    self._buffer, self._at = chunk, 0
                    return True
        except DamagedError:
            self.is_whole = False
            raise
        self._buffer, self._at = b"", 0
        return False

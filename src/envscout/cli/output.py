"""Writing an answer to a file: as text, whole or not at all."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from envscout import atomic


@contextlib.contextmanager
def whole(path: Path) -> Iterator[IO[str]]:
    """Yield a file that takes the place of path when the block ends well, as `atomic.whole` does. Raise OSError."""
    with atomic.whole(path) as raw:
        file = io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace")
        try:
            yield file
        finally:
            file.detach()

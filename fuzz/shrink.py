"""An input that fails, made smaller as long as it fails the same way."""

import time
from collections.abc import Callable


def smaller(data: bytes, fails: Callable[[bytes], bool], seconds: float) -> bytes:
    """Return a shorter input that `fails` still tells to fail; take out pieces, ever shorter ones, for some seconds."""
    until = time.monotonic() + seconds
    size = len(data) // 2
    while size and time.monotonic() < until:
        at = 0
        while at < len(data) and time.monotonic() < until:
            shorter = data[:at] + data[at + size :]
            if fails(shorter):
                data = shorter
            else:
                at += size
        size //= 2
    return data

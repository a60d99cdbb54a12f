"""Work that is done apart, in a process of its own that ends when it takes too much: what strangers wrote decides how
much that is.

The system counts processor time and memory, whatever library does the work, and even where one of its calls never
comes back.
"""

import contextlib
import os
import resource
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

import msgspec


def apart(work: Callable[[], Iterable[object]], seconds: int, size: int) -> list[object] | None:
    """Return what work yields, which has to be plain data; None where it took too much, or failed.

    seconds: of processor time. size: bytes of memory beside what this process has already. Work sees everything as it
    is now, and changes nothing here.
    """
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns where there are other threads: the child computes, and waits for none of their locks.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        _child(work, writer, seconds, size)
    os.close(writer)
    try:
        with os.fdopen(reader, "rb") as answer:
            data = answer.read()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, 9)
        raise
    finally:
        _, status = os.waitpid(child, 0)
    found: list[object] | None = msgspec.json.decode(data) if status == 0 else None
    return found


def _child(work: Callable[[], Iterable[object]], writer: int, seconds: int, size: int) -> NoReturn:
    """Do the work, and leave without a trace: nothing that the parent would close or write at its end may run twice."""
    code = 1
    try:
        _bounded(seconds, size)
        # A library that gets no memory says so on the way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        with os.fdopen(writer, "wb") as answer:
            answer.write(msgspec.json.encode(list(work())))
        code = 0
    finally:
        os._exit(code)


def _bounded(seconds: int, size: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, hard))
    with contextlib.suppress(OSError, ValueError):
        # Where there is no such account, the time alone is bounded.
        pages = int(Path("/proc/self/statm").read_bytes().split()[0])
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + size, hard))

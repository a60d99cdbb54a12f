"""Moves the time of day of a process that has this folder in its PYTHONPATH, by the seconds that a file says.

libfaketime would do so from without, but has every timed wait of Python's threads come back at once.
"""

import os
import time

_FILE = os.environ["ENVSCOUT_MOVED_BY"]
_time, _time_ns = time.time, time.time_ns


def _moved() -> int:
    with open(_FILE, encoding="ascii") as file:  # noqa: PTH123 (at every look at the clock)
        return int(file.read())


time.time = lambda: _time() + _moved()
time.time_ns = lambda: _time_ns() + _moved() * 1_000_000_000

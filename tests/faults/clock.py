"""The time of day as processes see it, moved while they run; what they measure is left alone."""

import struct
from pathlib import Path

from tests.faults.world import World

MINUTE, HOUR, DAY = 60, 3_600, 86_400


class Clock:
    """The clock of all processes that are started with `env`."""

    def __init__(self, world: World) -> None:
        self._file = world.logs / "clock"
        self._file.write_bytes(struct.pack("=q", 0))
        self.env = {"PYTHONPATH": str(Path(__file__).parent / "moved"), "ENVSCOUT_MOVED_BY": str(self._file)}

    def move(self, seconds: int) -> None:
        """Set it to so many seconds after or before the right time."""
        # In place, as every process has it in its memory.
        with self._file.open("r+b") as file:
            file.write(struct.pack("=q", seconds))

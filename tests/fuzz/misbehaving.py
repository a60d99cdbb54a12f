"""A worker that hangs or dies at its second input, as its engine's name says."""

import os
import sys
from pathlib import Path

from fuzz.targets import targets
from fuzz.worker import Session


def main() -> None:
    """Behave like `fuzz.worker`, for a while."""
    name, engine, place, *_ = sys.argv[1:]
    session = Session(targets()[name], Path(place), 1)
    session.run(b"pkg:npm/first@1")
    session.target = targets()[name]._replace(run=lambda data: spin() if engine == "hangs" else os.abort())
    session.meter._target = session.target
    session.run(b"pkg:npm/second@1")


def spin() -> None:
    """Never return."""
    while True:
        pass


if __name__ == "__main__":
    main()

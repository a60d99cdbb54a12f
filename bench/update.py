"""`envscout db update` as a whole process, beside what inflating and decoding the same members costs in Python.

    python bench/update.py [--data FOLDER] [--times N] [--feed ECOSYSTEM]

FOLDER (else ENVSCOUT_TEST_DATA) holds `advisories/<Ecosystem>/all.zip`, the layout of OSV.dev's own dumps. The bar: an
update into a fresh store takes at most 3 times as long as the floor (bench/floor.py).
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from measure import Timing, alternate, heading, process, program, ratio, shown, test_data


def main() -> None:
    """Measure and print."""
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--data", type=Path, help="folder of real data")
    wanted.add_argument("--times", type=int, default=5, help="runs of each")
    wanted.add_argument("--feed", default="", help="only this ecosystem, e.g. crates.io")
    options = wanted.parse_args()
    data = test_data(options.data)
    if data is None:
        sys.exit("no data: pass --data FOLDER or set ENVSCOUT_TEST_DATA")
    heading()
    _measure(data / "advisories" / options.feed, options.times)


def _measure(feeds: Path, times: int) -> None:
    with tempfile.TemporaryDirectory(prefix="envscout-bench-") as folder:
        home = Path(folder)

        def floor() -> Timing:
            return process([sys.executable, str(Path(__file__).with_name("floor.py")), str(feeds)])

        def fresh() -> Timing:
            for file in home.rglob("envscout.db*"):
                file.unlink()
            return again()

        def again() -> Timing:
            env = {**os.environ, "ENVSCOUT_HOME": str(home), "ENVSCOUT_STORE": str(home / "envscout.db")}
            return process([program(), "db", "update", "--from", str(feeds)], env)

        least, update, unchanged = alternate(times, floor, fresh, again)
        size = (home / "envscout.db").stat().st_size / 1e6
    print(f"inflate and decode       {shown(least)}")
    print(f"db update, fresh store   {shown(update)}   {ratio(update, least)}   (bar: 3x)   store {size:.0f} MB")
    print(f"db update, nothing new   {shown(unchanged)}   {ratio(unchanged, least)}")


if __name__ == "__main__":
    main()

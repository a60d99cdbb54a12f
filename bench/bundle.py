"""`envscout db bundle apply` as a whole process, beside `envscout db update` of the same data; how large bundles are.

    python bench/bundle.py [--data FOLDER] [--times N] [--feed ECOSYSTEM] [--levels]

FOLDER (else ENVSCOUT_TEST_DATA) holds `advisories/<Ecosystem>/all.zip`, the layout of OSV.dev's own dumps. The bars,
for 86,000 advisories: a full bundle below 30 MB, applied to an empty store in less than 5 s (of CPU time where the
machine has more to do than cores). The incremental one holds what changed where one record in a hundred was changed.
--levels: what levels of zstd would give, and cost.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from measure import Timing, alternate, call, heading, process, program, ratio, shown, test_data

from envscout.advisories.bundles import frames, keys, signing
from envscout.advisories.bundles.reading import Bundle
from envscout.store import Database, feeds

LIMIT_BYTES, LIMIT_SECONDS, LIMIT_RECORDS = 30_000_000, 5.0, 86_000
ONE_IN = 100


def main() -> None:
    """Measure and print."""
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--data", type=Path, help="folder of real data")
    wanted.add_argument("--times", type=int, default=5, help="runs of each")
    wanted.add_argument("--feed", default="", help="only this ecosystem, e.g. crates.io")
    wanted.add_argument("--levels", action="store_true", help="compare levels of zstd")
    options = wanted.parse_args()
    data = test_data(options.data)
    if data is None:
        sys.exit("no data: pass --data FOLDER or set ENVSCOUT_TEST_DATA")
    heading()
    with tempfile.TemporaryDirectory(prefix="envscout-bench-") as folder:
        _measure(data / "advisories" / options.feed, Path(folder), options.times)
        if options.levels:
            _levels(Path(folder) / "full")


def _measure(there: Path, work: Path, times: int) -> None:
    here, key, full, more = work / "feeds", work / "key", work / "full", work / "more"
    _copied(there, here)
    keys.make(key)

    def run(home: str, *words: str | Path) -> Timing:
        env = {**os.environ, "ENVSCOUT_HOME": str(work / home), "ENVSCOUT_STORE": str(work / home / "envscout.db")}
        return process([program(), "db", *map(str, words)], env)

    def anew(home: str, *words: str | Path) -> Timing:
        for file in (work / home).rglob("envscout.db*"):
            file.unlink()
        return run(home, *words)

    def apply(bundle: Path) -> tuple[str | Path, ...]:
        return ("bundle", "apply", bundle, "--trust", f"{key}.pub")

    anew("outside", "update", "--from", here)
    update, create, applied, again = alternate(
        times,
        lambda: anew("updated", "update", "--from", here),
        lambda: run("outside", "bundle", "create", full, "--key", key),
        lambda: anew("inside", *apply(full)),
        lambda: run("inside", *apply(full)),
    )
    records = _records(work / "outside")
    print(f"db update, fresh store          {shown(update)}")
    print(f"bundle create, full             {shown(create)}   {ratio(create, update)}")
    print(f"bundle apply, fresh store       {shown(applied)}   {ratio(applied, update)}   (bar: {LIMIT_SECONDS} s)")
    print(f"bundle apply, the same again    {shown(again)}   {ratio(again, update)}")
    _change(here)
    run("outside", "update", "--from", here)
    created = run("outside", "bundle", "create", more, "--key", key, "--since", full)
    print(f"bundle create, incremental      {shown(created)}")
    print(f"bundle apply, incremental       {shown(run('inside', *apply(more)))}")
    _sizes(records, full, more, here)
    print(f"largest process                 {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:8.0f} MiB")
    bound = records / LIMIT_RECORDS
    took = applied.cpu if os.getloadavg()[0] > (os.cpu_count() or 1) else applied.wall
    missed = full.stat().st_size > LIMIT_BYTES * bound or took > LIMIT_SECONDS * max(bound, 0.2)
    print("bars missed" if missed else "bars met")


def _sizes(records: int, full: Path, more: Path, feeds_: Path) -> None:
    zips = sum(path.stat().st_size for path in feeds_.rglob("*.zip")) / 1e6
    size = full.stat().st_size / 1e6
    bar = LIMIT_BYTES / 1e6 * records / LIMIT_RECORDS
    print(
        f"full bundle                     {size:8.2f} MB, {records:,} records"
        f"   (bar: {bar:.1f} MB; zips: {zips:.1f} MB)"
    )
    print(f"incremental bundle              {more.stat().st_size / 1e6:8.2f} MB")


def _records(home: Path) -> int:
    with Database(home / "envscout.db") as database, database.read() as connection:
        return sum(each.run.records for each in feeds.status(connection))


def _copied(there: Path, here: Path) -> None:
    for path in sorted(there.rglob("all.zip")):
        into = here / path.parent.name / path.name
        into.parent.mkdir(parents=True)
        into.write_bytes(path.read_bytes())


def _change(feeds_: Path) -> None:
    """Change one record in a hundred of every feed."""
    for path in feeds_.rglob("all.zip"):
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, (name, data) in enumerate(members.items()):
                archive.writestr(name, data if number % ONE_IN else _changed(json.loads(data)))


def _changed(record: dict[str, Any]) -> bytes:
    return json.dumps({**record, "modified": "2026-11-01T00:00:00Z"}).encode()


def _levels(bundle: Path) -> None:
    with _plain(bundle) as parts:
        for level in (3, 6, 9, 12, 15, 19):
            sizes: list[int] = []
            taken = call(lambda level=level, sizes=sizes: sizes.extend(len(frames.pack(part, level)) for part in parts))  # type: ignore[misc]
            print(f"zstd {level:2}                         {shown(taken)}   {sum(sizes) / 1e6:6.2f} MB")


@contextmanager
def _plain(bundle: Path) -> Iterator[list[bytes]]:
    with Bundle(bundle, signing.anybody) as opened:
        yield [
            frames.join([frames.encode(row) for row in opened._rows(part)])
            for entry in opened.manifest.feeds
            for part in entry.parts
        ]


if __name__ == "__main__":
    main()

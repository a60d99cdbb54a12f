"""From the commit of a refresh to the last of the news it makes, on a large fleet.

    python bench/refresh.py [--work FOLDER] [--scale 0.05] [--advisories 1000] [--times 3] [--store postgresql://...]

Takes the fleet of bench/synthetic.py, lets everything that runs be told once (the baseline, which tells nobody), then
applies feeds of new advisories about packages that run. "bare" is the least SQL that finds what they touch: one row for
each environment, service and vulnerability. --store: a store that already holds such a fleet, such as one that
`envscout store copy` made. The bar: 2.5 s from the commit to the last of the news.
"""

import argparse
import gc
import json
import random
import shutil
import tempfile
import time
from pathlib import Path

from fleet import fleet
from measure import heading
from shape import Sizes, name_of, pools, version
from sql import queries

from envscout.store import Database, Place, standing
from envscout.verbs.reconcile import reconcile
from envscout.verbs.update import update

_HEAD = ("advisories", "applied s", "bare s", "told s", "cpu s", "told/bare", "news")


def main() -> None:
    """Build, measure, print."""
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "envscout-bench", help="kept fleet")
    wanted.add_argument("--scale", type=float, default=1.0, help="size, 1 = 20,000 images")
    wanted.add_argument("--advisories", type=int, default=1_000, help="new ones in each refresh")
    wanted.add_argument("--times", type=int, default=3, help="refreshes")
    wanted.add_argument("--store", default="", help="a store on PostgreSQL that holds the fleet")
    options = wanted.parse_args()
    heading()
    # As the program does, which looks for cycles seldom.
    gc.set_threshold(50_000)
    place: Place = options.store
    if not place:
        place = options.work / "refresh.db"
        shutil.copy(fleet(options.work, options.scale), place)
    sizes = Sizes() if options.scale == 1 else Sizes().scaled(options.scale)
    with Database(place) as database:
        _baseline(database)
        print("".join(f"{each:>12}" for each in _HEAD))
        for number in range(options.times):
            _once(database, options.work, sizes, number, options.advisories)


def _baseline(database: Database) -> None:
    with database.write() as connection:
        standing.mark_all(connection, standing.environments(connection), "baseline")
    began = time.perf_counter()
    done = reconcile(database)
    rows = database.connection.execute("SELECT count(*) FROM standing").fetchone()
    print(f"# baseline: {rows[0]:,} standing in {time.perf_counter() - began:.1f} s, {done.news} news")


def _once(database: Database, work: Path, sizes: Sizes, number: int, count: int) -> None:
    file = work / f"refresh-{number}.json"
    file.write_text("\n".join(json.dumps(each) for each in _records(sizes, number, count)))
    file = file.rename(file.with_suffix(".jsonl"))
    began = time.perf_counter()
    update(database, [str(file)], lambda _used: (), lambda *_: None)
    applied = time.perf_counter() - began
    marked = [(each,) for each in standing.marked(database.connection, "vulnerability", 0, 1_000_000)]
    bare = _bare(database, marked)
    began, worked = time.perf_counter(), time.process_time()
    done = reconcile(database)
    told, worked = time.perf_counter() - began, time.process_time() - worked
    times = "".join(f"{each:>12.2f}" for each in (applied, bare, told, worked))
    print(f"{len(marked):>12,}{times}{told / bare:>11.1f}x{done.news:>12,}")


def _bare(database: Database, marked: list[tuple[int]]) -> float:
    with database.read() as connection:
        connection.execute(queries("bare")["asked"])
        connection.executemany(queries("bare")["put_asked"], marked)
        began = time.perf_counter()
        connection.execute(queries("bare")["touched_places"], {"forever": 2**63 - 1}).fetchone()
        return time.perf_counter() - began


def _records(sizes: Sizes, seed: int, count: int) -> list[dict[str, object]]:
    """Return new records about packages of all popularities, in up to three ecosystems each."""
    chance = random.Random(seed)
    ecosystems = pools(sizes)
    records: list[dict[str, object]] = []
    for number in range(count):
        rank = int(400 * chance.random() ** 2)
        fixed = chance.randrange(9_000, 10_000)
        affected = [
            {
                "package": {"ecosystem": pool.ecosystem, "name": name_of(pool, rank)},
                "ranges": [
                    {
                        "type": "ECOSYSTEM",
                        "events": [{"introduced": "0"}, {"fixed": version(pool.scheme, fixed)}],
                    }
                ],
            }
            for pool in chance.sample(ecosystems, chance.randint(1, 3))
        ]
        records.append(
            {
                "id": f"CVE-2027-{seed}{number:05}",
                "modified": "2026-01-02T00:00:00Z",
                "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
                "affected": affected,
            }
        )
    return records


if __name__ == "__main__":
    main()

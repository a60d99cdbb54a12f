"""`policy test --since`: a proposed policy tried on a year of promotions.

    python bench/backtest.py [--work FOLDER] [--promotions 5000] [--images 400]

Builds a store where IMAGES images of 250 packages each are promoted again and again through two environments while
advisories are updated every day, then runs the command in a process of its own.
"""

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import heading

from envscout.environments.fold import advance
from envscout.model import Distribution, Event, Image, Inventory, Package
from envscout.store import Connection, Database, deployments, feeds, images
from envscout.store.feeds import Run

DAY = 86_400_000_000
NAMES = 2_000
FILE = """
policies:
  - {id: fixable-vulnerabilities, config: {grace_period_days: 14}}
  - {id: high-profile-vulnerabilities}
  - {id: no-new-vulnerabilities}
  - {id: copyleft-license}
"""


def main() -> None:
    """Build, measure, print."""
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "envscout-bench")
    wanted.add_argument("--promotions", type=int, default=5_000)
    wanted.add_argument("--images", type=int, default=400)
    options = wanted.parse_args()
    heading()
    options.work.mkdir(parents=True, exist_ok=True)
    path = options.work / f"backtest-{options.promotions}-{options.images}.db"
    if not path.exists():
        print(f"# building {path}", flush=True)
        build(path, options.promotions, options.images)
    proposed = options.work / "proposed.yaml"
    proposed.write_text(FILE, encoding="utf-8")
    argv = [sys.executable, "-m", "envscout", "policy", "test", str(proposed), "--since", "365d", "--format", "json"]
    began = time.perf_counter()
    done = subprocess.run(argv, env={"ENVSCOUT_STORE": str(path), "HOME": str(options.work)}, capture_output=True)
    seconds = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(done.stderr.decode(), end="")
    print(f"# {len(done.stdout):,} bytes; the totals: {done.stdout[:400].decode()}")
    cpu = used.ru_utime + used.ru_stime
    each = 1_000 * cpu / options.promotions
    print(f"{options.promotions:,} promotions: {seconds:.1f} s, {cpu:.1f} s of CPU, {each:.2f} ms each")
    print(f"{used.ru_maxrss >> 10} MB at most")


def build(path: Path, promotions: int, count: int) -> None:
    """Write the store: images, daily advisories, promotions."""
    dice = random.Random(4)
    start = time.time_ns() // 1000 - 360 * DAY
    with Database(path) as database, database.write() as connection:
        distribution = Distribution("debian", "12", "bookworm")
        made = [images.put(connection, *_image(number, dice, distribution), start)[0] for number in range(count)]
        _advisories(connection, dice, start)
        for number in range(promotions):
            at = start + number * 350 * DAY // promotions
            chosen = dice.randrange(count)
            service = f"myorg/app{number // 2 % 40}"
            event = Event(
                organization="myorg",
                environment=("staging", "production")[number % 2],
                service=service,
                action="record",
                at=at,
                digest=f"sha256:{chosen:064x}",
                reference=f"{service}:v{number}",
            )
            deployments.append(connection, event, made[chosen], advance)


def _image(number: int, dice: random.Random, distribution: Distribution) -> tuple[Image, Inventory]:
    chosen = dice.sample(range(NAMES), 250)
    packages = tuple(
        Package("deb", f"p{each}", f"1.{number % 7}-1", f"pkg:deb/debian/p{each}@1.{number % 7}-1", f"p{each}",
                f"1.{number % 7}-1", licenses=("MIT",))
        for each in chosen
    )  # fmt: skip
    return Image(f"sha256:{number:064x}", "linux/amd64"), Inventory(packages, distribution)


def _advisories(connection: Connection, dice: random.Random, start: int) -> None:
    from envscout.store.database import FOREVER
    from envscout.versions import key

    feed = feeds.reserve(connection, "osv:Debian", "osv", "bench")
    for day in range(360):
        at = start - DAY + day * DAY
        feeds.put_run(connection, Run(feed, at, at, 1_500, at, 5, 0, 0))
    insert = connection.execute
    insert("INSERT INTO feed_ecosystem VALUES (?, 'Debian:12', ?, ?)", (feed, start - DAY, FOREVER))
    names = dict(connection.execute("SELECT name, name_id FROM name WHERE ecosystem = 'Debian:12'"))
    for number in range(1_500):
        known = start - DAY + dice.randrange(360) * DAY
        cve = f"CVE-2026-{number:05}"
        insert(
            "INSERT INTO advisory VALUES (?, ?, ?, x'', ?, ?, 'high', '', NULL, '', '', '', '', 1, ?, NULL)",
            (number + 1, feed, cve, known, known, known),
        )
        insert("INSERT INTO vulnerability VALUES (?, ?)", (number + 1, cve))
        insert("INSERT INTO advisory_vulnerability VALUES (?, ?)", (number + 1, number + 1))
        name = names.get(f"p{dice.randrange(NAMES)}")
        if name:
            fixed = f"1.{dice.randrange(1, 8)}-1"
            row = (name, key("deb", fixed), b"", number + 1, known, FOREVER, "", "", fixed, "high")
            insert("INSERT INTO vrange VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


if __name__ == "__main__":
    main()

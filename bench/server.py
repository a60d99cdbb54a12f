"""A team's server under load: 200 clients of the API beside as many connections that ask bare SQL for the same.

    python bench/server.py [--work FOLDER] [--scale 0.05] [--clients 200] [--seconds 60] [--apis 2]

Builds the fleet of bench/synthetic.py, keeps it in FOLDER, and copies it into a durable PostgreSQL of its own, on the
same machine, where a worker does its work meanwhile; with --upload only its advisories, and the images are uploaded.
Every client asks again as soon as it is answered, so that what an answer takes is mostly waiting for its turn; bare SQL
waits in the same way (pgbench, prepared statements), while the product is stopped. First all questions together, then
each alone. The bar: no answer that is no success; the 99th percentile at most 3 times that of bare SQL; 250 MB for a
process.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec
import requests as requests_
import server_fill
import server_store
import synthetic
from fleet import fleet
from measure import heading
from server_load import Plan, Request
from shape import Sizes
from sql import queries

from tests.faults.programs import PROGRAM, Api, Program
from tests.servers.program import run

_SQL = queries("server")
MIX = {"where": 10.0, "summary": 5.0, "compare": 1.0, "record": 4.0}
"""How often which question is asked when all are."""

LABELS = {
    "where": "CVE -> environments",
    "summary": "environment summary",
    "compare": "compare two environments",
    "record": "record",
}


class Row(NamedTuple):
    """What answers to a question took, in milliseconds: how many there were, the median and the 99th percentile."""

    answers: int
    half: float
    most: float


def main() -> None:
    """Build, load, ask, print."""
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "envscout-bench", help="kept fleet")
    wanted.add_argument("--scale", type=float, default=1.0, help="size, 1 = 20,000 images")
    wanted.add_argument("--clients", type=int, default=200, help="clients at once")
    wanted.add_argument("--seconds", type=float, default=60.0, help="for which all questions are asked together")
    wanted.add_argument("--alone", type=float, default=15.0, help="seconds for which each is asked alone, 0: not")
    wanted.add_argument("--apis", type=int, default=2, help="API processes")
    wanted.add_argument("--upload", action="store_true", help="tell the server of the images, as its clients do")
    options = wanted.parse_args()
    heading()
    file = fleet(options.work, options.scale)
    sizes = Sizes() if options.scale == 1 else Sizes().scaled(options.scale)
    with server_store.server() as postgres, tempfile.TemporaryDirectory(prefix="envscout-bench-") as folder:
        place = postgres.make()
        server_store.copy(file, place, server_store.ADVISORIES if options.upload else server_store.ALL)
        with _apis(place, Path(folder), options.apis) as apis:
            addresses = [each.address for each in apis]
            if options.upload:
                for told in (server_fill.images, server_fill.deployments):
                    print(f"# {told(file, addresses, {})}", flush=True)
            cves = server_store.prepare(place)
            asked = requests(sizes, cves)
            bench = Bench(apis, place, Path(folder), asked, bounds(sizes, cves))
            bench.warm()
            print(f"{'ms':34}{'answers':>9}{'p50':>9}{'p99':>9}{'bare':>9}{'p50':>9}{'p99':>9}{'p99/bare':>10}")
            bench.compare(MIX, options.clients, options.seconds)
            if options.alone:
                print("# each alone")
                for name in MIX:
                    bench.compare({name: 1.0}, options.clients, options.alone)


@contextmanager
def _apis(place: str, folder: Path, count: int) -> Iterator[list[Api]]:
    env = server_store.environment(folder, place)
    made = [Api(env, folder / f"api-{number}.log", "--no-worker") for number in range(count)]
    worker = Program([str(PROGRAM), "worker"], env, folder / "worker.log")
    try:
        for each in (*made, worker):
            each.start()
        for each in made:
            each.await_ready()
        yield made
    finally:
        for each in (*made, worker):
            each.stop()


def requests(sizes: Sizes, cves: Sequence[str]) -> dict[str, list[Request]]:
    """Return every question in many forms."""
    chance = random.Random(1)
    environments = [f"env-{number}" for number in range(1, sizes.environments + 1)]
    pairs = [chance.sample(environments, 2) for _ in range(1000)]
    return {
        "where": [_get(f"vulnerabilities/{name}/environments") for name in cves],
        "summary": [_get(f"environments/{name}") for name in environments],
        "compare": [_get("compare", from_env=one, to_env=other) for one, other in pairs],
        "record": [_recording(chance, environments, sizes) for _ in range(5000)],
    }


def _get(path: str, **query: str) -> Request:
    return Request("GET", f"/api/v1/{path}?{urlencode({'org': 'acme', **query})}")


def _recording(chance: random.Random, environments: Sequence[str], sizes: Sizes) -> Request:
    service, number = f"acme/service-{chance.randint(1, sizes.services)}", chance.randint(1, sizes.images)
    body = {
        "organization": "acme",
        "environment": chance.choice(environments),
        "service": service,
        "digest": synthetic.digest("image", number),
        "reference": f"{service}:{number}",
        "actor": "ci",
        "source": "ci",
    }
    return Request("POST", "/api/v1/deployments", msgspec.json.encode(body).decode())


def bounds(sizes: Sizes, cves: Sequence[str]) -> dict[str, int]:
    """Return the highest value of each variable of the bare questions."""
    return {
        "cve": len(cves),
        "env": sizes.environments,
        "other": sizes.environments,
        "service": sizes.services,
        "image": sizes.images,
        "moment": 10**9,
    }


class Bench:
    """Asks the API processes, then bare SQL, in the same way."""

    def __init__(
        self,
        apis: list[Api],
        place: str,
        folder: Path,
        asked: dict[str, list[Request]],
        most: Mapping[str, int],
    ) -> None:
        self._apis, self._place, self._folder, self._asked, self._most = apis, place, folder, asked, most

    def warm(self) -> None:
        """Ask each question of each process that nothing changes, once, as if an update had come just now."""
        for name in ("summary", "where"):
            for each in self._apis:
                began = time.perf_counter()
                with requests_.Session() as session:
                    for one in self._asked[name]:
                        session.get(f"{each.address}{one.path}", timeout=600).raise_for_status()
                taken = (time.perf_counter() - began) / len(self._asked[name])
                print(f"# {LABELS[name]}, for the first time: {taken * 1000:.0f} ms each", flush=True)

    def compare(self, mix: dict[str, float], clients: int, seconds: float) -> None:
        """Ask for some seconds, print what was found. Raise SystemExit if an answer was no success."""
        ours = self._product(mix, clients, seconds)
        for each in self._apis:
            print("# {:.0f} MB resident, {:.0f} MB of its own share".format(*server_store.memory(each.pid)), flush=True)
        with _stopped(self._apis):
            bare = self._bare(mix, clients, seconds)
        for name in mix:
            mine, theirs = ours[name], bare[name]
            numbers = f"{mine.answers:>9}{mine.half:>9.1f}{mine.most:>9.1f}"
            beside = f"{theirs.answers:>9}{theirs.half:>9.1f}{theirs.most:>9.1f}"
            print(f"{LABELS[name]:34}{numbers}{beside}{mine.most / theirs.most:>9.2f}x", flush=True)

    def _product(self, mix: dict[str, float], clients: int, seconds: float) -> dict[str, Row]:
        plan = Plan([each.port for each in self._apis], clients, seconds, mix, self._asked, {})
        argv = [sys.executable, str(Path(__file__).with_name("server_load.py"))]
        done = subprocess.run(argv, input=msgspec.json.encode(plan), stdout=subprocess.PIPE, check=True)
        found = msgspec.json.decode(done.stdout)
        if found["errors"]:
            raise SystemExit(f"{len(found['errors'])} answers were no success: {found['errors'][:5]}")
        return {name: _row(taken) for name, taken in found["seconds"].items()}

    def _bare(self, mix: dict[str, float], clients: int, seconds: float) -> dict[str, Row]:
        scripts: list[str] = []
        for name, weight in mix.items():
            drawn = "".join(f"\\set {each} random(1, {most})\n" for each, most in self._most.items())
            path = self._folder / f"{name}.sql"
            path.write_text(drawn + _SQL[name], encoding="utf-8")
            scripts += ["-f", f"{path}@{round(weight * 10)}"]
        log = self._folder / f"{'-'.join(mix)}.log"
        load = ["-c", str(clients), "-j", "2", "-T", str(max(1, round(seconds))), "-l", f"--log-prefix={log}"]
        run("pgbench", "-n", "-M", "prepared", *load, *scripts, self._place)
        taken: dict[str, list[float]] = {name: [] for name in mix}
        for part in self._folder.glob(f"{log.name}.*"):
            for line in part.read_text(encoding="ascii").splitlines():
                _, _, microseconds, script, *_ = line.split()
                taken[list(mix)[int(script)]].append(int(microseconds) / 1_000_000)
        return {name: _row(seconds) for name, seconds in taken.items()}


@contextmanager
def _stopped(apis: Sequence[Api]) -> Iterator[None]:
    """Keep what the product still has to do from taking the processor."""
    for each in apis:
        each.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for each in apis:
            each.signal(signal.SIGCONT)


def _row(seconds: Sequence[float]) -> Row:
    ordered = sorted(seconds) or [0.0]
    return Row(len(seconds), ordered[len(ordered) // 2] * 1000, ordered[len(ordered) * 99 // 100] * 1000)


if __name__ == "__main__":
    main()

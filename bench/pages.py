"""Every page of the dashboard on a large fleet, beside the limits that it is to stay within.

    python bench/pages.py [--work FOLDER] [--scale 0.05] [--times N]

Takes the fleet of bench/synthetic.py (20,000 images, 50 environments of 400 services), counted as the worker
does it, and asks the real server for each page as a browser does. cpu: of the server, by request, the mean; first: of
the first request. kB: compressed. weight: with all that the page loads on a first visit. paint: milliseconds until
Chromium shows something, the median. Limits: 200 ms, 150 kB, 500 ms; each figure is also told as part of its limit.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import fleet
import requests
from measure import heading, program
from sql import queries

from envscout.server.pages.table import PAGES
from envscout.store import Database, judged, now
from envscout.store.deployments import Scope
from envscout.verbs import ask, count

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.servers.program import running

CPU_MS, WEIGHT_KB, PAINT_MS = 200, 150, 500
_TICKS = os.sysconf("SC_CLK_TCK")


class Row(NamedTuple):
    """What one page took."""

    path: str
    first: float
    cpu: float
    size: float
    weight: float
    paint: float


def main() -> None:
    """Prepare the fleet, serve it, ask for every page, print."""
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "envscout-bench", help="kept fleet")
    wanted.add_argument("--scale", type=float, default=1.0, help="size, 1 = 20,000 images")
    wanted.add_argument("--times", type=int, default=10, help="requests of each page")
    options = wanted.parse_args()
    heading()
    kept = fleet.fleet(options.work, options.scale)
    with tempfile.TemporaryDirectory(prefix="envscout-bench-") as folder:
        place = Path(folder) / "envscout.db"
        shutil.copyfile(kept, place)
        began = time.perf_counter()
        addresses = _prepared(place)
        print(f"# counted and judged in {time.perf_counter() - began:.0f} s")
        print(
            f"{'page':42}{'first':>8}{'cpu ms':>8}{'/200':>7}{'kB':>7}{'weight':>8}{'/150':>7}{'paint':>7}{'/500':>7}"
        )
        with _served(place, Path(folder)) as (base, cpu), _painting(base) as paint:
            found = [_row(base, path, cpu, paint, options.times) for path in addresses.values()]
        for row in found:
            print(
                f"{row.path[:41]:42}{row.first:8.0f}{row.cpu:8.0f}{row.cpu / CPU_MS:6.2f}x{row.size:7.1f}"
                f"{row.weight:8.1f}{row.weight / WEIGHT_KB:6.2f}x{row.paint:7.0f}{row.paint / PAINT_MS:6.2f}x"
            )
    worst = [max(value) for value in zip(*(each[2:] for each in found), strict=True)]
    print(f"# worst: {worst[0]:.0f} ms of {CPU_MS}, {worst[2]:.0f} kB of {WEIGHT_KB}, {worst[3]:.0f} ms of {PAINT_MS}")


def _prepared(place: Path) -> dict[str, str]:
    """Count what is to be counted; return an address of each page by its path."""
    with Database(place) as database:
        count.count(database)
        _judge(database)
        with database.read() as connection:
            name, organization = connection.execute("SELECT name, organization FROM environment").fetchone()
            vulnerability, package = connection.execute(queries("bare")["widest"], {"known_at": now()}).fetchone()
        (one, *_) = ask.running(database, Scope(organization, name))
        reference, digest = one.deployment.reference, one.deployment.digest
        environments = [each.name for each in ask.environments(database, Scope(organization))][:2]
    to = f"?env={name}&digest={quote(digest)}&service={quote(one.deployment.service)}&reference={quote(reference)}"
    more = {
        "/compare": f"?from_env={environments[0]}&to_env={environments[1]}",
        "/promotion/gate": to,
        "/images/{digest}/explain": f"?vulnerability={quote(vulnerability)}",
        "/search": f"?q={quote(vulnerability)}",
        "/packages": "?q=a",
        "/images": "",
        "/vulnerabilities": "?q=CVE",
        "/policies/scope": f"?organization={organization}&environment={name}",
    }
    parts = {"environment": name, "vulnerability": vulnerability, "package": package, "digest": digest}
    # What is about one thing that this fleet has none of, such as a token that is to be revoked, asks for nothing much.
    paths = [
        each.path for each in PAGES if not each.path.endswith(("/remove", "/revoke", "/release", "/rotate", "/file"))
    ]
    return {
        path: path.format(**{key: quote(each, safe="") for key, each in parts.items()}) + more.get(path, "")
        for path in paths
    }


def _judge(database: Database) -> None:
    """Keep a judgement of every image, as the worker does that takes its time for it."""
    while True:
        with database.read() as connection:
            due = judged.due(connection, now())
        if due is None:
            return
        ran = ask.running(database, Scope(due.organization, due.name))
        failing = {each.image_id: ("fixable-vulnerabilities", "default-non-root-user") for each in ran}
        counts = tuple(judged.Count(f"policy-{n}", f"Policy {n}", len(failing), 0) for n in range(7))
        with database.write() as connection:
            judged.put(connection, due, now(), counts, failing)


@contextmanager
def _served(place: Path, folder: Path) -> Iterator[tuple[str, Callable[[], float]]]:
    """Serve a store; yield the address, and what tells the milliseconds of CPU that the server took so far."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ENVSCOUT_")}
    settings = {"ENVSCOUT_HOME": str(folder), "ENVSCOUT_STORE": str(place)}
    argv = [program(), "serve", "--port", str(port), "--no-worker"]
    command = ["env", "-i", *(f"{name}={value}" for name, value in (kept | settings).items()), *argv]
    with running(command, folder / "log", lambda: _answers(base)) as process:
        yield base, lambda: _cpu(process.pid)


def _answers(base: str) -> bool:
    try:
        return requests.get(f"{base}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


def _cpu(pid: int) -> float:
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) * 1000 / _TICKS


@contextmanager
def _painting(base: str) -> Iterator[Callable[[str], tuple[float, float]]]:
    """Yield what tells of a page the milliseconds until it shows something, and its weight on a first visit."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])

        def paint(path: str) -> tuple[float, float]:
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            page.goto(base + path)
            told: Mapping[str, Any] = json.loads(page.evaluate(_TOLD))
            context.close()
            return float(told["paint"]), float(told["bytes"]) / 1000

        yield paint
        browser.close()


_TOLD = """async () => {
  const all = () => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  const painted = () => performance.getEntriesByType('paint').find(each => each.name === 'first-contentful-paint')
  while (!painted()) await new Promise(done => setTimeout(done, 10))
  return JSON.stringify({paint: painted().startTime, bytes: all().reduce((sum, each) => sum + each.transferSize, 0)})
}"""


def _row(
    base: str, path: str, cpu: Callable[[], float], paint: Callable[[str], tuple[float, float]], times: int
) -> Row:
    with requests.Session() as session:
        session.headers.update({"Accept": "text/html", "Accept-Encoding": "gzip"})
        first, size = _asked(session, base + path, cpu)
        began = cpu()
        for _ in range(times):
            session.get(base + path, timeout=60).raise_for_status()
        mean = (cpu() - began) / times
    painted = [paint(path) for _ in range(5)]
    weight = max(each[1] for each in painted)
    return Row(path.partition("?")[0], first, mean, size, weight, statistics.median(each[0] for each in painted))


def _asked(session: requests.Session, address: str, cpu: Callable[[], float]) -> tuple[float, float]:
    began = cpu()
    with session.get(address, timeout=60, stream=True) as answer:
        answer.raise_for_status()
        size = len(answer.raw.read(decode_content=False))
    return cpu() - began, size / 1000


if __name__ == "__main__":
    main()

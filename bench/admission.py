"""The gate at the door of a cluster under load: AdmissionReviews at a fixed rate, and no wrong answer among them.

    python bench/admission.py [--work FOLDER] [--scale 0.05] [--rate 500] [--seconds 30]

Takes the fleet of bench/synthetic.py (20,000 images, 50 environments of 400 services) and asks the real server about
pods: of images that run there already, of others that policies were asked about before, and of some that nobody knows.
Requests leave at their moments whether earlier ones are answered or not, and what one takes counts from its moment.
Beside it, in the same way, what tells nothing of anything (/healthz). Limit: the 99th percentile within 100 ms.
"""

import argparse
import asyncio
import json
import random
import shutil
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import fleet
import msgspec
import requests
from measure import heading
from pages import _served

from envscout.model import Event
from envscout.store import Database
from envscout.store.deployments import Scope
from envscout.verbs import ask, become

LIMIT_MS = 100
CONNECTIONS = 64
ENVIRONMENT, OTHER = "env-1", "env-2"
JUDGED, UNKNOWN = 40, 20
PATH = f"/api/v1/admission/{ENVIRONMENT}/deny/closed?timeout=10s"


class Case(NamedTuple):
    """One request, and what has to be answered: allowed, and a word of the verdict."""

    content: bytes
    allowed: bool
    verdict: str


def main() -> None:
    """Prepare the fleet, serve it, ask at a rate, print."""
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "envscout-bench", help="kept fleet")
    wanted.add_argument("--scale", type=float, default=1.0, help="size, 1 = 20,000 images")
    wanted.add_argument("--rate", type=int, default=500, help="requests a second")
    wanted.add_argument("--seconds", type=int, default=30, help="for how long")
    options = wanted.parse_args()
    heading()
    kept = fleet.fleet(options.work, options.scale)
    with tempfile.TemporaryDirectory(prefix="envscout-bench-") as folder:
        place = Path(folder) / "envscout.db"
        shutil.copyfile(kept, place)
        _look(place)
        with _served(place, Path(folder)) as (base, cpu):
            cases = _cases(base)
            print(f"# {Counter(each.verdict for each in cases)}")
            plan = random.Random(1).choices(cases, k=options.rate * options.seconds)
            port = int(base.rpartition(":")[2])
            bare = Case(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", True, "")
            print(f"{'ms':12}{'answers':>9}{'wrong':>7}{'p50':>8}{'p99':>8}{'/100':>7}{'most':>8}{'cpu':>8}")
            for name, some in (("admission", plan), ("healthz", [bare] * (options.rate * 5))):
                began = cpu()
                took, wrong = asyncio.run(_asked(port, some, options.rate))
                spent = (cpu() - began) / len(some)
                cut = statistics.quantiles(took, n=100)
                print(
                    f"{name:12}{len(took):9}{wrong:7}{cut[49]:8.1f}{cut[98]:8.1f}{cut[98] / LIMIT_MS:6.2f}x"
                    f"{max(took):8.1f}{spent:8.2f}"
                )


def _look(place: Path) -> None:
    """Have a watcher see what is on record."""
    with Database(place) as database:
        running = [each.deployment for each in ask.running(database, Scope("", ENVIRONMENT))]
        said = Event(running[0].organization, ENVIRONMENT, "", "", 0, actor="kubernetes:bench", source="kubernetes")
        seen = tuple(
            msgspec.structs.replace(said, service=each.service, digest=each.digest, reference=each.reference)
            for each in running
        )
        become.observe(database, become.Goal(said, seen), unindexed=True)


def _cases(base: str) -> list[Case]:
    """Return requests whose answers are known by another way: by what runs, and by what the policies' own page says."""
    here, other = (_running(base, name) for name in (ENVIRONMENT, OTHER))
    cases = [_case(_named(each), True, "runs") for each in here]
    running = {each["digest"] for each in here}
    for each in [each for each in other if each["digest"] not in running][:JUDGED]:
        path = f"{base}/api/v1/images/{each['digest']}/policy"
        query = {"env": ENVIRONMENT, "service": each["service"], "reference": _named(each)}
        found = requests.get(path, params=query, timeout=60).json()["judged"]
        failed = any(one["blocks"] and one["state"] == "fail" for one in found["verdicts"])
        cases.append(
            _case(_named(each), bool(found["met"]), "allowed" if found["met"] else "refused" if failed else "unknown")
        )
    cases += [_case(f"nobody/knows-{number}:1", False, "unknown") for number in range(UNKNOWN)]
    for case in cases:
        # Each once: what is measured is what a cluster asks again and again.
        body = case.content.partition(b"\r\n\r\n")[2]
        requests.post(base + PATH, data=body, timeout=60).raise_for_status()
    return cases


def _running(base: str, environment: str) -> list[dict[str, Any]]:
    path = f"{base}/api/v1/environments/{environment}/deployments?limit=200"
    return list(requests.get(path, timeout=60).json()["items"])


def _named(deployment: dict[str, Any]) -> str:
    return f"{deployment['reference'].partition('@')[0]}@{deployment['digest']}"


def _case(image: str, allowed: bool, verdict: str) -> Case:
    spec = {"containers": [{"name": "main", "image": image, "env": [{"name": "A", "value": "x" * 200}]}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"}, "spec": spec}
    request = {"uid": "u", "namespace": "shop", "operation": "CREATE", "object": pod}
    body = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}).encode()
    head = f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
    return Case(head.encode() + body, allowed, verdict)


async def _asked(port: int, plan: list[Case], rate: int) -> tuple[list[float], int]:
    """Ask at a rate; return the milliseconds of each, and how many answers were wrong."""
    idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        idle.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    took: list[float] = []
    wrong = 0
    began = time.perf_counter() + 0.1

    async def one(number: int, case: Case) -> None:
        nonlocal wrong
        at = began + number / rate
        await asyncio.sleep(at - time.perf_counter())
        reader, writer = await idle.get()
        writer.write(case.content)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        size = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
        body = await reader.readexactly(size)
        took.append((time.perf_counter() - at) * 1000)
        idle.put_nowait((reader, writer))
        if not head.startswith(b"http/1.1 200") or (case.verdict and not _is_right(json.loads(body)["response"], case)):
            wrong += 1

    await asyncio.gather(*(one(number, case) for number, case in enumerate(plan)))
    while not idle.empty():
        idle.get_nowait()[1].close()
    return took, wrong


def _is_right(response: dict[str, Any], case: Case) -> bool:
    verdict = response.get("auditAnnotations", {}).get("verdict", "")
    return bool(response["allowed"] == case.allowed and verdict.endswith(f"={case.verdict}"))


if __name__ == "__main__":
    main()

"""The watcher of a large cluster: what it takes to list ten thousand pods, and to follow them while they are replaced.

    python bench/following.py [--pods 10000] [--bytes 8000] [--rate 100] [--seconds 60]

Runs the program beside the API server of the tests, with 20 images; tells the most memory that the process took so
far, and the CPU that it took in each part. bytes: of an annotation of each pod, in place of what real ones have beside
what counts.
"""

import argparse
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import NamedTuple

from measure import heading

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.servers.kubernetes import Cluster, cluster
from tests.stories.story import Desk, Laptop
from tests.watch.watcher import Watcher, watching

APPS = 20
BATCH = 5
LIMIT_MB = 200


class Load(NamedTuple):
    """What the cluster goes through. rate: pods replaced each second."""

    pods: int
    bytes: int
    rate: float
    seconds: float


def main() -> None:
    """Fill a cluster, follow it, print."""
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--pods", type=int, default=10_000, help="in all")
    wanted.add_argument("--bytes", type=int, default=8_000, help="that nobody asks for, of each pod")
    wanted.add_argument("--rate", type=float, default=100, help="pods replaced each second")
    wanted.add_argument("--seconds", type=float, default=60, help="how long they are")
    load = Load(**vars(wanted.parse_args()))
    heading()
    with tempfile.TemporaryDirectory() as name, cluster() as api:
        for number in range(APPS):
            api.put_pods(load.pods // APPS, f"space-{number}", f"shop/app-{number}:1", annotation="x" * load.bytes)
        config = str(api.kubeconfig(Path(name)))
        words = ("watch", "kubernetes", "--kubeconfig", config, "--environment", "all", "--org", "shop")
        desk = Laptop(Path(name) / "home")
        with watching(desk, words, Path(name)) as watcher:
            _await(desk, "1")
            _line("listed", watcher, 0)
            cpu = watcher.cpu
            replaced = _replace(api, load)
            _await(desk, "2")
            _line(f"{replaced} replaced", watcher, cpu)


def _replace(api: Cluster, load: Load) -> int:
    """Replace pods at a rate; return how many were."""
    began = time.monotonic()
    for step in count():
        wait = began + step * BATCH / load.rate - time.monotonic()
        time.sleep(max(0, wait))
        if time.monotonic() - began >= load.seconds:
            return step * BATCH
        api.replace_pods(BATCH, f"space-{step % APPS}", f"shop/app-{step % APPS}:2")
    raise AssertionError("time ends")


def _await(desk: Desk, version: str) -> None:
    """Wait until all images of a version are on record."""
    wanted = {f"shop/app-{number}:{version}" for number in range(APPS)}
    for _ in range(600):
        answer = desk.call("environment", "all", "--format", "json")
        running = answer.json["deployments"] if answer.code == 0 else ()
        if wanted <= {each["reference"].partition("@")[0] for each in running}:
            return
        time.sleep(0.2)
    raise TimeoutError(f"version {version} was not recorded")


def _line(what: str, watcher: Watcher, cpu: float) -> None:
    size = watcher.peak * 1024 / 1e6
    print(f"{what:<20} {size:5.0f} MB ({size / LIMIT_MB:.0%} of the limit)  {watcher.cpu - cpu:5.1f} s CPU")


if __name__ == "__main__":
    main()

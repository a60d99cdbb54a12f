"""A large cluster takes little memory, whether it is looked at once or followed through a rollout of all of it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.kubernetes import Cluster, cluster
from tests.stories.story import PROGRAM, Desk, Laptop
from tests.watch.watcher import PATIENCE, watching

APPS, COPIES = 20, 500
MOST = 200 << 10
"""KiB."""

# What starts a program counts as the most that it ever took: something small has to.
_MEASURED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture
def api() -> Iterator[Cluster]:
    """Run a cluster with ten thousand pods."""
    with cluster() as running:
        for number in range(APPS):
            running.put_pods(COPIES, f"space-{number}", f"shop/app-{number}:1")
        yield running


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a desk with a store of its own."""
    return Laptop(tmp_path / "home")


def _words(api: Cluster, folder: Path) -> tuple[str, ...]:
    config = str(api.kubeconfig(folder))
    return ("watch", "kubernetes", "--kubeconfig", config, "--environment", "all", "--org", "shop")


def _running(desk: Desk) -> set[tuple[str, str]]:
    known = [each["name"] for each in desk.ok("environment", "--format", "json").json["environments"]]
    if not known:
        return set()
    found = desk.ok("environment", "all", "--format", "json").json["deployments"]
    return {(each["service"], each["reference"].partition("@")[0].rpartition(":")[2]) for each in found}


def test_ten_thousand_pods_take_little_memory(api: Cluster, desk: Desk, tmp_path: Path) -> None:
    argv = [sys.executable, "-c", _MEASURED, str(PROGRAM), *_words(api, tmp_path), "--once"]
    done = subprocess.run(argv, env=desk.env, check=True, capture_output=True, text=True)
    assert int(done.stderr.split()[-1]) < MOST
    assert len(desk.ok("environment", "all").lines) == APPS
    assert sum(count for (verb, path), count in api.requests.items() if path.endswith("/pods")) >= APPS


def test_following_them_through_a_rollout_takes_little_memory(api: Cluster, desk: Desk, tmp_path: Path) -> None:
    def becomes(version: str) -> None:
        end = time.monotonic() + PATIENCE
        while (found := _running(desk)) != {(f"shop/app-{number}", version) for number in range(APPS)}:
            assert time.monotonic() < end, (version, found, watcher.told[-2_000:])
            time.sleep(0.2)

    with watching(desk, _words(api, tmp_path), tmp_path) as watcher:
        becomes("1")
        for _ in range(COPIES // 50):
            for number in range(APPS):
                api.replace_pods(50, f"space-{number}", f"shop/app-{number}:2")
        becomes("2")
        assert watcher.peak < MOST

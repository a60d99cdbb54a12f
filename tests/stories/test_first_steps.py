"""README and first success: every command in them runs, against a real registry, and does what is said of it."""

import functools
import gzip
import http.server
import re
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.program import need
from tests.servers.registry import Registry
from tests.stories.docker_client import Find
from tests.stories.story import PROGRAM, Answer, Desk

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "docs" / "index.md", ROOT / "docs" / "first-success.md")


def _commands(page: Path) -> list[str]:
    """Return the commands of a page, those that record and fetch first: a page does not show everything in order."""
    blocks = re.findall(r"^```console\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    lines = [line.removeprefix("$ ").partition(" #")[0] for block in blocks for line in block.splitlines()]
    ours = [line.replace(".venv/bin/", "") for line in lines if not line.startswith("make ")]
    return sorted(dict.fromkeys(ours), key=lambda line: " environment " not in line and "db update" not in line)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name of the base class)
        """Say nothing."""


@pytest.fixture
def mirror(sample: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Serve the sample advisories as OSV, EPSS and CISA serve theirs; return the settings that name them."""
    folder = tmp_path / "mirror"
    for ecosystem in (each for each in sample.iterdir() if each.is_dir()):
        (folder / ecosystem.name).mkdir(parents=True)
        with zipfile.ZipFile(folder / ecosystem.name / "all.zip", "w") as archive:
            for record in ecosystem.glob("*.json"):
                archive.write(record, record.name)
    (folder / "kev.json").write_bytes((sample / "kev.json").read_bytes())
    (folder / "epss.csv.gz").write_bytes(gzip.compress((sample / "epss.csv").read_bytes()))
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        yield {
            "ENVSCOUT_OSV_URL": address,
            "ENVSCOUT_KEV_URL": f"{address}/kev.json",
            "ENVSCOUT_EPSS_URL": f"{address}/epss.csv.gz",
        }
        server.shutdown()
        thread.join()


@pytest.fixture
def type_(desk: Desk, registry: Registry, release: Find, mirror: dict[str, str]) -> "Typing":
    """Return a new user's shell; the registry holds what the pages name."""
    need("docker", "bash")
    for tag, source in (("v1.2.0", "api:2.3.0"), ("v1.2.3", "api:2.4.0")):
        registry.push(release(source).layout, f"myorg/myapp:{tag}", release(source).reference.rpartition(":")[2])
    desk.home.mkdir()
    env = {**desk.env, **mirror, "PATH": f"{PROGRAM.parent}:{desk.env['PATH']}", "DOCKER_HOST": "unix:///nonexistent"}
    return Typing(env, registry.host)


class Typing:
    """A shell in a home folder."""

    def __init__(self, env: dict[str, str], registry: str) -> None:
        self.env = env
        self.registry = registry

    def __call__(self, line: str) -> Answer:
        """Run a line as a user types it."""
        argv = ["bash", "-c", line.replace("registry.example.com", self.registry)]
        done = subprocess.run(argv, env=self.env, cwd=self.env["HOME"], capture_output=True, check=False)
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_page_runs(page: Path, type_: "Typing") -> None:
    assert type_("envscout plugin install").code == 0
    # Not every page shows each recording that its questions need.
    assert type_("envscout environment production registry.example.com/myorg/myapp:v1.2.0").code == 0
    assert type_("envscout environment staging registry.example.com/myorg/myapp:v1.2.3").code == 0
    assert type_("envscout db update").code == 0
    for line in _commands(page):
        answer = type_(line)
        assert answer.code == (2 if "--exit-code" in line else 0), (line, answer)


def test_a_new_user_with_an_empty_store_is_told_the_next_step(type_: "Typing") -> None:
    for line in ("envscout cves --env production", "envscout where CVE-2023-4863 --env production"):
        answer = type_(line)
        assert (answer.code, answer.out) == (1, "")
        assert "`envscout environment production IMAGE` records one" in answer.refusal
    everywhere = type_("envscout where CVE-2023-4863")
    assert (everywhere.code, "envscout db update" in everywhere.out) == (0, True)

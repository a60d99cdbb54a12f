"""A registry is watched: what is pushed is indexed once, whatever is killed, and only what the registry has."""

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from envscout.demo.databases import Deb
from envscout.demo.layout import ImagePlan, layer, write_layout
from envscout.store import Database, watching
from tests.images import attesting
from tests.servers.registry import Registry, serving
from tests.stories.story import PROGRAM, Answer, Desk, debian

SECRET = "a shared secret"
DISTRIBUTION = "application/vnd.docker.distribution.events.v1+json"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path / "home")
    made.env["ENVSCOUT_WEBHOOK_SECRET"] = SECRET
    return made


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """Run a registry of this test's own, so that its list holds nothing else."""
    (tmp_path / "registry").mkdir()
    with serving(tmp_path / "registry") as host:
        yield Registry(host, tmp_path / "registry")


def image(folder: Path, version: str) -> Path:
    """Write an image that differs by the version of a package."""
    write_layout(folder / version, {"v": ImagePlan((layer(debian(Deb("bash", version)), "ADD . /"),))})
    return folder / version


def push(registry: Registry, folder: Path, name: str, version: str = "1-1") -> str:
    digest = registry.push(image(folder, version), name, "v")
    return f"{registry.host}/{name}@{digest}"


def events(answer: Answer) -> list[dict[str, Any]]:
    return [json.loads(line)["watch"] for line in answer.lines]


def indexed(desk: Desk, registry: Registry, *words: str) -> list[str]:
    """Look once and return what was indexed."""
    answer = desk.ok("watch", "--registry", registry.host, "--once", "--format", "json", *words)
    return sorted(each["image"] for each in events(answer) if each["event"] == "indexed")


def test_only_what_is_new_is_indexed(desk: Desk, registry: Registry, tmp_path: Path) -> None:
    push(registry, tmp_path, "team/app:v1", "1-1")
    first = desk.ok("watch", "--registry", registry.host, "--once")
    assert (first.lines, "--all-images takes these as well" in first.err) == ([], True)
    assert indexed(desk, registry) == []
    new = push(registry, tmp_path, "team/app:v2", "2-1")
    other = push(registry, tmp_path, "other/app:v1", "3-1")
    assert indexed(desk, registry) == [other, new]
    assert indexed(desk, registry) == []
    moved = push(registry, tmp_path, "team/app:v1", "4-1")
    assert indexed(desk, registry) == [moved]
    # What was indexed is known to every other command.
    assert "already known" in desk.ok("sbom", f"registry://{moved}", "--format", "list").err


def test_all_images_and_chosen_ones(desk: Desk, registry: Registry, tmp_path: Path) -> None:
    names = {name: push(registry, tmp_path, name, "1-1") for name in ("a/x:v1", "a/x:dev", "a/y:v1", "b/x:v1")}
    assert indexed(desk, registry, "--all-images", "--repository", "a/x", "--tag", "^v[0-9]") == [names["a/x:v1"]]
    glob = f"registry={registry.host},include=a/*,exclude=*/x"
    answer = desk.ok("watch", "--registry", glob, "--once", "--all-images", "--format", "json")
    assert [each["image"] for each in events(answer) if each["event"] == "indexed"] == [names["a/y:v1"]]
    assert indexed(desk, registry, "--all-images") == sorted([names["a/x:dev"], names["b/x:v1"]])


def test_a_dry_run_remembers_nothing(desk: Desk, registry: Registry, tmp_path: Path) -> None:
    name = push(registry, tmp_path, "team/app:v1")
    words = ("watch", "--registry", registry.host, "--once", "--dry-run")
    assert desk.ok(*words).lines == []
    assert desk.ok(*words, "--all-images").lines == [f"would-index  {name}"]
    assert indexed(desk, registry, "--all-images") == [name]


def test_digests_alone(desk: Desk, registry: Registry, tmp_path: Path) -> None:
    name = push(registry, tmp_path, "team/app:v1")
    answer = desk.ok("watch", "--registry", registry.host, "--once", "--all-images", "--sbom=false")
    assert [line.split()[:2] for line in answer.lines] == [["recorded", name]]
    assert "already known" not in desk.ok("sbom", f"registry://{name}", "--format", "list").err


def test_what_speaks_of_images_is_none(desk: Desk, registry: Registry, tmp_path: Path) -> None:
    name = push(registry, tmp_path, "team/app:v1")
    document = tmp_path / "spdx.json"
    document.write_text(json.dumps(attesting.spdx(("pkg:npm/a@1", ""))))
    desk.ok("attestation", "add", "--file", document, f"registry://{registry.host}/team/app:v1")
    assert indexed(desk, registry, "--all-images") == [name]


def test_what_is_no_image_is_told_and_tried_again(desk: Desk, registry: Registry, tmp_path: Path) -> None:
    from envscout.images.artifacts import Part, push_artifact
    from envscout.names.reference import parse

    push_artifact(parse(f"registry://{registry.host}/team/chart:v1"), "application/chart", [Part("text/plain", b"x")])
    good = push(registry, tmp_path, "team/app:v1")
    answer = desk.call("watch", "--registry", registry.host, "--once", "--all-images")
    assert answer.code == 1
    assert [line.split()[1] for line in answer.lines] == [good]
    assert "team/chart:v1" in answer.err
    with Database(desk.place) as database, database.read() as connection:
        assert watching.queued(connection, registry.host) == 1


def test_a_repository_that_is_switched_off_is_left_alone(desk: Desk, registry: Registry, tmp_path: Path) -> None:
    push(registry, tmp_path, "team/app:v1")
    from envscout.store import now, repositories

    with Database(desk.place) as database, database.write() as connection:
        repositories.switch(connection, f"{registry.host}/team/app", False, now())
    assert indexed(desk, registry, "--all-images") == []


def test_the_registry_that_was_registered(desk: Desk, registry: Registry, tmp_path: Path) -> None:
    assert desk.call("watch", "--once").code == 64
    names = {name: push(registry, tmp_path, name) for name in ("a/x:v1", "b/x:v1", "b/y:v1")}
    words = ("integration", "configure", "oci", "--parameter", f"registry={registry.host}")
    desk.ok(*words, "--parameter", "include=a/*,b/*", "--parameter", "exclude=*/y")
    lines = desk.ok("watch", "--once", "--all-images").lines
    assert sorted(line.split()[1] for line in lines) == [names["a/x:v1"], names["b/x:v1"]]
    desk.ok("integration", "configure", "harbor", "--parameter", "registry=harbor.example")
    several = desk.call("watch", "--once")
    assert (several.code, "harbor.example" in several.refusal) == (64, True)


def test_names_and_passwords(desk: Desk, registry_basic: Registry, tmp_path: Path) -> None:
    name = push(registry_basic, tmp_path, "watched/app:v1")
    words = ("watch", "--registry", registry_basic.host, "--once", "--all-images", "--repository", "watched/app")
    refused = desk.call(*words)
    assert (refused.code, "401" in refused.err) == (1, True)
    known = {"DOCKER_SCOUT_REGISTRY_USER": registry_basic.user, "DOCKER_SCOUT_REGISTRY_PASSWORD": "wrong"}
    assert desk.call(*words, **known).code == 1
    known["DOCKER_SCOUT_REGISTRY_PASSWORD"] = registry_basic.password
    assert [line.split()[1] for line in desk.ok(*words, **known).lines] == [name]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--registry", "type=quay,registry=a.example"],
        ["--registry", "no host"],
        ["--registry", "registry=a.example,color=red"],
        ["--registry", "registry=a.example,port=70000"],
        ["--registry", "a.example", "--tag", "("],
        ["--registry", "a.example", "--workers", "0"],
        ["--registry", "registry=a.example,port=0", "--once"],
        ["--registry", "registry=a.example,subdomain-mode=true"],
    ],
)
def test_what_cannot_be_watched(desk: Desk, words: list[str]) -> None:
    answer = desk.call("watch", *words)
    assert (answer.code, answer.out) == (64, ""), answer


def test_events_from_anybody_are_not_received(desk: Desk) -> None:
    del desk.env["ENVSCOUT_WEBHOOK_SECRET"]
    answer = desk.call("watch", "--registry", "registry=a.example,port=0")
    assert answer.code == 64
    assert "ENVSCOUT_WEBHOOK_SECRET" in answer.refusal


def test_a_registry_that_is_away(desk: Desk) -> None:
    answer = desk.call("watch", "--registry", "127.0.0.1:1", "--once")
    assert (answer.code, answer.out) == (1, "")
    assert "127.0.0.1:1" in answer.refusal


class Watcher:
    """A process that watches and writes what happens to a file."""

    def __init__(self, desk: Desk, out: Path, *words: str) -> None:
        self._out = out
        argv = [str(PROGRAM), "watch", "--format", "json", *words]
        with out.open("ab") as file:
            self.process = subprocess.Popen(argv, env=desk.env, stdout=file, stderr=subprocess.STDOUT)

    def told(self, event: str) -> list[dict[str, Any]]:
        """Return what was told so far of a kind."""
        lines = self._out.read_text().splitlines()
        found = [json.loads(line)["watch"] for line in lines if line.startswith("{") and line.endswith("}")]
        return [each for each in found if each["event"] == event]

    def until(self, event: str, count: int) -> list[dict[str, Any]]:
        """Wait until so many were told."""
        end = time.monotonic() + 60
        while len(self.told(event)) < count:
            assert self.process.poll() is None, self._out.read_text()
            assert time.monotonic() < end, self._out.read_text()
            time.sleep(0.05)
        return self.told(event)


@contextmanager
def watching_it(desk: Desk, out: Path, *words: str) -> Iterator[Watcher]:
    watcher = Watcher(desk, out, *words)
    try:
        yield watcher
    finally:
        watcher.process.kill()
        watcher.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def telling(folder: Path, port: int, secret: str = SECRET) -> Iterator[Registry]:
    """Run a registry that tells a watcher on a port of pushes."""
    endpoint = {
        "name": "envscout",
        "url": f"http://127.0.0.1:{port}/events",
        "headers": {"Authorization": [f"Bearer {secret}"]},
        "timeout": "2s",
        "threshold": 3,
        "backoff": "200ms",
    }
    folder.mkdir()
    with serving(folder, endpoints=[endpoint]) as host:
        yield Registry(host, folder)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_real_registry_tells_of_pushes(desk: Desk, tmp_path: Path, how: signal.Signals) -> None:
    port = free_port()
    with telling(tmp_path / "telling", port) as registry:
        text = f"registry={registry.host},port={port},listen=127.0.0.1"
        # The next look is far away: what is indexed was told.
        with watching_it(desk, tmp_path / "out", "--registry", text, "--interval", "3600") as watcher:
            watcher.until("looked", 1)
            names = [push(registry, tmp_path, f"team/app:v{n}", f"{n}-1") for n in range(3)]
            assert sorted(each["image"] for each in watcher.until("indexed", 3)) == names
            # Pushing the same again is no news.
            push(registry, tmp_path, "team/app:v0", "0-1")
            last = push(registry, tmp_path, "team/last:v1", "9-1")
            assert watcher.until("indexed", 4)[-1]["image"] == last
            watcher.process.send_signal(how)
            assert watcher.process.wait(30) == 0
    assert "Traceback" not in (tmp_path / "out").read_text()


def test_a_registry_with_another_secret_is_not_believed(desk: Desk, tmp_path: Path) -> None:
    port = free_port()
    with telling(tmp_path / "telling", port, "wrong") as registry:
        text = f"registry={registry.host},port={port},listen=127.0.0.1"
        with watching_it(desk, tmp_path / "out", "--registry", text, "--interval", "3600") as watcher:
            watcher.until("looked", 1)
            push(registry, tmp_path, "team/app:v1")
            log = tmp_path / "telling" / "registry.log"
            end = time.monotonic() + 30
            while b"401" not in log.read_bytes():
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.1)
            assert watcher.told("indexed") == []
    with Database(desk.place) as database, database.read() as connection:
        assert watching.queued(connection, registry.host) == 0


def test_what_was_acknowledged_survives_a_kill(desk: Desk, tmp_path: Path, registry: Registry) -> None:
    words = ("--registry", f"registry={registry.host},port=0,listen=127.0.0.1", "--interval", "3600")
    pushed: set[str] = set()
    for number in range(4):
        with watching_it(desk, tmp_path / "out", *words) as watcher:
            port = watcher.until("listening", number + 1)[-1]["count"]
            watcher.until("looked", number + 1)
            for each in (push(registry, tmp_path, f"team/app:r{number}n{n}", f"{number}.{n}-1") for n in range(3)):
                name, _, digest = each.partition("@")
                assert post(port, name.rpartition(":")[2], digest) == 200
                pushed.add(each)
            watcher.process.send_signal(signal.SIGKILL)
            watcher.process.wait()
    # What waits is dealt with; nothing can be noticed anew, since no repository is looked through.
    indexed(desk, registry, "--repository", "no/such")
    with Database(desk.place) as database, database.read() as connection:
        assert watching.queued(connection, registry.host) == 0
        known = watching.known(connection, registry.host, 0)
    assert {f"{registry.host}/{name}:{tag}@{digest}" for (name, tag), digest in known.items()} == pushed
    assert indexed(desk, registry) == []


def post(port: int, tag: str, digest: str, secret: str = SECRET, repository: str = "team/app") -> int:
    target = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "repository": repository,
        "tag": tag,
        "digest": digest,
        "url": "http://127.0.0.1:1/evil",
    }
    body = json.dumps(
        {"events": [{"id": "1", "action": "push", "target": target, "request": {"host": "evil.example"}}]}
    )
    headers = {"Authorization": secret, "Content-Type": DISTRIBUTION}
    return requests.post(f"http://127.0.0.1:{port}/", data=body, headers=headers, timeout=30).status_code


def test_an_event_leads_nowhere_but_to_the_registry(desk: Desk, tmp_path: Path, registry: Registry) -> None:
    good = push(registry, tmp_path, "team/app:v1")
    digest = good.partition("@")[2]
    words = ("--registry", f"registry={registry.host},port=0,listen=127.0.0.1", "--interval", "3600")
    with watching_it(desk, tmp_path / "out", *words) as watcher:
        port = watcher.until("listening", 1)[0]["count"]
        watcher.until("looked", 1)
        for repository in (
            "evil.example/app",
            "../../admin",
            "team/app/../../x",
            "http://evil.example/a",
            "A",
            "x" * 300,
        ):
            assert post(port, "v1", digest, repository=repository) == 200
        assert post(port, "v1", "sha256:0000") == 200
        assert post(port, "v1", digest, secret="wrong") == 401
        assert post(port, "v1", digest) == 200
        assert [each["image"] for each in watcher.until("indexed", 1)] == [good]
        failed = [each["image"] for each in watcher.told("failed")]
    assert all(each.startswith(f"{registry.host}/") for each in failed)

"""The real docker client runs us: as its plugin, against a real registry, beside a real engine."""

import contextlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from envscout.demo.databases import Deb
from tests.servers.engine import Engine
from tests.servers.program import need
from tests.servers.registry import Registry
from tests.stories.docker_client import Client, Find
from tests.stories.story import CRITICAL, Desk, advisory, debian, feed, layout, names
from tests.stories.test_real_images import alpine_layout


@pytest.fixture
def client(advised: Desk) -> Client:
    """Return a client with the plugin, on a desk with the sample advisories."""
    need("docker")
    assert advised.spawn("plugin", "install").code == 0
    return Client(advised)


@pytest.fixture
def local(client: Client, docker_engine: Engine) -> Client:
    """Return the same client beside a real engine."""
    client.env["DOCKER_HOST"] = docker_engine.host
    return client


def test_the_client_lists_the_plugin(client: Client) -> None:
    folder = client.desk.home / "docker" / "cli-plugins"
    assert (folder / "docker-scout").is_symlink()
    assert re.search(r"^  scout\*\s+Which image runs where", client.docker("--help").out, re.MULTILINE)
    listed = json.loads(client.docker("info", "--format", "{{json .ClientInfo.Plugins}}").out)
    (scout,) = [each for each in listed if each["Name"] == "scout"]
    assert scout["Path"] == str(folder / "docker-scout")
    assert scout["SchemaVersion"] == "0.1.0"
    assert not scout.get("Err")


def test_the_plugin_is_installed_once_and_removed_again(client: Client) -> None:
    link = client.desk.home / "docker" / "cli-plugins" / "docker-scout"
    assert "already runs" in client.desk.spawn("plugin", "install").err
    assert client.desk.spawn("plugin", "uninstall").code == 0
    assert not link.exists()
    assert client.desk.spawn("plugin", "uninstall").code == 1
    link.write_text("#!/bin/sh\necho somebody else\n")
    refused = client.desk.spawn("plugin", "install")
    assert (refused.code, "--force" in refused.refusal) == (64, True)
    assert "somebody else" in link.read_text()
    assert client.desk.spawn("plugin", "uninstall").code == 1
    assert client.desk.spawn("plugin", "install", "--force").code == 0
    assert client.scout("version").out.startswith("version: v")


def test_all_spellings_are_one_program(client: Client) -> None:
    link = client.desk.home / "docker" / "cli-plugins" / "docker-scout"
    direct = subprocess.run([link, "version"], capture_output=True, env=client.env, check=True).stdout.decode()
    assert client.scout("version").out == direct == client.desk.spawn("version").out
    assert "Usage: " in client.scout("--help").out
    assert "--only-severity" in client.scout("cves", "--help").out


def test_recording_from_a_registry_and_asking(client: Client, registry: Registry, release: Find) -> None:
    registry.push(release("api:2.3.0").layout, "myorg/myapp:v1", "2.3.0")
    digest = registry.push(release("api:2.4.0").layout, "myorg/myapp:v2", "2.4.0")
    client.scout("enroll", "myorg/myapp")
    done = client.scout("environment", "staging", f"{registry.host}/myorg/myapp:v1")
    assert f"✓ Successfully recorded {registry.host}/myorg/myapp:v1 in environment staging" in done.out
    assert client.scout("environment").lines == ["staging"]
    text = client.scout("cves", "--env", "staging", "myorg/myapp").out
    assert "✗ CRITICAL CVE-2023-38545" in text
    assert f"{registry.host}/myorg/myapp:v1" in text
    client.scout("environment", "staging", f"{registry.host}/myorg/myapp:v2")
    assert client.scout("environment", "staging").lines == [f"{registry.host}/myorg/myapp:v2@{digest}"]
    found = client.scout("cves", "--env", "staging", "--format", "json", "myorg/myapp").json
    assert "CVE-2023-38545" not in names(found)
    history = client.scout("environment", "history", "staging").lines
    assert len(history) == 4
    assert "myorg/myapp" in client.scout("where", "openssl").out


def test_a_tag_that_moves_does_not_move_the_record(client: Client, registry: Registry, release: Find) -> None:
    first = registry.push(release("worker:0.9.1").layout, "myorg/moving:v1", "0.9.1")
    client.scout("environment", "staging", f"{registry.host}/myorg/moving:v1")
    registry.push(release("worker:1.0.0").layout, "myorg/moving:v1", "1.0.0")
    assert client.scout("environment", "staging").out.strip().endswith(first)
    by_digest = f"{registry.host}/myorg/moving@{first}"
    assert "already known" in client.scout("cves", by_digest).err


def test_the_gate_and_its_exit_codes(client: Client, registry: Registry, release: Find, tmp_path: Path) -> None:
    registry.push(release("api:2.3.0").layout, "myorg/gated:v1", "2.3.0")
    client.scout("environment", "production", f"{registry.host}/myorg/gated:v1")
    gate = ("scout", "cves", "--env", "production", "--only-severity", "critical,high", "--exit-code", "myorg/gated")
    assert client.docker(*gate).code == 2
    clean = layout(tmp_path / "clean", debian(Deb("bash", "5.2.15-2+b2", "bash (5.2.15-2)")))
    client.scout(
        "db", "update", "--from", feed(tmp_path / "sid", advisory("CVE-1", "Debian:sid", "bash", "1", CRITICAL))
    )
    registry.push(clean, "myorg/gated:v2", "v1")
    client.scout("environment", "production", f"{registry.host}/myorg/gated:v2")
    assert client.docker(*gate).code == 0
    assert client.docker("scout", "cves", "--env", "nowhere", "-e", "myorg/gated").code == 1
    assert client.docker("scout", "cves", "--env", "production", "--no-such-flag", "myorg/gated").code == 64
    assert client.docker("scout", "cves").code == 64
    assert client.docker("scout", "nonsense").code == 64
    assert client.docker("scout").code == 64


def test_flags_stand_before_and_behind_names(client: Client, registry: Registry, release: Find) -> None:
    registry.push(release("worker:0.9.1").layout, "myorg/flags:v1", "0.9.1")
    client.scout("environment", "staging", f"{registry.host}/myorg/flags:v1", "--platform", "linux/amd64")
    behind = client.scout("cves", "myorg/flags", "--format", "json", "--env", "staging").json
    before = client.scout("cves", "--env=staging", "--format=json", "myorg/flags").json
    assert behind == before
    assert names(behind)


def test_flags_of_docker_itself(client: Client, registry: Registry, release: Find, tmp_path: Path) -> None:
    assert client.docker("--context", "default", "scout", "version").code == 0
    assert client.docker("-c", "default", "--log-level=error", "scout", "version").code == 0
    assert client.docker("--debug", "scout", "version").code == 0
    other = tmp_path / "other"
    shutil.copytree(client.desk.home / "docker", other, symlinks=True)
    assert client.docker("--config", other, "scout", "version").out.startswith("version: v")
    registry.push(release("worker:0.9.1").layout, "myorg/context:v1", "0.9.1")
    words = ("--context", "default", "scout", "environment", "scout", f"{registry.host}/myorg/context:v1")
    assert client.docker(*words).code == 0
    assert client.scout("environment").lines == ["scout"]


def test_credentials_of_docker_login(client: Client, registry_basic: Registry, release: Find, tmp_path: Path) -> None:
    registry_basic.push(release("api:2.3.0").layout, "myorg/private:v1", "2.3.0")
    image = f"{registry_basic.host}/myorg/private:v1"
    refused = client.docker("scout", "environment", "staging", image)
    assert refused.code == 1
    assert "docker login" in refused.refusal
    config = {"auths": {registry_basic.host: registry_basic._auth()}}
    (client.desk.home / "docker" / "config.json").write_text(json.dumps(config))
    client.scout("environment", "staging", image)
    assert names(client.scout("cves", "--env", "staging", "myorg/private", "--format", "json").json)
    other = tmp_path / "other"
    shutil.copytree(client.desk.home / "docker", other, symlinks=True)
    (client.desk.home / "docker" / "config.json").unlink()
    assert client.docker("scout", "environment", "staging", image).code == 1
    assert client.docker("--config", other, "scout", "environment", "staging", image).code == 0


def test_login_of_the_real_client_is_enough(local: Client, registry_basic: Registry, release: Find) -> None:
    registry_basic.push(release("worker:0.9.1").layout, "myorg/login:v1", "0.9.1")
    words = ("login", "--username", registry_basic.user, "--password-stdin", registry_basic.host)
    assert local.docker(*words, stdin=registry_basic.password.encode()).code == 0
    local.scout("environment", "staging", f"registry://{registry_basic.host}/myorg/login:v1")


def test_a_local_image_of_a_real_engine(local: Client, docker_engine: Engine, release: Find) -> None:
    docker_engine.load_layout(release("api:2.3.0").layout, "myorg/local:v1", "2.3.0")
    done = local.scout("environment", "production", "local://myorg/local:v1")
    assert "Successfully recorded myorg/local:v1 in environment production" in done.out
    found = local.scout("cves", "--env", "production", "myorg/local", "--format", "json").json
    assert "CVE-2023-38545" in names(found)
    (line,) = local.scout("environment", "production").lines
    assert re.fullmatch(r"myorg/local:v1@sha256:[0-9a-f]{64}", line)
    gone = local.docker("scout", "environment", "production", "local://myorg/nothing:v1")
    assert gone.code == 1
    assert gone.refusal


def test_an_engine_named_by_flag_and_by_context(client: Client, docker_engine: Engine, release: Find) -> None:
    docker_engine.load_layout(release("worker:0.9.1").layout, "myorg/byflag:v1", "0.9.1")
    (client.desk.home / "docker" / "config.json").write_text("{}")
    record = ("scout", "environment", "staging", "local://myorg/byflag:v1")
    assert client.docker(*record).code == 1
    assert client.docker("--host", docker_engine.host, *record).code == 0
    made = client.docker("context", "create", "there", "--docker", f"host={docker_engine.host}")
    assert made.code == 0
    assert client.docker("--context", "there", *record).code == 0
    del client.env["DOCKER_HOST"]
    assert client.docker("context", "use", "there").code == 0
    assert client.docker(*record).code == 0


def test_a_real_image_through_client_and_registry(
    watching_alpine: Desk, data: Path, registry: Registry, tmp_path: Path
) -> None:
    need("docker")
    assert watching_alpine.spawn("plugin", "install").code == 0
    client = Client(watching_alpine)
    alpine_layout(data, "3.9.0", tmp_path / "image")
    registry.push(tmp_path / "image", "myorg/alpine:3.9.0", "3.9.0")
    client.scout("environment", "staging", f"{registry.host}/myorg/alpine:3.9.0")
    found = client.scout("cves", "--env", "staging", "myorg/alpine", "--format", "json").json
    assert (found["summary"]["total"], found["coverage"]["state"]) == (14, "unknown")
    text = client.scout("cves", "--env", "staging", "myorg/alpine").out
    assert "14 vulnerabilities found" in text
    assert "end-of-life" in text


def test_the_client_shows_the_next_step_after_a_pull(local: Client, registry: Registry, release: Find) -> None:
    registry.push(release("worker:1.0.0").layout, "hooked/worker:v1", "1.0.0")
    config = local.desk.home / "docker" / "config.json"
    config.write_text('{"credsStore": "", "plugins": {"other": {"hooks": "run"}}}')
    assert local.desk.spawn("plugin", "install", "--hooks").code == 0
    written = json.loads(config.read_text())
    assert written["plugins"] == {"other": {"hooks": "run"}, "scout": {"hooks": "pull,build,buildx build"}}
    assert written["credsStore"] == ""
    image = f"{registry.host}/hooked/worker:v1"
    shown = _on_a_terminal(["docker", "pull", image], {**local.env, "DOCKER_CLI_HOOKS": "true", "TERM": "dumb"})
    assert f"docker scout quickview {image}" in shown
    config.write_text("[]")
    assert local.desk.spawn("plugin", "install", "--hooks").code == 64


def _on_a_terminal(argv: list[str], env: dict[str, str]) -> str:
    """Run a program whose output is a terminal, and return what it wrote there."""
    keeper, terminal = os.openpty()
    done = subprocess.Popen(argv, stdin=terminal, stdout=terminal, stderr=terminal, env=env)
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):
        while piece := os.read(keeper, 1 << 16):
            shown += piece
    os.close(keeper)
    done.wait()
    return shown.decode()


def test_what_was_built_last_is_looked_at_through_the_client(
    local: Client, docker_engine: Engine, release: Find
) -> None:
    docker_engine.load_layout(release("worker:1.0.0").layout, "glance/worker:v1", "1.0.0")
    seen = local.scout("quickview")
    assert "the one that was built last, is meant" in seen.err + seen.out
    assert "docker scout cves" in local.scout("qv", "local://glance/worker:v1").out.partition("What's next:")[2]
    assert "## Recommended fixes" in local.scout("recommendations", "--offline", "local://glance/worker:v1").out
    hook = local.docker("scout", "docker-cli-plugin-hooks", '{"RootCmd": "pull"}')
    assert json.loads(hook.out)["Template"].startswith("View a summary")

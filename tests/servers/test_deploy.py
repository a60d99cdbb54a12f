"""deploy/: the image is built without a network, and runs as Compose and the manifests say, beside a PostgreSQL."""

import contextlib
import json
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.chart import manifest
from tests.deploy.container import Pods
from tests.servers.engine import Engine
from tests.servers.postgresql import Server
from tests.servers.program import need, run, unavailable

ROOT = Path(__file__).parents[2]
PACKAGES = "base-files,base-passwd,bash,coreutils,dash,libc-bin,libstdc++6,passwd,python3-venv,python-is-python3"
"""Of Debian: what of an image of Python is used. The usual one is in a registry that tests do not reach."""

MASTERS = 'for each in passwd group; do cp "$1/usr/share/base-passwd/$each.master" "$1/etc/$each"; done'


def build(engine: Engine, folder: Path) -> None:
    """Build the image `envscout` on a base that brings every wheel, so that nothing need be fetched."""
    need("mmdebstrap")
    wheels = folder / "wheels"
    download = ("-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--require-hashes")
    wanted = ("--requirement", ROOT / "constraints/server.txt", "--requirement", ROOT / "constraints/run.txt")
    base = folder / "base.tar"
    carry = f'cp -r "{wheels}" "$1/wheels"'
    hooks = (f"--extract-hook={MASTERS}", f"--extract-hook={carry}")
    try:
        run(sys.executable, *download, "--dest", wheels, *wanted)
        run(
            "mmdebstrap",
            "--quiet",
            "--variant=extract",
            "--mode=root",
            f"--include={PACKAGES}",
            *hooks,
            "bookworm",
            base,
        )
    except RuntimeError as error:
        unavailable(f"there is nothing to build an image on: {error}")
    engine.docker("import", "--change", "ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels", base, "base")
    base.unlink()
    words = ("--network", "none", "--build-arg", "PYTHON=base", "--file", ROOT / "deploy/Containerfile")
    engine.docker("build", "--quiet", *words, "--tag", "envscout", ROOT)


class Composed:
    """What compose.yaml says, done by an engine that has no plugin for that; its containers have no network."""

    def __init__(self, engine: Engine, server: Server, folder: Path) -> None:
        self.engine, self._server, self._folder = engine, server, folder
        self.services = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]
        password = secrets.token_hex(16)
        server.ask(f"CREATE ROLE envscout LOGIN PASSWORD '{password}'")
        server.ask("CREATE DATABASE envscout OWNER envscout TEMPLATE template0 ENCODING 'UTF8'")
        self._secret = folder / "pgpass"
        self._secret.write_text(f"*:*:envscout:envscout:{password}\n")
        self._secret.chmod(0o600)
        shutil.chown(self._secret, 10_001)

    def words(self, name: str) -> list[str]:
        """Return how a service is run, but for its command."""
        said: dict[str, Any] = self.services[name]
        sockets = str(self._server.folder)
        words = ["--network", "none", "--volume", f"{sockets}:{sockets}"]
        words += ["--read-only"] if said["read_only"] else []
        for flag, key in (("--tmpfs", "tmpfs"), ("--cap-drop", "cap_drop"), ("--security-opt", "security_opt")):
            words += [word for each in said[key] for word in (flag, each)]
        values = {key: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", each) for key, each in said["environment"].items()}
        values["ENVSCOUT_STORE"] = f"postgresql://envscout@/envscout?host={sockets}"
        words += [word for key, each in values.items() for word in ("--env", f"{key}={each}")]
        assert said["secrets"] == ["pgpass"]
        words += ["--volume", f"{self._secret}:/run/secrets/pgpass:ro"]
        return [*words, *(word for each in said["volumes"] for word in ("--volume", each)), "envscout"]

    def once(self, name: str, *command: str) -> str:
        """Run another command with what a service has."""
        return self.engine.docker("run", "--rm", *self.words(name), *command)

    @contextlib.contextmanager
    def up(self, name: str) -> Iterator[None]:
        """Run a service until the block ends."""
        self.engine.docker("run", "--detach", "--name", name, *self.words(name), *self.services[name]["command"])
        try:
            yield
        finally:
            self.engine.docker("rm", "--force", "--volumes", name)

    def does(self, name: str, *command: str) -> str:
        """Run a command in a service; return what it says, "" where it fails."""
        try:
            return self.engine.docker("exec", name, *command)
        except RuntimeError:
            return ""

    def await_(self, name: str, *command: str) -> str:
        """Return what a command says in a service, once it says something."""
        deadline = time.monotonic() + 60
        while not (said := self.does(name, *command)):
            assert time.monotonic() < deadline, self.engine.docker("logs", name)
            time.sleep(0.3)
        return said


ASK = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8080{}', timeout=9).read())"


def test_the_image_is_built_and_runs_as_deploy_says(docker_engine: Engine, postgresql: Server, tmp_path: Path) -> None:
    """It takes minutes to build, so that both ways are tried on one."""
    if os.geteuid():
        unavailable("a file of another user's needs root")
    build(docker_engine, tmp_path)
    # Everybody who has a password may reach the socket.
    postgresql.folder.chmod(0o711)
    _runs_as_compose_says(docker_engine, postgresql, tmp_path)
    _runs_as_the_manifests_say(docker_engine, postgresql, tmp_path)


def _runs_as_compose_says(docker_engine: Engine, postgresql: Server, tmp_path: Path) -> None:
    image = json.loads(docker_engine.docker("image", "inspect", "envscout"))[0]["Config"]
    assert image["User"] == "10001"
    composed = Composed(docker_engine, postgresql, tmp_path)
    # It listens for everybody: the first token comes before the server.
    token = composed.once("worker", "token", "create", "--role", "owner").splitlines()[-1]
    assert token.startswith("es_")
    with composed.up("api"), composed.up("worker"):
        assert composed.await_("api", "python", "-c", ASK.format("/readyz"))
        assert composed.does("api", "python", "-c", ASK.format("/healthz")) == "b'ok\\n'\n"
        kind, *check = image["Healthcheck"]["Test"]
        assert kind == "CMD"
        docker_engine.docker("exec", "api", *check)
        assert composed.does("api", "id", "-u") == "10001\n"
        assert composed.does("api", "sh", "-c", "touch /opt/envscout/x && echo written") == ""
        assert composed.does("api", "sh", "-c", "touch /tmp/x /var/lib/envscout/x && echo written") == "written\n"
        assert "401" in composed.await_("api", "python", "-c", UNKNOWN)
        listed = composed.await_("worker", "envscout", "tasks", "list", "--format", "json")
        assert len(json.loads(listed)["tasks"]["workers"]) == 1
        for name in ("api", "worker"):
            docker_engine.docker("stop", "-t", "60", name)
            state = json.loads(docker_engine.docker("inspect", name))[0]["State"]
            assert (state["ExitCode"], state["OOMKilled"]) == (0, False), docker_engine.docker("logs", name)


def _runs_as_the_manifests_say(engine: Engine, postgresql: Server, tmp_path: Path) -> None:
    password = secrets.token_hex(16)
    postgresql.ask(f"CREATE ROLE pods LOGIN PASSWORD '{password}'")
    postgresql.ask("CREATE DATABASE pods OWNER pods TEMPLATE template0 ENCODING 'UTF8'")
    sockets = str(postgresql.folder)
    held = {"envscout-database": {"store": f"postgresql://pods@/pods?host={sockets}", "password": password}}
    more = ("--network", "none", "--volume", f"{sockets}:{sockets}")
    pods = Pods(engine, manifest("envscout"), held, tmp_path, *more)
    try:
        # As the chart's notes have it: a worker first, and in it the first token.
        pods.run("worker", "pod-worker")
        assert engine.docker("exec", "pod-worker", *TOKEN).splitlines()[-1].startswith("es_")
        pods.run("server", "pod-server")
        probes = pods.probes("server")
        assert probes.keys() == {"startupProbe", "livenessProbe", "readinessProbe"}
        for address in probes.values():
            _await(engine, "pod-server", "python", "-c", f"import urllib.request as r; r.urlopen('{address}')")
        for name in ("pod-server", "pod-worker"):
            assert engine.docker("exec", name, "id", "-u") == "10001\n"
            engine.docker("exec", name, "touch", "/tmp/x", "/var/lib/envscout/x")
            # What it does before it is told to end.
            engine.docker("exec", name, "sleep", "0")
            engine.docker("stop", "-t", "60", name)
            state = json.loads(engine.docker("inspect", name))[0]["State"]
            assert (state["ExitCode"], state["OOMKilled"]) == (0, False), engine.docker("logs", name)
    finally:
        engine.docker("rm", "--force", "--volumes", "pod-server", "pod-worker")


TOKEN = ("envscout", "token", "create", "--role", "owner", "--name", "first")


def _await(engine: Engine, name: str, *command: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            engine.docker("exec", name, *command)
            return
        except RuntimeError:
            assert time.monotonic() < deadline, engine.docker("logs", name)
            time.sleep(0.3)


UNKNOWN = """
import urllib.error, urllib.request
try:
    urllib.request.urlopen("http://127.0.0.1:8080/api/v1/environments", timeout=9)
except urllib.error.HTTPError as error:
    print(error.code)
"""

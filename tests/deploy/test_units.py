"""The units of deploy/systemd: systemd finds no fault, confines what they start, and what they start works."""

import json
import re
import secrets
import socket
import ssl
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.chart import manifest, of_kind
from tests.deploy.machine import PROGRAM, Machine, machine
from tests.servers.kubernetes import cluster, granted
from tests.servers.postgresql import Server
from tests.servers.program import need, run

ROOT = Path(__file__).parents[2]
UNITS = {path.stem.removeprefix("envscout-"): path for path in sorted((ROOT / "deploy/systemd").glob("*.service"))}
OWN = "/etc/systemd/system/envscout-server.service.d/override.conf"
PAGE = (ROOT / "docs/howto/install.md").read_text(encoding="utf-8")
EXPOSURE = 13
"""Tenths of ten, as systemd-analyze reckons what a service could still do: it speaks to networks."""


@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_no_fault(name: str, tmp_path: Path) -> None:
    need("systemd-analyze")
    file = tmp_path / UNITS[name].name
    # What it starts is not installed here.
    file.write_text(UNITS[name].read_text(encoding="utf-8").replace(PROGRAM, "/bin/true"), encoding="utf-8")
    run("systemd-analyze", "verify", "--man=no", file)
    run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager", file)


def test_all_are_confined_alike() -> None:
    parts = [path.read_text(encoding="utf-8").partition("\n# What it may:")[2] for path in UNITS.values()]
    assert len({re.sub(r"=envscout\b.*", "", each) for each in parts}) == 1


@pytest.fixture(scope="module")
def booted(postgresql: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Run a machine with the units, and with the socket of a PostgreSQL."""
    with machine(tmp_path_factory.mktemp("machine"), f"{postgresql.folder}:/srv/postgresql") as made:
        for path in UNITS.values():
            made.write(f"/etc/systemd/system/{path.name}", path.read_text(encoding="utf-8"))
        made.run("systemctl", "daemon-reload")
        yield made


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _await_ready(machine: Machine, port: int, scheme: str = "http") -> None:
    deadline = time.monotonic() + 60
    address, anybody = f"{scheme}://127.0.0.1:{port}/readyz", ssl._create_unverified_context()
    while True:
        try:
            assert urllib.request.urlopen(address, timeout=5, context=anybody).read() == b"ok\n"
            return
        except OSError as error:
            if time.monotonic() > deadline:
                pytest.fail(f"{error}\n{machine.run('journalctl', '--no-pager', '--unit', 'envscout-*')}")
            time.sleep(0.3)


def _forget(machine: Machine) -> None:
    """Have the server's unit be as it is."""
    machine.run("rm", "-rf", OWN.rpartition("/")[0])
    machine.run("systemctl", "daemon-reload")


def _as_server(*command: str) -> list[str]:
    """Return how docs/howto/install.md runs a command where the server's store is."""
    (said,) = re.findall(r"^systemd-run (.*?) /opt/envscout/bin/envscout token create", PAGE, re.M | re.S)
    words = [word for word in said.replace("\\\n", " ").split() if word != "--pty"]
    return ["systemd-run", "--pipe", *words, PROGRAM, *command]


def test_a_server_alone_works_and_is_confined(booted: Machine) -> None:
    port = _port()
    unit = "envscout-server"
    booted.write("/etc/envscout/server.env", f"ENVSCOUT_LISTEN_PORT={port}\n", "600")
    booted.run("systemctl", "start", unit)
    _await_ready(booted, port)
    token = booted.run(*_as_server("token", "create", "--role", "owner")).splitlines()[-1]
    assert token.startswith("es_")
    pid = booted.run("systemctl", "show", "--property=MainPID", "--value", unit).strip()
    state = dict(re.findall(r"^(\w+):\s+(.*)$", booted.run("cat", f"/proc/{pid}/status"), re.M))
    assert int(state["CapEff"], 16) == 0
    assert (state["NoNewPrivs"], state["Seccomp"]) == ("1", "2")
    assert int(state["Uid"].split()[0]) > 60_000, "a user that exists only while it runs"
    assert "/var/lib/private" in booted.run("readlink", "-f", "/var/lib/envscout")
    booted.run("systemctl", "stop", unit)
    said = booted.run("systemctl", "show", "--property=Result,ExecMainStatus,NRestarts", unit)
    assert set(said.split()) == {"Result=success", "ExecMainStatus=0", "NRestarts=0"}


def test_server_and_worker_share_a_database(booted: Machine, postgresql: Server) -> None:
    port = _port()
    password = secrets.token_hex(16)
    postgresql.ask(f"CREATE ROLE units LOGIN PASSWORD '{password}'")
    postgresql.ask("CREATE DATABASE units OWNER units TEMPLATE template0 ENCODING 'UTF8'")
    # Everybody who has a password may reach the socket.
    postgresql.folder.chmod(0o711)
    store = "postgresql://units@/units?host=/srv/postgresql"
    text = f"ENVSCOUT_LISTEN_PORT={port}\nENVSCOUT_STORE={store}\nPGPASSWORD={password}\n"
    booted.write("/etc/envscout/server.env", text, "600")
    alone = f"[Service]\nExecStart=\nExecStart={PROGRAM} serve --no-worker\n"
    booted.write(OWN, alone)
    booted.run("systemctl", "daemon-reload")
    units = ("envscout-server", "envscout-worker")
    booted.run("systemctl", "start", *units)
    _await_ready(booted, port)
    asked = (f"ENVSCOUT_STORE={store}", f"PGPASSWORD={password}", PROGRAM, "tasks", "list", "--format", "json")
    deadline = time.monotonic() + 60
    while len(workers := json.loads(booted.run("env", *asked))["tasks"]["workers"]) != 1:
        assert time.monotonic() < deadline, workers
        time.sleep(0.3)
    booted.run("systemctl", "stop", *units)
    for unit in units:
        said = booted.run("systemctl", "show", "--property=Result,ExecMainStatus,NRestarts", unit)
        assert set(said.split()) == {"Result=success", "ExecMainStatus=0", "NRestarts=0"}


def test_keys_are_handed_over_as_the_page_says(booted: Machine) -> None:
    need("openssl")
    port, unit = _port(), "envscout-server"
    booted.write("/etc/envscout/server.env", f"ENVSCOUT_LISTEN_PORT={port}\n", "600")
    (said,) = re.findall(r"^```ini\n(.*?)^```", PAGE, re.M | re.S)
    booted.write(OWN, said)
    booted.run("systemctl", "daemon-reload")
    files = ("-keyout", "/etc/envscout/tls.key", "-out", "/etc/envscout/tls.crt")
    booted.run(
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", *files
    )
    booted.run("chmod", "600", "/etc/envscout/tls.key")
    booted.run("systemctl", "start", unit)
    _await_ready(booted, port, "https")
    booted.run("systemctl", "stop", unit)
    _forget(booted)


def test_the_watcher_records_with_the_rights_that_the_chart_gives(booted: Machine, tmp_path: Path) -> None:
    """It asks an API server that lets it do what watcher.yaml says, and a server with a watcher's token."""
    port, unit = _port(), "envscout-server"
    _forget(booted)
    booted.write("/etc/envscout/server.env", f"ENVSCOUT_LISTEN_PORT={port}\n", "600")
    booted.run("systemctl", "start", unit)
    _await_ready(booted, port)
    token = booted.run(*_as_server("token", "create", "--role", "watcher", "--org", "library")).splitlines()[-1]
    with cluster() as api:
        api.tokens["watcher"] = granted(of_kind(manifest("watcher"), "ClusterRole").values())
        api.apply(*manifest("namespace"), *of_kind(manifest("envscout"), "Deployment").values())
        booted.write("/etc/envscout/kubeconfig", api.kubeconfig(tmp_path, "watcher").read_text(), "600")
        asked = f"ENVSCOUT_SERVER=http://127.0.0.1:{port}\nENVSCOUT_TOKEN={token}\n"
        watch = "WATCH=--environment=production --environment-label=example.com/environment\n"
        booted.write("/etc/envscout/watcher.env", asked + watch, "600")
        booted.run("systemctl", "start", "envscout-watcher")
        deadline = time.monotonic() + 60
        words = ("env", *asked.split(), PROGRAM, "environment", "production", "--format", "json")
        while not (found := _recorded(booted, words)):
            assert time.monotonic() < deadline, booted.run("journalctl", "--no-pager", "--unit", "envscout-watcher")
            time.sleep(0.3)
        assert {each["service"] for each in found} == {"library/envscout"}
        booted.run("systemctl", "stop", "envscout-watcher")
        assert not api.faults
    booted.run("systemctl", "stop", unit)


def _recorded(booted: Machine, words: tuple[str, ...]) -> Any:
    try:
        return json.loads(booted.run(*words))["deployments"]
    except RuntimeError:
        # Nobody has told of it yet.
        return []

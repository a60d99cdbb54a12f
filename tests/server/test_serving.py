"""`envscout serve` and `envscout worker` as people run them: on both engines, with TLS, behind a proxy, set wrongly."""

import http.client
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from envscout.store import Place
from tests.faults.programs import PROGRAM, Api, Program
from tests.servers.program import need, run

PROXY, STRANGER, SOMEBODY, FORGED = "127.0.0.2", "127.0.0.3", "203.0.113.9", "198.51.100.1"


class Certificates:
    """Of an authority that only this test believes, and of a server called localhost."""

    def __init__(self, folder: Path) -> None:
        need("openssl")
        self.authority, authority_key = folder / "authority.pem", folder / "authority.key"
        self.chain, self.key = folder / "chain.pem", folder / "key.pem"
        new = (
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        )
        run(*new, "-subj", "/CN=authority", "-keyout", authority_key, "-out", self.authority)
        signed = ("-CA", self.authority, "-CAkey", authority_key, "-addext", "basicConstraints=critical,CA:FALSE")
        name = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
        run(*new, *signed, *name, "-keyout", self.key, "-out", self.chain)
        self.wrong_key = authority_key


class Serving(Api):
    """A server that speaks TLS, or not."""

    def __init__(self, env: dict[str, str], log: Path, *words: str, authority: Path | None = None) -> None:
        super().__init__(env, log, *words)
        self.authority = authority
        if authority:
            self.address = f"https://localhost:{self.port}"

    def get(self, path: str) -> requests.Response:
        """Ask as somebody who believes the authority."""
        return requests.get(self.address + path, verify=str(self.authority) if self.authority else True, timeout=30)

    def is_ready(self) -> bool:
        """Tell whether it answers."""
        try:
            return self.get("/readyz").ok
        except requests.RequestException:
            return False


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which nothing is set."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONDONTWRITEBYTECODE") if name in os.environ}
    return {**kept, "HOME": str(tmp_path), "ENVSCOUT_HOME": str(tmp_path / "home"), "ENVSCOUT_REFRESH_MINUTES": "0"}


@pytest.fixture
def begin() -> Iterator[Callable[[Program], Program]]:
    """Return what starts a program and waits for it; all are ended afterwards."""
    begun: list[Program] = []

    def start(program: Program) -> Program:
        begun.append(program)
        program.start()
        program.await_ready()
        return program

    yield start
    for each in begun:
        each.kill()


def call(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *words], env=env, capture_output=True, text=True, timeout=100, check=False)


def test_it_speaks_tls_and_a_worker_works_beside_it(
    place: Callable[[str], Place], env: dict[str, str], tmp_path: Path, begin: Callable[[Program], Program]
) -> None:
    made = Certificates(tmp_path)
    env["ENVSCOUT_STORE"] = str(place("store"))
    words = ("--no-worker", "--tls-cert", str(made.chain), "--tls-key", str(made.key))
    server = Serving(env, tmp_path / "serve.log", *words, authority=made.authority)
    begin(server)
    worker = begin(Program([str(PROGRAM), "worker"], env, tmp_path / "worker.log"))
    there = {**env, "ENVSCOUT_SERVER": server.address, "ENVSCOUT_SERVER_CA": str(made.authority)}
    del there["ENVSCOUT_STORE"]
    working = _until(lambda: json.loads(call(there, "tasks", "list", "--format", "json").stdout)["tasks"]["workers"])
    assert len(working) == 1
    assert "Traceback" not in server.said() + worker.said()
    # Neither whoever believes the usual authorities alone, nor under another name, nor without TLS.
    nobody = {name: value for name, value in there.items() if name != "ENVSCOUT_SERVER_CA"}
    for asked in (
        nobody,
        {**there, "ENVSCOUT_SERVER": f"https://127.0.0.1:{server.port}"},
        {**there, "ENVSCOUT_SERVER": f"http://127.0.0.1:{server.port}"},
    ):
        refused = call(asked, "environment")
        assert refused.returncode == 1, refused.stderr
        assert "Traceback" not in refused.stderr
    assert worker.stop() == server.stop() == 0
    assert "stopping" in worker.said()


def test_whom_a_proxy_asks_for_is_believed_of_a_trusted_one_alone(
    place: Callable[[str], Place], env: dict[str, str], tmp_path: Path, begin: Callable[[Program], Program]
) -> None:
    env |= {"ENVSCOUT_STORE": str(place("store")), "ENVSCOUT_TRUSTED_PROXIES": f"{PROXY}, 10.0.0.0/8"}
    server = Serving(env, tmp_path / "serve.log", "--no-worker")
    begin(server)
    for number, source in enumerate((PROXY, STRANGER)):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30, source_address=(source, 0))
        # Whoever asks the proxy may have said something of the kind, too: the last address is the one it saw.
        said = {"X-Forwarded-For": f"{FORGED}, {SOMEBODY}", "X-Request-ID": f"number-{number}"}
        connection.request("GET", "/api/v1/environments", headers=said)
        given = connection.getresponse().headers["X-Request-ID"]
        assert (given == f"number-{number}") == (source == PROXY)
        connection.close()
    clients = _until(lambda: _clients(server.log, 2))
    assert clients == [SOMEBODY, STRANGER]


def _clients(log: Path, count: int) -> list[str]:
    """Return who asked for environments, as the log says, once there are so many."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    found = [each["client"] for each in lines if each.get("path") == "/api/v1/environments"]
    return found if len(found) == count else []


WRONG = (
    # The command and its words; the setting; what is said of it.
    (("serve", "--tls-cert", "{folder}/none.pem", "--tls-key", "{folder}/key.pem"), "", "No such file"),
    (("serve", "--tls-key", "{folder}/key.pem"), "", "no tls_cert"),
    (("serve", "--tls-cert", "{folder}/chain.pem", "--tls-key", "{folder}/authority.key"), "", "MISMATCH"),
    (("serve", "--tls-cert", "{folder}/key.pem"), "", "cannot be used for TLS"),
    (("serve", "--port", "{taken}"), "", "already in use"),
    (("serve", "--host", "203.0.113.1"), "", "nobody can listen on 203.0.113.1"),
    (("serve", "--host", "0.0.0.0"), "", "nobody has a token"),
    (("serve",), "LISTEN_PORT=70000", "listen_port is 70000"),
    (("serve",), "PROCESSES=0", "processes is 0"),
    (("serve",), "PROCESSES=many", "processes in ENVSCOUT_PROCESSES must be a whole number"),
    (("serve",), "LOG_FORMAT=xml", "log_format"),
    (("serve",), "TRUSTED_PROXIES=everybody", "trusted_proxies"),
    (("serve",), "ALLOW_PRIVATE_ADDRESSES=10.0.0.0/33", "allow_private_addresses"),
    (("serve",), "VEX_AUTHORS=(", "not a regular expression"),
    (("serve",), "STORE=mysql://host/store", "mysql"),
    (("serve",), "STORE=postgresql://nobody:hush@127.0.0.1:1/none", "127.0.0.1"),
    (("worker",), "STORE=postgresql://nobody:hush@127.0.0.1:1/none", "127.0.0.1"),
    (("worker",), "ALLOW_PRIVATE_ADDRESSES=10.0.0.0/33", "allow_private_addresses"),
    (("worker",), "REFRESH_MINUTES=often", "refresh_minutes"),
    (("worker",), "VEX_AUTHORS=(", "not a regular expression"),
)


def test_what_is_set_wrongly_is_said_at_once(env: dict[str, str], tmp_path: Path) -> None:
    Certificates(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken, ThreadPoolExecutor(2) as several:
        values = {"folder": str(tmp_path), "taken": str(taken.getsockname()[1])}

        def told(number: int) -> str:
            words, setting, expected = WRONG[number]
            name, _, value = setting.partition("=")
            home = {"ENVSCOUT_HOME": str(tmp_path / f"home-{number}"), "ENVSCOUT_LISTEN_PORT": str(_free())}
            done = call({**env, **home, f"ENVSCOUT_{name or 'X'}": value}, *(each.format(**values) for each in words))
            is_well_said = done.returncode in (1, 64) and expected in done.stderr and "Traceback" not in done.stderr
            is_well_said = is_well_said and "hush" not in done.stderr and "\n  " in done.stderr
            return "" if is_well_said else f"{words} {setting}: {done.returncode}\n{done.stderr}"

        assert not "\n".join(filter(None, several.map(told, range(len(WRONG)))))


def _free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _until(found: Callable[[], list[str]]) -> list[str]:
    end = time.monotonic() + 30
    while not (result := found()):
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.1)
    return result

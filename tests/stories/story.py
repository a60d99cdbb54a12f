"""One user's machine for a story: a home of their own, the program run in it, and things to look at."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, NamedTuple
from unittest import mock

import pytest

from envscout.cli import entry
from envscout.demo import databases
from envscout.demo.databases import Apk, Deb, Wheel
from envscout.demo.layout import ImagePlan, layer, write_layout
from envscout.store import Place
from tests.servers.many import Servers, token
from tests.servers.postgresql import Server
from tests.servers.workers import Workers

PROGRAM = Path(sys.executable).parent / "envscout"

# Releases that never reach an end of life, so that no answer changes with the calendar.
SID = {"id": "debian", "version_codename": "sid", "pretty_name": "Debian GNU/Linux sid"}
EDGE = {"id": "alpine", "version_id": "3.24.0_alpha20260101", "pretty_name": "Alpine Linux edge"}


class Answer(NamedTuple):
    """What one call said. code: of its exit."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return stdout as the one JSON document that it has to be."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """Return the lines of stdout."""
        return self.out.splitlines()

    @property
    def refusal(self) -> str:
        """Return what the user is told when something fails: a cause, a next step, and nothing of our insides."""
        first, *rest = self.err.strip().splitlines()[-2:]
        assert first.strip().startswith("ERROR ")
        assert rest
        assert "Traceback" not in self.err + self.out
        return self.err


def looks_after_the_store(words: tuple[str | Path, ...]) -> bool:
    """Tell whether a command works on a store itself, and is run where that is."""
    named = [str(word) for word in words if not str(word).startswith("-")]
    return tuple(named[:2]) in _ON_THE_STORE or tuple(named[:1]) in _ON_THE_STORE


_ON_THE_STORE = {("db", "update"), ("db", "bundle"), ("db", "migrate"), ("store",), ("watch",), ("demo",)}


def at_hand(reason: str) -> None:
    """Skip a story about a store at hand, where a server is asked."""
    if Desk.remote:
        pytest.skip(f"a story about a store at hand: {reason}")


class Desk:
    """A home folder with settings and a store; every variable of the tester's own environment is left out.

    Where `server` is set, the store is a database of its own on that server. Where `remote` is set, everything is asked
    of a server that is over the store; what looks after the store itself is done on it. Where `workers` is set, they
    work on the store from the first question on.
    """

    server: ClassVar[Server | None] = None
    remote: ClassVar[Servers | None] = None
    workers: ClassVar[Workers | None] = None

    def __init__(self, home: Path) -> None:
        self.home = home
        self._token = ""
        self._variables = {
            "ENVSCOUT_HOME": str(home),
            "HOME": str(home),
            "DOCKER_CONFIG": str(home / "docker"),
            "PATH": os.environ["PATH"],
            "USER": "tester",
        }

    @property
    def place(self) -> Place:
        """Return where the store is; on a server it is made when it is first asked for."""
        if self.server is None:
            return self.home / "envscout.db"
        if "ENVSCOUT_STORE" not in self._variables:
            self._variables["ENVSCOUT_STORE"] = self.server.store()
        return self._variables["ENVSCOUT_STORE"]

    @property
    def env(self) -> dict[str, str]:
        """Return the variables of a program that works on the store; they may be changed."""
        assert self.place
        return self._variables

    @property
    def asking(self) -> dict[str, str]:
        """Return the variables of a program that a story runs itself, and that asks."""
        return self._env((), {})

    @property
    def store(self) -> Path:
        """Return the store's file; a story that looks at it is none of a server's."""
        if isinstance(self.place, Path):
            return self.place
        pytest.skip("a story about the file of the embedded store")

    def begin_from(self, place: Place) -> None:
        """Begin with a copy of another store."""
        self.home.mkdir()
        if self.server:
            if self.workers:
                self.workers.end(place)
            self.forget()
            self._variables["ENVSCOUT_STORE"] = self.server.copy(str(place))
        else:
            shutil.copyfile(place, self.store)

    def forget(self) -> None:
        """Forget the store, where it is on a server: hundreds of them are much to keep."""
        place = self._variables.pop("ENVSCOUT_STORE", "")
        if self.server and place.startswith("postgresql:"):
            if self.workers:
                self.workers.end(place)
            self.server.drop(place)

    def rest(self) -> None:
        """Have nobody work on the store any more, so that it stays as it is."""
        if self.workers:
            self.workers.end(self.place)

    def by(self, said: str) -> str:
        """Return whom the record names where a command says who acts: a server tells beside it who was let in."""
        if not self.remote:
            return said
        return "token:1:tester" if said in ("", "tester") else f"{said} (token:1:tester)"

    def let_in(self, said: str) -> str:
        """Return whom the record names where only who was let in counts: they answer for it."""
        return "token:1:tester" if self.remote else said

    def _env(self, words: tuple[str | Path, ...], more: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that a command line is run with."""
        is_remote = self.remote and "ENVSCOUT_SERVER" not in more and "ENVSCOUT_STORE" not in more
        if not self.remote or not is_remote or looks_after_the_store(words):
            return {**self.env, **more}
        if not self._token:
            self._token = token(self.place)
            if self.workers:
                self.workers.begin(self.place, self.home)
        return {**self.env, "ENVSCOUT_SERVER": self.remote.address(self.place), "ENVSCOUT_TOKEN": self._token, **more}

    def call(self, *words: str | Path, **env: str) -> Answer:
        """Run one command line in this process; extra variables may be given."""
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, self._env(words, env), clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = entry.run([str(word) for word in words])
        return Answer(code, out.getvalue(), err.getvalue())

    def ok(self, *words: str | Path, **env: str) -> Answer:
        """Run one command line that has to succeed."""
        answer = self.call(*words, **env)
        assert answer.code == 0, answer
        return answer

    def spawn(self, *words: str | Path, stdin: bytes = b"", **env: str) -> Answer:
        """Run one command line in a process of its own."""
        argv = [str(PROGRAM), *map(str, words)]
        done = subprocess.run(argv, input=stdin, capture_output=True, env=self._env(words, env), check=False)
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())

    def cves(self, *words: str | Path) -> Any:
        """Return the JSON of `cves`."""
        return self.ok("cves", "--format", "json", *words).json

    def record(self, environment: str, image: str | Path, *words: str, **env: str) -> Any:
        """Record an image and return the event."""
        return self.ok("environment", environment, image, "--format", "json", *words, **env).json["recorded"]


class Laptop(Desk):
    """A desk that asks no server and has no store, but what a story gives it."""

    server = None
    remote = None
    workers = None


def names(report: Any) -> set[str]:
    """Return the vulnerabilities of a report."""
    return {each["vulnerability"] for each in report["findings"]}


def codes(report: Any) -> set[str]:
    """Return why a report is not complete."""
    return {each["code"] for each in report["coverage"]["reasons"]}


def rootfs(into: Path, files: Mapping[str, bytes]) -> Path:
    """Write files as a root filesystem and return its folder."""
    for path, data in files.items():
        (into / path).parent.mkdir(parents=True, exist_ok=True)
        (into / path).write_bytes(data)
    return into


def debian(*packages: Deb, wheels: Iterable[Wheel] = (), release: Mapping[str, str] = SID) -> dict[str, bytes]:
    """Return the files of a Debian image."""
    folder = "usr/local/lib/python3.11/site-packages"
    return {**databases.os_release(**release), **databases.dpkg(packages), **databases.wheels(wheels, folder)}


def alpine(*packages: Apk, release: Mapping[str, str] = EDGE) -> dict[str, bytes]:
    """Return the files of an Alpine image."""
    return {**databases.os_release(**release), **databases.apk(packages)}


def layout(into: Path, files: Mapping[str, bytes], tag: str = "v1", platform: str = "linux/amd64") -> Path:
    """Write an image of one layer as an OCI layout and return its folder."""
    write_layout(into, {tag: ImagePlan((layer(files, "ADD . /"),), platform=platform)})
    return into


def advisory(
    id_: str, ecosystem: str, package: str, fixed: str = "", vector: str = "", **fields: Any
) -> dict[str, Any]:
    """Return an OSV record about every version before fixed, or every one."""
    events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
    affected = {
        "package": {"ecosystem": ecosystem, "name": package},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    severity = {"severity": [{"type": "CVSS_V3", "score": vector}]} if vector else {}
    return {"id": id_, "modified": "2026-01-02T00:00:00Z", "affected": [affected], **severity, **fields}


def feed(into: Path, *records: Mapping[str, Any]) -> Path:
    """Write records as loose files of one folder, in place of those that were there; return the folder."""
    into.mkdir(parents=True, exist_ok=True)
    for old in into.glob("*.json"):
        old.unlink()
    for record in records:
        (into / f"{record['id']}.json").write_text(json.dumps(record))
    return into


def zipped(path: Path, members: Mapping[str, bytes]) -> Path:
    """Write members as a zip; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def published(into: Path, records: Iterable[Mapping[str, Any]]) -> Path:
    """Write records where OSV has Debian's; return the folder to pass to --from."""
    zipped(into / "Debian" / "all.zip", {f"{each['id']}.json": json.dumps(each).encode() for each in records})
    return into


def refused(desk: Desk, image: str) -> str:
    """Ask about an image that must be refused; nothing may be recorded of it. Return what the user is told."""
    answer = desk.call("cves", "--format", "json", image)
    assert (answer.code, answer.out) == (1, ""), answer
    assert desk.call("environment", "staging", image, "--service", "app").code == 1
    assert desk.ok("environment").lines == []
    return answer.refusal


def moment() -> str:
    """Return this moment as a user writes it after --at."""
    return datetime.now(UTC).isoformat()


CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"
LOW = "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"

APP = ("--service", "myorg/myapp", "--org", "myorg")
OPENSSL_3_0_9 = Deb("libssl3", "3.0.9-1", "openssl")
OPENSSL_3_0_11 = Deb("libssl3", "3.0.11-1", "openssl")
HOLE = advisory("CVE-2023-5363", "Debian:sid", "openssl", "3.0.11-1", HIGH)
FILES = debian(OPENSSL_3_0_9, Deb("bash", "5.2-1"))

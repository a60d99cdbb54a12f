"""Completion in real shells, and through the real docker client: from the store alone, and never in the way."""

import os
import pty
import re
import select
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from envscout.store.known import LIMIT, Wanted, known
from tests.servers.program import need
from tests.stories.story import PROGRAM, Desk, advisory, at_hand, feed

SECONDS = 60


@pytest.fixture
def fleet_desk(advised: Desk, new: str) -> Desk:
    """Return a desk where two services run in two environments."""
    for environment in ("production", "staging"):
        for service in ("myorg/api", "myorg/worker"):
            advised.record(environment, new, "--org", "myorg", "--service", service)
    advised.record("staging", new, "--org", "other", "--service", "localhost:5000/tool")
    for number in ("1", "2"):
        advised.ok("exception", "add", "CVE-2023-4863", "--kind", "accepted-risk", "--reason", number)
    advised.ok("exception", "remove", "2", "--reason", "by mistake")
    return advised


def offered(desk: Desk, line: str, shell: str = "zsh", **env: str) -> list[str]:
    """Return what is offered behind a line; nothing may be said on stderr."""
    answer = desk.call(_ENVSCOUT_COMPLETE=shell, _ENVSCOUT_LINE=line, **env)
    assert (answer.code, answer.err) == (0, "")
    return [value for kind, value, _ in (row.split("\t") for row in answer.lines) if kind in ("plain", "part")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("envscout cves --env ", ["production", "staging"]),
        ("envscout cves --env pro", ["production"]),
        ("envscout cves --env=pro", ["--env=production"]),
        ("envscout compare --env staging --to-env p", ["production"]),
        ("envscout cves --env production ", ["myorg/api", "myorg/worker"]),
        ("envscout cves --env production --service myorg/w", ["myorg/worker"]),
        ("envscout explain CVE-2023-4863 --env staging local", ["localhost:5000/tool"]),
        ("envscout where --org ", ["myorg", "other"]),
        ("envscout environment --org other ", ["staging", "history", "remove"]),
        ("envscout environment history pro", ["production"]),
        ("envscout environment remove production ", ["myorg/api", "myorg/worker"]),
        ("envscout where CVE-2023-48", ["CVE-2023-4863"]),
        ("envscout where cve-2023-48", ["CVE-2023-4863"]),
        ("envscout explain CVE-2023-53", ["CVE-2023-5363"]),
        ("envscout cves --only-cve-id CVE-1,CVE-2023-48", ["CVE-1,CVE-2023-4863"]),
        ("envscout where lib", ["libssl3"]),
        ("envscout cves --only-severity critical,h", ["critical,high"]),
        ("envscout policy --only-policy no-s", ["no-stale-base-images"]),
        ("envscout cves --format mark", ["markdown"]),
        ("envscout enroll my", ["myorg", "myorg/api", "myorg/worker"]),
        ("envscout config org", ["organization"]),
        ("envscout help en", ["enroll", "environment"]),
        ("envscout completion z", ["zsh"]),
        ("envscout policy sh", ["show"]),
        ("envscout policy --env production ap", ["apply"]),
        ("envscout policy show --env sta", ["staging"]),
        ("envscout policy show no-s", ["no-stale-base-images"]),
        ("envscout policy --env staging local", ["localhost:5000/tool"]),
        ("envscout exception remove ", ["1"]),
        ("envscout exception list --cve CVE-2023-48", ["CVE-2023-4863"]),
        ("envscout cves --output sar", ["sarif="]),
        ("envscout strea", []),
        ("envscout expl", ["explain"]),
        ("envscout db st", ["status"]),
        ("envscout cves --only-f", ["--only-fixed"]),
        ("/somewhere/envscout 'environment' \"sta", ["staging"]),
        ("envscout no-such-command --en", []),
        ("envscout cves --no-such-flag x --env pro", ["production"]),
        ("", []),
    ],
)
def test_what_is_offered(fleet_desk: Desk, line: str, expected: list[str]) -> None:
    if not line:
        assert "environment" in offered(fleet_desk, line)
        return
    assert offered(fleet_desk, line) == expected


def test_files_and_folders(fleet_desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images.tar").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    rows = fleet_desk.call(_ENVSCOUT_COMPLETE="fish", _ENVSCOUT_LINE="envscout cves -o ima").lines
    assert rows == ["file\tima\t"]
    rows = fleet_desk.call(_ENVSCOUT_COMPLETE="fish", _ENVSCOUT_LINE="envscout demo --keep ").lines
    assert rows == ["dir\t\t"]
    rows = fleet_desk.call(_ENVSCOUT_COMPLETE="fish", _ENVSCOUT_LINE="envscout cves oci-dir://ima").lines
    assert rows == ["part\toci-dir://images/\t", "plain\toci-dir://images.tar\t"]
    assert offered(fleet_desk, f"envscout sbom archive://{tmp_path}/images.") == [f"archive://{tmp_path}/images.tar"]
    assert offered(fleet_desk, "envscout sbom fs:///no/such/folder/x") == []


def test_bash_gets_what_it_replaces(fleet_desk: Desk) -> None:
    breaks = " \t\n\"'><=;|&(:"
    line = "envscout explain CVE-1 --env staging localhost:5"
    assert offered(fleet_desk, line, "bash", COMP_WORDBREAKS=breaks) == ["5000/tool"]
    assert offered(fleet_desk, line, "bash", COMP_WORDBREAKS=" ") == ["localhost:5000/tool"]
    assert offered(fleet_desk, "envscout cves --env=p", "bash", COMP_WORDBREAKS=breaks) == ["production"]


def test_nothing_is_made_and_nothing_fails_where_nothing_is(desk: Desk) -> None:
    at_hand("there is none yet")
    assert offered(desk, "envscout cves --env ") == []
    assert not desk.home.exists()
    desk.home.mkdir()
    desk.store.write_bytes(b"no database at all, but of some length" * 100)
    assert offered(desk, "envscout where CVE-") == []
    (desk.home / "config.toml").write_text("this is = = no TOML")
    assert offered(desk, "envscout where CVE-") == []
    assert offered(desk, "envscout vers") == ["version"]
    assert sorted(each.name for each in desk.home.iterdir()) == ["config.toml", "envscout.db"]


def test_a_store_that_is_written_to_is_read_all_the_same(fleet_desk: Desk) -> None:
    with closing(sqlite3.connect(fleet_desk.store, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        assert offered(fleet_desk, "envscout cves --env ") == ["production", "staging"]
        writer.execute("ROLLBACK")


def test_names_that_would_do_something_on_a_command_line_are_not_offered(fleet_desk: Desk, new: str) -> None:
    for service in ("$(reboot)", "a;b", "two words", "back\\slash", "`id`", "ünder", "fine"):
        fleet_desk.record("odd", new, "--org", "odd", "--service", service)
    assert offered(fleet_desk, "envscout cves --env odd ") == ["fine"]


def test_names_that_would_be_more_than_a_name_are_not_offered(fleet_desk: Desk, tmp_path: Path) -> None:
    """An id that a feed made up must not become a flag, nor a path."""
    ids = ("--output=report", "-rf", "~root", "=ls", "ODD-1")
    fleet_desk.ok("db", "update", "--from", feed(tmp_path / "odd", *(advisory(each, "npm", "x", "1") for each in ids)))
    words = offered(fleet_desk, "envscout where ")
    assert "ODD-1" in words
    assert not {"--output=report", "-rf", "~root", "=ls"}.intersection(words)


def test_of_too_many_names_the_common_beginning_is_right(desk: Desk, tmp_path: Path) -> None:
    ids = [f"CVE-2020-{number:05}" for number in range(3 * LIMIT)]
    desk.ok(
        "db", "update", "--from", feed(tmp_path / "many", *(advisory(each, "npm", "left-pad", "9") for each in ids))
    )
    told = known(desk.store)("vulnerabilities", Wanted("CVE-2020-"))
    assert (len(told), told[0], told[-1]) == (LIMIT, ids[0], ids[-1])
    assert not all(each.startswith("CVE-2020-000") for each in told), "a shell would complete the zero"


def test_the_real_docker_client_completes(fleet_desk: Desk) -> None:
    need("docker")
    assert fleet_desk.spawn("plugin", "install").code == 0

    def asked(*words: str) -> list[str]:
        done = subprocess.run(["docker", "__complete", *words], env=fleet_desk.asking, capture_output=True, check=True)
        return done.stdout.decode().splitlines()

    assert asked("scout", "cves", "--env", "") == ["production\t", "staging\t", ":4"]
    assert asked("scout", "cves", "--env=pro") == ["production\t", ":4"]
    assert asked("--context", "default", "scout", "where", "CVE-2023-48") == ["CVE-2023-4863\t", ":4"]
    assert "--only-fixed\tOnly vulnerabilities that a newer version fixes" in asked("scout", "cves", "--only-f")
    assert asked("scout", "expl") == ["explain\tShow why a vulnerability is in an image, or is not", ":4"]
    assert asked("scout", "cves", "--output", "") == [":0"]
    assert asked("scout", "environment", "staging", "oci-") == ["oci-dir://\t", ":6"]


class Terminal:
    """An interactive shell in a terminal of its own."""

    def __init__(self, desk: Desk, *argv: str, **env: str) -> None:
        path = f"{PROGRAM.parent}:{desk.env['PATH']}"
        self.seen = ""
        theirs = desk.asking
        self._process, self._terminal = pty.fork()
        if self._process == 0:
            os.chdir(desk.home)
            os.execvpe(argv[0], argv, {**theirs, "PATH": path, "TERM": "dumb", **env})

    def type(self, text: str) -> None:
        """Type on the keyboard."""
        os.write(self._terminal, text.encode())

    def wait(self, pattern: str) -> str:
        """Read what is shown until a pattern is; forget it, and return it."""
        deadline = time.monotonic() + SECONDS
        while not (match := re.search(pattern, self.seen)):
            ready, _, _ = select.select([self._terminal], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"{pattern} is not to be seen in {self.seen!r}"
            self.seen += os.read(self._terminal, 4096).decode(errors="replace")
        self.seen = self.seen[match.end() :]
        return match[0]

    def close(self) -> None:
        """Hang up."""
        os.close(self._terminal)
        os.waitpid(self._process, 0)


@pytest.fixture
def scripts(fleet_desk: Desk) -> Desk:
    """Return a desk with the scripts of all shells in its home folder."""
    for shell in ("bash", "zsh", "fish"):
        fleet_desk.ok("completion", shell, "--output", fleet_desk.home / f"completion.{shell}")
    return fleet_desk


def _completes(terminal: Terminal) -> None:
    """Type a line in pieces, each of them completed, and see what became of it."""
    for piece in ("envscout expl", "CVE-2023-48", "--env=sta", "localhost:5", "--form", "js"):
        terminal.type(f"{piece}\t")
    # To the beginning of the line.
    terminal.type("\x01echo typed: \n")
    typed = "typed: envscout explain CVE-2023-4863 --env=staging localhost:5000/tool --format json"
    assert terminal.wait(r"\ntyped: .*?\r?\n").strip() == typed


def test_bash(scripts: Desk) -> None:
    need("bash")
    terminal = Terminal(scripts, "bash", "--norc", "--noprofile", "-i", PS1="ready> ")
    terminal.wait("ready> ")
    terminal.type("source completion.bash; bind 'set bell-style none'; echo sourced $?\n")
    terminal.wait("sourced 0")
    _completes(terminal)
    terminal.type("envscout cves --env prod\t--output completion.f\t\x01echo typed: \n")
    terminal.wait("\ntyped: envscout cves --env production --output completion.fish\r?\n")
    terminal.close()


def test_zsh(scripts: Desk) -> None:
    need("zsh")
    terminal = Terminal(scripts, "zsh", "-f", "-i", PROMPT="ready> ")
    terminal.wait("ready> ")
    terminal.type("autoload -Uz compinit; compinit -u -D; source completion.zsh; unsetopt beep; echo sourced $?\n")
    terminal.wait("sourced 0")
    _completes(terminal)
    terminal.close()


def test_zsh_that_finds_the_script_in_fpath(scripts: Desk) -> None:
    need("zsh")
    (scripts.home / "functions").mkdir()
    (scripts.home / "completion.zsh").rename(scripts.home / "functions" / "_envscout")
    terminal = Terminal(scripts, "zsh", "-f", "-i", PROMPT="ready> ")
    terminal.wait("ready> ")
    terminal.type("fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -u -D; echo sourced $?\n")
    terminal.wait("sourced 0")
    _completes(terminal)
    terminal.close()


def test_fish(scripts: Desk) -> None:
    need("fish")

    def offers(line: str) -> list[str]:
        script = "source completion.fish; complete --do-complete $argv"
        argv = ["fish", "--no-config", "--command", script, line]
        env = {**scripts.asking, "PATH": f"{PROGRAM.parent}:{scripts.env['PATH']}"}
        done = subprocess.run(argv, env=env, cwd=scripts.home, capture_output=True, check=True)
        assert done.stderr == b""
        return [row.rstrip("\t") for row in done.stdout.decode().splitlines()]

    assert offers("envscout enviro") == ["environment\tRecord, list and remove what runs where"]
    assert offers("envscout cves --env ") == ["production", "staging"]
    assert offers("envscout cves --env=sta") == ["--env=staging"]
    assert offers("envscout explain CVE-2023-4863 --env staging local") == ["localhost:5000/tool"]
    assert offers("envscout cves --output completion.f") == ["completion.fish"]
    assert offers("envscout cves --output=completion.f") == ["--output=completion.fish"]
    assert offers("envscout cves --output sarif=completion.f") == ["sarif=completion.fish"]

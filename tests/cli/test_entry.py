"""Where a call begins: what docker hands on, what is answered at once, what is wrong usage."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from envscout import __version__
from envscout.cli import entry
from tests.stories.story import PROGRAM, Desk

CLIENT = "DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "home")


CALLS: tuple[tuple[list[str], list[str], dict[str, str]], ...] = (
    (["scout", "cves", "alpine"], ["cves", "alpine"], {}),
    (["scout"], [], {}),
    (["--context", "remote", "scout", "version"], ["version"], {"DOCKER_CONTEXT": "remote"}),
    (["--context", "scout", "scout", "version"], ["version"], {"DOCKER_CONTEXT": "scout"}),
    (["-c=there", "scout", "cves", "scout"], ["cves", "scout"], {"DOCKER_CONTEXT": "there"}),
    (["--config", "/x", "scout", "env"], ["env"], {"DOCKER_CONFIG": "/x"}),
    (["--config=/x", "-D", "--log-level", "debug", "scout", "env"], ["env"], {"DOCKER_CONFIG": "/x"}),
    (["-H", "unix:///x", "--tls", "scout", "--config", "y"], ["--config", "y"], {"DOCKER_HOST": "unix:///x"}),
    (["docker-cli-plugin-metadata"], ["docker-cli-plugin-metadata"], {}),
    (["--config"], ["--config"], {"DOCKER_CONFIG": ""}),
)


@pytest.mark.parametrize(("given", "kept", "variables"), CALLS)
def test_what_the_docker_client_hands_on(given: list[str], kept: list[str], variables: dict[str, str]) -> None:
    with mock.patch.dict(os.environ, {CLIENT: "docker"}, clear=True):
        assert entry.without_docker(given) == kept
        assert {name: value for name, value in os.environ.items() if name != CLIENT} == variables


def test_a_context_by_flag_wins_over_a_host_by_variable() -> None:
    with mock.patch.dict(os.environ, {CLIENT: "docker", "DOCKER_HOST": "tcp://x"}, clear=True):
        entry.without_docker(["--context", "there", "scout", "version"])
        assert "DOCKER_HOST" not in os.environ


def test_called_directly_nothing_is_dropped() -> None:
    with mock.patch.dict(os.environ, {}, clear=True):
        assert entry.without_docker(["environment", "scout", "x"]) == ["environment", "scout", "x"]


def test_the_metadata_of_the_plugin(desk: Desk) -> None:
    facts = desk.ok("docker-cli-plugin-metadata").json
    assert facts["SchemaVersion"] == "0.1.0"
    assert facts["Vendor"]
    assert facts["Version"] == f"v{__version__}"


def loaded(desk: Desk, words: list[str]) -> set[str]:
    """Return the modules that a call imports."""
    code = f"import sys, json; from envscout.cli.entry import run; run({words}); print(json.dumps([*sys.modules]))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, env=desk.env, check=True).stdout
    return set(json.loads(out.splitlines()[-1]))


@pytest.mark.parametrize("words", [["version"], ["docker-cli-plugin-metadata"]])
def test_what_is_asked_at_every_start_loads_nothing_heavy(desk: Desk, words: list[str]) -> None:
    assert not loaded(desk, words) & {"click", "msgspec", "rich", "requests", "docker", "sqlite3", "yaml"}


def test_a_question_about_the_record_loads_no_library_of_images(desk: Desk) -> None:
    assert not loaded(desk, ["environment"]) & {"rich", "requests", "oras", "docker", "yaml", "cvss"}


def test_every_command_explains_itself(desk: Desk) -> None:
    top = desk.ok("--help").out
    for name in (
        "cache",
        "config",
        "cves",
        "db",
        "demo",
        "enroll",
        "environment",
        "plugin",
        "sbom",
        "version",
        "where",
    ):
        assert f"\n  {name} " in top
        answer = desk.ok(name, "--help")
        assert answer.out.startswith(f"Usage: envscout {name}")
        assert answer.err == ""
    assert not desk.home.exists()


WRONG: tuple[list[str], ...] = (
    [],
    ["nonsense"],
    ["cvse"],
    ["--no-such-flag"],
    ["cves"],
    ["cves", "--no-such-flag"],
    ["cves", "a", "b"],
    ["cves", "--env", ""],
    ["cves", "--env", "", "myorg/myapp"],
    ["cves", "--env", "x", "--at", "yesterday"],
    ["cves", "--env", "x", "--format", "yaml"],
    ["where"],
    ["where", ""],
    ["where", "pkg:"],
    ["sbom"],
    ["enroll"],
    ["enroll", ""],
    ["environment", "a", "b", "c"],
    ["environment", "history"],
    ["environment", "remove", "staging"],
    ["environment", "remove", "staging", ""],
    ["environment", "history", "a", "b", "c"],
    ["environment", "sync", "fs://."],
    ["environment", "a", "--platform", "amd64"],
    ["db"],
    ["db", "nonsense"],
    ["db", "update", "--from"],
    ["config", "no_such_setting"],
    ["config", "max_feed_age_days", "many"],
    ["cache"],
    ["plugin"],
)


@pytest.mark.parametrize("words", WRONG, ids=range(len(WRONG)))
def test_wrong_usage_is_64_and_says_what_is_right(desk: Desk, words: list[str]) -> None:
    answer = desk.call(*words)
    assert (answer.code, answer.out) == (64, "")
    assert "Traceback" not in answer.err
    assert "ERROR" in answer.err or "Usage:" in answer.err
    assert len(answer.err.splitlines()) > 1


def test_a_near_name_is_suggested(desk: Desk) -> None:
    assert "did you mean `cves`?" in desk.call("cvse").err
    assert desk.ok("env").code == 0


def test_a_trace_only_for_those_who_ask(desk: Desk) -> None:
    desk.home.mkdir()
    desk.store.write_bytes(b"junk" * 1000)
    assert "Traceback" not in desk.spawn("environment").err
    assert "Traceback" in desk.spawn("environment", "--debug").err
    assert "Traceback" in desk.spawn("--debug", "environment").err


@pytest.fixture
def on_terminal(desk: Desk) -> Callable[..., bytes]:
    """Return a function that runs the program with stdout and stderr on a terminal and gives what that received."""

    def run(*words: str, **env: str) -> bytes:
        master, slave = os.openpty()
        process = subprocess.Popen(
            [PROGRAM, *words], env={**desk.env, "TERM": "xterm", **env}, stdout=slave, stderr=slave
        )
        os.close(slave)
        shown = b""
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:
                break
            if not part:
                break
            shown += part
        process.wait()
        os.close(master)
        return shown

    return run


def test_colour_for_people_who_want_it(on_terminal: Callable[..., bytes]) -> None:
    assert b"\x1b[" in on_terminal("nonsense")
    assert b"\x1b[" not in on_terminal("nonsense", NO_COLOR="1")
    assert b"\x1b[" not in on_terminal("enroll", "myorg", NO_COLOR="1")
    assert b"\x1b[" in on_terminal("enroll", "myorg")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
@pytest.mark.parametrize("words", [["version"], ["help"]])
def test_an_answer_that_cannot_be_written_is_a_failure(desk: Desk, words: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        assert subprocess.run([PROGRAM, *words], stdout=full, env=desk.env, check=False).returncode == 1

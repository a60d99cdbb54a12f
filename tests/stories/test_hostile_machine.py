"""Stores, disks, streams and words that are not what they should be."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from envscout.demo.databases import Deb
from tests.images.fake_registry import FakeRegistry
from tests.stories.story import (
    APP,
    FILES,
    HOLE,
    PROGRAM,
    Answer,
    Desk,
    advisory,
    at_hand,
    debian,
    feed,
    layout,
    rootfs,
)


def test_a_store_that_is_no_database(desk: Desk) -> None:
    at_hand("its file is none")
    desk.home.mkdir()
    for content in (b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 5000):
        desk.store.write_bytes(content)
        for words in (("environment",), ("cves", "--env", "x"), ("db", "status"), ("where", "CVE-1-1")):
            answer = desk.call(*words)
            assert answer.code == 1
            assert str(desk.store) in answer.refusal
        assert desk.store.read_bytes() == content


def test_a_store_of_somebody_else(desk: Desk) -> None:
    at_hand("its file is of another version")
    desk.home.mkdir()
    with contextlib.closing(sqlite3.connect(desk.store)) as connection:
        connection.execute("PRAGMA user_version = 9999")
    answer = desk.call("environment")
    assert answer.code == 1
    assert "newer" in answer.refusal


def test_a_store_that_was_cut_off(watched: Desk) -> None:
    at_hand("its file is cut off")
    data = watched.store.read_bytes()
    watched.store.write_bytes(data[: len(data) // 2])
    for words in (("environment",), ("db", "status"), ("db", "status", "--problems"), ("cves", "--env", "x")):
        answer = watched.call(*words)
        if answer.code:
            assert answer.code == 1
            assert answer.refusal


def test_a_store_in_a_folder_that_is_a_file(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = desk.call("environment", ENVSCOUT_STORE=str(tmp_path / "file" / "envscout.db"))
    assert answer.code == 1
    assert answer.refusal
    answer = desk.call("environment", ENVSCOUT_STORE="mysql://nowhere/x")
    assert answer.code == 64
    assert answer.refusal


@pytest.fixture
def shared_desk(watched: Desk) -> Iterator[Desk]:
    """Return a desk in a folder that every user of this machine may look into."""
    at_hand("others see its file")
    assert watched.store.exists()
    folder = Path(tempfile.mkdtemp(prefix="es-"))
    folder.chmod(0o755)
    desk = Desk(folder / "home")
    shutil.copytree(watched.home, desk.home)
    desk.home.chmod(0o755)
    desk.store.chmod(0o644)
    try:
        yield desk
    finally:
        shutil.rmtree(folder)


def as_nobody(desk: Desk, *words: str) -> Answer:
    """Run the program as a user who owns nothing."""
    if os.geteuid() or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv to become another user")
    argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", str(PROGRAM), *words]
    done = subprocess.run(argv, capture_output=True, env=desk.asking, check=False)
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_store_that_may_not_be_written(shared_desk: Desk) -> None:
    image = rootfs(shared_desk.home.parent / "root", FILES)
    if as_nobody(shared_desk, "version").code:
        pytest.skip("another user cannot run the program where it is installed")
    record = ("environment", "staging", f"fs://{image}", "--service", "app")
    answer = as_nobody(shared_desk, *record)
    assert answer.code == 1
    assert str(shared_desk.store) in answer.refusal
    shared_desk.home.chmod(0o777)
    assert as_nobody(shared_desk, *record).code == 1
    assert shared_desk.ok("environment").lines == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of one megabyte."""
    at_hand("the disk is its own")
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "envscout-test", folder], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_full_disk(desk: Desk, tmp_path: Path, small_disk: Path) -> None:
    desk.env["ENVSCOUT_STORE"] = str(small_disk / "envscout.db")
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE))
    before = desk.ok("db", "status", "--format", "json").json["feeds"]
    many = (advisory(f"CVE-2026-{n:05}", "Debian:sid", f"p{n}", "1-1", details="x" * 500) for n in range(5000))
    answer = desk.call("db", "update", "--from", feed(tmp_path / "feed", HOLE, *many))
    assert answer.code == 1
    assert "full" in answer.refusal
    after = desk.ok("db", "status", "--format", "json").json["feeds"]
    assert [each["records"] for each in after] == [each["records"] for each in before]
    packages = (Deb(f"p{n}", "1-1") for n in range(8_000))
    answer = desk.call(
        "environment", "staging", f"fs://{rootfs(tmp_path / 'root', debian(*packages))}", "--service", "a"
    )
    assert answer.code == 1
    assert "full" in answer.refusal
    assert desk.ok("environment").lines == []


def test_a_report_that_does_not_fit_leaves_nothing(watched: Desk, tmp_path: Path, small_disk: Path) -> None:
    packages = (Deb(f"p{n}", "1-1") for n in range(8_000))
    image = rootfs(tmp_path / "root", debian(*packages))
    answer = watched.call("sbom", f"fs://{image}", "-o", small_disk / "sbom.json")
    assert answer.code in (1, 64)
    assert answer.refusal
    assert list(small_disk.iterdir()) == []


def test_an_output_that_is_a_device_or_folder(watched: Desk, tmp_path: Path) -> None:
    image = f"fs://{rootfs(tmp_path / 'root', FILES)}"
    assert watched.ok("cves", image, "-o", "/dev/null").out == ""
    assert Path("/dev/null").is_char_device()
    before = sorted(tmp_path.iterdir())
    assert watched.call("cves", image, "-o", tmp_path).code == 64
    assert sorted(tmp_path.iterdir()) == before


def test_standard_input_is_closed(watched: Desk, tmp_path: Path) -> None:
    image = rootfs(tmp_path / "root", FILES)
    for line in (f"cves fs://{image}", f"environment staging fs://{image} --service a", "cves sbom://", "cache prune"):
        done = subprocess.run(
            ["sh", "-c", f"{PROGRAM} {line} <&-"], capture_output=True, env=watched.asking, check=False
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        assert (done.returncode == 0) == line.startswith(("cves fs", "environment")), line


def test_standard_output_goes_away(watched: Desk, tmp_path: Path) -> None:
    packages = (Deb(f"p{n}", "1-1") for n in range(5000))
    image = rootfs(tmp_path / "root", debian(*packages))
    for line in (f"sbom fs://{image}", f"sbom --format list fs://{image}", "environment", "--help", "version"):
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {PROGRAM} {line} | head -c 1"],
            capture_output=True,
            env=watched.asking,
            check=False,
        )
        assert done.stderr.decode().strip().startswith(("", "✓")), line
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        assert b"Exception ignored" not in done.stderr, done.stderr.decode()
    closed = subprocess.run(
        ["sh", "-c", f"{PROGRAM} environment >&-"], capture_output=True, env=watched.asking, check=False
    )
    assert b"Traceback" not in closed.stderr, closed.stderr.decode()
    full = subprocess.run(
        ["sh", "-c", f"{PROGRAM} sbom fs://{image} > /dev/full"], capture_output=True, env=watched.asking, check=False
    )
    assert full.returncode == 1
    assert b"Traceback" not in full.stderr, full.stderr.decode()


def test_a_terminal_that_knows_only_ascii(watched: Desk, tmp_path: Path) -> None:
    image = rootfs(tmp_path / "root", FILES)
    watched.env.update(PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    for words in (("cves", f"fs://{image}"), ("db", "status"), ("environment", "s", f"fs://{image}", "--service", "a")):
        answer = watched.spawn(*words)
        assert answer.code == 0, answer.err
        assert "Traceback" not in answer.err


def test_settings_that_cannot_be_understood(desk: Desk) -> None:
    desk.home.mkdir()
    for text in ('organization = "x', "organization = 7", "\xff"):
        (desk.home / "config.toml").write_text(text, encoding="latin-1")
        answer = desk.call("config", "organization")
        assert answer.code == 64
        assert "config.toml" in answer.refusal


@pytest.mark.parametrize(
    "image",
    ["myorg/UPPER", "a b", "myorg/myapp:", "ftp://x/y", "$IMAGE", "${TAG}", "", "a" * 5000, "\0"],
    ids=range(9),
)
def test_names_that_are_none(watched: Desk, image: str) -> None:
    answer = watched.call("environment", "staging", image)
    assert answer.code == 64
    assert len(answer.refusal) < 20_000


@pytest.mark.parametrize("name", ["", " ", "-x", "a\nb", "x" * 200, "a\x1b[0m"], ids=range(6))
def test_environments_that_have_no_name(watched: Desk, tmp_path: Path, name: str) -> None:
    image = f"fs://{rootfs(tmp_path / 'root', FILES)}"
    answer = watched.call("environment", "--service", "a", "--", name, image)
    assert answer.code == 64, answer
    assert "\x1b" not in answer.refusal
    assert watched.call("environment", "--service", f"{name}\x1b", "staging", image).code == 64
    assert watched.ok("environment").lines == []


def test_what_a_registry_says_does_not_steer_the_terminal(desk: Desk) -> None:
    with FakeRegistry() as fake:
        fake.auth, fake.realm = "user:password", "https://evil\x1b[0;owned]\x07\x9b2J.example/token"
        answer = desk.call("cves", f"registry://{fake.host}/my/app:v1")
    assert answer.code == 1
    assert "evil\\x1b" in answer.refusal
    assert not {"\x1b", "\x07", "\x9b"}.intersection(answer.err)


def test_words_that_steer_a_terminal_are_shown(watched: Desk) -> None:
    for words in (("cves", "--env", "a\x1b[2Jb\nERROR c"), ("a\x9b2Jb",), ("policy", "show", "x\u202ey\x07")):
        answer = watched.call(*words)
        assert answer.code in (1, 64)
        assert all(line.isprintable() for line in answer.err.splitlines())
        assert not any(line.startswith("ERROR c") for line in answer.err.splitlines())


def test_what_is_copied_into_a_shell_is_quoted(desk: Desk, tmp_path: Path) -> None:
    image = f"oci-dir://{layout(tmp_path / 'i', FILES)}"
    desk.record("pre prod; touch x", image, *APP)
    shown = desk.ok("quickview", "--env", "pre prod; touch x").out.partition("What's next:")[2]
    assert "--env 'pre prod; touch x'" in shown
    assert "--env pre" not in shown


def test_words_that_are_no_text(watched: Desk, tmp_path: Path) -> None:
    image = f"oci-dir://{layout(tmp_path / 'i', FILES)}"
    for words in (("where", "CVE-\udcff"), ("explain", "CVE-\udcff", image), ("config", "organization", "\udcff")):
        answer = watched.spawn(*words)
        assert answer.code == 64
        assert "udcff" in answer.refusal
    answer = watched.spawn("environment", "a", image, *APP, GITHUB_ACTIONS="true", GITHUB_ACTOR="a\udcff")
    assert (answer.code, "is no text" in answer.refusal) == (64, True)
    assert watched.ok("config", "organization").code == 0

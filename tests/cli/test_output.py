"""A file appears whole or not at all, and never in the place of something else."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from envscout.cli.output import whole


def test_the_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "answer"
    with whole(target) as file:
        file.write("half")
        file.flush()
        assert not target.exists()
    assert target.read_text() == "half"
    assert [each.name for each in tmp_path.iterdir()] == ["answer"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "answer"
    target.write_text("old")
    with pytest.raises(UnicodeDecodeError), whole(target) as file:
        file.write(b"\xff".decode())
    assert target.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["answer"]


def test_permissions_stay_or_are_those_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with whole(tmp_path / "new"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    (tmp_path / "new").chmod(0o604)
    with whole(tmp_path / "new"):
        pass
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o604


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    with whole(tmp_path / "link") as file:
        file.write("x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "x"


def test_a_device_stays_a_device() -> None:
    with whole(Path("/dev/null")) as file:
        file.write("x")
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    "name",
    ["/dev/fd/{fd}", "/proc/self/fd/{fd}", "/proc/thread-self/fd/{fd}", "{folder}/open/{fd}", "{folder}/here/link"],
)
def test_what_is_open_is_written_to_where_it_stands(tmp_path: Path, name: str) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    with log.open("r+") as shell:
        shell.seek(0, os.SEEK_END)
        (tmp_path / "open").symlink_to("/dev/fd")
        (tmp_path / "here").symlink_to(".")
        (tmp_path / "link").symlink_to(f"/dev/fd/{shell.fileno()}")
        with whole(Path(name.format(fd=shell.fileno(), folder=tmp_path))) as file:
            file.write("answer\n")
        shell.write("after\n")
    assert log.read_text() == "before\nanswer\nafter\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["here", "link", "log", "open"]


def test_a_pipe_without_a_name_is_written_to() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader:
        with os.fdopen(writing, "wb"), whole(Path(f"/dev/fd/{writing}")) as file:
            file.write("x")
        assert reader.read() == b"x"


def test_what_another_process_holds_open_is_written_to_at_its_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    with log.open("a") as out, subprocess.Popen(["sleep", "60"], stdout=out) as other:
        try:
            with whole(Path(f"/proc/{other.pid}/fd/1")) as file:
                file.write("answer\n")
        finally:
            other.kill()
    assert log.read_text() == "before\nanswer\n"


def test_nothing_is_open_under_that_number() -> None:
    with pytest.raises(OSError, match="descriptor"), whole(Path("/dev/fd/987654")):
        pass


_BOUND = 'mount --bind "$0/answer" "$0/answer"'
_READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"'
_WRITE = """
import pathlib, sys
from envscout.atomic import whole
with whole(pathlib.Path(sys.argv[1])) as file:
    file.write(b"new")
"""
_IN_NAMESPACES = ["unshare", "--user", "--map-root-user", "--mount"]


@pytest.mark.skipif(
    subprocess.run([*_IN_NAMESPACES, "true"], capture_output=True, check=False).returncode != 0,
    reason="unshare may not make namespaces here",
)
@pytest.mark.parametrize(
    "mounts", [_BOUND, f'mount --bind "$0/answer" "$1" && {_READ_ONLY} && mount --bind "$1" "$0/answer"']
)
def test_what_can_be_written_but_not_replaced(tmp_path: Path, mounts: str) -> None:
    folder, aside = tmp_path / "folder", tmp_path / "aside"
    folder.mkdir()
    aside.touch()
    (folder / "answer").write_text("old and longer")
    script = f'{mounts} && exec "$2" -c "$3" "$0/answer"'
    told = subprocess.run(
        [*_IN_NAMESPACES, "sh", "-c", script, folder, aside, sys.executable, _WRITE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stderr == ""
    assert (folder / "answer").read_text() == "new"
    assert [each.name for each in folder.iterdir()] == ["answer"]


def test_links_that_go_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    for name in ("a", "a/file"):
        with pytest.raises(OSError, match="links") as failed, whole(tmp_path / name):
            pass
        assert failed.value.errno == errno.ELOOP
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a", "b"]


def test_text_that_cannot_be_encoded_is_written_all_the_same(tmp_path: Path) -> None:
    with whole(tmp_path / "answer") as file:
        file.write("a\udcff")
    assert (tmp_path / "answer").read_text() == "a\\udcff"


@pytest.mark.parametrize("name", ["", "no/such/folder/file"])
def test_what_cannot_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError, match="rectory"), whole(tmp_path / name):
        pass

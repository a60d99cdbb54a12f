"""A file appears whole or not at all, and never in the place of something else."""

import os
import stat
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


def test_text_that_cannot_be_encoded_is_written_all_the_same(tmp_path: Path) -> None:
    with whole(tmp_path / "answer") as file:
        file.write("a\udcff")
    assert (tmp_path / "answer").read_text() == "a\\udcff"


@pytest.mark.parametrize("name", ["", "no/such/folder/file"])
def test_what_cannot_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError, match="rectory"), whole(tmp_path / name):
        pass

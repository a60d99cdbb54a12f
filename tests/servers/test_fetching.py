"""What is fetched is what its hash names, from the index that pip uses, and nothing of it is run."""

import hashlib
import io
import sys
import tarfile
from pathlib import Path

import pytest

from tests.servers import fetched, program

FETCHING = Path(fetched.__file__).with_name("fetching.py")
_BUILD = "[build-system]\nrequires = []\nbuild-backend = 'mark'\nbackend-path = ['.']\n"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only source archive of an index, the build of which writes a file; pip uses that index."""
    marks = f"open({str(tmp_path / 'was-run')!r}, 'w').close()\n"
    folder = tmp_path / "simple" / "some-thing"
    folder.mkdir(parents=True)
    archive = folder / "some_thing-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        for name, text in (("pyproject.toml", _BUILD), ("mark.py", marks), ("PKG-INFO", "Name: some-thing\n")):
            member = tarfile.TarInfo(f"some_thing-1.0/{name}")
            member.size = len(text)
            packed.addfile(member, io.BytesIO(text.encode()))
    (folder / "index.html").write_text(f'<!DOCTYPE html><a href="{archive.name}">{archive.name}</a>')
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("PIP_INDEX_URL", folder.parent.as_uri())
    return archive


def _fetch(folder: Path, digest: str, version: str = "1.0") -> Path:
    wanted = folder / "wanted.txt"
    wanted.write_text(f"# A reason.\nsome-thing=={version} \\\n    --hash=sha256:{digest}\n")
    program.run(sys.executable, "-I", FETCHING, wanted, folder / "into")
    return folder / "into"


def test_a_source_archive_is_fetched_and_not_built(index: Path, tmp_path: Path) -> None:
    into = _fetch(tmp_path, hashlib.sha256(index.read_bytes()).hexdigest())
    assert [(each.name, each.read_bytes()) for each in into.iterdir()] == [(index.name, index.read_bytes())]
    assert not (tmp_path / "was-run").exists()


def test_what_its_hash_does_not_name_is_refused(index: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"some_thing-1.0.tar.gz is not what its hash names"):
        _fetch(tmp_path, "0" * 64)


def test_what_the_index_does_not_have_is_told(index: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"some-thing 2\.0 was not found in the index"):
        _fetch(tmp_path, "0" * 64, "2.0")


def test_what_cannot_be_fetched_is_asked_for_once(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def run(*argv: str | Path) -> str:
        asked.append(argv)
        return program.run(*argv)

    monkeypatch.setattr(fetched, "run", run)
    monkeypatch.setattr(fetched, "KEPT", tmp_path / "build" / "kept")
    monkeypatch.setenv("ENVSCOUT_REQUIRE_SERVERS", "0")
    fetched._missing.cache_clear()
    try:
        for _ in range(2):
            with pytest.raises(pytest.skip.Exception, match="was not found in the index"):
                fetched.packages()
    finally:
        fetched._missing.cache_clear()
    assert len(asked) == 1
    assert list((tmp_path / "build").iterdir()) == []

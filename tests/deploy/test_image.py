"""The image is for more than one kind of processor: nothing in it is of one, and every library is there for each."""

import re
import sys
from pathlib import Path

import pytest

from tests.servers.program import run, unavailable

ROOT = Path(__file__).parents[2]
CONTAINERFILE = (ROOT / "deploy/Containerfile").read_text(encoding="utf-8")
PROCESSORS = {"amd64": "x86_64", "arm64": "aarch64"}
GLIBC = (17, 24, 26, 27, 28, 31, 34, 35, 36)
"""Minor versions up to the one of Debian 12, which bases are not older than."""


def test_nothing_is_of_one_processor() -> None:
    page = (ROOT / "docs/howto/install.md").read_text(encoding="utf-8")
    assert f"--platform {','.join(f'linux/{each}' for each in PROCESSORS)} " in page
    assert not re.search(r"amd64|arm64|x86|aarch|--platform|@sha256", CONTAINERFILE.partition("\nARG")[2])


@pytest.mark.parametrize("processor", PROCESSORS)
def test_every_library_is_there_built(processor: str, tmp_path: Path) -> None:
    """The base of the image has no compiler. Nothing is fetched but what libraries say of themselves."""
    (version,) = re.findall(r"^ARG PYTHON=.*/python:([0-9.]+)-slim$", CONTAINERFILE, re.M)
    platforms = [f"--platform=manylinux_2_{each}_{PROCESSORS[processor]}" for each in GLIBC]
    platforms.append(f"--platform=manylinux2014_{PROCESSORS[processor]}")
    for name in ("server", "run"):
        words = ("--quiet", "--disable-pip-version-check", "--dry-run", "--no-deps", "--require-hashes")
        kind = ("--only-binary=:all:", "--implementation=cp", f"--python-version={version}", *platforms)
        wanted = (f"--target={tmp_path}", f"--requirement={ROOT / 'constraints' / name}.txt")
        try:
            run(sys.executable, "-m", "pip", "install", *words, *kind, *wanted)
        except RuntimeError as error:
            if "No matching distribution found" not in str(error):
                unavailable(f"nobody can be asked for libraries: {error}")
            raise

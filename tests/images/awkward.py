"""One image with everything that readers of layers stumble over, and what is right to find in it."""

import gzip
import io
import subprocess
import tarfile
from pathlib import Path

import msgspec

from envscout.demo.databases import Deb, Npm, Wheel, dpkg, node_modules, os_release, wheels
from envscout.demo.layout import LAYER_TYPES, ImagePlan, LayerBlob, digest_of, layer, write_layout
from envscout.demo.tar import Directory, Entry, Hardlink, Symlink, Whiteout, compress, pack
from tests.images import attesting
from tests.images.trees import as_gzip

SITE = "usr/lib/python3/dist-packages"
LONG = f"srv/{'long' * 40}/{'ünï' * 30}/site-packages"
STATUS = "var/lib/dpkg/status"
HOLES = 3 << 20

# name, version, number of the layer
PACKAGES = {
    ("bash", "5.2-1", 0),
    ("libc6", "2.41-1", 0),
    ("libssl3", "3.0.11-1", 1),
    ("curl", "8.5.0-2", 3),
    ("requests", "2.31.0", 0),
    ("far-away", "1.0", 1),
    ("holey", "1.0", 2),
    ("holey-too", "1.0", 2),
    ("left-pad", "1.3.0", 1),
    ("kept", "1.0.0", 0),
    ("again", "2.0.0", 3),
    ("linked", "4.0.0", 1),
}


def plan(holes: Path) -> ImagePlan:
    """Return the image for linux/amd64. holes: a folder to write sparse files into."""
    return ImagePlan((_base(), _edits(), _sparse(holes), _more_edits()), created="2026-02-03T04:05:06Z")


def write(into: Path, holes: Path) -> str:
    """Write a layout: `flat`, that image; `v1`, an index of it, of one for arm64, and of attestations of both.

    `gzip` is `flat` for engines that do not know zstd; `dense` has no sparse files, which buildah cannot write back.
    """
    other = ImagePlan((layer(os_release(id="alpine", version_id="3.20"), "ADD arm /"),), platform="linux/arm64/v8")
    flat = plan(holes)
    known = msgspec.structs.replace(flat, layers=tuple(map(as_gzip, flat.layers)))
    dense = msgspec.structs.replace(flat, layers=(*flat.layers[:2], flat.layers[3]))
    digests = write_layout(into, {"flat": flat, "gzip": known, "dense": dense, "other": other})
    entries = [attesting.entry(into, name) for name in ("flat", "other")]
    statements = {attesting.SPDX: attesting.spdx(("pkg:npm/claimed@1.0.0", ""))}
    entries += [attesting.buildkit(into, statements, digests[name]) for name in ("flat", "other")]
    attesting.index(into, "v1", entries)
    return digests["flat"]


def _base() -> LayerBlob:
    status = dpkg([Deb("bash", "5.2-1"), Deb("libc6", "2.41-1", "glibc"), Deb("libssl3", "3.0.9-1", "openssl")])
    files: dict[str, Entry] = {
        **{path: data for path, data in status.items() if path != STATUS},
        "usr/lib/os-release": os_release(id="debian", version_id="12", name="Debian")["etc/os-release"],
        "etc/os-release": Symlink("../usr/lib/os-release"),
        # The database is the second name of a hard link.
        "var/lib/dpkg/status-kept": status[STATUS],
        STATUS: Hardlink("var/lib/dpkg/status-kept"),
        **wheels([Wheel("requests", "2.31.0", "Apache-2.0", "requests"), Wheel("gone", "1.0", "MIT", "gone")], SITE),
        **node_modules([Npm("hidden", "1.0.0", "MIT")], "opt/opaque"),
        **node_modules([Npm("kept", "1.0.0", "MIT"), Npm("replaced", "1.0.0", "MIT")], "opt/app"),
        **node_modules([Npm("again", "1.0.0", "MIT")], "opt/again"),
        **node_modules([Npm("below", "1.0.0", "MIT")], "opt/file"),
    }
    return layer(files, "ADD rootfs /")


def _edits() -> LayerBlob:
    status = dpkg([Deb("bash", "5.2-1"), Deb("libc6", "2.41-1", "glibc"), Deb("libssl3", "3.0.11-1", "openssl")])
    far = wheels([Wheel("far-away", "1.0", "MIT", "far_away")], LONG)
    manifest = node_modules([Npm("linked", "4.0.0", "MIT")], "x")["x/node_modules/linked/package.json"]
    members: list[tuple[str, Entry]] = [
        (STATUS, status[STATUS]),
        (f"{SITE}/gone-1.0.dist-info", Whiteout()),
        *node_modules([Npm("left-pad", "1.3.0", "MIT")], "opt/opaque").items(),
        # After what it lies beside: the order of entries says nothing.
        ("opt/opaque/node_modules", Whiteout(opaque=True)),
        ("opt/app/node_modules/replaced", b"now a file"),
        ("opt/again", Whiteout()),
        ("opt/file", Whiteout()),
        # Its bytes lie under a name that nobody reads, in a folder that a link leads to.
        ("opt/store/blob-1", manifest),
        ("opt/linked/node_modules/linked/package.json", Hardlink("opt/store/blob-1")),
        *far.items(),
    ]
    plain = _pax(members)
    return LayerBlob(compress(plain, "zstd"), digest_of(plain), LAYER_TYPES["zstd"], "RUN edit")


def _sparse(folder: Path) -> LayerBlob:
    """Return a layer that GNU tar wrote, with files of mostly holes.

    In two forms of PAX: engines refuse the old one ("unhandled tar header type").
    """
    plain = b""
    for name, form in (("holey", "0.1"), ("holey_too", "1.0")):
        info = folder / form / f"{SITE}/{name}-1.0.dist-info"
        info.mkdir(parents=True)
        with (info / "METADATA").open("wb") as file:
            file.write(b"Metadata-Version: 2.1\nName: %s\nVersion: 1.0\n\n" % name.replace("_", "-").encode())
            file.truncate(HOLES)
        words = [
            "tar",
            "--sparse",
            "--format=posix",
            f"--sparse-version={form}",
            "--owner=0",
            "--group=0",
            "--mtime=@0",
            "-b1",
        ]
        words += ["-C", str(folder / form), "-cf", "-", f"{SITE}/{name}-1.0.dist-info/METADATA"]
        # Without the two blocks of its end.
        plain += subprocess.run(words, capture_output=True, check=True).stdout[:-1024]
    plain += bytes(1024)
    return LayerBlob(plain, digest_of(plain), LAYER_TYPES["none"], "COPY holes /")


def _more_edits() -> LayerBlob:
    status = dpkg([
        Deb("bash", "5.2-1"), Deb("libc6", "2.41-1", "glibc"), Deb("libssl3", "3.0.11-1", "openssl"),
        Deb("curl", "8.5.0-2"),
    ])  # fmt: skip
    files: dict[str, Entry] = {
        STATUS: status[STATUS],
        **node_modules([Npm("again", "2.0.0", "MIT")], "opt/again"),
        "opt/file": b"a file, where a folder was removed",
        "opt/empty": Directory(),
    }
    made = layer(files, "RUN edit again")
    # Two gzip members, as parallel compressors write them.
    plain = gzip.decompress(made.blob)
    cut = len(plain) // 2
    stored = gzip.compress(plain[:cut], mtime=0) + gzip.compress(plain[cut:], mtime=0)
    return LayerBlob(stored, made.diff_id, made.media_type, made.created_by)


def _pax(members: list[tuple[str, Entry]]) -> bytes:
    """Return a tarball with PAX headers: what `demo.tar` writes in GNU's form."""
    buffer = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(pack(dict(members)))) as source,
        tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as target,
    ):
        for member in source:
            target.addfile(member, source.extractfile(member) if member.isreg() else None)
    return buffer.getvalue()

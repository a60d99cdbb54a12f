"""Damaged and hostile images: a reason and a next step, or an answer that says it is not whole."""

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest

from envscout.demo.databases import Deb, Wheel
from envscout.demo.layout import ImagePlan, IndexPlan, layer, write_layout
from envscout.demo.tar import Entry, Hardlink, Symlink, compress, pack
from tests.images.images import blob, with_layer
from tests.stories.story import FILES, PROGRAM, Answer, Desk, codes, debian, layout, names, refused, rootfs


def judged(desk: Desk, image: str) -> Any:
    """Ask about a damaged image that must be answered for, but not as if everything had been seen."""
    found = desk.cves(image)
    assert found["coverage"]["state"] != "complete"
    assert "unknown" in desk.ok("cves", image).out
    return found


def the_layer(image: Path) -> Path:
    manifest = json.loads(
        blob(image, json.loads((image / "index.json").read_bytes())["manifests"][0]["digest"]).read_bytes()
    )
    return blob(image, manifest["layers"][0]["digest"])


def test_a_layer_that_was_cut_off_or_changed_is_no_answer(watched: Desk, tmp_path: Path) -> None:
    image = layout(tmp_path / "image", FILES)
    whole = the_layer(image).read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for damaged in (whole[: len(whole) // 2], whole[:-1], b"", bytes(flipped), whole + b"x"):
        the_layer(image).write_bytes(damaged)
        assert "sha256" in refused(watched, f"oci-dir://{image}")


def test_a_layer_that_is_missing_is_unknown_until_it_is_there(watched: Desk, tmp_path: Path) -> None:
    image = layout(tmp_path / "image", FILES)
    place = the_layer(image)
    whole = place.read_bytes()
    place.unlink()
    assert "damaged-layer" in codes(judged(watched, f"oci-dir://{image}"))
    place.write_bytes(whole)
    found = watched.cves(f"oci-dir://{image}")
    assert (names(found), found["coverage"]["state"]) == ({"CVE-2023-5363"}, "complete")


def test_a_damaged_directory_does_not_pass_for_a_whole_one(watched: Desk, tmp_path: Path) -> None:
    damaged = {
        **FILES,
        "var/lib/dpkg/status": FILES["var/lib/dpkg/status"] + b"\nPackage: \nStatus: install ok installed\n",
    }
    watched.record("staging", f"fs://{rootfs(tmp_path / 'damaged', damaged)}", "--service", "app")
    assert watched.cves("--env", "staging", "app")["coverage"]["state"] == "partial"
    watched.ok("cves", f"fs://{rootfs(tmp_path / 'whole', FILES)}")
    assert watched.cves("--env", "staging", "app")["coverage"]["state"] == "partial"


@pytest.mark.parametrize(
    "stored",
    [b"", b"junk" * 1000, compress(b"junk" * 1000, "gzip"), pack(FILES)[:700]],
    ids=["empty", "junk", "packed-junk", "cut"],
)
def test_a_layer_that_is_no_archive_makes_the_answer_doubtful(watched: Desk, tmp_path: Path, stored: bytes) -> None:
    image = tmp_path / "image"
    image.mkdir()
    (image / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    plain = gzip.decompress(stored) if stored[:2] == b"\x1f\x8b" else stored
    with_layer(image, stored, f"sha256:{hashlib.sha256(plain).hexdigest()}")
    answer = watched.call("cves", "--format", "json", f"oci-dir://{image}")
    if answer.code:
        assert answer.refusal
    else:
        assert judged(watched, f"oci-dir://{image}")["summary"]["total"] == 0


def _zeros(size: int, how: str) -> bytes:
    """Return a tarball of one file of zeros of that size, compressed."""
    info = tarfile.TarInfo("zeros")
    info.size = size
    command = {"gzip": ["gzip", "-1c"], "zstd": ["zstd", "-qc"]}[how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def fill(stream: Any) -> None:
            stream.write(info.tobuf())
            for _ in range(size >> 20):
                stream.write(bytes(1 << 20))
            stream.write(bytes(1024))
            stream.close()

        thread = threading.Thread(target=fill, args=(process.stdin,))
        thread.start()
        packed = process.stdout.read()
        thread.join()
    return packed


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_a_bomb_does_not_go_off(watched: Desk, tmp_path: Path, how: str) -> None:
    if shutil.which(how) is None:
        pytest.skip(f"missing program: {how}")
    image = tmp_path / "image"
    image.mkdir()
    (image / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    with_layer(image, _zeros(600 << 20, how))
    limited = f"ulimit -v {1 << 20}; exec {PROGRAM} cves --format json oci-dir://{image}"
    done = subprocess.run(["sh", "-c", limited], capture_output=True, env=watched.asking, check=False)
    answer = Answer(done.returncode, done.stdout.decode(), done.stderr.decode())
    if answer.code:
        assert answer.code == 1
        assert answer.refusal
    else:
        assert answer.json["coverage"]["state"] != "complete"


def test_an_index_in_an_index_in_an_index(watched: Desk, tmp_path: Path) -> None:
    plan: ImagePlan | IndexPlan = ImagePlan((layer(FILES, "ADD . /"),))
    for _ in range(100):
        plan = IndexPlan((plan,))
    write_layout(tmp_path / "image", {"v1": plan})
    refused(watched, f"oci-dir://{tmp_path / 'image'}")


OUTSIDE = ("../../../../../../{}", "/{}", "var/lib/dpkg/../../../../../../{}")


@pytest.mark.parametrize("path", OUTSIDE)
def test_nothing_leads_out_of_an_image(watched: Desk, tmp_path: Path, path: str) -> None:
    secret = rootfs(tmp_path / "host", debian(Deb("openssl", "3.0.1-1")))
    target = path.format(str(secret / "var/lib/dpkg/status").lstrip("/"))
    links: tuple[Entry, ...] = (Symlink(target), Hardlink(target))
    for number, link in enumerate(links):
        entries: dict[str, Entry] = {**FILES, "var/lib/dpkg/status": link}
        write_layout(tmp_path / f"image{number}", {"v1": ImagePlan((layer(entries, "ADD . /"),))})
        found = judged(watched, f"oci-dir://{tmp_path / f'image{number}'}")
        assert found["findings"] == []
    folder = rootfs(tmp_path / "folder", debian())
    (folder / "var/lib/dpkg/status").unlink()
    (folder / "var/lib/dpkg/status").symlink_to(target)
    assert judged(watched, f"fs://{folder}")["findings"] == []
    write_layout(tmp_path / "image2", {"v1": ImagePlan((layer({**FILES, target: b"x"}, "ADD . /"),))})
    assert names(watched.cves(f"oci-dir://{tmp_path / 'image2'}")) == {"CVE-2023-5363"}
    assert (secret / "var/lib/dpkg/status").read_bytes() != b"x"


def test_links_in_a_circle(watched: Desk, tmp_path: Path) -> None:
    folder = rootfs(tmp_path / "folder", debian())
    (folder / "var/lib/dpkg/status").unlink()
    (folder / "var/lib/dpkg/status").symlink_to("status")
    (folder / "loop").symlink_to(".")
    judged(watched, f"fs://{folder}")


def test_a_pipe_in_a_directory_does_not_hang(watched: Desk, tmp_path: Path) -> None:
    folder = rootfs(tmp_path / "folder", debian(Deb("bash", "1-1")))
    (folder / "var/lib/dpkg/status").unlink()
    os.mkfifo(folder / "var/lib/dpkg/status")
    judged(watched, f"fs://{folder}")


def test_a_version_of_ten_megabytes(watched: Desk, tmp_path: Path) -> None:
    status = FILES["var/lib/dpkg/status"].replace(b"3.0.9-1", b"9" * (10 << 20) + b"-1")
    for files in ({**FILES, "var/lib/dpkg/status": status}, debian(Deb("a", "1-1"), wheels=[_long_wheel()])):
        folder = rootfs(tmp_path / hashlib.sha256(repr(sorted(files)).encode()).hexdigest(), files)
        found = judged(watched, f"fs://{folder}")
        assert found["findings"] == []
        assert len(watched.ok("cves", f"fs://{folder}").out) < 100_000


def _long_wheel() -> Wheel:
    # Its name must fit into a folder's; METADATA is what counts.
    return Wheel("x", "1", "MIT" + "\nVersion: " + "1." * (5 << 20), "x")


def test_bytes_that_are_no_text(watched: Desk, tmp_path: Path) -> None:
    noise = b"Package: \xff\xfe\x00evil\nStatus: install ok installed\nVersion: \xc3\x28\n\n"
    status = FILES["var/lib/dpkg/status"] + noise + b"\xf0\x28\x8c\x28"
    folder = rootfs(tmp_path / "folder", {**FILES, "var/lib/dpkg/status": status, "etc/os-release": b"ID=\xff\xff\n"})
    judged(watched, f"fs://{folder}")
    folder = rootfs(tmp_path / "other", {**FILES, "var/lib/dpkg/status": status})
    assert "CVE-2023-5363" in names(judged(watched, f"fs://{folder}"))
    assert b"\xff" not in watched.spawn("sbom", f"fs://{folder}").out.encode()


def test_a_name_of_bytes_on_disk(watched: Desk, tmp_path: Path) -> None:
    folder = rootfs(tmp_path / "folder", debian(Deb("bash", "1-1")))
    place = os.fsencode(folder) + b"/opt/\xff\xfe/x-1.dist-info"
    Path(os.fsdecode(place)).mkdir(parents=True)
    Path(os.fsdecode(place), "METADATA").write_bytes(b"Metadata-Version: 2.1\nName: x\nVersion: 1\n")
    answer = watched.spawn("sbom", f"fs://{folder}")
    assert answer.code == 0
    assert "pkg:pypi/x@1" in answer.out
    assert watched.spawn("cves", "--locations", f"fs://{folder}").code == 0


@pytest.mark.parametrize("image", ["fs://{}/none", "archive://{}/none.tar", "oci-dir://{}", "sbom://{}/none.json"])
def test_places_that_are_not_there(watched: Desk, tmp_path: Path, image: str) -> None:
    (tmp_path / "empty").mkdir()
    refused(watched, image.format(tmp_path / "empty"))


def test_an_empty_directory_is_unknown(watched: Desk, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert codes(judged(watched, f"fs://{tmp_path / 'empty'}")) == {"no-package-database"}


def test_archives_of_nonsense(watched: Desk, tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("manifest.json")
        data = b'[{"Config": "../../../etc/passwd", "RepoTags": ["a:b"], "Layers": ["/etc/passwd"]}]'
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    for content in (
        b"",
        b"x" * 10_000,
        bytes(20_480),
        buffer.getvalue(),
        buffer.getvalue()[:600],
        compress(b"x", "zstd"),
    ):
        path.write_bytes(content)
        refused(watched, f"archive://{path}")

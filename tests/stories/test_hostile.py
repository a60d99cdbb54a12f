"""Damaged and hostile input at the command line: a reason and a next step, the right exit code, never a trace."""

import contextlib
import gzip
import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from envscout.demo.databases import Deb, Wheel
from envscout.demo.layout import ImagePlan, IndexPlan, layer, write_layout
from envscout.demo.tar import Entry, Hardlink, Symlink, compress, pack
from tests.images.images import blob, with_layer
from tests.stories.story import HIGH, PROGRAM, Answer, Desk, advisory, codes, debian, feed, layout, names, rootfs

FILES = debian(Deb("libssl3", "3.0.9-1", "openssl"), Deb("bash", "5.2-1"))
HOLE = advisory("CVE-2026-0001", "Debian:sid", "openssl", "3.0.11-1", HIGH)


@pytest.fixture
def watched(desk: Desk, tmp_path: Path) -> Desk:
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE))
    return desk


def refused(desk: Desk, image: str, *, code: int = 1) -> str:
    """Ask about an image that must be refused; nothing may be recorded of it. Return what the user is told."""
    answer = desk.call("cves", "--format", "json", image)
    assert (answer.code, answer.out) == (code, ""), answer
    recorded = desk.call("environment", "staging", image, "--service", "app")
    assert recorded.code == code
    assert desk.ok("environment").lines == []
    return answer.refusal


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


# --- images ---


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
    assert (names(found), found["coverage"]["state"]) == ({"CVE-2026-0001"}, "complete")


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
    done = subprocess.run(["sh", "-c", limited], capture_output=True, env=watched.env, check=False)
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
    assert names(watched.cves(f"oci-dir://{tmp_path / 'image2'}")) == {"CVE-2026-0001"}
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
    assert "CVE-2026-0001" in names(judged(watched, f"fs://{folder}"))
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


@pytest.mark.parametrize(
    "document",
    [
        b"", b"{}", b"[]", b"null", b"\xff\xfe", b"not json", b'{"bomFormat": "CycloneDX"}' + b"[" * 100,
        b"[" * 100_000, b'{"spdxVersion": "SPDX-2.3"', b'{"bomFormat": 7}', b"<xml/>",
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    ],
    ids=range(12),
)  # fmt: skip
def test_an_sbom_that_is_none(watched: Desk, tmp_path: Path, document: bytes) -> None:
    (tmp_path / "sbom.json").write_bytes(document)
    refused(watched, f"sbom://{tmp_path / 'sbom.json'}")


def test_an_sbom_of_nothing_is_not_clean(watched: Desk, tmp_path: Path) -> None:
    for document in (
        {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": []},
        {"spdxVersion": "SPDX-2.3", "packages": []},
    ):
        (tmp_path / "sbom.json").write_text(json.dumps(document))
        answer = watched.call("cves", "--exit-code", f"sbom://{tmp_path / 'sbom.json'}")
        assert answer.code in (1, 2)


def test_an_sbom_from_standard_input(watched: Desk, tmp_path: Path) -> None:
    document = watched.ok("sbom", f"fs://{rootfs(tmp_path / 'root', FILES)}").out.encode()
    answer = watched.spawn("cves", "--format", "json", "sbom://", stdin=document)
    assert names(answer.json) == {"CVE-2026-0001"}
    assert watched.spawn("cves", "sbom://-", stdin=b"junk").code == 1


# --- feeds ---


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


BROKEN = (b"", b"{", b"[]", b'{"id": 7}', b'{"id": "CVE-2", "affected": 3}', b"\xff\xfe", b'"text"', b"[" * 10_000)


@pytest.mark.parametrize("broken", BROKEN, ids=range(len(BROKEN)))
def test_one_broken_record_does_not_stop_the_others(desk: Desk, tmp_path: Path, broken: bytes) -> None:
    members = {"CVE-2026-0001.json": json.dumps(HOLE).encode(), "CVE-2026-0002.json": broken}
    place = zipped(tmp_path / "Debian" / "all.zip", members)
    done = desk.ok("db", "update", "--from", place)
    assert "1 records" in done.out
    assert "1 problems" in done.out
    status = desk.ok("db", "status", "--problems").out
    assert "CVE-2026-0002" in status
    (listed,) = desk.ok("db", "status", "--format", "json").json["feeds"][0]["skipped"]
    assert listed["count"] == 1
    assert names(desk.cves(f"fs://{rootfs(tmp_path / 'root', FILES)}")) == {"CVE-2026-0001"}


def test_versions_that_have_no_place_are_told(desk: Desk, tmp_path: Path) -> None:
    long = advisory("CVE-2026-0002", "Debian:sid", "bash", "1" * (10 << 20))
    odd = advisory("CVE-2026-0003", "PyPI", "x", "\ud800not a version".encode("utf-8", "replace").decode())
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE, long, odd))
    status = desk.ok("db", "status", "--problems")
    assert "CVE-2026-0002" in status.out
    assert len(status.out) < 100_000
    assert names(desk.cves(f"fs://{rootfs(tmp_path / 'root', FILES)}")) == {"CVE-2026-0001"}


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


@pytest.mark.parametrize(
    "damage",
    [_cut, lambda path: path.write_bytes(b""), lambda path: path.write_bytes(b"PK\x03\x04")],
    ids=["cut", "empty", "head"],
)
def test_a_feed_that_is_damaged_leaves_the_old_state(
    desk: Desk, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    place = zipped(tmp_path / "Debian" / "all.zip", {"CVE-2026-0001.json": json.dumps(HOLE).encode()})
    desk.ok("db", "update", "--from", place)
    before = desk.ok("db", "status", "--format", "json").json["feeds"][0]
    zipped(place, {"CVE-2026-0002.json": json.dumps({**HOLE, "id": "CVE-2026-0002"}).encode()})
    damage(place)
    answer = desk.call("db", "update", "--from", place)
    assert answer.code == 1
    assert answer.refusal
    after = desk.ok("db", "status", "--format", "json").json["feeds"][0]
    assert {**before, "age_seconds": 0} == {**after, "age_seconds": 0}
    assert names(desk.cves(f"fs://{rootfs(tmp_path / 'root', FILES)}")) == {"CVE-2026-0001"}


def test_one_bad_feed_does_not_stop_the_others(desk: Desk, tmp_path: Path) -> None:
    good = feed(tmp_path / "good", HOLE)
    answer = desk.call("db", "update", "--from", tmp_path / "none", "--from", good)
    assert answer.code == 1
    assert "none" in answer.refusal
    assert desk.ok("db", "status", "--format", "json").json["feeds"][0]["records"] == 1


def test_places_without_feeds(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "readme.txt").write_text("nothing")
    (tmp_path / "other" / "settings.json").write_text("{}")
    for place in (tmp_path / "empty", tmp_path / "other", tmp_path / "none", tmp_path / "other" / "readme.txt"):
        answer = desk.call("db", "update", "--from", place)
        assert (answer.code, answer.out) == (1, ""), place
        assert str(place) in answer.refusal
    answer = desk.call("db", "update", "--from", "http://127.0.0.1:1/all.zip")
    assert answer.code == 1
    assert answer.refusal
    assert desk.ok("db", "status").out == ""


# --- the store and the machine ---


def test_a_store_that_is_no_database(desk: Desk) -> None:
    desk.home.mkdir()
    for content in (b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 5000):
        desk.store.write_bytes(content)
        for words in (("environment",), ("cves", "--env", "x"), ("db", "status"), ("where", "CVE-1-1")):
            answer = desk.call(*words)
            assert answer.code == 1
            assert str(desk.store) in answer.refusal
        assert desk.store.read_bytes() == content


def test_a_store_of_somebody_else(desk: Desk) -> None:
    desk.home.mkdir()
    with contextlib.closing(sqlite3.connect(desk.store)) as connection:
        connection.execute("PRAGMA user_version = 9999")
    answer = desk.call("environment")
    assert answer.code == 1
    assert "newer" in answer.refusal


def test_a_store_that_was_cut_off(watched: Desk) -> None:
    data = watched.store.read_bytes()
    watched.store.write_bytes(data[: len(data) // 2])
    for words in (("environment",), ("db", "status"), ("db", "status", "--problems"), ("cves", "--env", "x")):
        answer = watched.call(*words)
        if answer.code:
            assert answer.code == 1
            assert answer.refusal


def test_a_store_in_a_folder_that_is_a_file(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = desk.call("environment", ENVSCOUT_STORE=str(tmp_path / "file" / "envscout.db"))
    assert answer.code == 1
    assert answer.refusal
    answer = desk.call("environment", ENVSCOUT_STORE="postgresql://nowhere/x")
    assert answer.code == 64
    assert answer.refusal


@pytest.fixture
def shared_desk(watched: Desk) -> Iterator[Desk]:
    """Return a desk in a folder that every user of this machine may look into."""
    folder = Path(tempfile.mkdtemp(prefix="es-"))
    folder.chmod(0o755)
    desk = Desk(folder / "home")
    shutil.copytree(watched.home, desk.home)
    desk.home.chmod(0o755)
    desk.store.chmod(0o644)
    try:
        yield desk
    finally:
        shutil.rmtree(folder)


def as_nobody(desk: Desk, *words: str) -> Answer:
    """Run the program as a user who owns nothing."""
    if os.geteuid() or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv to become another user")
    argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", str(PROGRAM), *words]
    done = subprocess.run(argv, capture_output=True, env=desk.env, check=False)
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_store_that_may_not_be_written(shared_desk: Desk) -> None:
    image = rootfs(shared_desk.home.parent / "root", FILES)
    if as_nobody(shared_desk, "version").code:
        pytest.skip("another user cannot run the program where it is installed")
    record = ("environment", "staging", f"fs://{image}", "--service", "app")
    answer = as_nobody(shared_desk, *record)
    assert answer.code == 1
    assert str(shared_desk.store) in answer.refusal
    shared_desk.home.chmod(0o777)
    assert as_nobody(shared_desk, *record).code == 1
    assert shared_desk.ok("environment").lines == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "envscout-test", folder], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_full_disk(desk: Desk, tmp_path: Path, small_disk: Path) -> None:
    desk.env["ENVSCOUT_STORE"] = str(small_disk / "envscout.db")
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE))
    before = desk.ok("db", "status", "--format", "json").json["feeds"]
    many = (advisory(f"CVE-2026-{n:05}", "Debian:sid", f"p{n}", "1-1", details="x" * 500) for n in range(5000))
    answer = desk.call("db", "update", "--from", feed(tmp_path / "feed", HOLE, *many))
    assert answer.code == 1
    assert "full" in answer.refusal
    after = desk.ok("db", "status", "--format", "json").json["feeds"]
    assert [each["records"] for each in after] == [each["records"] for each in before]
    packages = (Deb(f"p{n}", "1-1") for n in range(8_000))
    answer = desk.call(
        "environment", "staging", f"fs://{rootfs(tmp_path / 'root', debian(*packages))}", "--service", "a"
    )
    assert answer.code == 1
    assert "full" in answer.refusal
    assert desk.ok("environment").lines == []


def test_a_report_that_does_not_fit_leaves_nothing(watched: Desk, tmp_path: Path, small_disk: Path) -> None:
    packages = (Deb(f"p{n}", "1-1") for n in range(8_000))
    image = rootfs(tmp_path / "root", debian(*packages))
    answer = watched.call("sbom", f"fs://{image}", "-o", small_disk / "sbom.json")
    assert answer.code in (1, 64)
    assert answer.refusal
    assert list(small_disk.iterdir()) == []


def test_an_output_that_is_a_device_or_folder(watched: Desk, tmp_path: Path) -> None:
    image = f"fs://{rootfs(tmp_path / 'root', FILES)}"
    assert watched.ok("cves", image, "-o", "/dev/null").out == ""
    assert Path("/dev/null").is_char_device()
    before = sorted(tmp_path.iterdir())
    assert watched.call("cves", image, "-o", tmp_path).code == 64
    assert sorted(tmp_path.iterdir()) == before


def test_standard_input_is_closed(watched: Desk, tmp_path: Path) -> None:
    image = rootfs(tmp_path / "root", FILES)
    for line in (f"cves fs://{image}", f"environment staging fs://{image} --service a", "cves sbom://", "cache prune"):
        done = subprocess.run(["sh", "-c", f"{PROGRAM} {line} <&-"], capture_output=True, env=watched.env, check=False)
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        assert (done.returncode == 0) == line.startswith(("cves fs", "environment")), line


def test_standard_output_goes_away(watched: Desk, tmp_path: Path) -> None:
    packages = (Deb(f"p{n}", "1-1") for n in range(5000))
    image = rootfs(tmp_path / "root", debian(*packages))
    for line in (f"sbom fs://{image}", f"sbom --format list fs://{image}", "environment", "--help", "version"):
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {PROGRAM} {line} | head -c 1"],
            capture_output=True,
            env=watched.env,
            check=False,
        )
        assert done.stderr.decode().strip().startswith(("", "✓")), line
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        assert b"Exception ignored" not in done.stderr, done.stderr.decode()
    closed = subprocess.run(
        ["sh", "-c", f"{PROGRAM} environment >&-"], capture_output=True, env=watched.env, check=False
    )
    assert b"Traceback" not in closed.stderr, closed.stderr.decode()
    full = subprocess.run(
        ["sh", "-c", f"{PROGRAM} sbom fs://{image} > /dev/full"], capture_output=True, env=watched.env, check=False
    )
    assert full.returncode == 1
    assert b"Traceback" not in full.stderr, full.stderr.decode()


def test_a_terminal_that_knows_only_ascii(watched: Desk, tmp_path: Path) -> None:
    image = rootfs(tmp_path / "root", FILES)
    watched.env |= {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    for words in (("cves", f"fs://{image}"), ("db", "status"), ("environment", "s", f"fs://{image}", "--service", "a")):
        answer = watched.spawn(*words)
        assert answer.code == 0, answer.err
        assert "Traceback" not in answer.err


def test_settings_that_cannot_be_understood(desk: Desk) -> None:
    desk.home.mkdir()
    for text in ('organization = "x', "organization = 7", "\xff"):
        (desk.home / "config.toml").write_text(text, encoding="latin-1")
        answer = desk.call("config", "organization")
        assert answer.code == 64
        assert "config.toml" in answer.refusal


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


@pytest.mark.parametrize(
    "image",
    ["myorg/UPPER", "a b", "myorg/myapp:", "ftp://x/y", "$IMAGE", "${TAG}", "", "a" * 5000, "\0"],
    ids=range(9),
)
def test_names_that_are_none(watched: Desk, image: str) -> None:
    answer = watched.call("environment", "staging", image)
    assert answer.code == 64
    assert len(answer.refusal) < 20_000


@pytest.mark.parametrize("name", ["", " ", "-x", "a\nb", "x" * 200, "a\x1b[0m"], ids=range(6))
def test_environments_that_have_no_name(watched: Desk, tmp_path: Path, name: str) -> None:
    image = f"fs://{rootfs(tmp_path / 'root', FILES)}"
    answer = watched.call("environment", "--service", "a", "--", name, image)
    assert answer.code == 64, answer
    assert "\x1b" not in answer.refusal
    assert watched.call("environment", "--service", f"{name}\x1b", "staging", image).code == 64
    assert watched.ok("environment").lines == []

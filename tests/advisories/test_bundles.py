"""The form of bundles: what is written is read, the same gives the same bytes, and nothing else is believed."""

import contextlib
import math
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envscout.advisories.batch import PARSER
from envscout.advisories.bundles import following, frames, signing, trusting
from envscout.advisories.bundles import keys as making
from envscout.advisories.bundles import manifest as manifests
from envscout.advisories.bundles.following import Held
from envscout.advisories.bundles.manifest import MAGIC, Entry, Manifest, Part
from envscout.advisories.bundles.reading import Bundle
from envscout.advisories.bundles.writing import Writer
from envscout.errors import EnvscoutError, FeedError, LimitExceeded, UsageError
from envscout.model import Advisory, Problem, Range

SEQUENCE = "0123456789abcdef" * 2
DAY = 86_400_000_000
GENERATION = 20_000 * DAY


def head(since: int = 0, generation: int = GENERATION, sequence: str = SEQUENCE) -> Manifest:
    return Manifest(sequence, generation, since, PARSER.decode(), DAY, ())


def entry(name: str = "osv:npm", kind: Any = "osv", since: int = 0) -> Entry:
    return Entry(name, kind, "https://example.org/all.zip", GENERATION - 7, 40, 0, since)


def records(count: int = 40) -> list[tuple[Advisory, bytes]]:
    ranges = (Range("npm", "left-pad", b"\x01", b"\x02", "1", "2", "2", "high"),)
    return [(Advisory(f"GHSA-{n:04}", ranges=ranges, summary=f"{n} " * 9), bytes([n]) * 16) for n in range(count)]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    making.make(folder / "ours")
    making.make(folder / "theirs")
    return folder


def write(into: Path, keys: Path, level: int = 3, name: str = "ours", **more: Any) -> Path:
    with Writer(into.parent, level) as writer:
        writer.feed(entry(), [("records", records()), ("problems", [Problem("broken-record", "left out", "x.json")])])
        kev = entry("kev", "kev")
        writer.facts(kev, kev, "", [("kev", [("CVE-2026-0001", "2026-01-01", "", True)])])
        writer.write(into, head(**more), signing.signer(keys / name) if name else None)
    return into


def believed(path: Path, keys: Path) -> Bundle:
    return Bundle(path, signing.believing(trusting.trusted([keys / "ours.pub"])))


def read(path: Path, keys: Path) -> list[Any]:
    """Read all that there is of a bundle."""
    with believed(path, keys) as bundle:
        return [
            row
            for each in bundle.manifest.feeds
            for row in (bundle.batches(each, {}) if each.kind == "osv" else bundle.facts(each))
        ]


@pytest.fixture(scope="module")
def made(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("made") / "one.bundle", keys)


def test_what_is_written_is_read(made: Path, keys: Path) -> None:
    with believed(made, keys) as bundle:
        assert bundle.manifest.generation == GENERATION
        npm, kev = bundle.manifest.feeds
        assert (npm.name, npm.source, npm.as_of) == ("osv:npm", "https://example.org/all.zip", GENERATION - 7)
        first, last = bundle.batches(npm, {"GHSA-0001": bytes([1]) * 16, "GHSA-0002": b"else"})
        assert [each for each, _ in first.records] == [each for each, _ in records() if each.id != "GHSA-0001"]
        assert first.left == ("GHSA-0001",)
        assert (last.done, last.left, [each.code for each in last.problems]) == (True, (), ["broken-record"])
        assert bundle.facts(kev) == [("CVE-2026-0001", "2026-01-01", "", True)]


def test_the_same_gives_the_same_bytes(made: Path, keys: Path, tmp_path: Path) -> None:
    assert write(tmp_path / "two.bundle", keys).read_bytes() == made.read_bytes()
    assert [each.name for each in tmp_path.iterdir()] == ["two.bundle"]


def test_many_records_are_many_parts(keys: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.bundle"
    rows = [(Advisory(f"A-{n:03}", details=os.urandom(1 << 19).hex()), bytes(16)) for n in range(20)]
    with Writer(tmp_path, 1) as writer:
        writer.feed(entry(), [("records", rows)])
        manifest = writer.write(path, head(), signing.signer(keys / "ours"))
    assert len(manifest.feeds[0].parts) == 3
    assert len(read(path, keys)) == 4


def test_facts_that_are_as_they_were_are_not_carried_again(keys: Path, tmp_path: Path) -> None:
    rows = [("kev", [("CVE-2026-0001", "2026-01-01", "", True)])]
    with Writer(tmp_path) as writer:
        whole = entry("kev", "kev")
        writer.facts(whole, whole, "", rows)  # type: ignore[arg-type]
        before = writer.write(tmp_path / "x", head(), None).feeds[0]
    with Writer(tmp_path) as writer:
        writer.facts(whole, entry("kev", "kev", since=5), before.content, rows)  # type: ignore[arg-type]
        after = writer.write(tmp_path / "y", head(), None).feeds[0]
    assert (after.is_unchanged, after.content, after.parts) == (True, before.content, ())
    assert not before.is_unchanged


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chance=st.data())
def test_no_byte_can_be_changed(made: Path, keys: Path, tmp_path: Path, chance: st.DataObject) -> None:
    data = bytearray(made.read_bytes())
    place = chance.draw(st.integers(0, len(data) - 1))
    data[place] ^= chance.draw(st.integers(1, 255))
    _refused(tmp_path, bytes(data), keys)


def test_no_byte_of_what_comes_before_the_parts_can_be_changed(made: Path, keys: Path, tmp_path: Path) -> None:
    data = made.read_bytes()
    length = int.from_bytes(data[len(MAGIC) : len(MAGIC) + 4], "big")
    for place in range(len(MAGIC) + 4 + length + 97):
        _refused(tmp_path, data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :], keys)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.floats(0, 0.9999), more=st.binary(min_size=1, max_size=40))
def test_nothing_can_be_cut_off_or_appended(made: Path, keys: Path, tmp_path: Path, cut: float, more: bytes) -> None:
    data = made.read_bytes()
    _refused(tmp_path, data[: int(len(data) * cut)], keys)
    _refused(tmp_path, data + more, keys)


def test_parts_cannot_be_swapped(keys: Path, tmp_path: Path) -> None:
    with Writer(tmp_path) as writer:
        rows = records(2)
        writer.feed(entry("osv:a"), [("records", rows[:1])])
        writer.feed(entry("osv:b"), [("records", [(msgspec.structs.replace(rows[1][0], id="GHSA-0000"), bytes(16))])])
        done = writer.write(tmp_path / "x", head(), signing.signer(keys / "ours"))
    data = (tmp_path / "x").read_bytes()
    one, two = (each.parts[0].packed for each in done.feeds)
    _refused(tmp_path, data[: -one - two] + data[-two:] + data[-one - two : -two], keys)


def _refused(folder: Path, data: bytes, keys: Path) -> None:
    path = folder / "changed.bundle"
    path.write_bytes(data)
    with pytest.raises(FeedError) as refused:
        believed(path, keys)
    assert refused.value.next_step


def test_only_trusted_keys_are_believed(made: Path, keys: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other", keys, name="theirs")
    with pytest.raises(FeedError, match="a key that is not trusted here: SHA256:"):
        believed(other, keys)
    with Bundle(other, signing.believing(trusting.trusted([keys / "ours.pub", keys / "theirs.pub"]))):
        pass
    bare = write(tmp_path / "bare", keys, name="")
    with pytest.raises(FeedError, match="not signed"):
        believed(bare, keys)
    with Bundle(bare, signing.believing(frozenset(), unsigned=True)):
        pass
    with pytest.raises(FeedError, match="not trusted"):
        Bundle(made, signing.believing(frozenset(), unsigned=True))


def test_who_signs_what_they_read_believes_themselves_alone(keys: Path, tmp_path: Path) -> None:
    check = signing.alone(keys / "ours")
    with Bundle(write(tmp_path / "ours", keys), check):
        pass
    for name, by in (("theirs", "signed by SHA256:"), ("", "signed by nobody")):
        with pytest.raises(FeedError, match=by) as refused:
            Bundle(write(tmp_path / "other", keys, name=name), check)
        assert "--since NUMBER" in refused.value.next_step
    data = (tmp_path / "ours").read_bytes()
    (tmp_path / "ours").write_bytes(data.replace(b"example.org", b"example.net"))
    with pytest.raises(FeedError, match="its signature does not hold"):
        Bundle(tmp_path / "ours", check)


def test_a_signature_of_another_manifest_is_none(made: Path, keys: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other", keys, generation=GENERATION + 1).read_bytes()
    data = made.read_bytes()
    length = len(MAGIC) + 4 + int.from_bytes(data[len(MAGIC) : len(MAGIC) + 4], "big")
    _refused(tmp_path, data[:length] + other[length : length + 97] + data[length + 97 :], keys)


def _signed(path: Path, keys: Path, manifest: bytes, parts: Iterable[bytes] = ()) -> Path:
    """Write what somebody signed who is trusted, and should not be."""
    key, signature = signing.signer(keys / "ours")(manifests.signed(manifest))
    path.write_bytes(MAGIC + len(manifest).to_bytes(4, "big") + manifest + b"\1" + key + signature + b"".join(parts))
    return path


def _of(packed: bytes, plain: int, holds: Any = "records") -> Part:
    return Part(holds, len(packed), plain, sha256(packed).hexdigest())


def _hostile(path: Path, keys: Path, packed: bytes, plain: int, holds: Any = "records", kind: Any = "osv") -> Path:
    name = "osv:npm" if kind == "osv" else kind
    bad = msgspec.structs.replace(entry(name, kind), parts=(_of(packed, plain, holds),))
    return _signed(path, keys, manifests.encode(msgspec.structs.replace(head(), feeds=(bad,))), [packed])


ROW = frames.encode((Advisory("A-1"), bytes(16)))
PARTS = {
    "a bomb": (frames.pack(bytes(1 << 28)), 1 << 20, "records"),
    "less than was said": (frames.pack(b"\x90"), 2, "records"),
    "more than was said": (frames.pack(b"\xdd\0\0\0\0"), 1, "records"),
    "no zstd": (b"not zstd at all", 5, "records"),
    "two frames": (frames.pack(b"\x90") + frames.pack(b"\x90"), 1, "records"),
    "no array": (frames.pack(b"\xc0"), 1, "records"),
    "another type": (frames.pack(b"\x91\x01"), 2, "records"),
    "an array without end": (frames.pack(b"\xdd\xff\xff\xff\xff"), 5, "records"),
    "depth": (frames.pack(b"\x91" * 100_000), 100_000, "records"),
    "another kind": (frames.pack(frames.join([ROW])), len(frames.join([ROW])), "gone"),
    "more rows than any may": (
        frames.pack(frames.join([b"\xa0"] * (manifests.MAX_ROWS + 1))), manifests.MAX_ROWS + 6, "gone",
    ),
    "out of order": (frames.pack(frames.join([ROW, ROW])), len(frames.join([ROW, ROW])), "records"),
}  # fmt: skip


@pytest.mark.parametrize("what", PARTS)
def test_hostile_parts(what: str, keys: Path, tmp_path: Path) -> None:
    packed, plain, holds = PARTS[what]
    path = _hostile(tmp_path / "x", keys, packed, plain, holds)
    with believed(path, keys) as bundle:
        continued = msgspec.structs.replace(bundle.manifest.feeds[0], since=1)
        with pytest.raises(FeedError):
            list(bundle.batches(continued, {}))


@pytest.mark.parametrize(
    "advisory",
    [Advisory(""), Advisory("A", published=1 << 63), Advisory("A", modified=-(1 << 63)), Advisory("A" * 2_000),
     Advisory("A", score=math.nan), Advisory("A", score=math.inf), Advisory("A", score=-0.1),
     Advisory("A", score=10.1)],
)  # fmt: skip
def test_hostile_records(advisory: Advisory, keys: Path, tmp_path: Path) -> None:
    plain = frames.join([frames.encode((advisory, bytes(16)))])
    with pytest.raises(FeedError):
        read(_hostile(tmp_path / "x", keys, frames.pack(plain), len(plain)), keys)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, -0.1, 10.1])
@pytest.mark.parametrize(("kind", "row"), [("epss", ("CVE-1", 0.5)), ("cve", ("CVE-1", "", 0, "", "", ""))])
def test_hostile_numbers(kind: str, row: tuple[Any, ...], number: float, keys: Path, tmp_path: Path) -> None:
    row = (*row, number) if kind == "epss" else (*row[:2], number, *row[3:])
    plain = frames.join([frames.encode(row)])
    with pytest.raises(FeedError, match="cannot be read"):
        read(_hostile(tmp_path / "x", keys, frames.pack(plain), len(plain), kind, kind), keys)


@pytest.mark.parametrize(
    ("kind", "row"),
    [("epss", ("CVE-1", 0, 1.0)), ("epss", ("CVE-1", 1.0, 0)), ("cve", ("CVE-1", "", 0, "", "", "")),
     ("cve", ("CVE-1", "", 10.0, "", "", "")), ("cve", ("CVE-1", "", None, "", "", ""))],
)  # fmt: skip
def test_numbers_within_their_bounds(kind: str, row: tuple[Any, ...], keys: Path, tmp_path: Path) -> None:
    plain = frames.join([frames.encode(row)])
    assert read(_hostile(tmp_path / "x", keys, frames.pack(plain), len(plain), kind, kind), keys) == [row]


@pytest.mark.parametrize("row", [("CVE-1", 1.1, 0.5), ("CVE-1", 0.5, 1.1)])
def test_shares_are_at_most_one(row: tuple[Any, ...], keys: Path, tmp_path: Path) -> None:
    plain = frames.join([frames.encode(row)])
    with pytest.raises(FeedError, match="cannot be read"):
        read(_hostile(tmp_path / "x", keys, frames.pack(plain), len(plain), "epss", "epss"), keys)


def _with(**fields: Any) -> Manifest:
    return msgspec.structs.replace(head(), **{"feeds": (entry(),), **fields})


PART = Part("records", 5, 5, "0" * 64)
MANIFESTS = [
    b"", b"{}", b"[" * 100_000, b"\xff", b'{"sequence": 1}',
    *map(manifests.encode, (
        _with(sequence="../../etc"), _with(generation=1 << 60), _with(generation=-1), _with(every=-1), _with(feeds=()),
        _with(feeds=(entry(), entry())), _with(feeds=tuple(entry(f"osv:{n}") for n in range(600))),
        _with(reader=""), _with(reader="\x1b[2J"), _with(reader="osv-3\n"),
        _with(feeds=(msgspec.structs.replace(entry(), parts=(Part("gone", 5, 96 << 20, "0" * 64),) * 12),)),
        _with(feeds=(entry("../x"),)), _with(feeds=(entry("osv:\x1b[2J"),)), _with(feeds=(entry("osv:x", "kev"),)),
        _with(feeds=(entry(since=GENERATION + 1),)), _with(feeds=(entry(since=4),), since=5), _with(since=GENERATION),
        *(_with(passed=passed) for passed in ((0,), (2, 1), (1, 1), (GENERATION,), tuple(range(1, 200_000)))),
        *(_with(feeds=(msgspec.structs.replace(entry(), parts=parts),)) for parts in (
            (msgspec.structs.replace(PART, packed=-5),), (msgspec.structs.replace(PART, packed=1 << 40),),
            (msgspec.structs.replace(PART, plain=1 << 40),), (msgspec.structs.replace(PART, sha256=""),),
            (PART,) * 30_000, (msgspec.structs.replace(PART, holds="epss"),),
        )),
    )),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(MANIFESTS)))
def test_hostile_manifests(number: int, keys: Path, tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="the manifest of the bundle") as refused:
        believed(_signed(tmp_path / "x", keys, MANIFESTS[number]), keys)
    assert refused.value.next_step


@pytest.mark.parametrize("data", [b"", MAGIC, MAGIC + b"\xff" * 4, MAGIC + bytes(4), b"PK\x03\x04", bytes(100)])
def test_what_is_no_bundle(data: bytes, keys: Path, tmp_path: Path) -> None:
    _refused(tmp_path, data, keys)


def test_no_byte_of_a_part_that_comes_twice_can_be_changed(keys: Path, tmp_path: Path) -> None:
    with Writer(tmp_path) as writer:
        for name in ("osv:a", "osv:b"):
            writer.feed(entry(name), [("records", records())])
        done = writer.write(tmp_path / "x", head(), signing.signer(keys / "ours"))
    data = bytearray((tmp_path / "x").read_bytes())
    one, two = (each.parts[0] for each in done.feeds)
    assert one == two
    data[-2 * one.packed + 9] ^= 1
    _refused(tmp_path, bytes(data), keys)


def test_what_cannot_be_read_any_more(made: Path, keys: Path, tmp_path: Path) -> None:
    with believed(made, keys) as bundle:
        os.dup2(os.open(tmp_path, os.O_RDONLY), bundle._file.fileno())
        with pytest.raises(FeedError, match="Is a directory"):
            bundle.facts(bundle.manifest.feeds[1])


def test_rows_that_are_too_many_for_a_part_are_divided(keys: Path, tmp_path: Path) -> None:
    with Writer(tmp_path, 1) as writer:
        writer.feed(entry(), [("gone", (str(number) for number in range(manifests.MAX_ROWS + 3)))])
        done = writer.write(tmp_path / "x", head(), signing.signer(keys / "ours"))
    assert len(done.feeds[0].parts) == 2
    with believed(tmp_path / "x", keys) as bundle:
        assert [len(bundle._rows(part)) for part in bundle.manifest.feeds[0].parts] == [manifests.MAX_ROWS, 3]


def test_places_that_hold_none(keys: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(FeedError):
            believed(path, keys)


@pytest.mark.parametrize("has_writer", [False, True])
def test_a_pipe_is_refused_and_not_waited_for(made: Path, keys: Path, tmp_path: Path, has_writer: bool) -> None:
    os.mkfifo(tmp_path / "pipe")
    end = os.open(tmp_path / "pipe", os.O_RDWR) if has_writer else None
    try:
        if end is not None:
            os.write(end, made.read_bytes())
        with pytest.raises(FeedError, match="is no regular file") as refused:
            believed(tmp_path / "pipe", keys)
        assert "write it to a file first" in refused.value.next_step
    finally:
        if end is not None:
            os.close(end)


def test_what_is_read_while_it_changes(made: Path, keys: Path, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(made.read_bytes())
    with believed(path, keys) as bundle:
        path.write_bytes(made.read_bytes()[:-50])
        with pytest.raises(FeedError, match="changed"):
            bundle.facts(bundle.manifest.feeds[1])


def test_places_that_cannot_be_written(keys: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        write(tmp_path / "none" / "x", keys)
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="cannot write"):
        write(tmp_path / "folder", keys)
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


@contextlib.contextmanager
def full() -> Iterator[None]:
    """Let no file grow, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk(tmp_path: Path) -> None:
    kev = entry("kev", "kev")
    rows: Any = [("kev", [("CVE-2026-0001", "2026-01-01", "", True)])]
    writer = Writer(tmp_path)
    content = writer.feed(kev, rows).content
    with full(), writer, pytest.raises(UsageError, match="cannot write"):
        writer.write(tmp_path / "x", head(), None)
    with full(), Writer(tmp_path) as writer, pytest.raises(UsageError, match="cannot write"):
        writer.facts(kev, entry("kev", "kev", since=5), content, rows)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_file_stays_what_it_is(made: Path, keys: Path, tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link", keys)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == made.read_bytes()
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o640
    os.mkfifo(tmp_path / "pipe")
    end = os.open(tmp_path / "pipe", os.O_RDWR | os.O_NONBLOCK)
    with os.fdopen(end, "rb", buffering=0) as reader:
        write(tmp_path / "pipe", keys)
        assert (tmp_path / "pipe").is_fifo()
        assert reader.read(1 << 20) == made.read_bytes()


def test_a_record_that_no_bundle_holds(keys: Path, tmp_path: Path) -> None:
    with pytest.raises(LimitExceeded), Writer(tmp_path, 1) as writer:
        writer.feed(entry(), [("records", [(Advisory("A", details="x" * (100 << 20)), bytes(16))])])


def test_keys_that_openssh_and_openssl_make(tmp_path: Path, keys: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "ssh"], check=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "word", "-f", tmp_path / "locked"], check=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", tmp_path / "ecdsa"], check=True)
    with Writer(tmp_path) as writer:
        writer.feed(entry(), [("records", records())])
        writer.write(tmp_path / "x", head(), signing.signer(tmp_path / "ssh"))
    text = (tmp_path / "ssh.pub").read_text()
    (tmp_path / "signers").write_text(f"# ours\npublisher@example.org {text}")
    shown = subprocess.run(["ssh-keygen", "-l", "-f", tmp_path / "ssh.pub"], capture_output=True, text=True, check=True)
    for name in ("ssh.pub", "signers"):
        (key,) = trusting.trusted([tmp_path / name])
        assert making.fingerprint(key) in shown.stdout
        with Bundle(tmp_path / "x", signing.believing(frozenset([key]))):
            pass
    for limited in ("@revoked * ", 'valid-before="20200101" ', "* cert-authority ", '* namespaces="git" '):
        (tmp_path / "limited").write_text(limited + text)
        with pytest.raises(UsageError, match="limits a key"):
            trusting.trusted([tmp_path / "limited"])
    for name in ("locked", "ecdsa", "ssh.pub", "none"):
        with pytest.raises(UsageError):
            signing.signer(tmp_path / name)
    for name in ("ssh", "ecdsa.pub", "none", "x"):
        with pytest.raises(UsageError):
            trusting.trusted([tmp_path / name])


def pem(key: bytes) -> str:
    """Return a raw public key as a PEM block."""
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    made = Ed25519PublicKey.from_public_bytes(key)
    return made.public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture(scope="module")
def public(keys: Path) -> tuple[bytes, bytes, str]:
    """Return two raw public keys, and the line of the first."""
    (ours,), (theirs,) = (trusting.trusted([keys / f"{name}.pub"]) for name in ("ours", "theirs"))
    return ours, theirs, (keys / "ours.pub").read_text()


def test_keys_in_pem_files(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()))
    raw, _ = signing.signer(tmp_path / "key.pem")(b"")
    (tmp_path / "key.pub").write_text(pem(raw))
    assert trusting.trusted([tmp_path / "key.pub"]) == {raw}
    with pytest.raises(UsageError, match="holds a private key"):
        trusting.trusted([tmp_path / "key.pem"])


def test_several_keys_in_one_file(tmp_path: Path, public: tuple[bytes, bytes, str]) -> None:
    ours, theirs, line = public
    path = tmp_path / "all"
    for text in (
        pem(ours) + pem(theirs),
        f"# those of today\n\n{pem(theirs)}\n# and of tomorrow\n{line}",
        f"{line}{pem(theirs)}".replace("\n", "\r\n"),
        f"publisher@example.org {line}{pem(theirs)}{pem(ours)}",
    ):
        path.write_text(text, newline="")
        assert trusting.trusted([path]) == {ours, theirs}


def _certificate(folder: Path) -> str:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=x", "-keyout", folder / "tls.key",
         "-out", folder / "tls.pem"], check=True, capture_output=True,
    )  # fmt: skip
    return (folder / "tls.pem").read_text()


def test_what_is_no_key_in_a_file_of_keys_is_an_error(tmp_path: Path, public: tuple[bytes, bytes, str]) -> None:
    ours, _, line = public
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", tmp_path / "ec"], check=True)
    (tmp_path / "user.pub").write_text(line)
    subprocess.run(
        ["ssh-keygen", "-q", "-s", tmp_path / "ec", "-I", "me", "-n", "me", tmp_path / "user.pub"], check=True
    )
    ec = (tmp_path / "ec.pub").read_text()
    in_pem = subprocess.run(
        ["ssh-keygen", "-e", "-m", "PKCS8", "-f", tmp_path / "ec.pub"], check=True, capture_output=True, text=True
    ).stdout
    block = pem(ours)
    wrong = {
        "line 1 of .* holds no public Ed25519 key": ec,
        "line 2 of .* holds no public Ed25519 key": line + ec,
        "line 4 of .* holds no public Ed25519 key": f"{block}publisher\n",
        "line 1 of .* holds a key of another kind": in_pem,
        "line 1 of .* begins a key that has no end": block.replace("-----END PUBLIC KEY-----\n", ""),
        "line 2 of .* begins a key that has no end": line + block.replace("-----END PUBLIC", "-----END PRIVATE"),
        "line 1 of .* holds no public key that can be used": block.replace("\n", "\nAAAA", 1),
        "line 2 of .* holds no public key that can be used": f"{line}ssh-ed25519 AAAA\n",
        "line 3 of .* holds no public key that can be used": f"{line}\nssh-ed25519\n",
        "line 4 of .* begins a certificate": block + _certificate(tmp_path),
        "line 1 of .* holds a certificate": (tmp_path / "user-cert.pub").read_text(),
        "holds a private key": block + (tmp_path / "tls.key").read_text(),
        "begins 'PGP PUBLIC KEY BLOCK', which is no public key": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
        "holds more than 100 keys": line * 101,
        "is too large": f"{line}{'#' * (1 << 20)}",
        "holds no public Ed25519 key": "\n# nothing\n",
    }
    for said, text in wrong.items():
        (tmp_path / "wrong").write_text(text)
        with pytest.raises(UsageError, match=said) as refused:
            trusting.trusted([tmp_path / "wrong"])
        assert refused.value.next_step


def test_a_key_is_made_whole_or_not_at_all(keys: Path, tmp_path: Path) -> None:
    assert (keys / "ours").stat().st_mode & 0o777 == 0o600
    (tmp_path / "one").write_bytes(b"kept")
    (tmp_path / "two.pub").write_bytes(b"kept")
    (tmp_path / "three.pub").symlink_to(tmp_path / "nowhere")
    before = sorted(tmp_path.iterdir())
    for path, said in (
        (tmp_path / "one", "one: it is there already"),
        (tmp_path / "two", "two.pub: it is there already"),
        (tmp_path / "three", "three.pub: it is there already"),
        # The name of the public key is longer than any may be.
        (tmp_path / ("x" * 253), "File name too long"),
        (tmp_path / "none" / "key", "there is no folder"),
        (tmp_path / "one" / "key", "there is no folder"),
        (Path("/"), "it is a folder"),
    ):
        with pytest.raises(UsageError, match=said) as refused:
            making.make(path)
        assert refused.value.next_step
        assert sorted(tmp_path.iterdir()) == before
    assert {(tmp_path / name).read_bytes() for name in ("one", "two.pub")} == {b"kept"}


def test_without_the_library_the_next_step_is_told(monkeypatch: pytest.MonkeyPatch, keys: Path) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    with pytest.raises(UsageError) as refused:
        signing.signer(keys / "ours")
    assert refused.value.next_step == "pip install 'envscout[bundle]'"


def held(generation: int, sequence: str = SEQUENCE) -> Held:
    manifest = head(generation=generation, sequence=sequence)
    return Held(following.location(manifest, entry()), following.digest(manifest))


OTHER = "f" * 32
FROM_ELSEWHERE = Held("https://example.org/npm/all.zip", "osv-3:12")


@pytest.mark.parametrize(
    ("since", "there", "flags", "cause"),
    [
        (0, None, {}, ""),
        (0, FROM_ELSEWHERE, {}, ""),
        (0, held(GENERATION - 5), {}, ""),
        (0, held(GENERATION), {}, ""),
        (0, held(GENERATION + 1), {}, "older than what was applied"),
        (0, held(GENERATION + 1), {"allow_older": True}, ""),
        (0, held(1, OTHER), {}, "of another store"),
        (0, held(1, OTHER), {"allow_other": True}, ""),
        (0, Held("/elsewhere", "", GENERATION), {}, "older than what was applied: osv:npm of"),
        (0, Held("/elsewhere", "", GENERATION), {"allow_older": True}, ""),
        (0, held(1, OTHER)._replace(as_of=GENERATION), {"allow_other": True}, "older than what was applied"),
        (0, held(1, OTHER)._replace(as_of=GENERATION), {"allow_other": True, "allow_older": True}, ""),
        (0, held(5)._replace(as_of=GENERATION), {}, ""),
        (5, None, {}, "of which nothing was applied"),
        (5, FROM_ELSEWHERE, {}, "of which nothing was applied"),
        (5, held(4), {}, "a bundle is missing"),
        (5, held(5), {}, ""),
        (5, held(GENERATION - 1), {}, ""),
        (5, held(GENERATION - 2), {}, "never was at generation"),
        (5, held(GENERATION - 2), {"allow_older": True, "allow_other": True}, "never was at generation"),
        (0, held(GENERATION - 2), {}, ""),
        (5, held(GENERATION), {}, ""),
        (5, held(GENERATION + 1), {}, "older than what was applied"),
        (5, held(GENERATION + 1), {"allow_older": True}, "older than what was applied"),
        (5, held(5, OTHER), {}, "of another store"),
        (5, held(5, OTHER), {"allow_other": True}, "of another store"),
    ],
)
def test_what_may_follow(since: int, there: Held | None, flags: dict[str, bool], cause: str) -> None:
    manifest = msgspec.structs.replace(head(since), passed=(7, GENERATION - 1))
    refused = following.refusal(manifest, entry(since=since), there, **flags)
    assert (refused.cause if refused else "").find(cause) >= 0
    assert (refused is None) == (cause == "")
    assert refused is None or refused.next_step


def test_facts_that_did_not_change_since_another_generation_are_not_taken_for_what_is_here() -> None:
    facts = msgspec.structs.replace(entry(since=5), kind="kev", parts=())
    for generation, is_refused in ((5, False), (GENERATION, False), (7, True), (GENERATION - 1, True)):
        manifest = head(generation=generation)
        there = Held(following.location(manifest, facts), following.digest(manifest))
        assert (following.refusal(head(), facts, there) is not None) == is_refused


def test_errors_are_all_of_one_tree() -> None:
    assert issubclass(FeedError, EnvscoutError)


@settings(max_examples=300, deadline=None)
@given(plain=st.binary(max_size=300), holds=st.sampled_from(["records", "gone", "problems", "epss", "kev", "cve"]))
def test_what_somebody_trusted_packed_is_read_or_refused(plain: bytes, holds: Any) -> None:
    for data in (plain, frames.join([plain])):
        packed = frames.pack(data)
        with contextlib.suppress(FeedError):
            frames.unpack(_of(packed, len(data), holds), packed)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_changed_manifest_is_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(manifests.encode(_with()))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(FeedError):
        following.refusal(manifests.decode(bytes(whole)), entry(), held(1))

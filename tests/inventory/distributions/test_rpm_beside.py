"""What lies beside rpm's database, or in its place: SQLite's log, and the manifest of distroless images."""

import sqlite3
from pathlib import Path

import pytest

from envscout.inventory import build
from envscout.inventory.distributions import rpm_manifest, sqlite_log
from envscout.inventory.record import Reading
from tests.inventory.distributions import rpms
from tests.inventory.files import file

LOG = "var/lib/rpm/rpmdb.sqlite-wal"
MANIFEST = "var/lib/rpmmanifest/container-manifest-2"


@pytest.fixture
def log(tmp_path: Path) -> bytes:
    """Return the log of a transaction that SQLite has not yet written into its database."""
    connection = sqlite3.connect(tmp_path / "rpmdb.sqlite")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)")
    connection.execute("INSERT INTO Packages (blob) VALUES (x'00')")
    connection.commit()
    data = (tmp_path / "rpmdb.sqlite-wal").read_bytes()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert (tmp_path / "rpmdb.sqlite-wal").read_bytes() == b""
    connection.close()
    return data


def test_changes_that_are_only_in_the_log_are_told(log: bytes) -> None:
    found = build([file(LOG, log)])
    (problem,) = (problem for problem in found.problems if problem.code == "damaged-database")
    assert "may not be in the database beside it" in problem.message
    assert problem.where == LOG


def test_a_log_without_a_whole_transaction_says_nothing(log: bytes) -> None:
    assert sqlite_log.read(LOG, b"") == Reading()
    assert sqlite_log.read(LOG, log[:4000]) == Reading()
    assert sqlite_log.read(LOG, bytes(len(log))) == Reading()
    older = log[:16] + b"\0\0\0\0" + log[20:]
    assert sqlite_log.read(LOG, older) == Reading()


def test_a_manifest_as_rpm_writes_it() -> None:
    numbers = ("NAME", "VERSION}-%{RELEASE", "INSTALLTIME", "BUILDTIME", "VENDOR")
    fields = (*numbers, "EPOCH", "SIZE", "ARCH", "EPOCHNUM", "SOURCERPM")
    words = "\\t".join(f"%{{{field}}}" for field in fields) + "\\n"
    fixture = Path(__file__).with_name("fixtures") / "bdb-little-endian"
    manifest = rpms.rpm(fixture, "-qa", "--queryformat", words)
    found = build([file(MANIFEST, manifest), file("etc/os-release", 'ID=azurelinux\nVERSION_ID="3.0"\n')])
    assert found.problems == ()
    assert [(package.name, package.version, package.source_version) for package in found.packages] == [
        ("lamp", "2:1.4-3.module_el8.6.0+10+abcdef12", "2:1.4-3.module_el8.6.0+10+abcdef12"),
        ("lamp-libs", "2:1.4-3.module_el8.6.0+10+abcdef12", "2:1.4-3.module_el8.6.0+10+abcdef12"),
        ("perl-Lamp", "0.9-3.module_el8.6.0+10+abcdef12", "2:1.4-3.module_el8.6.0+10+abcdef12"),
        ("python3-shade", "2.1.0-1", "2.1.0-1"),
    ]
    assert found.packages[3].purl == "pkg:rpm/azurelinux/python3-shade@2.1.0-1?arch=noarch&distro=azurelinux-3.0"


def test_a_damaged_manifest() -> None:
    reading = rpm_manifest.read(MANIFEST, b"a\t1-2\t0\t0\tv\t(none)\t1\tnoarch\t0\ta-1-2.src.rpm\nb\t1-")
    assert [record.name for record in reading.records] == ["a"]
    assert [problem.message for problem in reading.problems] == [f"{MANIFEST}: line 2 does not name a package"]
    assert rpm_manifest.read(MANIFEST, b"\0\xff\n" * 1000).records == ()
    assert rpm_manifest.read(MANIFEST, b"") == Reading()

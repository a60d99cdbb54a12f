"""dpkg's lists of files: those of this machine's own packages, and what no list should hold."""

import subprocess
from hashlib import md5
from pathlib import Path

import pytest

from envscout.inventory.distributions import dpkg_files
from envscout.inventory.record import Reading

INFO = Path("/var/lib/dpkg/info")


def test_this_machines_lists_are_what_dpkg_says() -> None:
    found = next(iter(sorted(INFO.glob("coreutils*.md5sums"))), None) if INFO.is_dir() else None
    if not found:
        pytest.skip("this machine has no database of dpkg: run on Debian")
    claims = dpkg_files.read(str(found)[1:], found.read_bytes()).claims
    listed = subprocess.run(["dpkg-query", "--listfiles", "coreutils"], check=True, capture_output=True, text=True)
    assert {f"/{claim.path}" for claim in claims} <= set(listed.stdout.splitlines())
    program = next(claim for claim in claims if claim.path.endswith("bin/sort"))
    assert (program.type, program.package, program.algorithm) == ("deb", "coreutils", "md5")
    assert program.digest == md5(Path("/", program.path).read_bytes(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    ("path", "data", "count"),
    [
        ("var/lib/dpkg/info/a.md5sums", b"0" * 32 + b"  usr/bin/a\n" + b"1" * 32 + b"  usr/share/doc/a/b.txt\n", 1),
        ("var/lib/dpkg/info/a.md5sums", b"0" * 31 + b"  usr/bin/a\n", 0),
        ("var/lib/dpkg/info/a:amd64.list", b"/.\n/usr\n/usr/bin/a\n", 1),
        ("var/lib/dpkg/info/.list", b"/usr/bin/a\n", 0),
        ("var/lib/dpkg/info/a.list", b"\xff\0\n" * 100, 0),
    ],
)
def test_lines_that_claim_and_others(path: str, data: bytes, count: int) -> None:
    assert len(dpkg_files.read(path, data).claims) == count


def test_an_empty_list_claims_nothing() -> None:
    assert dpkg_files.read("var/lib/dpkg/info/a.list", b"") == Reading()

"""dpkg's databases, against dpkg itself and against damage."""

import shutil
import subprocess
from pathlib import Path

import pytest

from envscout.inventory import build
from envscout.inventory.distributions import dpkg
from envscout.model import Package
from tests.inventory.files import DEBIAN, file, stanza

STATUS = "var/lib/dpkg/status"


def packages(*contents: str | bytes, path: str = STATUS) -> dict[str, Package]:
    """Return the packages of one status file on Debian 12 by name."""
    return {each.name: each for each in build([file(path, *contents), file("etc/os-release", DEBIAN)]).packages}


def codes(data: str | bytes, path: str = STATUS) -> list[str]:
    """Return the codes of what is wrong with a status file."""
    return [problem.code for problem in build([file(path, data), file("etc/os-release", DEBIAN)]).problems]


def test_a_stanza_becomes_a_package() -> None:
    found = packages(stanza("libssl3", "3.0.11-1~deb12u2", Source="openssl"))["libssl3"]
    assert found == Package(
        type="deb",
        name="libssl3",
        version="3.0.11-1~deb12u2",
        purl="pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl",
        source_name="openssl",
        source_version="3.0.11-1~deb12u2",
        architecture="amd64",
        locations=("/var/lib/dpkg/status",),
        layer="0",
    )


SOURCES = [
    ("1.0-1", "", "a", "1.0-1", ""),
    ("1.0-1+b7", "", "a", "1.0-1", "&upstream=a%401.0-1"),
    ("1.0-1+b7", "b (1.0-1)", "b", "1.0-1", "&upstream=b%401.0-1"),
    ("1.0-1", "b", "b", "1.0-1", "&upstream=b"),
    ("1:1.0-1", "b (2.0-3)", "b", "2.0-3", "&upstream=b%402.0-3"),
    ("1.0-1", "b(2.0-3)", "b(2.0-3)", "1.0-1", "&upstream=b%282.0-3%29"),
]


@pytest.mark.parametrize(("version", "field", "name", "source_version", "qualifier"), SOURCES)
def test_the_source_package(version: str, field: str, name: str, source_version: str, qualifier: str) -> None:
    found = packages(stanza("a", version, **({"Source": field} if field else {})))["a"]
    assert (found.source_name, found.source_version) == (name, source_version)
    assert found.purl.endswith(f"distro=debian-12{qualifier}")


STATES = [
    ("install ok installed", True, []),
    ("hold ok installed", True, []),
    ("deinstall ok installed", True, []),
    ("install reinstreq half-configured", True, []),
    ("install ok unpacked", True, []),
    ("install ok triggers-awaited", True, []),
    ("deinstall ok config-files", False, []),
    ("unknown ok not-installed", False, []),
    ("install reinstreq half-installed", False, ["damaged-database"]),
    ("install ok", False, ["damaged-database"]),
    ("", False, ["damaged-database"]),
]


@pytest.mark.parametrize(("status", "listed", "problems"), STATES)
def test_only_packages_whose_files_are_there_are_listed(status: str, listed: bool, problems: list[str]) -> None:
    data = stanza("base", "1") + f"Package: a\nStatus: {status}\nVersion: 1\n\n"
    assert ("a" in packages(data)) == listed
    assert codes(data) == problems


def test_one_package_of_two_architectures_is_two() -> None:
    data = stanza("libc6", "2.36") + stanza("libc6", "2.36").replace("amd64", "i386")
    found = build([file(STATUS, data)]).packages
    assert [each.architecture for each in found] == ["amd64", "i386"]


def test_distroless_files_have_no_status() -> None:
    found = packages(
        "Package: tzdata\nVersion: 2024a-0+deb12u1\nArchitecture: all", path="var/lib/dpkg/status.d/tzdata"
    )
    assert found["tzdata"].locations == ("/var/lib/dpkg/status.d/tzdata",)
    assert not packages("abc  usr/share/x\n", path="var/lib/dpkg/status.d/tzdata.md5sums")


def test_descriptions_cannot_pass_for_fields() -> None:
    data = stanza("a", "1", Description="x\n Package: evil\n Version: 9\n .\n\tPackage: evil")
    assert list(packages(data)) == ["a"]


def test_field_names_in_any_case_and_line_ends_of_windows() -> None:
    assert packages(stanza("a", "1").replace("Package", "PACKAGE").replace("\n", "\r\n"))["a"].version == "1"


DAMAGE: list[tuple[str, bytes, list[str], list[str]]] = [
    ("truncated", (stanza("a", "1") + "Package: b\nStatus: install ok inst").encode(), ["a"], ["damaged-database"]),
    ("cut in a version", (stanza("a", "1") + stanza("b", "1")).encode()[:-3], ["a", "b"],
     ["damaged-database", "unusable-version"]),
    ("no name", b"Status: install ok installed\n\n" + stanza("a", "1").encode(), ["a"], ["damaged-database"]),
    ("nul bytes", stanza("a\0", "1").encode() + stanza("b", "1").encode(), ["b"], ["damaged-database"]),
    ("not utf-8", stanza("a", "1").encode().replace(b"1\n", b"\xff1\n"), ["a"], []),
    ("no version", b"Package: a\nStatus: install ok installed\n", ["a"], ["unusable-version"]),
    ("a huge version", stanza("a", "1" * 10_000_000).encode(), ["a"], ["unusable-version"]),
    ("a huge name", stanza("a" * 10_000_000, "1").encode() + stanza("b", "1").encode(), ["b"], ["damaged-database"]),
    ("control characters", stanza("a", "1\x1b[31m").encode(), ["a"], ["unusable-version"]),
    ("empty", b"", [], ["no-package-database"]),
    ("zeros", b"\0" * 4096, [], ["damaged-database", "no-package-database"]),
]  # fmt: skip


@pytest.mark.parametrize(("data", "names", "problems"), [row[1:] for row in DAMAGE], ids=[row[0] for row in DAMAGE])
def test_damage_is_told_and_the_rest_is_read(data: bytes, names: list[str], problems: list[str]) -> None:
    assert list(packages(data)) == names
    assert sorted(set(codes(data))) == problems


def test_an_unusable_version_is_shown_in_the_problem_only() -> None:
    assert packages(stanza("a", "1" * 10_000))["a"].version == ""
    assert packages(stanza("a", "1\x1b[31m"))["a"].purl == "pkg:deb/debian/a?arch=amd64&distro=debian-12"
    (problem,) = build([file(STATUS, stanza("a", "1\x1b[31m" + "1" * 600)), file("etc/os-release", DEBIAN)]).problems
    assert "1\\\\x1b[31m111" in problem.message
    assert "(606 characters)" in problem.message
    assert len(problem.message) < 200


def test_this_machines_packages_are_those_dpkg_query_lists() -> None:
    status = Path("/var/lib/dpkg/status")
    if not shutil.which("dpkg-query") or not status.exists():
        pytest.skip("dpkg-query is not installed")
    form = "${db:Status-Status}|${Package}|${Version}|${Architecture}|${source:Package}|${source:Version}\n"
    said = subprocess.run(["dpkg-query", "-W", f"-f={form}"], capture_output=True, text=True, check=True).stdout
    expected = {tuple(line.split("|")[1:]) for line in said.splitlines() if line.startswith("installed|")}
    reading = dpkg.read(STATUS, status.read_bytes())
    found = {
        (each.name, each.version, each.architecture, each.source_name, each.source_version) for each in reading.records
    }
    assert found == expected
    assert not reading.problems

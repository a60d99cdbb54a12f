"""Files that say the version of an installation, and files that only bear such a name."""

from pathlib import Path

import pytest

from envscout.inventory.executables import releases
from envscout.inventory.record import Reading
from tests.inventory.executables.programs import names
from tests.inventory.fixtures import fixture

JAVA = 'IMPLEMENTOR="Eclipse Adoptium"\nJAVA_VERSION="{}"\nJAVA_VERSION_DATE="2025-04-15"\n'
READ = [
    ("opt/java/openjdk/release", JAVA.format("21.0.3"), ("openjdk", "21.0.3")),
    ("opt/java/openjdk/release", JAVA.format("1.8.0_392"), ("openjdk", "8.0.392")),
    ("opt/java/openjdk/release", JAVA.format("1.8.0"), ("openjdk", "8.0.0")),
    ("opt/java/openjdk/release", JAVA.format("25"), ("openjdk", "25")),
    ("opt/java/release", "JAVA_VERSION=17.0.1\r\n", ("openjdk", "17.0.1")),
    ("usr/local/go/VERSION", "go1.22.1\ntime 2024-03-01T20:10:47Z\n", ("toolchain", "1.22.1")),
    ("usr/local/go/VERSION", "go1.22rc2\n", ("toolchain", "1.22.0-rc.2")),
    ("usr/lib/erlang/releases/26/OTP_VERSION", "26.2.5.1\n", ("erlang", "26.2.5.1")),
    ("usr/lib/erlang/releases/26/OTP_VERSION", "26.0-rc3**\n", ("erlang", "26.0-rc3")),
]


@pytest.mark.parametrize(("path", "text", "expected"), READ)
def test_the_version_is_read(path: str, text: str, expected: tuple[str, str]) -> None:
    reading = releases.read(path, text.encode())
    assert (names(reading), reading.problems) == ([expected], ())


@pytest.mark.parametrize("name", ["release", "VERSION", "OTP_VERSION", "other"])
@pytest.mark.parametrize(
    "data", [b"", b"1", b"\xff" * 99, b"JAVA_VERSION=\n", b"# v2 of our JAVA_VERSION\n", b"devel +c97f"]
)
def test_other_files_of_such_names_say_nothing(name: str, data: bytes) -> None:
    assert releases.read(f"go/{name}", data) == Reading() or (name, data) == ("OTP_VERSION", b"1")


def test_real_files() -> None:
    assert names(releases.read("usr/lib/go-1.19/VERSION", fixture("executables", "VERSION"))) == [
        ("toolchain", "1.19.8")
    ]
    assert names(releases.read("releases/25/OTP_VERSION", fixture("executables", "OTP_VERSION"))) == [
        ("erlang", "25.2.3")
    ]


def test_the_java_of_this_machine() -> None:
    found = sorted(Path("/usr/lib/jvm").glob("*/release"))
    if not found:
        pytest.skip("no Java is installed")
    for path in found:
        ((name, version),) = names(releases.read(str(path)[1:], path.read_bytes()))
        assert name == "openjdk"
        assert version.partition(".")[0] in str(path)

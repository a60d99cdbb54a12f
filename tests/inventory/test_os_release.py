"""Distributions, named as os-release names them, from every file that ever told."""

import platform
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscout.inventory import build, os_release
from envscout.model import Distribution
from tests.inventory.files import ALPINE, DEBIAN, file

OS = "etc/os-release"
READ: list[tuple[dict[str, bytes], tuple[str, str, str] | None]] = [
    ({OS: DEBIAN}, ("debian", "12", "bookworm")),
    ({"usr/lib/os-release": ALPINE}, ("alpine", "3.20.3", "")),
    ({OS: b"", "usr/lib/os-release": DEBIAN}, ("debian", "12", "bookworm")),
    ({OS: ALPINE, "usr/lib/os-release": DEBIAN}, ("alpine", "3.20.3", "")),
    ({OS: b'ID=debian\nVERSION="9 (stretch)"\nVERSION_ID="9"\n'}, ("debian", "9", "stretch")),
    ({OS: b'ID=ubuntu\nVERSION="14.04.6 LTS, Trusty Tahr"\nVERSION_ID="14.04"\n'}, ("ubuntu", "14.04", "trusty")),
    ({OS: b'ID=ubuntu\nVERSION="16.04.7 LTS (Xenial Xerus)"\nVERSION_ID="16.04"\n'}, ("ubuntu", "16.04", "xenial")),
    ({OS: b"ID=debian\nVERSION_CODENAME=trixie\n"}, ("debian", "", "trixie")),
    ({OS: b"ID='openEuler'\r\nVERSION_ID=\"22.03\"\r\n"}, ("openEuler", "22.03", "")),
    ({OS: b"ID=arch"}, ("arch", "", "")),
    ({OS: b"# ID=no\nID=fedora\nID=alpine\n  VERSION_ID=3\n"}, ("alpine", "3", "")),
    ({OS: b"NAME=x\n", "etc/alpine-release": b"3.9.0\n"}, ("alpine", "3.9.0", "")),
    ({"etc/alpine-release": b"3.9.0\n"}, ("alpine", "3.9.0", "")),
    ({"etc/debian_version": b"7.11\n"}, ("debian", "7", "")),
    ({"etc/debian_version": b"6.0.10\n"}, ("debian", "6.0.10", "")),
    ({"etc/debian_version": b"12.5\n"}, ("debian", "12", "")),
    ({"etc/debian_version": b"wheezy/sid\n"}, ("debian", "7", "wheezy")),
    (
        {"etc/debian_version": b"wheezy/sid\n", "etc/lsb-release": b"DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=12.04\n"},
        ("ubuntu", "12.04", ""),
    ),
    ({"etc/redhat-release": b"CentOS Linux release 7.9.2009 (Core)\n"}, ("centos", "7", "core")),
    ({"etc/centos-release": b"CentOS release 6.10 (Final)\n"}, ("centos", "6", "final")),
    ({"etc/redhat-release": b"Red Hat Enterprise Linux Server release 6.1 (Santiago)\n"}, ("rhel", "6.1", "santiago")),
    ({"etc/redhat-release": b"Fedora release 20 (Heisenbug)\n"}, ("fedora", "20", "heisenbug")),
    ({"etc/system-release": b"Amazon Linux AMI release 2018.03\n"}, ("amzn", "2018.03", "")),
    ({"etc/oracle-release": b"Oracle Linux Server release 6.10\n"}, ("ol", "6.10", "")),
    ({"etc/SuSE-release": b"SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\n"}, ("sles", "11", "")),
    ({}, None),
    ({OS: b"\0\xff\xfe"}, None),
    ({OS: b"ID=a b\n"}, None),
    ({OS: b"ID=" + b"a" * 100_000}, None),
    ({"etc/redhat-release": b"Toaster release 1\n"}, None),
    ({"etc/redhat-release": b"CentOS"}, None),
    ({"etc/alpine-release": b"x"}, None),
    ({"etc/debian_version": b""}, None),
]  # fmt: skip


@pytest.mark.parametrize(("contents", "expected"), READ)
def test_release_files(contents: dict[str, bytes], expected: tuple[str, str, str] | None) -> None:
    found = build(file(path, data) for path, data in contents.items()).distribution
    assert (found and (found.id, found.version, found.codename)) == expected


def test_names_and_likes() -> None:
    found = os_release.read(
        OS, b'ID=almalinux\nID_LIKE="rhel centos"\nNAME=A\nPRETTY_NAME="AlmaLinux 9.1 (Lime)"\n'
    ).distribution
    assert found == Distribution("almalinux", name="AlmaLinux 9.1 (Lime)", id_like=("rhel", "centos"))


QUOTED = [
    ("A=b", "b"), ('A="b c"', "b c"), ("A='b c'", "b c"), ('A="a\\"b\\\\c\\$d\\`e"', 'a"b\\c$d`e'),
    ("A='a\\\"b'", 'a\\"b'), ("A=", ""), ('A=""', ""), ('A="b', '"b'), ("A=b  ", "b"), ('A="b=c"', "b=c"),
    ("A=x\nA=y", "y"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "value"), QUOTED)
def test_quoting(line: str, value: str) -> None:
    assert os_release.assignments(line)["A"] == value


def test_this_machine_is_what_python_says_it_is() -> None:
    place = next((path for path in (Path("/etc/os-release"), Path("/usr/lib/os-release")) if path.exists()), None)
    if not place:
        pytest.skip("this machine has no os-release")
    said = platform.freedesktop_os_release()
    found = os_release.assignments(place.read_text())
    assert {name: value for name, value in said.items() if name in found} == found


@given(st.sampled_from(sorted(os_release.FILES)), st.binary(max_size=200))
def test_any_bytes_are_an_answer(path: str, data: bytes) -> None:
    os_release.read(path, data)

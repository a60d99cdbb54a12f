"""Files beside an installation that say its version: `release` of Java, `VERSION` of Go, `OTP_VERSION` of Erlang."""

import re

from envscout.inventory.executables import go_version
from envscout.inventory.record import Reading, record, text

MAX_FILE = 1 << 16
"""Bytes that are looked at."""

_JAVA = re.compile(rb'^JAVA_VERSION="?([0-9][^"\s]*)"?\s*$', re.M)
_OLD_JAVA = re.compile(r"1\.([0-9]+)\.([0-9]+)(?:_([0-9]+))?(.*)")
_OTP = re.compile(rb"\s*([0-9]+(?:\.[0-9]+)*(?:-rc[0-9]+)?)(?:\*\*)?\s*\Z")


def read(path: str, data: bytes) -> Reading:
    """Return the installation and its version, nothing for a file that only bears such a name."""
    reader = _READERS.get(path.rpartition("/")[2])
    return reader(path, data[:MAX_FILE]) if reader else Reading()


def _java(path: str, data: bytes) -> Reading:
    """Return the Java installation; `1.8.0_392` is 8.0.392, as all versions since Java 9 are written (JEP 223)."""
    found = _JAVA.search(data)
    if not found:
        return Reading()
    version = text(found[1])
    old = _OLD_JAVA.fullmatch(version)
    return record("generic", "openjdk", f"{old[1]}.{old[2]}.{int(old[3] or 0)}{old[4]}" if old else version, path)


def _go(path: str, data: bytes) -> Reading:
    """Return the Go installation as the Go vulnerability database names its tools."""
    version = go_version.of_go(text(data.partition(b"\n")[0]))
    return record("golang", go_version.TOOLS, version, path) if version else Reading()


def _otp(path: str, data: bytes) -> Reading:
    found = _OTP.match(data)
    return record("generic", "erlang", text(found[1]), path) if found else Reading()


_READERS = {"release": _java, "VERSION": _go, "OTP_VERSION": _otp}

"""The name of an archive: `guava-31.1-jre.jar` is version 31.1-jre of guava.

Maven names a file ARTIFACT-VERSION[-CLASSIFIER].jar (maven.apache.org/repositories/layout.html) and OSGi's tools
NAME_VERSION.jar; any of the three may hold hyphens and digits. The version begins at the first hyphen after which
nothing but a version and a classifier can be read.
"""

import re
from typing import NamedTuple

_OSGI = re.compile(r"([A-Za-z][\w-]*(?:\.[\w-]+)+)_(\d+\.\d+\.\d+(?:\.[\w-]+)?)")
_VERSION = re.compile(r"\d[\w.+]*(?:-[\w.+]+)*")
_START = re.compile(r"-(?=\d)")
_MORE = re.compile(r"-\d+\.\d")
_WORDS = re.compile(r"-[A-Za-z]")
# Words after a version that name a variant of the file, not of the version.
_CLASSIFIER = re.compile(
    r"-(?:(?:sources|javadoc|tests?|test-sources|jar-with-dependencies|with-dependencies|shaded|fat|fatjar|uber|all|bin|"
    r"assembly|executable|exec|boot|plain|standalone|embedded|indy|core|no_aop|classes|jakarta|linux|osx|windows|natives?|"
    r"mac|macos|win32|win64|freebsd|noarch|agent|bundle|minimal|original)(?:[-_].*)?)"
)
_LONGEST = 255
"""Characters of a name that is taken apart: no file system knows longer ones."""

_NO_VERSION = ("-api", "-spec", "-bridge", "-adapter")
"""What ends names of artifacts and never versions: log4j-1.2-api."""

_SNAPSHOT = re.compile(r"-\d{8}\.\d{6}-\d+(?=-|\Z)")


class FileName(NamedTuple):
    """What a file's name says. version: "" where it holds none; artifact then is all of the name but its ending.

    is_jar: it ends in `.jar`, as what is built to be used by others does.
    """

    artifact: str
    version: str
    is_jar: bool = True


def parse(path: str) -> FileName:
    """Return artifact and version as the last part of a path says them."""
    stem, _, ending = path.rpartition("/")[2].rpartition(".")
    artifact, version = _parted(stem.strip())
    return FileName(artifact, version, ending == "jar")


def _parted(stem: str) -> tuple[str, str]:
    if len(stem) > _LONGEST:
        return stem, ""
    osgi = _OSGI.fullmatch(stem)
    if osgi:
        return osgi[1], osgi[2]
    for start in _START.finditer(stem):
        rest = stem[start.end() :]
        if start.start() and _VERSION.fullmatch(rest) and not _another(rest) and not rest.endswith(_NO_VERSION):
            return stem[: start.start()], _CLASSIFIER.split(_SNAPSHOT.sub("-SNAPSHOT", rest), maxsplit=1)[0]
    return stem, ""


def _another(rest: str) -> bool:
    """Tell whether a text holds words and then a second version: `1.2-api-2.17.1` of log4j-1.2-api.

    Words such as `linux-x86_64` or `jdk-11` are none, and neither is the time of a snapshot, `1.0-20240102.030405-7`.
    """
    found = list(_MORE.finditer(rest))
    return bool(found) and _WORDS.search(rest, 0, found[-1].start()) is not None

"""Our order beside the order of the programs and libraries that define it, on generated versions."""

import json
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cmp_to_key
from pathlib import Path
from typing import Any

import pytest

from envscout.versions import key

Pair = tuple[str, str]


def _near(random_: random.Random, version: str, alphabet: list[str]) -> str:
    """Return a version that differs in one place, as versions that must be told apart do."""
    place = random_.randrange(len(version))
    return version[:place] + random_.choice(alphabet) + version[place + random_.randrange(2) :]


def _pairs(start: str, alphabet: str, valid: str, tries: int) -> list[Pair]:
    """Return pairs of versions in which `valid` matches, half of them nearly equal, made of `start` and pieces."""
    pieces = alphabet.split()
    random_ = random.Random(7)
    matches = re.compile(valid).fullmatch
    pairs = []
    for _ in range(tries):
        left, other = (start + "".join(random_.choices(pieces, k=random_.randrange(7))) for _ in range(2))
        right = random_.choice([other, _near(random_, left, pieces)])
        if matches(left) and matches(right):
            pairs.append((left, right))
    assert len(pairs) > tries // 200
    return pairs


def _sign(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


def _differences(scheme: str, pairs: list[Pair], compare: Callable[[str, str], int]) -> list[Pair]:
    return [
        (left, right) for left, right in pairs if _sign(key(scheme, left), key(scheme, right)) != compare(left, right)
    ]


DEB = ("1", "0 1 2 9 10 01 a b Z + . ~ ~~ - : .git ~rc +deb12u ubuntu", r"(?:[0-9]+:)?[0-9][0-9A-Za-z.+~-]*(?<!-)")
RPM = ("1", "0 1 2 9 10 01 a b Z . ~ ^ - _ + .el 9 rc git .. 1.2", r"[0-9][0-9A-Za-z._+~^]*(?:-[0-9A-Za-z._+~^]+)?")


def test_deb_as_python_debian_has_it() -> None:
    support = pytest.importorskip("debian.debian_support", reason="python-debian is missing")
    order = cmp_to_key(lambda left, right: support.NativeVersion(left)._compare(support.NativeVersion(right)))
    pairs = _pairs(*DEB, tries=6_000)
    assert not _differences("deb", pairs, lambda left, right: _sign(order(left), order(right)))


def test_deb_as_dpkg_has_it() -> None:
    if not shutil.which("dpkg"):
        pytest.skip("dpkg is missing")

    def older(left: str, right: str) -> int:
        done = [subprocess.run(["dpkg", "--compare-versions", left, op, right]).returncode for op in ("lt", "gt")]
        return done[0] - done[1]

    assert not _differences("deb", _pairs(*DEB, tries=300), older)


def test_rpm_as_rpm_has_it() -> None:
    if not shutil.which("rpm"):
        pytest.skip("rpm is missing")
    pairs = _pairs(*RPM, tries=6_000)
    signs: list[int] = []
    for start in range(0, len(pairs), 500):
        calls = "".join(f'print(rpm.vercmp("{left}", "{right}"), " ")' for left, right in pairs[start : start + 500])
        done = subprocess.run(["rpm", "--eval", f"%{{lua:{calls}}}"], check=True, capture_output=True, text=True)
        signs += map(int, done.stdout.split())
    expected = dict(zip(pairs, signs, strict=True))
    assert not _differences("rpm", pairs, lambda left, right: expected[left, right])


def test_python_versions_as_packaging_has_them() -> None:
    version = pytest.importorskip("packaging.version", reason="packaging is missing")
    alphabet = "0 1 2 10 . .0 a b rc c alpha beta .dev dev .post post - _ + +u .a r rev !1 pre v ."
    valid = version.VERSION_PATTERN

    def compare(left: str, right: str) -> int:
        return _sign(version.Version(left), version.Version(right))

    assert not _differences("pep440", _pairs("1", alphabet, f"(?xi){valid}", tries=20_000), compare)


def test_semantic_versions_as_node_has_them() -> None:
    folder = Path("/usr/lib/node_modules/npm/node_modules/semver")
    if not shutil.which("node") or not folder.is_dir():
        pytest.skip("node or its semver module is missing")
    pairs = _pairs("1.0.1", "0 1 2 10 -a -rc .1 .b -1 - +b +1 x 9", r"\S*", tries=10_000)
    script = f"""
        const semver = require({str(folder)!r}), known = v => semver.valid(v) !== null
        const pairs = JSON.parse(require("fs").readFileSync(0)).filter(pair => pair.every(known))
        console.log(JSON.stringify(pairs.map(([a, b]) => [a, b, semver.compare(a, b)])))
    """
    done = subprocess.run(["node", "-e", script], input=json.dumps(pairs), check=True, capture_output=True, text=True)
    expected = {(left, right): sign for left, right, sign in json.loads(done.stdout)}
    assert len(expected) > 100
    assert not _differences("semver", list(expected), lambda left, right: expected[left, right])


# What univers is asked. Narrower than our own orders where it refuses versions or leaves the rule it stands for: zeros
# in front, words and separators side by side (pacman), -0 before a word (Maven); its Composer order is left out.
_NUMBER = "(0|[1-9][0-9]*)"
_WORDS = "(-(0|[1-9][0-9]*|[0-9a-z]*[a-z][0-9a-z]*))"
UNIVERS = {
    "alpm": ("ArchLinuxVersion", "1", "0 1 2 10 .1 .0 .9 .10 -1 -2", rf"{_NUMBER}(\.{_NUMBER})*-{_NUMBER}"),
    "apk": (
        "AlpineLinuxVersion",
        "1",
        "0 1 2 10 .0 .1 a b _p _rc _alpha 1 -r1 -r2",
        rf"{_NUMBER}(\.{_NUMBER})*[a-z]?(_(alpha|rc|p)[0-9]+)?(-r[0-9]+)?",
    ),
    "ebuild": (
        "GentooVersion",
        "1",
        "0 1 2 10 .0 .1 .01 a b _p _rc _alpha 1 -r1 -r2",
        rf"{_NUMBER}(\.[0-9]+)*[a-z]?(_(alpha|rc|p)[0-9]*)*(-r[0-9]+)?",
    ),
    "gem": ("RubygemsVersion", "1", "0 1 2 10 . .0 .1 .a .b .rc .pre a rc -1", r"[0-9]+(\.[0-9a-z]+)*(-[0-9a-z]+)?"),
    "maven": (
        "MavenVersion",
        "1",
        "1 2 10 .0 .1 -alpha -beta -rc -1 -SNAPSHOT -sp -x rc1",
        rf"{_NUMBER}(\.{_NUMBER})*(-([a-zA-Z]+|[1-9][0-9]*))*",
    ),
    "nuget": (
        "NugetVersion",
        "1.0.1",
        "0 1 2 .0 .1 -a -b rc .1 +b",
        rf"{_NUMBER}(\.{_NUMBER}){{2,3}}({_WORDS}(\.{_NUMBER})?)?(\+b)?",
    ),
    "openssl": ("OpensslVersion", "1.0.", "0 1 2 a b z", r"1\.0\.[0-2][a-z]?"),
    "semver": (
        "SemverVersion",
        "1.0.1",
        "0 1 2 -a -rc .1 .b -1 +b",
        rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}({_WORDS}(\.{_NUMBER})?)?(\+b)?",
    ),
}


@pytest.mark.parametrize("scheme", UNIVERS)
def test_as_univers_has_it(scheme: str) -> None:
    versions = pytest.importorskip("univers.versions", reason="univers is missing")
    name, start, alphabet, valid = UNIVERS[scheme]
    class_ = getattr(versions, name)
    pairs = _pairs(start, alphabet, valid, tries=5_000)
    assert not _differences(scheme, pairs, lambda left, right: _sign(class_(left), class_(right)))

"""The tables say which files matter, and one reads each."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscout.inventory.select import expression
from envscout.inventory.table import CATALOGUERS
from tests.inventory.files import wanted

WANTED = [
    "var/lib/dpkg/status",
    "var/lib/dpkg/status.d/libssl3",
    "var/lib/dpkg/status.d/libssl3.md5sums",
    "var/lib/dpkg/info/libc6:amd64.md5sums",
    "lib/apk/db/installed",
    "usr/lib/apk/db/installed",
    "usr/lib/python3/dist-packages/PyYAML-6.0.dist-info/METADATA",
    "x.dist-info/METADATA",
    "app/foo.egg-info/PKG-INFO",
    "app/foo-1.0-py3.egg/EGG-INFO/PKG-INFO",
    "usr/lib/python3/dist-packages/foo-1.0.egg-info",
    "node_modules/a/package.json",
    "opt/yarn-v1.22.19/package.json",
    "usr/lib/node_modules/npm/node_modules/@npmcli/arborist/package.json",
    "app/node_modules/.pnpm/a@1/node_modules/a/package.json",
    "etc/os-release",
    "usr/lib/os-release",
    "etc/alpine-release",
    "etc/debian_version",
    "etc/lsb-release",
    "etc/redhat-release",
    "etc/centos-release",
]
UNWANTED = [
    "var/lib/dpkg/status-old",
    "var/lib/dpkg/status.d/a/b",
    "var/lib/dpkg/info/libc6:amd64.conffiles",
    "var/lib/dpkg/info/libc6:amd64.postinst",
    "xvar/lib/dpkg/status",
    "foo.dist-info/RECORD",
    "foo.dist-info/x/METADATA",
    "METADATA",
    "PKG-INFO",
    "etc/os-release.d",
    "home/etc/os-release",
    "usr/bin/bash",
    "/etc/os-release",
]


PARTS = ["node_modules", "a", "@s", "package.json", "x.dist-info", "METADATA", "x.egg-info", "PKG-INFO", "\n"]
PARTS += ["var", "lib", "dpkg", "status", "status.d", "info", "x.md5sums"]


@pytest.mark.parametrize("path", WANTED)
def test_files_that_matter_are_wanted(path: str) -> None:
    assert wanted(path)


@pytest.mark.parametrize("path", UNWANTED)
def test_other_files_are_not(path: str) -> None:
    assert not wanted(path)


@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=6))
def test_the_quick_refusal_refuses_nothing_that_fits(parts: list[str]) -> None:
    path = "/".join(parts)
    fits = any(re.fullmatch(expression(glob), path, re.S) for row in CATALOGUERS for glob in row.patterns)
    assert wanted(path) == fits


def test_every_cataloguer_has_its_own_name() -> None:
    assert len({row.name for row in CATALOGUERS}) == len(CATALOGUERS)

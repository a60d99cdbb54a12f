"""Conan's order: https://docs.conan.io/2/reference/conanfile/methods/requirements.html and its version ranges.

    key   = items [01 items(pre-release)] end        end: 02, or 03 items(build) 02
    items = (item 04)*        without zeros at the end: 1 = 1.0

An item that starts with a number is ordered by it, then by the rest (1 < 1a < 2), letters after numbers. Conan itself
compares a number with a text as texts, which makes circles: 2 < 10 < 1a < 2.
"""

import re

from envscout.versions.alphabet import NUMBER, Memo, text

_PRE, _END, _BUILD, _ITEM = b"\x01", b"\x02", b"\x03", b"\x04"
_RUNS = re.compile(r"[0-9]+|[^0-9]+").findall
# Recipes that follow a branch, such as cci.20200203, are snapshots before or after any release.
_SNAPSHOT = re.compile(r"cci\.").match


def _item(item: str) -> bytes:
    return b"".join(NUMBER[run] if run[0].isdigit() else text(run) for run in _RUNS(item)) + _ITEM


_CODE = Memo(_item).__getitem__


def _items(part: str) -> bytes:
    items = part.split(".")
    while items and not items[-1].strip("0"):
        items.pop()
    return b"".join(map(_CODE, items))


def key(version: str) -> bytes | None:
    """Return the key; None for snapshots (`cci.20200203`) and text outside ASCII."""
    if not version.isascii() or _SNAPSHOT(version):
        return None
    version, _, build = version.partition("+") if version.count("+") < 2 else version.rpartition("+")
    release, dash, pre = version.rpartition("-")
    if not dash:
        release, pre = pre, ""
    codes = _items(release)
    if pre:
        codes += _PRE + _items(pre)
    return codes + (_BUILD + _items(build) + _END if build else _END)

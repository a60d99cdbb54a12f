"""OCaml packages of a switch: `.opam-switch/packages/NAME.VERSION/opam` (opam.ocaml.org, "opam file format")."""

import re

from envscout.inventory.record import Reading, damaged, record, text

MAX_OPAM = 1 << 20
"""Bytes of an opam file that are searched."""

_LICENSE = re.compile(rb'^license:[ \t]*"([^"\r\n]*)"', re.M)
_FOLDER = re.compile(r".*/([^/.]+)\.([^/]+)/opam", re.S)


def read(path: str, data: bytes) -> Reading:
    """Return the package that a folder and its file describe. Package names hold no dots."""
    folder = _FOLDER.fullmatch(path)
    if not folder:
        return Reading(problems=(damaged(path, "the folder names no package and version"),))
    return record(
        "opam", folder[1], folder[2], path, licenses=[text(word) for word in _LICENSE.findall(data[:MAX_OPAM])]
    )

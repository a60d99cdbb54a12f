"""Linux kernels and their modules, whoever built them.

A kernel is told by its folder `lib/modules/RELEASE/` and by the release in a bzImage (docs.kernel.org, "The Linux/x86
Boot Protocol", kernel_version). A module says what it is in its ELF section `.modinfo`: text `key=value`, each ended by
NUL. Only modules with a version of their own are listed: the others are part of their kernel. Compressed modules
(`.ko.xz`, `.ko.zst`, `.ko.gz`) are not read.
"""

import re

from envscout.inventory.applications import elf
from envscout.inventory.record import Reading, damaged, record, text

_FOLDER = re.compile(r"(?:.*/)?lib/modules/([^/]+)/modules\.builtin", re.S)
_MODULES = "/lib/modules/"
_MAGIC, _POINTER, _BASE = slice(0x202, 0x206), slice(0x20E, 0x210), 0x200
_RELEASE = re.compile(rb"([0-9]\S{0,127})(?=[ \0])")


def read(path: str, data: bytes) -> Reading:
    """Return the kernel or module of one file; an image of another form than bzImage says nothing."""
    if path.endswith(".ko"):
        return _module(path, data)
    folder = _FOLDER.fullmatch(path)
    release = folder[1] if folder else _release(data)
    return record("generic", "linux-kernel", release, path) if release else Reading()


def _release(data: bytes) -> str:
    if data[_MAGIC] != b"HdrS":
        return ""
    at = _BASE + int.from_bytes(data[_POINTER], "little")
    found = _RELEASE.match(data, at)
    return text(found[1]) if found else ""


def _module(path: str, data: bytes) -> Reading:
    if not data.startswith(elf.MAGIC) and _MODULES not in f"/{path}":
        # Texts in Korean end in `.ko`, too.
        return Reading()
    try:
        section = elf.section(data, b".modinfo")
    except elf.Damaged as error:
        return Reading(problems=(damaged(path, f"no kernel module: {error}"),))
    pairs = [line.partition(b"=") for line in section[: elf.MAX_SECTION].split(b"\0")]
    fields = {key: text(value) for key, _, value in reversed(pairs)}
    if not fields.get(b"version"):
        return Reading()
    name = fields.get(b"name") or path.rpartition("/")[2].removesuffix(".ko").replace("-", "_")
    kernel = fields.get(b"vermagic", "").split(" ")[0]
    qualifiers = (("kernel", kernel),) if kernel.isprintable() and 0 < len(kernel) <= 128 else ()
    licenses = [fields.get(b"license", "")]
    return record("linux-kernel-module", name, fields[b"version"], path, licenses=licenses, qualifiers=qualifiers)

"""The package database of opkg (OpenWrt, Yocto): one `status` file of stanzas, as dpkg's."""

from itertools import chain

from envscout.inventory import deb822
from envscout.inventory.distributions.dpkg import ABSENT, PRESENT
from envscout.inventory.record import Reading, damaged, merged, record, text
from envscout.names.bounds import shown

_FIELDS = deb822.pattern(("Package", "Version", "Status", "Architecture", "License"))


def read(path: str, data: bytes) -> Reading:
    """Return the packages of a status file whose files are there."""
    readings = (_package(path, deb822.fields(stanza, _FIELDS)) for stanza in deb822.stanzas(data))
    is_cut = bool(data) and not data.endswith(b"\n")
    cut = (damaged(path, "the last line is cut short; packages may be missing"),) if is_cut else ()
    return merged(chain((Reading(problems=cut),), readings))


def _package(path: str, found: deb822.Fields) -> Reading:
    name, state = text(found.get(b"package", b"")), found.get(b"status", b"").split()
    if not name:
        return Reading(problems=(damaged(path, "a stanza names no package"),))
    if len(state) == 3 and state[2] in ABSENT:
        return Reading()
    if len(state) != 3 or state[2] not in PRESENT:
        words = shown(text(b" ".join(state[:3])))
        return Reading(problems=(damaged(path, f"package {shown(name)} is in the state {words!r} and is not listed"),))
    architecture = text(found.get(b"architecture", b""))
    return record(
        "opkg",
        name,
        text(found.get(b"version", b"")),
        path,
        architecture=architecture,
        licenses=(text(found.get(b"license", b"")),),
        qualifiers=(("arch", architecture),) if architecture else (),
    )

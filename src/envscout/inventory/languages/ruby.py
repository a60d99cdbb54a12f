"""Installed Ruby gems: `specifications/NAME-VERSION.gemspec` as RubyGems writes it (Gem::Specification#to_ruby).

These are Ruby programs, but made by a program: the comment line that RubyGems itself reads instead of running them
(`# stub: NAME VERSION PLATFORM ...`), and assignments of plain strings. Nothing is evaluated.
"""

import re

from envscout.inventory.record import Reading, damaged, record, text

MAX_GEMSPEC = 1 << 20
"""Bytes of a specification that are searched."""

_STUB = re.compile(rb"^# stub: (\S+) (\S+) (\S+)", re.M)
_ASSIGNED = re.compile(
    rb"^[ \t]*\w+\.(name|version|platform|licenses?)[ \t]*=[ \t]*(?:Gem::Version\.new\([ \t]*)?"
    rb'(\[[^\]\r\n]*\]|"[^"\r\n]*")',
    re.M,
)
_QUOTED = re.compile(rb'"([^"]*)"')
_FILE = re.compile(r"([^/]{1,255}?)-([0-9][^/-]{0,255})(?:-([^/]{1,255}))?\.gemspec", re.S)


def read(path: str, data: bytes) -> Reading:
    """Return the gem one specification describes; where it does not say, the file's name does."""
    said = {name: _QUOTED.findall(value) for name, value in reversed(_ASSIGNED.findall(data[:MAX_GEMSPEC]))}
    name, version, platform = (text(b"".join(said.get(key, [])[:1])) for key in (b"name", b"version", b"platform"))
    stub = _STUB.search(data[:MAX_GEMSPEC])
    if stub:
        name, version, platform = (text(word) for word in stub.groups())
    complete = bool(name and version)
    called = _FILE.fullmatch(path.rpartition("/")[2])
    if not complete and called:
        name, version, platform = name or called[1], version or called[2], platform or called[3] or ""
    licenses = [text(word) for word in said.get(b"licenses", []) + said.get(b"license", [])]
    qualifiers = (("platform", platform),) if platform not in ("", "ruby") else ()
    reading = record("gem", name, version, path, licenses=licenses, qualifiers=qualifiers)
    if complete:
        return reading
    return Reading(reading.records, (damaged(path, "the specification lacks name or version"), *reading.problems))

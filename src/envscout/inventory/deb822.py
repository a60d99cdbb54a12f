"""The reader of stanzas of `Field: value` lines, deb822(5): dpkg, distroless images and Python metadata use them."""

import re
from collections.abc import Iterable, Iterator

Fields = dict[bytes, bytes]
"""Field names in lower case with the first line of their value."""


def pattern(names: Iterable[str]) -> re.Pattern[bytes]:
    """Compile a pattern for `fields` that finds these fields and no others."""
    return re.compile(rb"^(" + "|".join(map(re.escape, names)).encode() + rb")[ \t]*:[ \t]*([^\r\n]*)", re.M | re.I)


def stanzas(data: bytes) -> Iterator[bytes]:
    """Yield the stanzas of a file; empty lines part them."""
    return (stanza for stanza in data.replace(b"\r\n", b"\n").split(b"\n\n") if stanza.strip())


def fields(stanza: bytes, wanted: re.Pattern[bytes]) -> Fields:
    """Return the wanted fields of one stanza. Where a field occurs twice the first counts."""
    found: Fields = {}
    for name, value in wanted.findall(stanza):
        found.setdefault(name.lower(), value.rstrip())
    return found

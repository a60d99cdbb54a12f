"""The main section of `META-INF/MANIFEST.MF` (docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html)."""

import re

from envscout.inventory.record import text

MAX_MANIFEST = 1 << 16
"""Bytes that are read of a manifest: its main section comes first, digests of single files follow, for megabytes."""

Manifest = dict[str, str]
"""Fields that are looked at, their names in lower case."""

_WANTED = (
    "Bundle-License|Bundle-SymbolicName|Bundle-Version|Extension-Name|Group-Id|GroupId-ArtifactId|"
    "Implementation-Title|Implementation-Vendor-Id|Implementation-Version|Plugin-Version|Short-Name|Specification-Title|"
    "Specification-Version"
)
_FIELD = re.compile(rf"^({_WANTED})[ \t]*:[ \t]*(.*)".encode(), re.M | re.I)
_END = re.compile(rb"\n\n")


def parse(data: bytes) -> Manifest:
    """Return the wanted fields of the main section. A line that begins with a space goes on with the one before."""
    lines = data.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in lines:
        lines = lines.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    main = _END.split(lines.lstrip(b"\n"), maxsplit=1)[0].replace(b"\n ", b"")
    found: Manifest = {}
    for name, value in _FIELD.findall(main):
        word = text(value).strip()
        if word and "${" not in word:
            found[name.decode().lower()] = word
    return found


def licenses(manifest: Manifest) -> tuple[str, ...]:
    """Return the words of `Bundle-License`: names or addresses parted by commas, each with attributes.

    OSGi Core 8, 3.2.1.10; `<<EXTERNAL>>` says that the licence is elsewhere.
    """
    entries = manifest.get("bundle-license", "").split(",")
    words = (entry.partition(";")[0].strip().strip('"') for entry in entries)
    return tuple(dict.fromkeys(word for word in words if word and word != "<<EXTERNAL>>"))

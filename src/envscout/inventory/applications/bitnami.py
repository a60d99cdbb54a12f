"""Components that Bitnami built into an image: `/opt/bitnami/NAME/.spdx-NAME.spdx` (SPDX 2, JSON or tag-value), and the
older `.bitnami_components.json`.

Versions keep Bitnami's revision (`7.4.1-0`), which comparing leaves out.
"""

import re

from envscout.inventory import boms
from envscout.inventory.documents import mapping, of_json, string
from envscout.inventory.record import Reading, merged, record, text

_TAGGED = re.compile(rb"^ExternalRef:[ \t]*PACKAGE[-_]MANAGER[ \t]+purl[ \t]+(\S{1,4096})", re.M)


def read(path: str, data: bytes) -> Reading:
    """Return the components of one document."""
    if path.endswith(".json"):
        return _components(path, data)
    if data.lstrip()[:1] == b"{":
        return boms.read(path, data)
    return boms.described(path, [(text(each[1]), ()) for each in _TAGGED.finditer(data)])


def _components(path: str, data: bytes) -> Reading:
    found = of_json(path, data, dict[str, object])
    if isinstance(found, Reading):
        return found
    return merged(
        [
            record("bitnami", name, string(mapping(entry).get("version")), path, qualifiers=_qualifiers(mapping(entry)))
            for name, entry in found.items()
        ]
    )


def _qualifiers(entry: dict[str, object]) -> tuple[tuple[str, str], ...]:
    given = (("arch", string(entry.get("arch"))), ("distro", string(entry.get("distro"))))
    return tuple((key, value) for key, value in given if value.isprintable() and 0 < len(value) <= 256)

"""Components that Bitnami built into an image: `/opt/bitnami/NAME/.spdx-NAME.spdx` (SPDX 2, JSON or tag-value), and the
older `.bitnami_components.json`.

Of a document only the package URLs are taken. Versions keep Bitnami's revision (`7.4.1-0`), which comparing leaves out.
"""

import re
from itertools import islice

import msgspec

from envscout.errors import InvalidReference
from envscout.inventory.documents import MAX_ENTRIES, mapping, of_json, string
from envscout.inventory.record import Reading, damaged, merged, record
from envscout.inventory.record import text as decoded
from envscout.model import Problem
from envscout.names import purl

_TAGGED = re.compile(rb"^ExternalRef:[ \t]*PACKAGE[-_]MANAGER[ \t]+purl[ \t]+(\S+)", re.M)


class _Spdx(msgspec.Struct):
    packages: object = None


def read(path: str, data: bytes) -> Reading:
    """Return the components of one document."""
    if path.endswith(".json"):
        return _components(path, data)
    if data.lstrip()[:1] != b"{":
        tagged = islice(_TAGGED.finditer(data), MAX_ENTRIES)
        found = [(decoded(each[1]), "") for each in tagged]
    else:
        document = of_json(path, data, _Spdx)
        if isinstance(document, Problem):
            return Reading(problems=(document,))
        packages = document.packages if isinstance(document.packages, list) else []
        found = [pair for each in packages for pair in _urls(mapping(each))]
    if not found:
        return Reading(problems=(damaged(path, "the document holds no package URL"),))
    return merged([_component(path, url, license_) for url, license_ in found[:MAX_ENTRIES]])


def _urls(package: dict[str, object]) -> list[tuple[str, str]]:
    """Return the package URLs of one SPDX package, each with its licence."""
    given = package.get("externalRefs")
    references = [mapping(each) for each in given] if isinstance(given, list) else []
    license_ = string(package.get("licenseDeclared"))
    urls = [string(each.get("referenceLocator")) for each in references if each.get("referenceType") == "purl"]
    return [(url, "" if license_ in ("NOASSERTION", "NONE") else license_) for url in urls]


def _component(path: str, url: str, license_: str) -> Reading:
    try:
        parts = purl.parse(url)
    except InvalidReference as error:
        return Reading(problems=(damaged(path, str(error)),))
    if parts.type in purl.DISTRIBUTED:
        return Reading()
    qualifiers = tuple((key, value) for key, value in parts.qualifiers if len(value) <= 256 and value.isprintable())
    return record(parts.type, parts.full_name, parts.version, path, licenses=[license_], qualifiers=qualifiers)


def _components(path: str, data: bytes) -> Reading:
    found = of_json(path, data, dict[str, object])
    if isinstance(found, Problem):
        return Reading(problems=(found,))
    return merged(
        [
            record("bitnami", name, string(mapping(entry).get("version")), path, qualifiers=_qualifiers(mapping(entry)))
            for name, entry in list(found.items())[:MAX_ENTRIES]
        ]
    )


def _qualifiers(entry: dict[str, object]) -> tuple[tuple[str, str], ...]:
    given = (("arch", string(entry.get("arch"))), ("distro", string(entry.get("distro"))))
    return tuple((key, value) for key, value in given if value.isprintable() and 0 < len(value) <= 256)

"""Installed PHP packages: `vendor/composer/installed.json` (getcomposer.org; a list up to Composer 1, an object since).

Versions stay as their tags are (`v5.4.1`), as other tools write them; comparing normalises them.
"""

from envscout.inventory.documents import mapping, of_json, string, strings
from envscout.inventory.record import Reading, damaged, merged, record


def read(path: str, data: bytes) -> Reading:
    """Return the packages that Composer installed."""
    found = of_json(path, data, object)
    if isinstance(found, Reading):
        return found
    packages = mapping(found).get("packages") if isinstance(found, dict) else found
    if not isinstance(packages, list):
        return Reading(problems=(damaged(path, "there is no list of packages"),))
    return merged(_package(path, mapping(entry)) for entry in packages)


def _package(path: str, entry: dict[str, object]) -> Reading:
    version = string(entry.get("version")) or string(entry.get("version_normalized"))
    return record("composer", string(entry.get("name")), version, path, licenses=strings(entry.get("license")))

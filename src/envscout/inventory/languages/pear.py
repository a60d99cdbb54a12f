"""Packages that PEAR's and PECL's installers registered: `.registry/[.channel.NAME/]PACKAGE.reg`, serialised PHP arrays
(pear/pear-core, PEAR/Registry.php).

What comes from pear.php.net is published at Packagist, too, under the vendor `pear` with the same versions, and
advisories use that name. Extensions from pecl.php.net are known to no feed.
"""

from envscout.inventory.languages.php_serialized import Damaged, Value, decode
from envscout.inventory.record import Reading, damaged, record

MAX_REGISTERED = 16 << 20
"""Bytes of one entry that is decoded."""

_PEAR = "pear.php.net"


def read(path: str, data: bytes) -> Reading:
    """Return the package of one entry."""
    if len(data) > MAX_REGISTERED:
        return Reading(problems=(damaged(path, f"the entry has {len(data)} bytes"),))
    try:
        entry = _array(decode(data))
    except Damaged as error:
        return Reading(problems=(damaged(path, f"the entry cannot be read: {error}"),))
    name = _text(entry.get("name")) or _text(entry.get("package"))
    licenses = [_text(entry.get("license")) or _text(_array(entry.get("license")).get("_content"))]
    if _text(entry.get("channel")) == _PEAR:
        return record("composer", f"pear/{name.lower()}", _version(entry), path, licenses=licenses)
    return record("pecl", name, _version(entry), path, licenses=licenses)


def _version(entry: dict[str, Value]) -> str:
    """Return the release: of package.xml 2.0 `version.release`, of 1.0 `version`."""
    return _text(_array(entry.get("version")).get("release")) or _text(entry.get("version"))


def _array(value: Value) -> dict[str, Value]:
    return value if isinstance(value, dict) else {}


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""

"""What a file holds, told by its content and not by its name."""

import gzip
import re
import zlib
from pathlib import Path
from typing import IO, cast

import msgspec

from envscout.errors import FeedError

ZIP = "zip"
OSV = "osv"
OSV_LINES = "osv-lines"
EPSS = "epss"
KEV = "kev"
CVE = "cve"

_HEAD = 65_536
_LONGEST_LINE = 64 << 20
_GZIP = b"\x1f\x8b"


class _Keys(msgspec.Struct):
    """The keys that tell records apart."""

    id: str = ""
    modified: msgspec.Raw = msgspec.Raw(b"")
    affected: msgspec.Raw = msgspec.Raw(b"")


_keys = msgspec.json.Decoder(_Keys)
_OSV_KEYS = re.compile(rb'"(?:affected|modified|schema_version)"\s*:')
_ID = re.compile(rb'"id"\s*:\s*"')


def open_plain(path: Path) -> IO[bytes]:
    """Open a file, unpacking it where it is gzip. Reading may raise EOFError, zlib.error and OSError."""
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    return cast(IO[bytes], gzip.open(path)) if packed else path.open("rb")


def shape(path: Path) -> str:
    """Return one of the constants above, "" for anything else. Raises FeedError where the file cannot be read."""
    try:
        with open_plain(path) as file:
            head = file.read(_HEAD)
            if head.startswith(b"{") and len(head) == _HEAD and b"\n" not in head:
                head += file.readline(_LONGEST_LINE) + file.read(_HEAD)
            return _shape_of(head)
    except (OSError, EOFError, zlib.error) as error:
        raise FeedError(f"{path} cannot be read: {error}", "fetch the file again") from error


def _shape_of(head: bytes) -> str:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ZIP
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith((b"#model_version", b"cve,epss")):
        return EPSS
    if not text.startswith(b"{"):
        return ""
    if b'"catalogVersion"' in text or b'"cveID"' in text:
        return KEV
    return _of_line(text.partition(b"\n")) or (OSV if _ID.search(text) and _OSV_KEYS.search(text) else "")


def _of_line(parts: tuple[bytes, bytes, bytes]) -> str:
    """Tell JSON Lines apart by their first line; "" where the first line is no whole JSON object."""
    first, _, rest = parts
    try:
        keys = _keys.decode(first)
    except (ValueError, RecursionError):
        return ""
    if keys.id and (keys.affected or keys.modified):
        return OSV_LINES if rest.strip() else OSV
    return CVE if keys.id.startswith("CVE-") else ""

"""Words that nobody can trust, made fit for a format, and words that all formats share."""

import re
from urllib.parse import quote

from envscout.errors import InvalidReference
from envscout.model import Finding, Suppression
from envscout.names.purl import build
from envscout.names.reference import parse

_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufff9-\uffff]"
)
_LINK = re.compile(r"https?://[!#$&-;=?-\[\]_a-z~]+(?:%[0-9A-Fa-f]{2}[!#$&-;=?-\[\]_a-z~]*)*")
_RESERVED = ":/?#[]@!$&'()*+,;="
_URI = re.compile(r"[!#$&-;=?-Z_a-z~]*(?:%[0-9A-Fa-f]{2}[!#$&-;=?-Z_a-z~]*)*")
MAX_LINK = 2048


def is_plain(text: str) -> bool:
    """Tell whether text can stand in every format as it is."""
    if text.isascii():
        return len(text.encode().translate(None, _CONTROL)) == len(text)
    return text.replace("\n", "").replace("\t", "").isprintable()


def is_line(text: str) -> bool:
    """Tell whether text can do so, and is on one line."""
    # Deleting what must go and counting is five times as fast as asking each character whether it can be printed.
    return len(text.encode().translate(None, _CONTROL_OR_BREAK)) == len(text) if text.isascii() else text.isprintable()


_CONTROL_OR_BREAK = bytes([*range(32), 127])
_CONTROL = bytes(each for each in _CONTROL_OR_BREAK if each not in b"\t\n")


def plain(text: str) -> str:
    """Return text without characters that steer a terminal, turn the direction of text or break XML: `\\x1b`.

    Line feeds and tabs stay (https://www.w3.org/TR/xml/#charsets).
    """
    return text if is_plain(text) else _UNSEEN.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return f"\\x{ord(match[0]):02x}"


def line(text: str) -> str:
    """Return text on one line, likewise."""
    return text if is_line(text) else plain(" ".join(text.split()))


def cut(text: str, most: int) -> str:
    """Return at most so many characters, with a mark where more were."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def link(url: str) -> str:
    """Return an address that leads to a web page and is one in every format, "" for all else."""
    return url if len(url) <= MAX_LINK and _LINK.fullmatch(url) else ""


def uri(text: str) -> str:
    """Return a text that begins like a URI with everything escaped that none may hold (RFC 3986)."""
    return text if _URI.fullmatch(text) else quote(text.encode(errors="backslashreplace"), safe=_RESERVED)


def fingerprint(*parts: str) -> str:
    """Return 32 hexadecimal digits that stand for these words."""
    import hashlib

    return hashlib.blake2b("\0".join(parts).encode(errors="backslashreplace"), digest_size=16).hexdigest()


def uuid(*parts: str) -> str:
    """Return a UUID that stands for these words (RFC 9562, version 8)."""
    digits = fingerprint(*parts)
    return (
        f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-{'89ab'[int(digits[16], 16) % 4]}{digits[17:20]}-{digits[20:]}"
    )


def product(reference: str, digest: str) -> str:
    """Return the package URL of an image (https://github.com/package-url/purl-spec, type oci)."""
    try:
        parsed = parse(reference)
    except InvalidReference:
        parsed = parse("image")
    qualifiers = []
    name = (parsed.path or "image").rpartition("/")[2]
    if parsed.path:
        qualifiers = [("repository_url", parsed.repository), *([("tag", parsed.tag)] if parsed.tag else [])]
    return build("oci", name, digest, qualifiers=qualifiers)


def fix(found: Finding) -> str:
    """Say what repairs a finding."""
    name, fixed = found.package.name, found.fixed_version
    return f"Upgrade {name} to {fixed} or later." if fixed else f"No version of {name} is known to fix it."


def reason(said: Suppression) -> str:
    """Say why a finding does not count, and who says so."""
    words = said.kind.replace("_", " ").replace("-", " ")
    why = ": ".join(filter(None, (said.justification.replace("_", " "), said.why)))
    by = f", by {said.who}" if said.who else ""
    until = f", until {_day(said.until)}" if said.until is not None else ""
    return f"{words}{by}{until}{f': {why}' if why else ''}"


def _day(at: int) -> str:
    from envscout.names import moment

    return moment.show(at)[:10]

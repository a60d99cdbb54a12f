"""A rule of SARIF for each vulnerability: what it is, how bad, and what to read about it."""

from envscout.formats.sarif_shape import Facts, Message, Rule
from envscout.formats.words import cut, link
from envscout.model import Finding
from envscout.names.purl import DISTRIBUTED

LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "unspecified": "warning"}
_CONFIGURED = {word: {"level": level} for word, level in LEVELS.items()}
_BANDS = {
    "critical": (9.1, 10.0, "9.5"),
    "high": (7.0, 8.9, "8.0"),
    "medium": (4.0, 6.9, "5.5"),
    "low": (0.1, 3.9, "2.0"),
}
"""The scores that code scanning reads as a word: from, to, and one where the CVSS score would be read as another."""
_MOST = 1000
"""Characters of a description."""


def rule(found: Finding) -> Rule:
    """Return the rule of the vulnerability of a finding."""
    name = found.vulnerability
    text = cut(found.description or found.summary or name, _MOST)
    kind = "OsPackageVulnerability" if found.package.type in DISTRIBUTED else "LanguageSpecificPackageVulnerability"
    more = link(found.url)
    return Rule(
        id=name,
        name=kind,
        short_description=Message(cut(f"{name}: {found.summary}", 255) if found.summary else name),
        full_description=Message(text),
        help_uri=more,
        help=_help(found, text, more),
        default_configuration=_CONFIGURED[found.severity],
        properties=_facts(found),
    )


def _help(found: Finding, text: str, more: str) -> Message:
    package, affected, fixed = found.package.purl, found.range.text, found.fixed_version or "not fixed"
    quoted = _escaped(text).replace("\n", "\n> ")
    read = f"\n[{_escaped(found.vulnerability)}](<{more}>)\n" if more else ""
    return Message(
        f"Package: {package}\nAffected range: {affected}\nFixed version: {fixed}",
        f"> {quoted}\n\n| | |\n| --- | --- |\n| Package | {_code(package)} |\n| Affected range | {_code(affected)} |\n"
        f"| Fixed version | {_code(fixed)} |\n{read}",
    )


def _escaped(text: str) -> str:
    """Return text that is no markup, HTML or mention: https://github.github.com/gfm/#backslash-escapes."""
    if text.isascii() and len(text.encode().translate(None, _SPECIAL)) == len(text):
        return text
    for char, escape in _MARKUP:
        text = text.replace(char, escape)
    return text


_MARKUP = (
    ("\\", "\\\\"), ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("@", "&#64;"), ("#", "&#35;"),
    *((each, f"\\{each}") for each in "`*_[]|~!"),
)  # fmt: skip
_SPECIAL = "".join(char for char, _ in _MARKUP).encode()


def _code(text: str) -> str:
    """Return text in a fixed width, where nothing but the fence and a table's border is special."""
    if "`" in text or "|" in text:
        text = text.replace("`", _QUOTE).replace("|", _BAR)
    return f"`{text}`"


_QUOTE, _BAR = "'", "\\|"


def _facts(found: Finding) -> Facts:
    return Facts(
        found.range.text,
        found.fixed_version or "not fixed",
        found.package.purl,
        found.severity,
        found.severity_source,
        (*_TAGS[found.severity], *_EXPLOITED, *found.cwes[:_CWES])
        if found.kev
        else (*_TAGS[found.severity], *found.cwes[:_CWES]),
        _score(found),
        found.cvss,
        found.epss,
        found.kev,
    )


_TAGS = {word: ("security", "vulnerability", word.upper()) for word in LEVELS}
_EXPLOITED = ("known-exploited",)
_CWES = 10


def _score(found: Finding) -> str:
    """Return a score that code scanning reads as our word, "" where there is no word."""
    band = _BANDS.get(found.severity)
    if band is None:
        return ""
    low, high, middle = band
    return f"{found.cvss.score:.1f}" if found.cvss and low <= found.cvss.score <= high else middle

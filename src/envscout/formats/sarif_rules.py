"""A rule of SARIF for each vulnerability: what it is, how bad, and what to read about it."""

from typing import Any

from envscout.formats.sarif_shape import Message, Rule
from envscout.formats.words import cut, line, link, plain
from envscout.model import Finding
from envscout.names.purl import DISTRIBUTED

LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "unspecified": "warning"}
_BANDS = {"critical": (9.1, 10.0, 9.5), "high": (7.0, 8.9, 8.0), "medium": (4.0, 6.9, 5.5), "low": (0.1, 3.9, 2.0)}
"""The scores that code scanning reads as a word: from, to, and one where the CVSS score would be read as another."""
_MOST = 1000
"""Characters of a description."""


def rule(group: list[Finding]) -> Rule:
    """Return the rule of one vulnerability, told by the finding of the highest severity."""
    found = max(group, key=lambda one: one.level)
    name = line(found.vulnerability)
    title = f"{name}: {line(found.summary)}" if found.summary else name
    text = cut(plain(found.description or found.summary or name), _MOST)
    kind = "OsPackageVulnerability" if found.package.type in DISTRIBUTED else "LanguageSpecificPackageVulnerability"
    return Rule(
        id=name,
        name=kind,
        short_description=Message(cut(title, 255)),
        full_description=Message(text),
        help_uri=link(found.url),
        help=_help(found, text),
        default_configuration={"level": LEVELS[found.severity]},
        properties=_facts(found),
    )


def _help(found: Finding, text: str) -> Message:
    package, affected = found.package, found.range.text
    fixed = found.fixed_version or "not fixed"
    rows = (("Package", package.purl), ("Affected range", affected), ("Fixed version", fixed))
    quoted = "\n".join(f"> {_escaped(one)}" for one in text.splitlines())
    table = "\n".join(f"| {name} | {_escaped(line(value))} |" for name, value in rows)
    more = link(found.url)
    return Message(
        f"{text}\n\nPackage: {line(package.purl)}\nAffected range: {line(affected)}\nFixed version: {line(fixed)}",
        f"{quoted}\n\n| | |\n| --- | --- |\n{table}\n"
        + (f"\n[{_escaped(line(found.vulnerability))}](<{more}>)\n" if more else ""),
    )


def _escaped(text: str) -> str:
    """Return text that is no markup: https://github.github.com/gfm/#backslash-escapes."""
    return text.translate(_MARKUP)


_MARKUP = {ord(each): f"\\{each}" for each in "\\`*_{}[]()#+!|~-"} | {
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord("&"): "&amp;",
    ord("@"): "&#64;",
}


def _facts(found: Finding) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "affected_version": line(found.range.text),
        "fixed_version": line(found.fixed_version or "not fixed"),
        "purl": line(found.package.purl),
        "severity": found.severity,
        "severity_source": line(found.severity_source),
        "tags": [
            "security",
            "vulnerability",
            found.severity.upper(),
            *(["known-exploited"] if found.kev else []),
            *map(line, found.cwes[:10]),
        ],
    }
    score = _score(found)
    if score is not None:
        facts["security-severity"] = f"{score:.1f}"
    if found.cvss:
        facts["cvss"] = {"score": found.cvss.score, "vector": line(found.cvss.vector)}
    if found.epss:
        facts["epss"] = {"score": found.epss.score, "percentile": found.epss.percentile}
    if found.kev:
        facts["kev"] = {"added": line(found.kev.added), "due": line(found.kev.due), "ransomware": found.kev.ransomware}
    return facts


def _score(found: Finding) -> float | None:
    """Return a score that code scanning reads as our word, None where there is no word."""
    if found.severity not in _BANDS:
        return None
    low, high, middle = _BANDS[found.severity]
    return found.cvss.score if found.cvss and low <= found.cvss.score <= high else middle

"""CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/): what `envscout sbom` writes, with vulnerabilities.

One image is the subject of the document; several are its components, with their packages inside. A vulnerability is
told once for all packages that it is judged alike in; what was suppressed has an analysis that says who judged it how.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from envscout import __version__
from envscout.findings.merge import url
from envscout.formats.answer import Answer, Subject
from envscout.formats.words import fix, line, link, plain, product, reason
from envscout.model import Cvss, Finding
from envscout.names import moment
from envscout.sbom import to_cyclonedx as documents

Document = dict[str, Any]

_SEVERITIES = {"unspecified": "unknown"}
_METHODS = {"2.0": "CVSSv2", "3.0": "CVSSv3", "3.1": "CVSSv31", "4.0": "CVSSv4"}
# The justifications of OpenVEX that CycloneDX has a word for, too.
_JUSTIFICATIONS = {
    "component_not_present": "code_not_present",
    "vulnerable_code_not_present": "code_not_present",
    "vulnerable_code_not_in_execute_path": "code_not_reachable",
    "inline_mitigations_already_exist": "protected_by_mitigating_control",
}
_STATES = {
    "accepted-risk": "exploitable",
    "false-positive": "false_positive",
    "not_affected": "not_affected",
    "fixed": "resolved",
}
_CWE = re.compile(r"CWE-([1-9][0-9]{0,6})", re.ASCII)
_AGGREGATES = {"partial": "incomplete", "unknown": "unknown"}


class _Group(NamedTuple):
    """A vulnerability as it is judged in some packages. affects: reference of a component -> versions there."""

    findings: list[Finding]
    affects: dict[str, dict[str, None]]
    changes: dict[str, None]


class _Part(NamedTuple):
    """One image in the document. prefix: of the references of its packages. known: those references."""

    reference: str
    prefix: str
    known: frozenset[str]

    def ref(self, found: Finding) -> str:
        """Return the component that a finding is about."""
        name = f"{self.prefix}{found.package.purl}"
        return name if name in self.known else self.reference


def write(answer: Answer) -> Iterator[str]:
    """Yield the document."""
    document, parts = _inventory(answer)
    document["vulnerabilities"] = [*_vulnerabilities(answer, parts), *_unassessed(answer, parts)]
    document["metadata"].setdefault("properties", []).extend(_coverage(answer))
    compositions = [
        {"aggregate": _AGGREGATES[each.coverage.state], "assemblies": [parts[each.image_id].reference]}
        for each in {each.image_id: each for each in answer.report.images}.values()
        if each.coverage.state in _AGGREGATES
    ]
    if compositions:
        document["compositions"] = compositions
    yield documents.finished(document).decode().rstrip("\n")


def _inventory(answer: Answer) -> tuple[Document, Mapping[int, _Part]]:
    """Return the document without vulnerabilities, and where the images are in it."""
    images = {each.image_id: each for each in answer.report.images}
    written = {
        number: documents.described(*answer.inventory(number), line(each.reference)) for number, each in images.items()
    }
    if len(written) == 1:
        ((number, document),) = written.items()
        return document, {number: _Part("image", "", _refs(document["components"]))}
    components: list[Document] = []
    parts: dict[int, _Part] = {}
    for number, document in written.items():
        prefix = f"image-{len(parts) + 1}/"
        subject = document["metadata"]["component"] | {"bom-ref": f"{prefix}image"}
        subject["purl"] = product(images[number].reference, images[number].image.digest)
        inside = [each | {"bom-ref": f"{prefix}{each['bom-ref']}"} for each in document["components"]]
        components.append(subject | ({"components": inside} if inside else {}))
        parts[number] = _Part(f"{prefix}image", prefix, _refs(inside))
    name = line(answer.report.environment) or "images"
    metadata = {
        "timestamp": moment.show(answer.given),
        "tools": {"components": [{"type": "application", "name": "envscout", "version": __version__}]},
        "component": {"bom-ref": "environment", "type": "platform", "name": name},
    }
    return {"metadata": metadata, "components": components}, parts


def _refs(components: Iterable[Document]) -> frozenset[str]:
    return frozenset(each["bom-ref"] for each in components)


def _coverage(answer: Answer) -> Iterator[Document]:
    yield {"name": "envscout:coverage", "value": answer.coverage.state}
    for reference, why in answer.reasons:
        text = f"{reference}: {why.message}" if reference else why.message
        yield {"name": f"envscout:coverage:{why.code}", "value": line(text)}


def _vulnerabilities(answer: Answer, parts: Mapping[int, _Part]) -> Iterator[Document]:
    groups: dict[tuple[str, Any, bool], _Group] = {}
    # What runs in the comparison alone is no component: what it had is gone from the whole.
    whole = "image" if len(parts) == 1 else "environment"
    for subject in answer.subjects:
        part = parts.get(subject.report.image_id, _Part(whole, "", frozenset()))
        for found, where, change in _told(subject, part):
            key = (found.vulnerability, found.suppression, change == "fixed")
            group = groups.get(key)
            if group is None:
                group = groups[key] = _Group([], {}, {})
            group.findings.append(found)
            group.affects.setdefault(where, {})[line(found.package.version)] = None
            group.changes[change] = None
    for number, ((_, _, is_gone), group) in enumerate(groups.items(), 1):
        yield _vulnerability(number, group, is_gone)


def _told(subject: Subject, part: _Part) -> Iterator[tuple[Finding, str, str]]:
    report = subject.report
    for found in (*report.findings, *report.suppressed):
        yield found, part.ref(found), subject.changes.get(found.vulnerability, "")
    for found in subject.gone:
        yield found, part.reference, "fixed"


def _vulnerability(number: int, group: _Group, is_gone: bool) -> Document:
    found = max(group.findings, key=lambda one: one.level)
    name = line(found.vulnerability)
    status = (
        "unaffected"
        if is_gone or _analysis(found).get("state") in ("not_affected", "false_positive", "resolved")
        else "affected"
    )
    said = {
        "bom-ref": f"vulnerability-{number}",
        "id": name,
        "source": _source(name),
        "references": [{"id": one, "source": _source(one)} for one in _others(group.findings)],
        "ratings": list(_ratings(group.findings)),
        "cwes": [int(match[1]) for match in map(_CWE.fullmatch, dict.fromkeys(found.cwes)) if match],
        "description": plain(found.summary or found.description),
        "detail": plain(found.description) if found.summary else "",
        "recommendation": "" if is_gone else line(" ".join(dict.fromkeys(map(fix, group.findings)))),
        "advisories": [{"url": one} for one in dict.fromkeys(map(link, (found.url, *found.references))) if one],
        "published": moment.show(found.published) if found.published else "",
        "analysis": {"state": "resolved", "detail": "The image that it is compared to has it."}
        if is_gone
        else _analysis(found),
        "affects": [
            {"ref": ref, "versions": [{"version": each, "status": status} for each in versions if each]}
            for ref, versions in group.affects.items()
        ],
        "properties": list(_properties(found, group)),
    }
    return {key: value for key, value in said.items() if value not in ("", [], {})}


def _others(findings: Iterable[Finding]) -> list[str]:
    names = (name for found in findings for name in (*found.aliases, *found.advisories) if name != found.vulnerability)
    return list(dict.fromkeys(filter(None, map(line, names))))


def _source(name: str) -> Document:
    address = link(url(name))
    title = "NVD" if name.startswith("CVE-") else "GitHub" if name.startswith("GHSA-") else "OSV"
    return {"name": title, **({"url": address} if address else {})}


def _ratings(findings: Iterable[Finding]) -> Iterator[Document]:
    told: dict[tuple[str, str, Cvss | None], None] = {}
    for found in findings:
        told[found.severity, found.severity_source, found.cvss] = None
    for severity, source, cvss in told:
        rating: Document = {"severity": _SEVERITIES.get(severity, severity)}
        if source:
            rating = {"source": {"name": line(source)}, **rating}
        if cvss:
            rating |= {"score": cvss.score, "method": _METHODS.get(cvss.version, "other")}
            if cvss.vector:
                rating["vector"] = line(cvss.vector)
        yield rating


def _analysis(found: Finding) -> Document:
    said = found.suppression
    if said is None:
        return {}
    analysis: Document = {"state": _STATES.get(said.kind, "in_triage"), "detail": plain(reason(said))}
    if said.justification in _JUSTIFICATIONS:
        analysis["justification"] = _JUSTIFICATIONS[said.justification]
    if said.kind == "accepted-risk":
        analysis["response"] = ["will_not_fix"]
    if said.since is not None:
        analysis["firstIssued"] = moment.show(said.since)
    return analysis


def _properties(found: Finding, group: _Group) -> Iterator[Document]:
    told = (
        ("change", ", ".join(filter(None, group.changes))),
        ("epss", f"{found.epss.score:g}" if found.epss else ""),
        ("epss:percentile", f"{found.epss.percentile:g}" if found.epss else ""),
        ("kev:added", found.kev.added if found.kev else ""),
        ("kev:due", found.kev.due if found.kev else ""),
        ("affected-range", found.range.text),
    )
    return ({"name": f"envscout:{name}", "value": line(value)} for name, value in told if value)


def _unassessed(answer: Answer, parts: Mapping[int, _Part]) -> Iterator[Document]:
    held: dict[tuple[str, str], dict[str, None]] = {}
    for each in answer.report.images:
        for package, vulnerability in each.unassessed:
            held.setdefault((vulnerability, package), {})[parts[each.image_id].reference] = None
    for number, ((vulnerability, package), refs) in enumerate(held.items(), 1):
        name = line(vulnerability)
        yield {
            "bom-ref": f"unassessed-{number}",
            "id": name,
            "source": _source(name),
            "analysis": {
                "state": "in_triage",
                "detail": f"The advisory names no versions of {line(package)} that can be compared.",
            },
            "affects": [{"ref": ref} for ref in refs],
        }

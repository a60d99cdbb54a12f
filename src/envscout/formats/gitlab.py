"""GitLab's report of container scanning (https://gitlab.com/gitlab-org/security-products/security-report-schemas).

GitLab shows all that is in it, so that only what counts is: nothing that was suppressed, and of a comparison nothing
that is gone. Why an answer is not complete are messages of the scan, and an unknown one is a scan that failed.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from envscout import __version__
from envscout.formats.answer import Answer, Subject
from envscout.formats.words import cut, fix, line, link, plain, uuid
from envscout.model import Distribution, Finding
from envscout.names import moment
from envscout.names.vulnerability import is_cve

VERSION = "15.0.7"
_SCHEMA = (
    f"https://gitlab.com/gitlab-org/security-products/security-report-schemas/-/raw/v{VERSION}"
    "/dist/container-scanning-report-format.json"
)
_TOOL = {"id": "envscout", "name": "envscout", "version": __version__, "vendor": {"name": "envscout"}}
# The vectors that the schema takes: CVSS 3.
_VECTOR = re.compile(r"CVSS:3[.][01](/[A-Z]{1,3}:[A-Z])+")
_LINKS = 20


class _Identifier(msgspec.Struct, omit_defaults=True):
    type: str
    name: str
    value: str
    url: str = ""


class _Package(msgspec.Struct):
    name: str


class _Dependency(msgspec.Struct):
    package: _Package
    version: str


class _Location(msgspec.Struct):
    dependency: _Dependency
    operating_system: str
    image: str


class _Vulnerability(msgspec.Struct, omit_defaults=True):
    id: str
    name: str
    description: str
    severity: str
    solution: str
    identifiers: list[_Identifier]
    location: _Location
    links: list[dict[str, str]] = []
    cvss_vectors: list[dict[str, str]] = []


class _Told(msgspec.Struct):
    """What is the same wherever a vulnerability is found."""

    identifiers: list[_Identifier]
    links: list[dict[str, str]]
    description: str


def write(answer: Answer) -> Iterator[str]:
    """Yield the document."""
    at = moment.show(answer.given).removesuffix("Z")
    unknown = answer.coverage.state == "unknown"
    told: dict[str, _Told] = {}
    document = {
        "schema": _SCHEMA,
        "version": VERSION,
        "scan": {
            "type": "container_scanning",
            "status": "failure" if unknown else "success",
            "start_time": at,
            "end_time": at,
            "analyzer": _TOOL,
            "scanner": _TOOL,
            "messages": [
                {
                    "level": "fatal" if unknown else "warn",
                    "value": line(f"{where}: {why.message}" if where else why.message),
                }
                for where, why in answer.reasons
            ],
        },
        "vulnerabilities": [each for subject in answer.subjects for each in _vulnerabilities(subject, told)],
    }
    yield msgspec.json.encode(document).decode()


def _vulnerabilities(subject: Subject, told: dict[str, _Told]) -> Iterator[_Vulnerability]:
    report = subject.report
    system, image = _system(report.distribution), line(report.reference) or report.image.digest
    for found in report.findings:
        common = told.get(found.vulnerability)
        if common is None:
            common = told[found.vulnerability] = _told(found)
        name = line(found.summary) or line(found.vulnerability)
        yield _Vulnerability(
            id=uuid(subject.place, report.image.digest, found.vulnerability, found.package.purl),
            name=cut(name, 255),
            description=common.description,
            severity=_SEVERITIES[found.severity],
            solution=cut(line(fix(found)), 7000),
            identifiers=common.identifiers,
            location=_Location(
                _Dependency(_Package(line(found.package.name)), line(found.package.version)), system, image
            ),
            links=common.links,
            cvss_vectors=_vectors(found),
        )


_SEVERITIES = {"critical": "Critical", "high": "High", "medium": "Medium", "low": "Low", "unspecified": "Unknown"}


def _told(found: Finding) -> _Told:
    text = cut(plain(found.description or found.summary or found.vulnerability), 100_000)
    urls = dict.fromkeys(filter(None, map(link, (found.url, *found.references))))
    return _Told(list(_identifiers(found)), [{"url": url} for url in list(urls)[:_LINKS]], text)


def _identifiers(found: Finding) -> Iterator[_Identifier]:
    names = dict.fromkeys((found.vulnerability, *found.aliases, *found.advisories))
    for name in map(line, names):
        yield _Identifier(_kind(name), name, name, link(_address(name)))
    for cwe in map(line, found.cwes):
        number = cwe.removeprefix("CWE-")
        if number.isascii() and number.isdigit():
            yield _Identifier("cwe", f"CWE-{number}", number, f"https://cwe.mitre.org/data/definitions/{number}.html")


def _kind(name: str) -> str:
    return "cve" if is_cve(name) else "ghsa" if name.startswith("GHSA-") else "osv"


def _address(name: str) -> str:
    from envscout.findings.merge import url

    return url(name)


def _vectors(found: Finding) -> list[dict[str, Any]]:
    if not found.cvss or len(found.cvss.vector) > 128 or not _VECTOR.fullmatch(found.cvss.vector):
        return []
    return [{"vendor": line(found.severity_source) or "unknown", "vector": found.cvss.vector}]


def _system(found: Distribution | None) -> str:
    return line(f"{found.id}:{found.version or found.codename}".rstrip(":")) if found and found.id else "unknown"

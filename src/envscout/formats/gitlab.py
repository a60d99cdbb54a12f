"""GitLab's report of container scanning (https://gitlab.com/gitlab-org/security-products/security-report-schemas).

GitLab shows all that is in it, so that only what counts is: nothing that was suppressed, and of a comparison nothing
that is gone. Why an answer is not complete are messages of the scan, and an unknown one is a scan that failed.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from envscout import __version__
from envscout.findings.merge import url
from envscout.formats.answer import Answer, Subject
from envscout.formats.words import cut, fix, line, link, uuid
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


class _Identifier(msgspec.Struct, omit_defaults=True, gc=False):
    type: str
    name: str
    value: str
    url: str = ""


class _Package(msgspec.Struct, gc=False):
    name: str


class _Dependency(msgspec.Struct, gc=False):
    package: _Package
    version: str


class _Location(msgspec.Struct, gc=False):
    dependency: _Dependency
    operating_system: str
    image: str


class _Link(msgspec.Struct, gc=False):
    url: str


class _Vector(msgspec.Struct, gc=False):
    vendor: str
    vector: str


class _Vulnerability(msgspec.Struct, omit_defaults=True, gc=False):
    id: str
    name: str
    description: str
    severity: str
    solution: str
    identifiers: list[_Identifier]
    location: _Location
    links: list[_Link] = []
    cvss_vectors: list[_Vector] = []


class _Told(msgspec.Struct, gc=False):
    """What is the same wherever a vulnerability is found."""

    identifiers: list[_Identifier]
    links: list[_Link]
    description: str


def write(answer: Answer) -> Iterator[str]:
    """Yield the document."""
    at = moment.show(answer.given).removesuffix("Z")
    is_blind = answer.is_blind
    told: dict[str, _Told] = {}
    document = {
        "schema": _SCHEMA,
        "version": VERSION,
        "scan": {
            "type": "container_scanning",
            "status": "failure" if is_blind else "success",
            "start_time": at,
            "end_time": at,
            "analyzer": _TOOL,
            "scanner": _TOOL,
            "messages": [
                {
                    "level": "fatal" if is_blind else "warn",
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
        package = found.package
        common = told.get(found.vulnerability)
        if common is None:
            common = told[found.vulnerability] = _told(found)
        yield _Vulnerability(
            id=uuid(subject.place, report.image.digest, found.vulnerability, package.purl),
            name=cut(found.summary or found.vulnerability, 255),
            description=common.description,
            severity=_SEVERITIES[found.severity],
            solution=cut(fix(found), 7000),
            identifiers=common.identifiers,
            location=_Location(_Dependency(_Package(package.name), package.version), system, image),
            links=common.links,
            cvss_vectors=_vectors(found),
        )


_SEVERITIES = {"critical": "Critical", "high": "High", "medium": "Medium", "low": "Low", "unspecified": "Unknown"}


def _told(found: Finding) -> _Told:
    text = cut(found.description or found.summary or found.vulnerability, 100_000)
    urls = dict.fromkeys(filter(None, map(link, (found.url, *found.references))))
    return _Told(list(_identifiers(found)), [_Link(each) for each in list(urls)[:_LINKS]], text)


def _identifiers(found: Finding) -> Iterator[_Identifier]:
    for name in dict.fromkeys((found.vulnerability, *found.aliases, *found.advisories)):
        kind = "cve" if is_cve(name) else "ghsa" if name.startswith("GHSA-") else "osv"
        address = url(name)
        yield _Identifier(
            kind, name, name, address if name.replace("-", "").isalnum() and name.isascii() else link(address)
        )
    for cwe in found.cwes:
        number = cwe.removeprefix("CWE-")
        if number.isascii() and number.isdigit():
            yield _Identifier("cwe", f"CWE-{number}", number, f"https://cwe.mitre.org/data/definitions/{number}.html")


def _vectors(found: Finding) -> list[_Vector]:
    cvss = found.cvss
    if not cvss or not _is_vector(cvss.vector):
        return []
    return [_Vector(found.severity_source or "unknown", cvss.vector)]


@lru_cache(maxsize=4096)
def _is_vector(text: str) -> bool:
    return len(text) <= 128 and _VECTOR.fullmatch(text) is not None


def _system(found: Distribution | None) -> str:
    return line(f"{found.id}:{found.version or found.codename}".rstrip(":")) if found and found.id else "unknown"

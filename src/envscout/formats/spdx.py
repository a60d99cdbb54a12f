"""SPDX 2.3 (https://spdx.github.io/spdx-spec/v2.3/): what `envscout sbom` writes, with vulnerabilities.

A vulnerability is a security reference of its package (Annex F.2): `advisory` with its address, `fix` where a change
that repairs it is known. Several images are described side by side in one document.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from envscout.formats.answer import Answer
from envscout.formats.words import line, link, reason
from envscout.model import Finding
from envscout.sbom import to_spdx as documents
from envscout.verbs.ask import ImageReport

Document = dict[str, Any]

_CHANGE = re.compile(r"https://[^?#]+/(?:commit|commits|pull|merge_requests)/[0-9a-f]+")
_FIXES = 3
"""Changes that are named of a vulnerability."""


def write(answer: Answer) -> Iterator[str]:
    """Yield the document."""
    images = {each.image_id: each for each in answer.report.images}
    written = []
    for number, (image_id, each) in enumerate(images.items(), 1):
        document = documents.described(*answer.inventory(image_id), line(each.reference))
        _say(document, each)
        written.append(document if len(images) == 1 else _renamed(document, str(number)))
    name = next(iter(images.values())).reference if len(images) == 1 else answer.report.environment or "images"
    yield documents.finished(_together(written), line(name)).decode().rstrip("\n")


def _say(document: Document, each: ImageReport) -> None:
    """Add what is known of an image and its packages."""
    by_purl: dict[str, list[Finding]] = {}
    for found in (*each.findings, *each.suppressed):
        by_purl.setdefault(found.package.purl, []).append(found)
    for package in document["packages"]:
        if package["SPDXID"] == documents.IMAGE:
            package["comment"] = "\n".join(_coverage(each))
        for reference in tuple(package.get("externalRefs", ())):
            package["externalRefs"] += _references(by_purl.get(reference["referenceLocator"], ()))


def _coverage(each: ImageReport) -> Iterator[str]:
    yield f"coverage: {each.coverage.state}"
    yield from (f"{why.code}: {line(why.message)}" for why in each.coverage.reasons)


def _references(findings: Iterable[Finding]) -> Iterator[Document]:
    for found in findings:
        address = link(found.url)
        if address:
            yield _reference("advisory", address, _comment(found))
        changes = [each for each in found.references if _CHANGE.fullmatch(each) and link(each)]
        for change in changes[:_FIXES]:
            yield _reference("fix", change, line(found.vulnerability))


def _comment(found: Finding) -> str:
    said = [line(found.vulnerability), found.severity, f"affected: {line(found.range.text)}"]
    said.append(f"fixed in {line(found.fixed_version)}" if found.fixed_version else "not fixed")
    if found.suppression:
        said.append(f"suppressed: {line(reason(found.suppression))}")
    return "; ".join(said)


def _reference(kind: str, address: str, comment: str) -> Document:
    return {"referenceCategory": "SECURITY", "referenceType": kind, "referenceLocator": address, "comment": comment}


def _renamed(document: Document, number: str) -> Document:
    """Return a document whose elements are called otherwise than those of the others."""

    def named(identifier: str) -> str:
        return identifier if identifier == documents.DOCUMENT else f"{identifier}-{number}"

    ends = ("spdxElementId", "relatedSpdxElement")
    return document | {
        "packages": [each | {"SPDXID": named(each["SPDXID"])} for each in document["packages"]],
        "relationships": [each | {end: named(each[end]) for end in ends} for each in document["relationships"]],
    }


def _together(written: list[Document]) -> Document:
    """Return one document that describes what all of them do."""
    if len(written) == 1:
        return written[0]
    licences = {each["licenseId"]: each for document in written for each in document["hasExtractedLicensingInfos"]}
    created = max((document["creationInfo"]["created"] for document in written), default=documents.NO_TIME)
    return {
        "creationInfo": {"created": created, "creators": [documents.TOOL]},
        "packages": [each for document in written for each in document["packages"]],
        "relationships": [each for document in written for each in document["relationships"]],
        "hasExtractedLicensingInfos": list(licences.values()),
        "annotations": [each for document in written for each in document["annotations"]],
    }

"""SPDX 2.2 and 2.3 JSON (https://spdx.github.io/spdx-spec/v2.3/), with what syft and Trivy write between its lines."""

import re

import msgspec

from envscout.model import Distribution, Image, Layer, Problem
from envscout.names import bounds
from envscout.sbom import assemble
from envscout.sbom.draft import JSON_ERRORS, Component, Draft, SubjectInfo, decode, each, labelled, listed, words

_BUILT_FROM = re.compile(r"built package from: (\S+)(?: (\S+))?")
_ACQUIRED = re.compile(r"acquired package info from [^:]+: (.+)", re.S)
_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})\b")

NOT_PACKAGES = ("CONTAINER", "FILE", "OPERATING-SYSTEM", "OPERATING_SYSTEM")
"""Purposes of packages that stand for the image or its system."""
GROUPS = ("SPDXRef-ContainerImage-", "SPDXRef-OperatingSystem-", "SPDXRef-Application-", "SPDXRef-DocumentRoot-")
"""How Trivy and syft begin the identifiers of packages that only hold others."""


class _Reference(msgspec.Struct):
    referenceType: str = ""  # noqa: N815 - the document's word
    referenceLocator: str = ""  # noqa: N815


class _Package(msgspec.Struct):
    SPDXID: str = ""
    name: str = ""
    versionInfo: str | None = None  # noqa: N815
    sourceInfo: str | None = None  # noqa: N815
    licenseDeclared: str | None = None  # noqa: N815
    licenseConcluded: str | None = None  # noqa: N815
    primaryPackagePurpose: str | None = None  # noqa: N815
    attributionTexts: list[str] | None = None  # noqa: N815
    hasFiles: list[str] | None = None  # noqa: N815
    externalRefs: list[_Reference] | None = None  # noqa: N815

    @property
    def purl(self) -> str:
        """Return the package URL, "" if there is none."""
        return next((each.referenceLocator for each in listed(self.externalRefs) if each.referenceType == "purl"), "")

    @property
    def is_system(self) -> bool:
        """Tell whether this stands for the distribution."""
        return self.SPDXID.startswith("SPDXRef-OperatingSystem-") or self.primaryPackagePurpose in NOT_PACKAGES[2:]

    @property
    def is_group(self) -> bool:
        """Tell whether this only holds other packages."""
        return self.SPDXID.startswith(GROUPS) or self.primaryPackagePurpose in NOT_PACKAGES


class _File(msgspec.Struct):
    SPDXID: str = ""
    fileName: str = ""  # noqa: N815


class _Creation(msgspec.Struct):
    created: str = ""
    creators: list[str] | None = None


class _Document(msgspec.Struct):
    spdxVersion: str  # noqa: N815
    name: str = ""
    creationInfo: _Creation = msgspec.field(default_factory=_Creation)  # noqa: N815
    packages: list[msgspec.Raw] | None = None
    files: msgspec.Raw = msgspec.Raw(b"[]")


def read(data: bytes | msgspec.Raw) -> Draft:
    """Return the content of an SPDX document. Raises SourceError, LimitExceeded."""
    document = decode(data, _Document, "SPDX document")
    problems: list[Problem] = []
    packages = list(each(document.packages, _Package, problems))
    files = _files(document.files, problems)
    held = [package for package in packages if not package.is_group]
    return Draft(
        subject=_subject(document, packages),
        components=tuple(_component(package, files) for package in held if package.purl),
        distribution=next(filter(None, map(_distribution, packages)), None),
        unidentified=tuple(" ".join(words(each.name, each.versionInfo)) for each in held if not each.purl),
        problems=tuple(problems),
    )


def _files(data: msgspec.Raw, problems: list[Problem]) -> dict[str, str]:
    """Return the paths of files by identifier."""
    try:
        return {file.SPDXID: file.fileName for file in msgspec.json.decode(data, type=list[_File])}
    except JSON_ERRORS as error:
        problems.append(Problem("damaged-component", f"the document's list of files is damaged: {error}", "files"))
        return {}


def _component(package: _Package, files: dict[str, str]) -> Component:
    """Return one package in the document's words."""
    said = package.sourceInfo or ""
    built = _BUILT_FROM.fullmatch(said)
    acquired = _ACQUIRED.fullmatch(said)
    paths = acquired[1].split(", ") if acquired else [files[name] for name in listed(package.hasFiles) if name in files]
    return Component(
        purl=package.purl,
        name=package.name,
        version=package.versionInfo or "",
        source=(built[1], built[2] or "") if built else ("", ""),
        licenses=words(package.licenseDeclared, package.licenseConcluded)[:1],
        locations=tuple("/" + path.removeprefix("./").lstrip("/") for path in paths),
        layer=next(iter(labelled(package.attributionTexts, "LayerDiffID")), ""),
    )


def _distribution(package: _Package) -> Distribution | None:
    """Return the distribution a package stands for, None if it stands for something else."""
    if not package.is_system or not package.name:
        return None
    return assemble.distribution(package.name, package.versionInfo or "")


def _subject(document: _Document, packages: list[_Package]) -> SubjectInfo:
    """Return which image is described; Trivy tells its digests and layers in attribution texts."""
    container = next((each for each in packages if each.purl.startswith("pkg:oci/")), _Package())
    texts = container.attributionTexts
    digest = _DIGEST.search(" ".join((container.purl, *labelled(texts, "RepoDigest"), document.name)))
    diff_ids = labelled(texts, "DiffID")
    return SubjectInfo(
        format=document.spdxVersion,
        reference=bounds.escaped(container.name or document.name),
        created=document.creationInfo.created,
        tools=labelled(document.creationInfo.creators, "Tool"),
        image=Image(
            digest=digest[1] if digest else "",
            config_digest=next(iter(labelled(texts, "ImageID")), ""),
            layers=tuple(Layer(digest="", diff_id=diff_id, media_type="", size=0) for diff_id in diff_ids),
        ),
    )

"""The parts of an SPDX 2 document that say something of packages, whatever form it came in.

Names and meaning are those of https://spdx.github.io/spdx-spec/v2.3/.
"""

import msgspec

from envscout.model import Problem

FILE_LAYER = "layerID: "
"""How syft begins the comment of a file that names its layer."""
NOT_PACKAGES = ("CONTAINER", "FILE", "OPERATING-SYSTEM", "OPERATING_SYSTEM")
"""Purposes of packages that stand for the image or its system."""
GROUPS = ("SPDXRef-ContainerImage", "SPDXRef-OperatingSystem", "SPDXRef-Application-", "SPDXRef-DocumentRoot-")
"""How Trivy and syft begin the identifiers of packages that only hold others."""


class Reference(msgspec.Struct, gc=False):
    """A reference to the package elsewhere."""

    referenceType: str = ""  # noqa: N815 - the document's word
    referenceLocator: str = ""  # noqa: N815


class Annotation(msgspec.Struct, gc=False):
    """What a tool notes of an element."""

    comment: str | None = None


class Package(msgspec.Struct, gc=False):
    """A package, the image, or its distribution."""

    SPDXID: str = ""
    name: str = ""
    versionInfo: str | None = None  # noqa: N815
    sourceInfo: str | None = None  # noqa: N815
    licenseDeclared: str | None = None  # noqa: N815
    licenseConcluded: str | None = None  # noqa: N815
    primaryPackagePurpose: str | None = None  # noqa: N815
    attributionTexts: list[str] | None = None  # noqa: N815
    annotations: list[Annotation] | None = None
    hasFiles: list[str] | None = None  # noqa: N815
    externalRefs: list[Reference] | None = None  # noqa: N815

    @property
    def purl(self) -> str:
        """Return the package URL, "" if there is none."""
        for reference in self.externalRefs or ():
            if reference.referenceType == "purl":
                return reference.referenceLocator
        return ""

    @property
    def texts(self) -> list[str]:
        """Return the attribution texts and the comments of annotations."""
        texts = self.attributionTexts or []
        if self.annotations:
            texts = [*texts, *(each.comment for each in self.annotations if each.comment)]
        return texts

    @property
    def is_system(self) -> bool:
        """Tell whether this stands for the distribution."""
        return self.SPDXID.startswith("SPDXRef-OperatingSystem") or self.primaryPackagePurpose in NOT_PACKAGES[2:]

    @property
    def is_group(self) -> bool:
        """Tell whether this only holds other packages."""
        return self.SPDXID.startswith(GROUPS) or self.primaryPackagePurpose in NOT_PACKAGES


class File(msgspec.Struct, gc=False):
    """A file."""

    SPDXID: str = ""
    fileName: str = ""  # noqa: N815
    comment: str | None = None

    @property
    def layer(self) -> str:
        """Return the diff id of its layer as syft notes it, else ""."""
        said = self.comment or ""
        return said.removeprefix(FILE_LAYER) if said.startswith(FILE_LAYER) else ""


class Relationship(msgspec.Struct, gc=False):
    """What one element is to another."""

    spdxElementId: str = ""  # noqa: N815
    relationshipType: str = ""  # noqa: N815
    relatedSpdxElement: str = ""  # noqa: N815


class Parts(msgspec.Struct):
    """A whole document. comments: of its own annotations. problems: parts of it that could not be read."""

    version: str
    name: str
    created: str
    creators: list[str]
    packages: list[Package]
    files: list[File]
    relationships: list[Relationship]
    comments: list[str] = []
    problems: list[Problem] = []

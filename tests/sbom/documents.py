"""Small documents in the shape their producers give them."""

from typing import Any

import msgspec

from envscout.model import Package

DIGEST = "sha256:" + "ab" * 32
LAYER = "sha256:" + "cd" * 32
DEB = "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12"
NPM = "pkg:npm/%40babel/core@7.0.0"
LIBSSL = Package(
    type="deb",
    name="libssl3",
    version="3.0.11-1",
    purl=DEB,
    source_name="openssl",
    source_version="3.0.11-1",
    architecture="amd64",
    licenses=("Apache-2.0",),
    locations=("/var/lib/dpkg/status",),
    layer=LAYER,
)
"""What each format says of one package when it is read, but for what a test says otherwise."""


def as_json(document: Any) -> bytes:
    """Return a document's bytes."""
    return msgspec.json.encode(document)


def spdx(*packages: dict[str, Any], **more: Any) -> bytes:
    """Return an SPDX 2.3 document."""
    creation = {"created": "2024-01-01T00:00:00Z", "creators": ["Tool: maker-1.0", "Organization: x"]}
    document = {"spdxVersion": "SPDX-2.3", "name": "demo", "creationInfo": creation, "packages": list(packages)}
    return as_json(document | more)


def spdx_package(purl: str, name: str = "x", **more: Any) -> dict[str, Any]:
    """Return one package of an SPDX document."""
    reference = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}
    return {"SPDXID": f"SPDXRef-Package-{name}", "name": name, "versionInfo": "0", "externalRefs": [reference]} | more


def cyclonedx(*components: dict[str, Any], **more: Any) -> bytes:
    """Return a CycloneDX 1.5 document."""
    return as_json({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": list(components)} | more)


def properties(**values: str) -> list[dict[str, str]]:
    """Return CycloneDX properties; keyword names stand for theirs with `__` for `:`."""
    return [{"name": name.replace("__", ":"), "value": value} for name, value in values.items()]


def syft(*artifacts: dict[str, Any], **more: Any) -> bytes:
    """Return a syft document."""
    descriptor = {"name": "syft", "version": "1.14.0"}
    return as_json({"artifacts": list(artifacts), "descriptor": descriptor, "schema": {"version": "16.0.17"}} | more)

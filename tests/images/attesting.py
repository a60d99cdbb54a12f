"""Attestations as builders attach them to images: BuildKit's manifests, referrers, and cosign's tags."""

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.images.images import put

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
IN_TOTO = "application/vnd.in-toto+json"
DSSE = "application/vnd.dsse.envelope.v1+json"
SPDX = "https://spdx.dev/Document"
CYCLONEDX = "https://cyclonedx.org/bom"
SLSA_1 = "https://slsa.dev/provenance/v1"
SLSA_02 = "https://slsa.dev/provenance/v0.2"


def statement(kind: str, predicate: Any, digest: str) -> dict[str, Any]:
    """Return an in-toto statement about an image."""
    subject = [{"name": "pkg:docker/app@1", "digest": {"sha256": digest.removeprefix("sha256:")}}]
    return {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": kind,
        "subject": subject,
        "predicate": predicate,
    }


def envelope(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a DSSE envelope; nobody signed it."""
    payload = base64.b64encode(json.dumps(content).encode()).decode()
    return {"payloadType": IN_TOTO, "payload": payload, "signatures": [{"keyid": "", "sig": "AA=="}]}


def spdx(*packages: tuple[str, str], distribution: str = "") -> dict[str, Any]:
    """Return an SPDX document of packages, given as (package URL, files it was found in, if any)."""
    listed = [
        {
            "SPDXID": f"SPDXRef-{number}",
            "name": purl.partition("@")[0].rpartition("/")[2],
            "versionInfo": purl.partition("@")[2].partition("?")[0],
            "sourceInfo": f"acquired package info from the following paths: {found}" if found else "",
            "externalRefs": [
                {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}
            ],
        }
        for number, (purl, found) in enumerate(packages)
    ]
    return {
        "spdxVersion": "SPDX-2.3",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": distribution or "sbom",
        "documentNamespace": "https://example.org/sbom",
        "creationInfo": {"created": "2026-01-01T00:00:00Z", "creators": ["Tool: syft-1.0.0"]},
        "packages": listed,
    }


def cyclonedx(*purls: str) -> dict[str, Any]:
    """Return a CycloneDX document of packages."""
    components = [
        {
            "type": "library",
            "name": purl.partition("@")[0].rpartition("/")[2],
            "version": purl.partition("@")[2].partition("?")[0],
            "purl": purl,
        }
        for purl in purls
    ]
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components}


def slsa(*materials: tuple[str, str], version: str = SLSA_1) -> dict[str, Any]:
    """Return provenance whose materials are given as (uri, sha256 digest)."""
    listed = [{"uri": uri, "digest": {"sha256": digest.removeprefix("sha256:")}} for uri, digest in materials]
    if version == SLSA_02:
        return {"builder": {"id": "b"}, "buildType": "t", "materials": listed}
    return {
        "buildDefinition": {"buildType": "t", "externalParameters": {}, "resolvedDependencies": listed},
        "runDetails": {"builder": {"id": "b"}},
    }


def layer(layout: Path, content: Any, media_type: str, annotations: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Store a document and return the descriptor that points at it."""
    digest = put(layout, content)
    size = (layout / "blobs" / "sha256" / digest.removeprefix("sha256:")).stat().st_size
    return {"mediaType": media_type, "digest": digest, "size": size, "annotations": dict(annotations or {})}


def manifest(
    layout: Path, layers: list[dict[str, Any]], *, subject: str = "", artifact_type: str = ""
) -> dict[str, Any]:
    """Store a manifest of these layers and return its descriptor."""
    config = layer(layout, {"rootfs": {"type": "layers", "diff_ids": [one["digest"] for one in layers]}}, CONFIG)
    document: dict[str, Any] = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
    if artifact_type:
        document["artifactType"] = artifact_type
        document["config"] = layer(layout, b"{}", EMPTY)
    if subject:
        document["subject"] = {"mediaType": MANIFEST, "digest": subject, "size": 1}
    found = layer(layout, document, MANIFEST)
    return {**found, "artifactType": artifact_type} if artifact_type else found


def buildkit(layout: Path, statements: Mapping[str, Any], digest: str) -> dict[str, Any]:
    """Store statements about a manifest as BuildKit does, by predicate type, and return the index entry."""
    layers = [
        layer(layout, statement(kind, predicate, digest), IN_TOTO, {"in-toto.io/predicate-type": kind})
        for kind, predicate in statements.items()
    ]
    marks = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digest}
    platform = {"os": "unknown", "architecture": "unknown"}
    return {**manifest(layout, layers), "annotations": marks, "platform": platform}


def index(layout: Path, name: str, entries: list[dict[str, Any]]) -> str:
    """Make an index of these entries the image of a name, beside what the layout has; return its digest."""
    pointer = layer(layout, {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}, INDEX)
    tag(layout, name, pointer)
    return str(pointer["digest"])


def tag(layout: Path, name: str, pointer: Mapping[str, Any]) -> None:
    """Give what a descriptor points at a name in index.json, taking it from whatever had it."""
    document = json.loads((layout / "index.json").read_bytes())
    others = [one for one in document["manifests"] if one.get("annotations", {}).get(REF) != name]
    named = {**pointer, "annotations": {**pointer.get("annotations", {}), REF: name}}
    (layout / "index.json").write_text(json.dumps({**document, "manifests": [*others, named]}))


REF = "org.opencontainers.image.ref.name"


def entry(layout: Path, name: str) -> dict[str, Any]:
    """Return the descriptor of a name, without it."""
    document = json.loads((layout / "index.json").read_bytes())
    found = next(one for one in document["manifests"] if one.get("annotations", {}).get(REF) == name)
    return {key: value for key, value in found.items() if key != "annotations"}


def fallback(digest: str, ending: str = "") -> str:
    """Return the tag under which registries without the API keep what speaks of a manifest."""
    return digest.replace(":", "-") + ending


def sha256(data: bytes) -> str:
    """Return the digest of bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"

"""VEX documents as their publishers write them, in each form; names and products are made up."""

import base64
import json
from collections.abc import Iterator
from typing import Any

DIGEST = "sha256:" + "0" * 64
APP = "pkg:oci/app@sha256%3A" + "0" * 64 + "?repository_url=registry.example.com%2Fmyorg%2Fapp"

# As vexctl wrote it in 2023: texts for vulnerabilities and products, times with nanoseconds and zones.
OLD: dict[str, Any] = {
    "@context": "https://openvex.dev/ns/v0.0.1",
    "@id": "https://example.com/vex/old",
    "author": "Distribution Team",
    "role": "Document Creator",
    "timestamp": "2023-01-08T18:02:03.647787998-06:00",
    "version": "1",
    "statements": [
        {
            "vulnerability": "CVE-2023-0001",
            "products": ["pkg:apk/wolfi/git@2.39.0-r1?arch=armv7", "pkg:apk/wolfi/git@2.39.0-r1?arch=x86_64"],
            "status": "fixed",
        },
        {
            "vulnerability": "CVE-2023-0002",
            "vuln_description": "a flaw",
            "products": [APP],
            "subcomponents": ["pkg:apk/wolfi/bash@1.0.0"],
            "status": "not_affected",
            "justification": "component_not_present",
            "impact_statement": "it was never there",
            "timestamp": "2023-02-01T00:00:00Z",
        },
    ],
}

NEW: dict[str, Any] = {
    "@context": "https://openvex.dev/ns/v0.2.0",
    "@id": "https://example.com/vex/new",
    "author": "Acme Security <psirt@acme.example>",
    "role": "Vendor",
    "timestamp": "2024-01-01T00:00:00Z",
    "last_updated": "2024-02-01T00:00:00Z",
    "version": 3,
    "tooling": "vexctl/0.3.0",
    "statements": [
        {
            "vulnerability": {
                "@id": "https://nvd.nist.gov/vuln/detail/CVE-2023-0001",
                "name": "CVE-2023-0001",
                "description": "a flaw",
                "aliases": ["GHSA-aaaa-bbbb-cccc"],
            },
            "products": [
                {
                    "@id": "pkg:docker/myorg/app@v1?platform=linux%2Famd64",
                    "identifiers": {"purl": "pkg:docker/myorg/app@v1?platform=linux%2Famd64"},
                    "hashes": {"sha-256": "1" * 64},
                    "subcomponents": [
                        {"@id": "pkg:deb/debian/openssl@1.1"},
                        {"identifiers": {"purl": "pkg:npm/%40scope/name"}},
                    ],
                }
            ],
            "status": "not_affected",
            "justification": "vulnerable_code_not_in_execute_path",
            "status_notes": "the parser is never called",
        },
        {
            "vulnerability": {"name": "CVE-2023-0002"},
            "products": [{"@id": DIGEST}],
            "status": "affected",
            "action_statement": "update",
            "timestamp": "2024-03-01T00:00:00Z",
        },
        {
            "vulnerability": {"name": "CVE-2023-0003"},
            "products": [{"@id": "myorg/app:v1"}],
            "status": "under_investigation",
        },
    ],
}

CSAF: dict[str, Any] = {
    "document": {
        "category": "csaf_vex",
        "csaf_version": "2.0",
        "title": "Acme App",
        "publisher": {"category": "vendor", "name": "Acme", "namespace": "https://psirt.acme.example"},
        "tracking": {
            "id": "ACME-2024-1",
            "status": "final",
            "version": "2",
            "initial_release_date": "2024-01-01T00:00:00.000Z",
            "current_release_date": "2024-02-01T00:00:00.000Z",
            "revision_history": [{"date": "2024-01-01T00:00:00.000Z", "number": "1", "summary": "first"}],
        },
    },
    "product_tree": {
        "branches": [
            {
                "category": "vendor",
                "name": "Acme",
                "branches": [
                    {
                        "category": "product_name",
                        "name": "App",
                        "branches": [
                            {
                                "category": "product_version",
                                "name": "v1",
                                "product": {
                                    "name": "App v1",
                                    "product_id": "APP",
                                    "product_identification_helper": {"purl": APP},
                                },
                            }
                        ],
                    },
                    {
                        "category": "product_version",
                        "name": "1.1",
                        "product": {
                            "name": "openssl 1.1",
                            "product_id": "OPENSSL",
                            "product_identification_helper": {"purl": "pkg:deb/debian/openssl@1.1"},
                        },
                    },
                    {"category": "product_name", "name": "OS 9", "product": {"name": "OS 9", "product_id": "OS"}},
                ],
            }
        ],
        "full_product_names": [
            {
                "name": "tool",
                "product_id": "TOOL",
                "product_identification_helper": {"purl": "pkg:npm/%40scope/name@1.0"},
            }
        ],
        "relationships": [
            {
                "category": "default_component_of",
                "full_product_name": {"name": "openssl in App", "product_id": "APP:OPENSSL"},
                "product_reference": "OPENSSL",
                "relates_to_product_reference": "APP",
            },
            {
                "category": "default_component_of",
                "full_product_name": {"name": "openssl in OS 9", "product_id": "OS:OPENSSL"},
                "product_reference": "OPENSSL",
                "relates_to_product_reference": "OS",
            },
        ],
        "product_groups": [{"group_id": "ALL", "product_ids": ["APP", "TOOL"]}],
    },
    "vulnerabilities": [
        {
            "cve": "CVE-2023-0001",
            "ids": [{"system_name": "GitHub", "text": "GHSA-aaaa-bbbb-cccc"}],
            "product_status": {
                "known_not_affected": ["APP:OPENSSL", "TOOL"],
                "known_affected": ["OS:OPENSSL"],
                "under_investigation": ["APP"],
            },
            "flags": [{"label": "vulnerable_code_not_present", "product_ids": ["APP:OPENSSL"]}],
            "threats": [{"category": "impact", "details": "never built", "group_ids": ["ALL"]}],
        },
        {"cve": "CVE-2023-0002", "product_status": {"fixed": ["APP"], "known_affected": ["GONE"]}},
    ],
}

CYCLONEDX: dict[str, Any] = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
    "version": 1,
    "metadata": {
        "timestamp": "2024-01-01T00:00:00Z",
        "authors": [{"name": "Acme", "email": "psirt@acme.example"}],
        "component": {"bom-ref": "app", "type": "container", "name": "myorg/app", "version": "v1", "purl": APP},
    },
    "components": [
        {
            "bom-ref": "ssl",
            "type": "library",
            "name": "openssl",
            "purl": "pkg:deb/debian/openssl@1.1",
            "components": [{"bom-ref": "inner", "type": "library", "name": "name", "purl": "pkg:npm/%40scope/name"}],
        }
    ],
    "vulnerabilities": [
        {
            "id": "CVE-2023-0001",
            "references": [{"id": "GHSA-aaaa-bbbb-cccc", "source": {"name": "GitHub"}}],
            "analysis": {
                "state": "not_affected",
                "justification": "code_not_reachable",
                "response": ["will_not_fix"],
                "detail": "the parser is never called",
                "lastUpdated": "2024-02-01T00:00:00Z",
            },
            "affects": [{"ref": "ssl"}, {"ref": "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#inner"}],
        },
        {"id": "CVE-2023-0002", "analysis": {"state": "exploitable"}, "affects": [{"ref": "app"}]},
        {
            "id": "CVE-2023-0003",
            "analysis": {"state": "false_positive", "justification": "requires_environment"},
            "affects": [{"ref": "urn:cdx:00000000-0000-0000-0000-000000000000/1#pkg%3Anpm%2Fleft-pad%401.0"}],
        },
        {"id": "CVE-2023-0004", "affects": [{"ref": "ssl"}]},
    ],
}


def packed(document: Any) -> bytes:
    """Return a document as bytes."""
    return json.dumps(document).encode()


def stated(document: Any, digest: str = DIGEST, kind: str = "https://openvex.dev/ns/v0.2.0") -> dict[str, Any]:
    """Return an in-toto statement about an image with a document as its predicate."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": kind,
        "subject": [{"name": "app", "digest": {"sha256": digest.removeprefix("sha256:")}}],
        "predicate": document,
    }


def enveloped(content: Any) -> dict[str, Any]:
    """Return a DSSE envelope around a statement."""
    payload = base64.b64encode(packed(content)).decode()
    return {"payloadType": "application/vnd.in-toto+json", "payload": payload, "signatures": []}


def documents() -> Iterator[tuple[str, bytes]]:
    """Yield each form with its name, bare and in envelopes."""
    for name, document in (("openvex", OLD), ("openvex", NEW), ("csaf", CSAF), ("cyclonedx", CYCLONEDX)):
        yield name, packed(document)
        yield name, packed(enveloped(stated(document)))

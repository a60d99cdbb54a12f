"""What expressions are evaluated on: findings, packages and images as data, with the names that documents give them."""

from typing import Any

import msgspec

from envscout.model import (
    Affected,
    BaseImage,
    Coverage,
    Cvss,
    Distribution,
    Epss,
    Finding,
    Image,
    Kev,
    Package,
    PackageRef,
)
from envscout.names import moment
from envscout.policies.facts import Facts


def finding(found: Finding, facts: Facts) -> dict[str, Any]:
    """Return a finding with the fields of `findings[]` in the document `envscout/cves/1`."""
    fields = _plain(found)
    fields["published"] = moment.show(found.published) if found.published else None
    fields["service"] = facts.service or None
    fields["digest"] = facts.image.digest
    return fields


def package(found: Package) -> dict[str, Any]:
    """Return a package with the fields of `packages[]` in the document `envscout/sbom/1`."""
    return _plain(found)


def _plain(struct: msgspec.Struct) -> dict[str, Any]:
    """Return a struct as JSON has it: lists, not tuples."""
    fields: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(struct))
    return fields


def image(facts: Facts) -> dict[str, Any]:
    """Return what is known of an image but for what is in it."""
    there, coverage = facts.image, facts.coverage
    return {
        "reference": facts.reference,
        "digest": there.digest,
        "platform": there.platform,
        "created": there.created,
        "size": there.size,
        "user": there.user,
        "labels": dict(there.labels),
        "layers": len(there.layers),
        "base": _plain(facts.base) if facts.base else None,
        "distribution": _plain(facts.distribution) if facts.distribution else None,
        "packages": len(facts.packages),
        "attestations": None if facts.attestations is None else list(facts.attestations),
        "coverage": {"state": coverage.state, "reasons": [each.code for each in coverage.reasons]},
        "organization": facts.organization or None,
        "service": facts.service or None,
        "indexed": facts.is_indexed,
    }


SPECIMEN = Facts(
    image=Image("sha256:0", "linux/amd64", created="2026-01-01T00:00:00Z", user="root", labels=(("a", "b"),)),
    findings=(
        Finding(
            "CVE-2026-0001",
            PackageRef("pkg:deb/debian/openssl@1.0", "openssl", "1.0", "deb", "openssl"),
            "high",
            "Debian",
            Affected(">=0, <2.0", "0", "2.0", "1.9"),
            aliases=("GHSA-0000-0000-0000",),
            advisories=("CVE-2026-0001",),
            cvss=Cvss(7.5, "CVSS:3.1/AV:N", "3.1"),
            epss=Epss(0.1, 0.5),
            kev=Kev("2026-01-01", "2026-02-01"),
            fixed_version="2.0",
            layer="sha256:0",
            locations=("var/lib/dpkg/status",),
            cwes=("CWE-1",),
            published=1_767_225_600_000_000,
            references=("https://example.com",),
            from_base=True,
        ),
    ),
    packages=(Package("deb", "openssl", "1.0", "pkg:deb/debian/openssl@1.0", "openssl", "1.0", licenses=("MIT",)),),
    coverage=Coverage(),
    now=1_767_225_600_000_000,
    base=BaseImage("debian:12", "sha256:0", 1, "provenance"),
    distribution=Distribution("debian", "12", "bookworm"),
    attestations=("sbom",),
)
"""Something of everything: what an expression is tried on when it is written."""

"""An image and findings in it, for statements to be laid beside."""

from envscout.findings.products import subject
from envscout.model import Affected, Finding, PackageRef

IMAGE = subject(
    "docker.io/myorg/app:v1", frozenset({"sha256:" + "0" * 64}), "linux/amd64", "myorg", "production", "app"
)


def _finding(purl: str, name: str, source: str) -> Finding:
    package = PackageRef(purl, name, "1.0", purl[4:].partition("/")[0], source)
    return Finding("CVE-2023-0001", package, "high", "", Affected(""), aliases=("GHSA-aaaa-bbbb-cccc",))


FINDINGS = (
    _finding("pkg:deb/debian/libssl3@1.0?arch=amd64&distro=debian-12&upstream=openssl%401.1", "libssl3", "openssl"),
    _finding("pkg:npm/%40scope/name@1.0", "@scope/name", ""),
)

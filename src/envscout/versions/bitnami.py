"""Bitnami's application versions: semantic versions and a revision of the packaging, `1.2.3-4`.

Advisories speak of application versions alone, so the revision is dropped: `1.2.3-4` equals `1.2.3`. To semver it
would be a pre-release, older than 1.2.3.
"""

import re

from envscout.versions import semver

_REVISION = re.compile(r"(?:-(?:centos|debian|ol|photon|rhel|ubi)-[0-9]+)?-r?[0-9]+(?=\+|$)")


def key(version: str) -> bytes | None:
    """Return the key of the application version; None as in semver."""
    return semver.key(_REVISION.sub("", version, count=1) if "-" in version else version)

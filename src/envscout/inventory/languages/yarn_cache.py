"""Packages that yarn runs from their archives (Plug'n'Play, yarnpkg.com): `.yarn/cache/lodash-npm-4.17.21-6382-8.zip`.

The package lies at `node_modules/NAME/` in the archive. The archive's own name cannot be split for sure: scopes and
names both may hold hyphens.
"""

import re

from envscout.inventory.languages import archive, npm
from envscout.inventory.record import Reading

_MANIFEST = re.compile(r"node_modules/(?:@[^/]+/)?[^/]+/package\.json", re.S)
_WANTED = archive.Wanted(frozenset({b"json"}), ((_MANIFEST, npm.read),))


def read(path: str, data: bytes) -> Reading:
    """Return the package of one archive."""
    return archive.read(path, data, _WANTED)

"""Python packages in archives: wheels (packaging.python.org, "Binary distribution format") and eggs.

What an archive holds is there, though nothing may have installed it yet: `python -m venv` installs the wheels that
ensurepip brings. Such packages are listed with a location inside the archive. A wheel may hold wheels, and copies of
other packages with their metadata (`setuptools/_vendor`) or a list of them (`pip/_vendor`).
"""

import re

from envscout.inventory.languages import archive, python, python_sbom
from envscout.inventory.record import Reading

_METADATA = re.compile(r"(?:.*/)?[^/]+\.dist-info/METADATA|EGG-INFO/PKG-INFO|(?:.*/)?[^/]+\.egg-info/PKG-INFO", re.S)
_SBOM = re.compile(r"(?:.*/)?[^/]+\.dist-info/sboms/[^/]+\.json|(?:.*/)?_vendor/bom\.cdx\.json", re.S)
_WANTED = archive.Wanted(
    tails=frozenset({b"DATA", b"INFO", b"json", b".whl", b".egg"}),
    rules=((_METADATA, python.read), (_SBOM, python_sbom.read)),
    nested=re.compile(r".+\.(?:whl|egg)", re.S),
)


def read(path: str, data: bytes) -> Reading:
    """Return the packages of one archive. An egg may also be a text that links to a folder: it holds nothing."""
    if path.endswith(".egg") and not data.startswith(b"PK"):
        return Reading()
    return archive.read(path, data, _WANTED)

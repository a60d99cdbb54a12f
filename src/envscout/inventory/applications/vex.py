"""VEX documents in an image: kept as they are, for they name no packages but say what does not count of them.

`*.vex.json` is where Docker Scout looks (https://docs.docker.com/scout/how-tos/create-exceptions-vex/); the other names
are those that OpenVEX, CycloneDX and CSAF documents commonly have.
"""

from envscout.inventory.record import Reading
from envscout.model import Problem

MAX_DOCUMENT = 8 << 20
"""Bytes of a document that is kept with the image."""


def read(path: str, data: bytes) -> Reading:
    """Return the document itself."""
    if not 0 < len(data) <= MAX_DOCUMENT:
        said = f"{path}: the VEX document has {len(data):,} bytes; 1 to {MAX_DOCUMENT:,} are read"
        return Reading(problems=(Problem("unread-vex", said, path),))
    return Reading(document=data)

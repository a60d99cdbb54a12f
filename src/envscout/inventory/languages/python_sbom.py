"""What a Python package has built in, by its own word: `.dist-info/sboms/*.json` (PEP 770), and pip's list of the
packages it has copied, `pip/_vendor/bom.cdx.json`.

Extension modules written in Rust name their crates there, and wheels the libraries that were linked into them.
"""

from envscout.inventory import boms
from envscout.inventory.record import Reading


def read(path: str, data: bytes) -> Reading:
    """Return the packages that one document describes."""
    return boms.read(path, data)

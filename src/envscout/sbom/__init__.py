"""Inventory and documents: `read` takes all formats, `write`, `write_cyclonedx` and `write_spdx` give three of them.

`provenance` tells from a statement of a builder which images an image was built on.
"""

from envscout.sbom.draft import SubjectInfo
from envscout.sbom.own import SCHEMA, write
from envscout.sbom.provenance import Material, Provenance, provenance
from envscout.sbom.recognise import read
from envscout.sbom.to_cyclonedx import write as write_cyclonedx
from envscout.sbom.to_spdx import write as write_spdx

__all__ = [
    "SCHEMA",
    "Material",
    "Provenance",
    "SubjectInfo",
    "provenance",
    "read",
    "write",
    "write_cyclonedx",
    "write_spdx",
]

"""Inventory and documents: `read` takes what others write too, `write` gives our own, `cyclonedx` and `spdx` theirs.

`provenance` tells from a statement of a builder which images an image was built on.
"""

from envscout.sbom.draft import SubjectInfo
from envscout.sbom.own import SCHEMA, write
from envscout.sbom.provenance import Material, Provenance, provenance
from envscout.sbom.recognise import read

__all__ = ["SCHEMA", "Material", "Provenance", "SubjectInfo", "provenance", "read", "write"]

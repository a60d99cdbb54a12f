"""Inventory and documents: `read` takes CycloneDX, SPDX, syft and our own JSON, `write` gives our own."""

from envscout.sbom.draft import SubjectInfo
from envscout.sbom.own import SCHEMA, write
from envscout.sbom.recognise import read

__all__ = ["SCHEMA", "SubjectInfo", "read", "write"]

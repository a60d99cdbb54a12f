"""Inventory and documents: `read` takes all formats, `write`, `write_cyclonedx` and `write_spdx` give three of them.

`provenance` tells from a statement of a builder which images an image was built on. Loaded when first asked for: most
commands take or give one form at most.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envscout.sbom.draft import SubjectInfo
    from envscout.sbom.own import SCHEMA, write
    from envscout.sbom.recognise import read
    from envscout.sbom.slsa import Material, Provenance, provenance
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

_PLACES = {
    "SCHEMA": ("own", "SCHEMA"),
    "Material": ("slsa", "Material"),
    "Provenance": ("slsa", "Provenance"),
    "SubjectInfo": ("draft", "SubjectInfo"),
    "provenance": ("slsa", "provenance"),
    "read": ("recognise", "read"),
    "write": ("own", "write"),
    "write_cyclonedx": ("to_cyclonedx", "write"),
    "write_spdx": ("to_spdx", "write"),
}


def __getattr__(name: str) -> object:
    """Load what is asked for (PEP 562)."""
    if name not in _PLACES:
        raise AttributeError(name)
    from importlib import import_module

    module, member = _PLACES[name]
    return getattr(import_module(f"envscout.sbom.{module}"), member)

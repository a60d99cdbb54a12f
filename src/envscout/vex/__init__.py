"""Statements about what does and does not affect a product: OpenVEX, CSAF and CycloneDX, read and written.

Loaded when first asked for: most commands meet no document.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envscout.vex.draft import MAX_BYTES, Source
    from envscout.vex.reading import READER, Found, read
    from envscout.vex.to_openvex import write

__all__ = ["MAX_BYTES", "READER", "Found", "Source", "read", "write"]

_PLACES = {
    "MAX_BYTES": "draft",
    "READER": "reading",
    "Found": "reading",
    "Source": "draft",
    "read": "reading",
    "write": "to_openvex",
}


def __getattr__(name: str) -> object:
    """Load what is asked for (PEP 562)."""
    if name not in _PLACES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"envscout.vex.{_PLACES[name]}"), name)

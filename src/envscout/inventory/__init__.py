"""Files of an image become packages: `kind` and `prober` say which, `reduce` what to keep, `build` folds that.

`statements` gives the VEX documents among them.

Loaded when first asked for: most commands only compare the names of the tools.
"""

from typing import TYPE_CHECKING

from envscout.inventory.table import TOOLS

if TYPE_CHECKING:
    from envscout.inventory.folding import build
    from envscout.inventory.keeping import kind, kinds, prober, reduce, statements

__all__ = ["TOOLS", "build", "kind", "kinds", "prober", "reduce", "statements"]

_PLACES = {
    "build": "folding",
    "kind": "keeping",
    "kinds": "keeping",
    "prober": "keeping",
    "reduce": "keeping",
    "statements": "keeping",
}


def __getattr__(name: str) -> object:
    """Load what is asked for (PEP 562)."""
    if name not in _PLACES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"envscout.inventory.{_PLACES[name]}"), name)

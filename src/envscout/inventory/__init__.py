"""Files of an image become packages: `wanted` says which files, `reduce` what to keep of them, `build` folds that."""

from envscout.inventory.build import build
from envscout.inventory.reduce import kind, prober, reduce
from envscout.inventory.table import TOOLS

__all__ = ["TOOLS", "build", "kind", "prober", "reduce"]

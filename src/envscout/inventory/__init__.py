"""Files of an image become packages: `wanted` says which files, `build` reads them."""

from envscout.inventory.build import build
from envscout.inventory.cataloguers import wanted

__all__ = ["build", "wanted"]

"""Files of an image become packages: `wanted` says which files, `build` reads them."""

from envscout.inventory.build import TOOLS, build
from envscout.inventory.cataloguers import wanted

__all__ = ["TOOLS", "build", "wanted"]

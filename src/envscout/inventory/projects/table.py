"""Lock files and manifests of source trees: what a project asks for, read in directories only."""

from envscout.inventory.cataloguer import Cataloguer

PROJECTS: tuple[Cataloguer, ...] = ()

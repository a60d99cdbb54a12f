"""Applications that bring a description of their own: bundles, plugins, kernel modules."""

from envscout.inventory.cataloguer import Cataloguer

APPLICATIONS: tuple[Cataloguer, ...] = ()

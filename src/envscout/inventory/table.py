"""Every cataloguer there is. A new ecosystem is a row in one of these tables and a module beside it."""

from envscout.inventory.applications.table import APPLICATIONS
from envscout.inventory.cataloguer import Cataloguer
from envscout.inventory.distributions.table import DISTRIBUTIONS
from envscout.inventory.executables.table import EXECUTABLES
from envscout.inventory.languages.table import LANGUAGES
from envscout.inventory.projects.table import PROJECTS

RELEASE = Cataloguer(
    "os-release",
    "1",
    (
        "etc/os-release",
        "usr/lib/os-release",
        "etc/alpine-release",
        "etc/lsb-release",
        "etc/debian_version",
        "etc/rocky-release",
        "etc/almalinux-release",
        "etc/oracle-release",
        "etc/fedora-release",
        "etc/centos-release",
        "etc/redhat-release",
        "etc/SuSE-release",
        "etc/photon-release",
        "etc/system-release",
    ),
    "os_release",
)
"""The files that name a distribution; the first one of them that does wins."""

CATALOGUERS = (RELEASE, *DISTRIBUTIONS, *LANGUAGES, *APPLICATIONS, *PROJECTS)

TOOLS = tuple(f"{row.name}@{row.version}" for row in CATALOGUERS) + tuple(f"{n}@{v}" for n, v in EXECUTABLES)
"""Who looks into an image; an inventory that other tools made is worth making again."""

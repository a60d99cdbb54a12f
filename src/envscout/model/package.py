"""What is inside an image: packages, the distribution, and what could not be read."""

import msgspec

from envscout.model.problem import Problem


class Distribution(msgspec.Struct, frozen=True):
    """A Linux distribution as os-release(5) names it: id `debian`, version `12`, codename `bookworm`."""

    id: str
    version: str = ""
    codename: str = ""
    name: str = ""
    id_like: tuple[str, ...] = ()


class Package(msgspec.Struct, frozen=True):
    """One installed package.

    type: purl type (deb, apk, rpm, pypi, npm, ...). purl: canonical package URL, with distribution qualifiers for
    packages of a distribution. source_name, source_version: what it was built from; equal to name and version where
    the package says nothing else. locations: paths that are the evidence. layer: diff_id of the layer that brought it.
    owner: purl of the distribution package that installed these files; "" if none. Owned packages are listed, not
    matched against the advisories of their language.
    """

    type: str
    name: str
    version: str
    purl: str
    source_name: str = ""
    source_version: str = ""
    architecture: str = ""
    licenses: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    layer: str = ""
    owner: str = ""


class Inventory(msgspec.Struct, frozen=True):
    """Everything found in one image. tools: name and version of each cataloguer that looked."""

    packages: tuple[Package, ...] = ()
    distribution: Distribution | None = None
    problems: tuple[Problem, ...] = ()
    tools: tuple[str, ...] = ()

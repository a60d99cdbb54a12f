"""The source package of a distribution's package, as package URLs name it: `upstream=openssl@3.0.11`.

Distributions build several packages from one source and publish advisories by source. The qualifier's forms are
`name`, `name@version` and, for rpm, the file name of the source package `openssl-3.0.7-27.el9.src.rpm`
(https://github.com/anchore/syft writes all three). It never looks at a package database.
"""

import re

BINARY_REBUILD = re.compile(r"\+b\d+\Z")
"""Debian's suffix of a package rebuilt without a change of source (Debian Developer's Reference, 5.10.2.1)."""


def source_version(kind: str, version: str) -> str:
    """Return the version of the source of a package that names none: its own, less Debian's `+bN`."""
    return BINARY_REBUILD.sub("", version) if kind == "deb" else version


def write(name: str, version: str, source_name: str, source_version: str) -> str:
    """Return the qualifier's value, "" if the source is named and numbered like the package."""
    if source_version == version:
        return "" if source_name == name else source_name
    return f"{source_name}@{source_version}"


def read(kind: str, name: str, version: str, qualifier: str) -> tuple[str, str]:
    """Return name and version of the source; those of the package where the qualifier does not say them."""
    if not qualifier:
        return name, source_version(kind, version)
    if kind == "rpm" and qualifier.endswith(".src.rpm"):
        stem, _, release = qualifier.removesuffix(".src.rpm").rpartition("-")
        stem, _, number = stem.rpartition("-")
        return (stem, f"{number}-{release}") if stem else (name, version)
    source, _, number = qualifier.partition("@")
    return source or name, number or version

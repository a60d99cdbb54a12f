"""Package URLs: the text that names one package of one ecosystem, parsed once.

Grammar and normalisation are packageurl-python's, after https://github.com/package-url/purl-spec. What lives here is
the border: bounds, our error, and a frozen value in place of a dict. It never looks at what is installed.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from envscout.errors import InvalidReference

MAX_LENGTH = 4096
"""Longest package URL that is read, in characters; real ones stay under 500."""


DISTRIBUTED = frozenset({"deb", "apk", "rpm", "alpm"})
"""Types of packages of a distribution: their namespace names the distribution and is no part of the name."""

_JOINED = {"maven": ":"}
"""How an ecosystem joins namespace and name, where it is not `/`."""


class Purl(msgspec.Struct, frozen=True):
    """One package URL. version, namespace and subpath are "" where absent; qualifiers are sorted pairs."""

    type: str
    namespace: str
    name: str
    version: str
    qualifiers: tuple[tuple[str, str], ...] = ()
    subpath: str = ""

    def qualifier(self, key: str) -> str:
        """Return the value of a qualifier, "" if there is none."""
        return next((value for name, value in self.qualifiers if name == key), "")

    @property
    def full_name(self) -> str:
        """Return the name as its ecosystem writes it: `@babel/core`, `org.slf4j:slf4j-api`, `libssl3`."""
        if not self.namespace or self.type in DISTRIBUTED:
            return self.name
        return f"{self.namespace}{_JOINED.get(self.type, '/')}{self.name}"

    def __str__(self) -> str:
        """Return the canonical text."""
        return build(self.type, self.name, self.version, self.namespace, self.qualifiers, self.subpath)


@lru_cache(maxsize=8192)
def parse(text: str) -> Purl:
    """Return the parts of a package URL, decoded and normalised for its type.

    Raises InvalidReference for anything that is no package URL or is longer than MAX_LENGTH.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidReference(f"a package URL of {len(text)} characters", f"At most {MAX_LENGTH} are read.")
    from packageurl import PackageURL

    try:
        text.encode()
        parts = PackageURL.from_string(text)
    except (ValueError, TypeError) as error:
        raise InvalidReference(f"not a package URL: {text[:200]!r}", "Write it as pkg:type/name@version.") from error
    return Purl(
        type=parts.type,
        namespace=parts.namespace or "",
        name=parts.name,
        version=parts.version or "",
        qualifiers=tuple(parts.qualifiers.items()),
        subpath=parts.subpath or "",
    )


def build(
    type: str,  # noqa: A002 - the word of the specification
    name: str,
    version: str = "",
    namespace: str = "",
    qualifiers: Sequence[tuple[str, str]] = (),
    subpath: str = "",
) -> str:
    """Return the canonical package URL of these parts; qualifiers without value are left out.

    Raises InvalidReference if there is no type or no name, or a qualifier's key is not one.
    """
    from packageurl import PackageURL

    try:
        return PackageURL(type, namespace, name, version, dict(qualifiers), subpath).to_string()
    except (ValueError, TypeError) as error:
        raise InvalidReference(f"no package URL can be made of {type[:50]!r}, {name[:200]!r}") from error

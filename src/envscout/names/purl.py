"""Package URLs: the text that names one package of one ecosystem, parsed once.

Grammar and normalisation are packageurl-python's, after https://github.com/package-url/purl-spec. What lives here is
the border: bounds, our error, a frozen value in place of a dict, and a quick way to read and write what most packages
are called (the library does 8,000 a second). It never looks at what is installed.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote, unquote

import msgspec

from envscout.errors import InvalidReference

MAX_LENGTH = 4096
"""Longest package URL that is read, in characters; real ones stay under 500."""


DISTRIBUTED = frozenset({"deb", "apk", "rpm", "alpm"})
"""Types of packages of a distribution: their namespace names the distribution and is no part of the name."""

_JOINED = {"maven": ":"}
"""How an ecosystem joins namespace and name, where it is not `/`."""


_SAFE = re.compile(r"[A-Za-z0-9._~:/-]*")
_NAME = re.compile(r"[^\s/]+")
_NAMESPACE = re.compile(r"(?:[^\s/]+(?:/[^\s/]+)*)?")
_VERSION = re.compile(r"\S*")
_KEY = re.compile(r"[a-z][a-z0-9._-]*")
_ESCAPE = re.compile("%[0-9a-f]{2}")
# What no parser reads in two ways: no white space, no second `@`, no `:` before the version, keys in lower case.
_PLAIN = re.compile(
    r"pkg:([a-z]+)/(?:(@?[!$-.0-9;<=>A-Z\[-~]+(?:/[!$-.0-9;<=>A-Z\[-~]+)*)/)?([!$-.0-9;<=>A-Z\[-~]+)"
    r"(?:@([!$->A-~]+))?(?:\?([a-z][a-z0-9._-]*=[!$%'->@-~]*(?:&[a-z][a-z0-9._-]*=[!$%'->@-~]*)*))?"
)
# Types whose names and namespaces the library leaves as they are, and those it only writes in lower case.
_AS_IT_IS = frozenset(
    {"cargo", "conan", "conda", "cran", "deb", "ebuild", "gem", "generic", "golang", "maven", "nuget", "rpm", "swift"}
)
_LOWER = frozenset({"alpm", "apk", "bitnami", "composer", "github", "hex", "npm", "pypi"})

_KEEP = frozenset({"npm", "bitnami"})
"""Of those in lower case the ones whose namespace is left as it is."""


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
        """Return the canonical text. Raises InvalidReference where that is longer than MAX_LENGTH."""
        return build(self.type, self.name, self.version, self.namespace, self.qualifiers, self.subpath)


@lru_cache(maxsize=8192)
def parse(text: str) -> Purl:
    """Return the parts of a package URL, decoded and normalised for its type.

    Raises InvalidReference for anything that is no package URL or is longer than MAX_LENGTH.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidReference(f"a package URL of {len(text)} characters", f"At most {MAX_LENGTH} are read.")
    plain = _PLAIN.fullmatch(text)
    return (plain and _quickly_parsed(*plain.groups(""))) or _slowly_parsed(text)


def _quickly_parsed(kind: str, namespace: str, name: str, version: str, query: str) -> Purl | None:
    """Return the parts where nothing but percent-encoding and case is to be decided, else None."""
    if kind not in _AS_IT_IS and kind not in _LOWER:
        return None
    if namespace[:1] == "@" and (kind != "npm" or "/" in namespace):
        return None
    if "%" in namespace or "%" in name or "%" in version:
        namespace = "/".join([unquote(segment) for segment in namespace.split("/")]) if namespace else ""
        name, version = unquote(name), unquote(version)
        if not (_NAME.fullmatch(name) and _VERSION.fullmatch(version) and _NAMESPACE.fullmatch(namespace)):
            return None
    if kind in _LOWER:
        namespace, name = _lowered(kind, namespace, name)
    pairs = [pair.partition("=") for pair in query.split("&")] if query else ()
    # As in the library, of one key given twice the last that says something counts.
    found = {key: unquote(value) if "%" in value else value for key, _, value in pairs if value}
    qualifiers = tuple(sorted((key, value) for key, value in found.items() if value.strip()))
    return Purl(kind, namespace, name, version, qualifiers)


def _lowered(kind: str, namespace: str, name: str) -> tuple[str, str]:
    name = name.lower()
    return namespace if kind in _KEEP else namespace.lower(), name.replace("_", "-") if kind == "pypi" else name


def _slowly_parsed(text: str) -> Purl:
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

    Raises InvalidReference if there is no type or no name, a qualifier's key is not one, or nobody could read the text
    because it is longer than MAX_LENGTH.
    """
    text = _quick(type, name, version, namespace, qualifiers, subpath) or _slow(
        type, name, version, namespace, qualifiers, subpath
    )
    if len(text) > MAX_LENGTH:
        raise InvalidReference(f"a package URL of {len(text)} characters", f"At most {MAX_LENGTH} are read.")
    return text


def split_name(kind: str, name: str) -> tuple[str, str]:
    """Return namespace and name of a package called as its ecosystem calls it; the reverse of `Purl.full_name`."""
    if kind in DISTRIBUTED:
        return "", name
    namespace, _, last = name.rpartition(_JOINED.get(kind, "/"))
    return namespace, last


def _quick(
    kind: str, name: str, version: str, namespace: str, qualifiers: Sequence[tuple[str, str]], subpath: str
) -> str:
    """Return the canonical text where nothing but percent-encoding and case is to be decided, else ""."""
    if subpath or not (_NAME.fullmatch(name) and _VERSION.fullmatch(version) and _NAMESPACE.fullmatch(namespace)):
        return ""
    if kind not in _AS_IT_IS:
        if kind not in _LOWER:
            return ""
        namespace, name = _lowered(kind, namespace, name)
    text = f"pkg:{kind}/{_encoded(namespace)}/{_encoded(name)}" if namespace else f"pkg:{kind}/{_encoded(name)}"
    if version:
        text += f"@{_encoded(version)}"
    given = sorted((key, value) for key, value in qualifiers if value.strip())
    if not all(_KEY.fullmatch(key) for key, _ in given) or len(dict(qualifiers)) < len(qualifiers):
        return ""
    return f"{text}?{'&'.join(f'{key}={_encoded(value)}' for key, value in given)}" if given else text


def _encoded(text: str) -> str:
    try:
        return text if _SAFE.fullmatch(text) else quote(text).replace("%3A", ":")
    except UnicodeEncodeError as error:
        raise InvalidReference(f"no package URL can hold {text[:200]!r}") from error


def _slow(
    kind: str, name: str, version: str, namespace: str, qualifiers: Sequence[tuple[str, str]], subpath: str
) -> str:
    from packageurl import PackageURL

    if kind in _LOWER:
        namespace, name = _lowered(kind, namespace, name)
    try:
        written = PackageURL(kind, namespace, name, version, dict(qualifiers), subpath).to_string()
    except (ValueError, TypeError) as error:
        raise InvalidReference(f"no package URL can be made of {kind[:50]!r}, {name[:200]!r}") from error
    # The library writes the escapes of some types' names in lower case; the specification has them in upper case.
    return _ESCAPE.sub(lambda match: match[0].upper(), written)

"""Every version scheme by name, and the one function that uses them. No rule of any scheme lives here.

A scheme's module is imported when the first version of that scheme is keyed: most runs need two or three of them.
"""

from collections.abc import Callable
from importlib import import_module

Rule = Callable[[str], bytes | None]

# Longer texts are no versions but attacks or accidents.
MAX_LENGTH = 512
# Both ends of a range stand in one row of an index, which PostgreSQL bounds to 2,704 bytes.
MAX_KEY_LENGTH = 1300


def _lazy(name: str) -> Rule:
    def rule(version: str) -> bytes | None:
        SCHEMES[name] = import_module(f"envscout.versions.{name}").key
        return SCHEMES[name](version)

    return rule


# Called directly, a rule expects at most MAX_LENGTH characters without space around them.
SCHEMES: dict[str, Rule] = {
    name: _lazy(name)
    for name in (
        "alpm",
        "apk",
        "bitnami",
        "composer",
        "conan",
        "cran",
        "deb",
        "ebuild",
        "gem",
        "hackage",
        "maven",
        "nuget",
        "openssl",
        "pep440",
        "pub",
        "rpm",
        "semver",
    )
}

RULES = {
    "alpm": "pacman",
    "apk": "apk",
    "bitnami": "Bitnami",
    "composer": "Composer",
    "conan": "Conan",
    "cran": "CRAN",
    "deb": "dpkg",
    "ebuild": "Portage",
    "gem": "RubyGems",
    "hackage": "Hackage",
    "maven": "Maven",
    "nuget": "NuGet",
    "openssl": "OpenSSL",
    "pep440": "PEP 440",
    "pub": "pub",
    "rpm": "rpm",
    "semver": "Semantic Versioning",
}
"""Whose rules each order follows, as people call them."""

# Other names people and purl types use for the same orders.
ALIASES = {
    "alpine": "apk",
    "arch": "alpm",
    "cargo": "semver",
    "dpkg": "deb",
    "gentoo": "ebuild",
    "go": "semver",
    "golang": "semver",
    "hex": "semver",
    "npm": "semver",
    "packagist": "composer",
    "pypi": "pep440",
    "rubygems": "gem",
    "swift": "semver",
}


def key(scheme: str, version: str) -> bytes | None:
    """Return the key of a version in a scheme, None if it has none.

    It has none where the scheme is unknown, the text is empty or longer than MAX_LENGTH characters, the key would be
    longer than MAX_KEY_LENGTH bytes, or the scheme's order has no place for it (a branch, a commit). Such a version is
    not assessable, which never means safe.
    Keys of different schemes must not be compared. Never raises.
    """
    rule = SCHEMES.get(scheme) or SCHEMES.get(ALIASES.get(scheme, ""))
    version = version.strip()
    if rule is None or not version or len(version) > MAX_LENGTH:
        return None
    found = rule(version)
    return found if found is None or len(found) <= MAX_KEY_LENGTH else None

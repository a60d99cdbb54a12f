"""One vulnerability in one package, as it is shown and as it is written to JSON."""

from typing import Annotated

import msgspec

LEVELS = {"unspecified": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}
"""Words of severity, and their order."""

WORDS = {level: word for word, level in LEVELS.items()}

Severity = Annotated[str, msgspec.Meta(pattern=f"^(?:{'|'.join(LEVELS)})$")]
"""A word of LEVELS: a finding that somebody sends along with another one is not read."""


class PackageRef(msgspec.Struct, frozen=True):
    """The package of a finding. type: purl type. source: the package it was built from, and is matched as."""

    purl: str
    name: str
    version: str
    type: str
    source: str = ""


class Cvss(msgspec.Struct, frozen=True):
    """A CVSS base score. vector, version: "" where only a score is known."""

    score: float
    vector: str = ""
    version: str = ""


class Epss(msgspec.Struct, frozen=True):
    """How likely the vulnerability is exploited within 30 days; both from 0 to 1."""

    score: float
    percentile: float


class Kev(msgspec.Struct, frozen=True):
    """Its entry in the catalog of known exploited vulnerabilities. added, due: YYYY-MM-DD, due "" if none."""

    added: str
    due: str = ""
    ransomware: bool = False


class Affected(msgspec.Struct, frozen=True, omit_defaults=True):
    """Versions that are affected. text: for people, such as ">=0.40.0, <0.46.2"; several ranges are parted by "||".

    introduced, fixed, last_affected: of the range that tells the fix; None where the advisory names none.
    """

    text: str
    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None


class Suppression(msgspec.Struct, frozen=True):
    """Why a finding does not count: somebody said so.

    source: `exception` or `vex`. kind: `accepted-risk`, `false-positive`, or the VEX status `not_affected` or `fixed`.
    justification: one of OpenVEX's five, "" if none. who: its owner or author. why: in their words. since, until:
    microseconds since 1970 UTC, None where nobody said. where: id of the exception or of the document.
    """

    source: str
    kind: str
    who: str = ""
    why: str = ""
    justification: str = ""
    since: int | None = None
    until: int | None = None
    where: str = ""


class Finding(msgspec.Struct, frozen=True):
    """One vulnerability in one package.

    aliases: its other names. advisories: ids of the records that say so. severity: a word of LEVELS.
    fixed_version: the oldest version that is above the installed one and fixes it, None if none is known.
    layer: diff_id. from_base: whether the base image alone brought the package, None where that is not known.
    published: microseconds since 1970 UTC, 0 if unknown. suppression: why it does not count, None where it does.
    """

    vulnerability: str
    package: PackageRef
    severity: Severity
    severity_source: str
    range: Affected
    aliases: tuple[str, ...] = ()
    advisories: tuple[str, ...] = ()
    cvss: Cvss | None = None
    epss: Epss | None = None
    kev: Kev | None = None
    fixed_version: str | None = None
    layer: str = ""
    locations: tuple[str, ...] = ()
    cwes: tuple[str, ...] = ()
    summary: str = ""
    description: str = ""
    published: int = 0
    url: str = ""
    references: tuple[str, ...] = ()
    from_base: bool | None = None
    suppression: Suppression | None = None

    @property
    def level(self) -> int:
        """Return the severity as a number, 0 to 4."""
        return LEVELS[self.severity]


class Summary(msgspec.Struct, frozen=True):
    """How many there are of each severity."""

    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    unspecified: int = 0
    total: int = 0


def word(level: int) -> str:
    """Return the lower-case word of a level."""
    return WORDS[level]

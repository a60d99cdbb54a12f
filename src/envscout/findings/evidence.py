"""What the join says of one package: the rows that become findings."""

import msgspec

from envscout.model import Epss, Kev, PackageRef


class Evidence(msgspec.Struct, frozen=True):
    """One advisory's range that holds one package: what the join returns, and what `merge.merge` takes.

    vulnerability: the name to show. aliases: all other names. low, high, fixed: as in `model.Range`; fix_key: byte key
    of fixed, b"" if there is none. word: the vendor's word for that package, or else for the record. stated: the
    score of the first vector, or one without a vector. published: microseconds since 1970 UTC. cve_vector, cve_score:
    of the CVE record. priority: Ubuntu's word of the CVE record. from_base: whether the base image brought
    the package, None where that is not known.
    """

    vulnerability: str
    advisory: str
    package: PackageRef
    aliases: tuple[str, ...] = ()
    low: str = ""
    high: str = ""
    fixed: str = ""
    fix_key: bytes = b""
    word: str = ""
    vectors: tuple[str, ...] = ()
    stated: float | None = None
    summary: str = ""
    details: str = ""
    published: int = 0
    cwes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    layer: str = ""
    locations: tuple[str, ...] = ()
    from_base: bool | None = None
    epss: Epss | None = None
    kev: Kev | None = None
    cve_vector: str = ""
    cve_score: float | None = None
    cve_description: str = ""
    priority: str = ""

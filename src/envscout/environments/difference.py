"""What would change if one environment became like another. Pure."""

from collections.abc import Iterable, Mapping

import msgspec


class Side(msgspec.Struct, frozen=True):
    """A service as one environment runs it. vulnerabilities: id -> severity word. known: the answer is not unknown."""

    references: tuple[str, ...]
    vulnerabilities: Mapping[str, str]
    known: bool = True


class Difference(msgspec.Struct, frozen=True):
    """One service: what moving from the present to the next side brings, fixes and keeps; ids in the order of severity.

    present, next: () where the service does not run there. severity: of each vulnerability. known: both answers are;
    else more may differ than is shown.
    """

    service: str
    present: tuple[str, ...]
    next: tuple[str, ...]
    introduced: tuple[str, ...]
    fixed: tuple[str, ...]
    kept: tuple[str, ...]
    severity: Mapping[str, str]
    known: bool

    @property
    def differs(self) -> bool:
        """Return whether the images or their vulnerabilities do."""
        return self.present != self.next or bool(self.introduced or self.fixed)


_ORDER = {"critical": 0, "high": 1, "medium": 2, "low": 3, "unspecified": 4}
_NOTHING = Side((), {})


def difference(present: Mapping[str, Side], following: Mapping[str, Side]) -> tuple[Difference, ...]:
    """Compare service by service, by name."""
    services = sorted({*present, *following})
    return tuple(_one(name, present.get(name, _NOTHING), following.get(name, _NOTHING)) for name in services)


def _one(service: str, before: Side, after: Side) -> Difference:
    severity = {**before.vulnerabilities, **after.vulnerabilities}

    def ordered(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(names, key=lambda name: (_ORDER.get(severity[name], 5), name)))

    return Difference(
        service=service,
        present=before.references,
        next=after.references,
        introduced=ordered(after.vulnerabilities.keys() - before.vulnerabilities.keys()),
        fixed=ordered(before.vulnerabilities.keys() - after.vulnerabilities.keys()),
        kept=ordered(before.vulnerabilities.keys() & after.vulnerabilities.keys()),
        severity=severity,
        known=before.known and after.known,
    )

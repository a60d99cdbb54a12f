"""What the ecosystem of a record means, remembered: thousands of records speak of the same names and versions."""

from functools import lru_cache

import msgspec

from envscout.names import ecosystem as ecosystems
from envscout.versions import key

_KEYS_KEPT = 300_000
_LONGEST_KEPT = 512
_NAMES_KEPT = 100_000


class Keys(dict[str, bytes | None]):
    """The keys of one scheme that were computed lately; many records name the same versions."""

    def __init__(self, scheme: str) -> None:
        self._scheme = scheme

    def __missing__(self, version: str) -> bytes | None:
        made = key(self._scheme, version)
        if len(self) >= _KEYS_KEPT:
            self.clear()
        if len(version) <= _LONGEST_KEPT:
            self[version] = made
        return made


class Spelling(dict[str, str]):
    """The normalised names of one ecosystem that were asked for lately."""

    def __init__(self, ecosystem: str) -> None:
        self._ecosystem = ecosystem

    def __missing__(self, name: str) -> str:
        if len(self) >= _NAMES_KEPT:
            self.clear()
        self[name] = made = ecosystems.normalise(self._ecosystem, name)
        return made


class Meaning(msgspec.Struct, frozen=True):
    """What a record's ecosystem means: its version order, and the ecosystems that packages are matched in."""

    scheme: str
    targets: tuple[str, ...]
    keys: Keys
    spelling: Spelling


@lru_cache(maxsize=64)
def _keys(scheme: str) -> Keys:
    return Keys(scheme)


@lru_cache(maxsize=1024)
def of_ecosystem(name: str) -> Meaning | None:
    """Return what an ecosystem means, None if no version order is known for it."""
    scheme = ecosystems.scheme(name)
    if scheme is None:
        return None
    targets = tuple(ecosystems.releases_of(name))
    return Meaning(scheme, targets, _keys(scheme), Spelling(ecosystems.canonical(name)))

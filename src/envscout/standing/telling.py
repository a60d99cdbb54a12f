"""News of what stands otherwise than the world was told. Reads names; writes nothing."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from envscout.model import News, NewsFacts
from envscout.model.finding import WORDS
from envscout.standing.fleet import Fleet
from envscout.standing.present import Present
from envscout.standing.turn import Turn, Why, turn
from envscout.store import Connection, standing
from envscout.store.standing import Key, Told

_PACKAGES = 5
_NAMED = 3
_NOWHERE = Told(0, b"")


class Compared(NamedTuple):
    """What stands beside what the world was told. changed: what is otherwise; None where it is gone.

    deployed: it was looked at because other images run.
    """

    present: Present
    fleet: Fleet
    told: Mapping[Key, Told]
    changed: Mapping[Key, Told | None]
    deployed: bool
    at: int


def news_of(connection: Connection, of: Compared) -> Iterator[News]:
    """Yield what is to be told, vulnerability by vulnerability."""
    withdrawn = standing.withdrawn(connection) if of.changed else set()
    turns: dict[Key, Turn] = {}
    for key, after in of.changed.items():
        what = turn(of.told.get(key), after, Why(of.deployed, key[0] in withdrawn))
        if what is not None:
            turns[key] = what
    held = _Held(of.present, of.fleet, turns)
    chosen = {key: held(key) for key in sorted(turns)}
    purls = standing.purls(connection, {each for few in chosen.values() for each in few})
    places = standing.environments(connection)
    names = {number: name for (_, name), number in standing.services(connection).items()}
    for key, few in chosen.items():
        what, after, before = turns[key], of.changed[key], of.told.get(key)
        signal = of.present.signals[key[0]]
        organization, environment = places[key[1]]
        numbers = (after or before or _NOWHERE).numbers
        count, services = len(numbers), [names[each] for each in numbers[:_NAMED]]
        yield News(
            kind=what.kind,
            at=of.at,
            organization=organization,
            environment=environment,
            service=services[0] if count == 1 else "",
            vulnerability=signal.name,
            severity=WORDS[(after if what.kind != "resolved" and after else before or after).level],  # type: ignore[union-attr]
            direction=what.direction,
            cause=what.cause,
            facts=NewsFacts(
                text=_text(what, services, count, withdrawn=key[0] in withdrawn),
                before=WORDS[before.level] if before and not before.suppressed else "",
                kev=signal.kev,
                epss=signal.score,
                fixable=bool(after and after.fixed),
                packages=tuple([purls[each] for each in few if each in purls]),
            ),
        )


class _Held:
    """A few of the packages that have a vulnerability in an environment."""

    def __init__(self, found: Present, fleet: Fleet, wanted: Iterable[Key]) -> None:
        self._found = found
        self._fleet = fleet
        self._places: dict[int, list[int]] = {}
        self._vuln_id = 0
        self._few: dict[int, list[int]] = {}
        self._count = Counter(vuln_id for vuln_id, _ in wanted)

    def __call__(self, key: Key) -> list[int]:
        """Return them; best asked for one vulnerability after the other."""
        if key[0] != self._vuln_id:
            self._vuln_id, self._few = key[0], defaultdict(list)
            left = _PACKAGES * self._count[key[0]]
            for pkg_id, slots in self._found.packages.get(key[0], ()):
                if pkg_id not in self._places:
                    self._places[pkg_id] = self._fleet.among(slots)
                for env_id in self._places[pkg_id]:
                    few = self._few[env_id]
                    if len(few) < _PACKAGES:
                        few.append(pkg_id)
                        left -= 1
                if left <= 0:
                    break
        return self._few.get(key[1], [])


def _text(what: Turn, services: list[str], count: int, *, withdrawn: bool) -> str:
    where = ", ".join(services) + (f" and {count - len(services)} more" if count > len(services) else "")
    if what.kind == "resolved":
        if what.cause == "advisory":
            return "its advisories were withdrawn" if withdrawn else "its advisories do not speak of what runs any more"
        return {"exception": "somebody said that it does not count"}.get(
            what.cause, "nothing that has it runs any more"
        )
    return f"in {where}" if where else ""

"""News of what stands otherwise than the world was told. Reads names; writes nothing."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
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
    turns = _turns(of, withdrawn)
    within: dict[int, set[int]] = {}
    held = {vuln_id: _held(of, vuln_id, found.keys(), within) for vuln_id, found in turns.items()}
    purls = standing.purls(connection, {each for found in held.values() for few in found.values() for each in few})
    places = standing.environments(connection)
    names = {number: name for (_, name), number in standing.services(connection).items()}
    said: dict[tuple[int, ...], tuple[str, ...]] = {}
    # Few vulnerabilities are in services where no other one is.
    seen: dict[bytes, _Place] = {}
    for vuln_id, found in turns.items():
        signal, is_withdrawn = of.present.signals[vuln_id], vuln_id in withdrawn
        for env_id, what in found.items():
            key = (vuln_id, env_id)
            after, before = of.changed[key], of.told.get(key)
            few = held[vuln_id].get(env_id, ())
            if few not in said:
                said[few] = tuple([purls[each] for each in few if each in purls])
            organization, environment = places[env_id]
            where = (after or before or _NOWHERE).services
            if where not in seen:
                seen[where] = _where((after or before or _NOWHERE).numbers, names)
            yield News(
                kind=what.kind,
                at=of.at,
                organization=organization,
                environment=environment,
                service=seen[where].service,
                vulnerability=signal.name,
                severity=WORDS[(after if what.kind != "resolved" and after else before or after).level],  # type: ignore[union-attr]
                direction=what.direction,
                cause=what.cause,
                facts=NewsFacts(
                    text=seen[where].text if what.kind != "resolved" else _why(what.cause, withdrawn=is_withdrawn),
                    before=WORDS[before.level] if before and not before.suppressed else "",
                    kev=signal.kev,
                    epss=signal.score,
                    fixable=bool(after and after.fixed),
                    packages=said[few],
                ),
            )


def _turns(of: Compared, withdrawn: Collection[int]) -> dict[int, dict[int, Turn]]:
    """Return what became of what changed, by vulnerability and environment, both rising."""
    found: dict[int, dict[int, Turn]] = defaultdict(dict)
    # Mostly it is there and was not.
    came = turn(None, _NOWHERE, Why(of.deployed))
    for key in sorted(of.changed):
        before, after = of.told.get(key), of.changed[key]
        is_new = before is None and after is not None and not after.suppressed
        what = came if is_new else turn(before, after, Why(of.deployed, key[0] in withdrawn))
        if what is not None:
            found[key[0]][key[1]] = what
    return found


def _held(
    of: Compared, vuln_id: int, env_ids: Collection[int], places: dict[int, set[int]]
) -> dict[int, tuple[int, ...]]:
    """Return a few of the packages that have a vulnerability in each environment.

    Most packages are in most environments: those that have the same ones so far are looked at together.
    """
    held: dict[int, tuple[int, ...]] = {}
    alike: list[tuple[set[int], tuple[int, ...]]] = [(set(env_ids), ())]
    for pkg_id, slots in of.present.packages.get(vuln_id, ()):
        if pkg_id not in places:
            places[pkg_id] = set(of.fleet.among(slots))
        apart = []
        for here, few in alike:
            both, others = here & places[pkg_id], here - places[pkg_id]
            if both and len(few) + 1 == _PACKAGES:
                held.update(dict.fromkeys(both, (*few, pkg_id)))
            elif both:
                apart.append((both, (*few, pkg_id)))
            if others:
                apart.append((others, few))
        alike = apart
        if not alike:
            break
    for here, few in alike:
        held.update(dict.fromkeys(here, few))
    return held


class _Place(NamedTuple):
    """Services in words. service: the only one, "" where there are several."""

    service: str
    text: str


def _where(numbers: Sequence[int], names: Mapping[int, str]) -> _Place:
    named = [names[each] for each in numbers[:_NAMED]]
    more = f" and {len(numbers) - len(named)} more" if len(numbers) > len(named) else ""
    return _Place(named[0] if len(numbers) == 1 else "", f"in {', '.join(named)}{more}" if named else "")


def _why(cause: str, *, withdrawn: bool) -> str:
    if cause == "advisory":
        return "its advisories were withdrawn" if withdrawn else "its advisories do not speak of what runs any more"
    return {"exception": "somebody said that it does not count"}.get(cause, "nothing that has it runs any more")

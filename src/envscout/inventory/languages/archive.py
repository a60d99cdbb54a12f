"""Packages inside archives: members of a zip file are read like files, and say where in it they lie."""

import re
from collections.abc import Callable, Iterable

import msgspec

from envscout.inventory import zips
from envscout.inventory.record import Reading, damaged, merged

MAX_MEMBER = 16 << 20
"""Bytes of one member that is read."""

MAX_READ = 256 << 20
"""Bytes of all members of one archive, and of the archives in it, that are read."""

MAX_WANTED = 10_000
"""Members of one archive that are read."""

MAX_DEPTH = 3
"""How deep archives in archives are read."""

Rule = tuple[re.Pattern[str], Callable[[str, bytes], Reading]]
"""Members whose whole name fits are read by this function, given a path and bytes."""


class _Budget:
    def __init__(self) -> None:
        self.left = MAX_READ


def read(path: str, data: bytes, rules: Iterable[Rule], nested: re.Pattern[str] | None = None) -> Reading:
    """Return what the wanted members of an archive say.

    nested: whose whole name fits is an archive of the same kind. Whatever cannot be read is a Problem beside the rest.
    """
    return _archive(path, "", data, tuple(rules), nested, _Budget())


def _archive(
    path: str, above: str, data: bytes, rules: tuple[Rule, ...], nested: re.Pattern[str] | None, budget: _Budget
) -> Reading:
    readings: list[Reading] = []
    place = f"{path}!/{above}" if above else path
    try:
        for member in zips.members(data):
            if nested and nested.fullmatch(member.name):
                readings.append(_nested(path, above, data, member, rules, nested, budget))
            rule = next((rule for rule in rules if rule[0].fullmatch(member.name)), None)
            if rule and len(readings) < MAX_WANTED:
                readings.append(_member(path, above, _content(data, member, MAX_MEMBER, budget), member.name, rule[1]))
            if len(readings) >= MAX_WANTED:
                raise zips.Damaged(f"only {MAX_WANTED} of its members are read")
    except zips.Damaged as error:
        readings.append(Reading(problems=(damaged(place, f"{error}; the rest is not listed"),)))
    return merged(readings)


def _nested(
    path: str,
    above: str,
    data: bytes,
    member: zips.Member,
    rules: tuple[Rule, ...],
    nested: re.Pattern[str],
    budget: _Budget,
) -> Reading:
    inside = f"{above}{member.name}!/"
    if inside.count("!/") >= MAX_DEPTH:
        return Reading(problems=(damaged(f"{path}!/{above}", f"{member.name!r} lies too deep in archives to be read"),))
    return _archive(path, inside, _content(data, member, budget.left, budget), rules, nested, budget)


def _content(data: bytes, member: zips.Member, limit: int, budget: _Budget) -> bytes:
    plain = zips.content(data, member, min(limit, budget.left))
    budget.left -= len(plain)
    return plain


def _member(path: str, above: str, data: bytes, name: str, function: Callable[[str, bytes], Reading]) -> Reading:
    reading = function(f"{path}!/{above}{name}", data)
    records = tuple(msgspec.structs.replace(found, inside=f"{above}{name}") for found in reading.records)
    return Reading(records, reading.problems)

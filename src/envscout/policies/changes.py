"""What is different between two sets of policies, in words. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from envscout.policies.policy import Policy
from envscout.policies.writing import document


class Change(msgspec.Struct, frozen=True):
    """One policy that came (`added`), went (`removed`) or is other than it was (`changed`). details: what of it."""

    policy: str
    what: str
    details: tuple[str, ...] = ()


def changes(before: Iterable[Policy], after: Iterable[Policy]) -> tuple[Change, ...]:
    """Return what became of each policy, in the order of the newer ones; those that went come last."""
    old, new = ({each["id"]: each for each in document(side)["policies"]} for side in (before, after))
    found = [
        Change(name, "changed", tuple(_differences(old[name], entry))) if name in old else Change(name, "added")
        for name, entry in new.items()
        if old.get(name) != entry
    ]
    return (*found, *(Change(name, "removed") for name in old if name not in new))


def _differences(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    left, right = ({**each, **each.get("config", {})} for each in (before, after))
    for key in dict.fromkeys((*left, *right)):
        if key != "config" and left.get(key) != right.get(key):
            yield f"{key}: {_shown(left.get(key))} → {_shown(right.get(key))}"


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "as usual" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

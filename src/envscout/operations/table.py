"""Every operation by name, and the action that a role must allow for it. An operation is the verb of its name."""

from collections.abc import Callable, Mapping
from typing import Any

from envscout.access.roles import Action

OPERATIONS: Mapping[str, Action] = {
    "ask.environments": "read",
    "ask.running": "read",
    "ask.history": "read",
    "ask.feed_status": "read",
    "locate.where": "read",
    "record.many": "record",
    "record.record": "record",
    "record.remove": "record",
    "upload.document": "record",
    "upload.inventory": "record",
    "whole.environments": "read",
    "whole.names": "read",
    "tokens.create": "own",
    "tokens.listed": "own",
    "tokens.revoke": "own",
    "members.add": "own",
    "members.listed": "own",
    "members.remove": "own",
    "trust.add": "own",
    "trust.listed": "own",
    "trust.remove": "own",
    "audit.listed": "own",
    "audit.verify": "own",
}
"""`module.function` of envscout.verbs -> the action it is."""


def name_of(verb: Callable[..., Any]) -> str:
    """Return the name of a verb, whether it is an operation or not."""
    return f"{verb.__module__.rpartition('.')[2]}.{verb.__name__}"

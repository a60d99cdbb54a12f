"""Roles, and what each of them may do."""

from collections.abc import Mapping
from typing import Literal

Action = Literal["read", "record", "operate", "own"]
"""read: ask. record: say what runs where, and upload what is in images. operate: policies, exceptions, feeds, channels.
own: members, tokens, trust, audit."""

Role = Literal["viewer", "recorder", "operator", "owner"]

ROLES: Mapping[Role, frozenset[Action]] = {
    "viewer": frozenset({"read"}),
    "recorder": frozenset({"read", "record"}),
    "operator": frozenset({"read", "record", "operate"}),
    "owner": frozenset({"read", "record", "operate", "own"}),
}

"""Roles, and what each of them may do."""

from collections.abc import Mapping
from typing import Literal

Action = Literal["read", "record", "observe", "operate", "own"]
"""read: ask. record: say what runs where, and upload what is in images. observe: say what was seen to run, which the
gate believes. operate: policies, exceptions, feeds, channels. own: members, tokens, trust, audit."""

Role = Literal["viewer", "recorder", "watcher", "operator", "owner"]

ROLES: Mapping[Role, frozenset[Action]] = {
    "viewer": frozenset({"read"}),
    "recorder": frozenset({"read", "record"}),
    "watcher": frozenset({"read", "record", "observe"}),
    "operator": frozenset({"read", "record", "observe", "operate"}),
    "owner": frozenset({"read", "record", "observe", "operate", "own"}),
}

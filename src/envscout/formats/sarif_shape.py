"""The parts of a SARIF document that are made by the thousand."""

from typing import Any

import msgspec


class Message(msgspec.Struct, omit_defaults=True):
    """Words, and the same as Markdown."""

    text: str
    markdown: str = ""


class Rule(msgspec.Struct, omit_defaults=True, rename="camel"):
    """What a result is about."""

    id: str
    name: str = ""
    short_description: Message | None = None
    full_description: Message | None = None
    help_uri: str = ""
    help: Message | None = None
    default_configuration: dict[str, str] = {}
    properties: dict[str, Any] = {}


class Artifact(msgspec.Struct):
    """A file."""

    uri: str


class Region(msgspec.Struct, rename="camel"):
    """A place in a file; a package has none, and code scanning wants one."""

    start_line: int = 1


class Physical(msgspec.Struct, rename="camel"):
    """A place in a file."""

    artifact_location: Artifact
    region: Region


class Logical(msgspec.Struct, rename="camel"):
    """A package or a layer."""

    name: str
    fully_qualified_name: str
    kind: str


class Location(msgspec.Struct, rename="camel", omit_defaults=True):
    """Where a result is."""

    physical_location: Physical
    logical_locations: list[Logical] = []


class Result(msgspec.Struct, omit_defaults=True, rename="camel"):
    """A vulnerability of a package."""

    rule_id: str
    rule_index: int
    level: str
    message: Message
    locations: list[Location]
    partial_fingerprints: dict[str, str]
    properties: dict[str, Any]
    kind: str = ""
    baseline_state: str = ""
    suppressions: list[dict[str, Any]] = []

"""The parts of a SARIF document that are made by the thousand."""

from typing import Any

import msgspec

from envscout.model import Cvss, Epss, Kev


class Message(msgspec.Struct, omit_defaults=True, gc=False):
    """Words, and the same as Markdown."""

    text: str
    markdown: str = ""


class Facts(msgspec.Struct, omit_defaults=True, gc=False):
    """What is known of a vulnerability, by the names that code scanning and Docker Scout have for it."""

    affected_version: str
    fixed_version: str
    purl: str
    severity: str
    severity_source: str
    tags: tuple[str, ...]
    security_severity: str = msgspec.field(default="", name="security-severity")
    cvss: Cvss | None = None
    epss: Epss | None = None
    kev: Kev | None = None


class Rule(msgspec.Struct, omit_defaults=True, rename="camel", gc=False):
    """What a result is about."""

    id: str
    name: str = ""
    short_description: Message | None = None
    full_description: Message | None = None
    help_uri: str = ""
    help: Message | None = None
    default_configuration: dict[str, str] = {}
    properties: Facts | None = None


class Prints(msgspec.Struct, gc=False, rename="camel"):
    """What makes it the same result in the next version of the image."""

    primary_location_line_hash: str


class Artifact(msgspec.Struct, gc=False):
    """A file."""

    uri: str


class Region(msgspec.Struct, rename="camel", gc=False):
    """A place in a file; a package has none, and code scanning wants one."""

    start_line: int = 1


class Physical(msgspec.Struct, rename="camel", gc=False):
    """A place in a file."""

    artifact_location: Artifact
    region: Region


class Logical(msgspec.Struct, rename="camel", gc=False):
    """A package or a layer."""

    name: str
    fully_qualified_name: str
    kind: str


class Location(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """Where a result is."""

    physical_location: Physical
    logical_locations: list[Logical] = []


class Result(msgspec.Struct, omit_defaults=True, rename="camel", gc=False):
    """A vulnerability of a package."""

    rule_id: str
    rule_index: int
    level: str
    message: Message
    locations: list[Location]
    partial_fingerprints: Prints
    properties: dict[str, Any]
    kind: str = ""
    baseline_state: str = ""
    suppressions: list[dict[str, Any]] = []

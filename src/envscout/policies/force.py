"""Which policies are in force where: the environment's, else its organization's, else the standard ones. Pure."""

from collections.abc import Iterable
from functools import cached_property

import msgspec

from envscout.policies.policy import Policy, standard
from envscout.policies.reading import Section, resolved
from envscout.policies.writing import identity


class Applied(msgspec.Struct, frozen=True):
    """A section of a file as somebody put it in force. environment: "" for the organization's default.

    at: microseconds since 1970 UTC. digest: of the whole file, `sha256:...`; file: what it was called.
    """

    organization: str
    environment: str
    at: int
    digest: str
    section: Section
    file: str = ""
    actor: str = ""
    source: str = ""
    commit: str = ""
    run_url: str = ""

    @property
    def scope(self) -> str:
        """Return what it is in force for, in words."""
        if self.environment:
            return f"environment {self.environment} of {self.organization}"
        return f"organization {self.organization}"


class Effective(msgspec.Struct, frozen=True, dict=True):
    """Policies and where they come from.

    source: `environment`, `organization`, `standard`, or on the command line `file`, `directory`, `bundle`, `config`.
    where: names of those files. applied: the section that was found, None where none was.
    """

    policies: tuple[Policy, ...]
    source: str
    where: str = ""
    applied: Applied | None = None

    @cached_property
    def digest(self) -> str:
        """Return what tells these policies from others: `sha256:...`."""
        return identity(self.policies)


def in_force(applied: Iterable[Applied], environment: str) -> Effective:
    """Return what is in force in an environment ("" for none), of the newest sections of one organization's scopes."""
    found = {each.environment: each for each in applied}
    default, own = found.get(""), found.get(environment) if environment else None
    organization = resolved(default.section, default.scope) if default else standard()
    if own:
        return Effective(resolved(own.section, own.scope, organization), "environment", applied=own)
    return Effective(organization, "organization" if default else "standard", applied=default)

"""What the commands that give and take access share: flags, and moments to come."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from envscout.access.roles import ROLES

F = TypeVar("F", bound=Callable[..., Any])


def role(command: F) -> F:
    """Add --role."""
    text = "What they may do; each role may do what the one before may, too."
    return click.option("--role", type=click.Choice(tuple(ROLES)), required=True, help=text)(command)


def org(command: F) -> F:
    """Add --org, where none means the whole instance."""
    text = "Organization; by default as configured, else the whole instance."
    return click.option("--org", default="", metavar="NAME", help=text)(command)


def env(command: F) -> F:
    """Add --env."""
    return click.option("--env", "environment", default="", metavar="ENV", help="Only for one environment.")(command)


def later(text: str) -> int | None:
    """Return a moment to come, None for never. Raise UsageError."""
    if not text:
        return None
    from envscout.names import moment
    from envscout.store import now

    return moment.to_come(text, now())


def shown(moment_: int | None, otherwise: str) -> str:
    """Write a moment, or what there is instead of one."""
    from envscout.names import moment

    return otherwise if moment_ is None else moment.show(moment_)

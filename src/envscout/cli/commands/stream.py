"""`envscout stream`: what Docker Scout called `environment` at first."""

from typing import Any

import click

from envscout.cli.commands.environment import command as environment
from envscout.cli.session import Session


def _run(**flags: Any) -> Any:
    Session.warn("`stream` is deprecated: it is called `environment`")
    assert environment.callback is not None
    return environment.callback(**flags)


command = click.Command(
    "stream",
    params=environment.params,
    callback=_run,
    help="Deprecated: the same as `environment`.",
    hidden=True,
    options_metavar="[OPTIONS]",
)

"""What the commands of `envscout notify` share: addresses from elsewhere, and keys that are told once."""

import os
import sys
from typing import TYPE_CHECKING

import click

from envscout.cli.session import Session
from envscout.errors import UsageError

if TYPE_CHECKING:
    from envscout.verbs.channels import Made


def tell_secret(made: "Made") -> None:
    """Write the key that signs, which is told once, as the last line of the answer."""
    if made.secret:
        Session.warn("this key verifies what the web hook is sent; it is not shown again")
        click.echo(made.secret)


def given(address: str) -> str:
    """Return an address, taken from where it says: `env:NAME`, or `-` for standard input. Raise UsageError."""
    if address == "-":
        return sys.stdin.readline().strip()
    if not address.startswith("env:"):
        return address
    found = os.environ.get(address[4:], "")
    if not found:
        raise UsageError(f"there is no variable {address[4:][:80]!r}", "set it, or write the address itself")
    return found.strip()

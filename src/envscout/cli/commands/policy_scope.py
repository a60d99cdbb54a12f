"""Whose policies a command is about."""

from envscout.cli import options
from envscout.cli.session import Session
from envscout.errors import UsageError


def owner(session: Session, asked: str) -> str:
    """Return the organization: as asked for, configured, or the only one there is. Raise UsageError for several."""
    from envscout.verbs import govern

    named = options.whose(session, asked)
    if named:
        return named
    there = session.call(govern.organizations)
    if len(there) > 1:
        raise UsageError(f"there are several organizations: {', '.join(there[:20])}", "say which with --org")
    return there[0] if there else "library"

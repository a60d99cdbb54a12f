"""Listing environments, what runs in one, and what was ever recorded."""

from typing import TYPE_CHECKING

from envscout.cli import options
from envscout.cli.session import Session
from envscout.cli.show.documents import said as document
from envscout.cli.show.table import inert
from envscout.names import moment

if TYPE_CHECKING:
    from envscout.cli.commands.environment_flags import Flags
    from envscout.model import Deployment, Event


def list_environments(session: Session, asked: "Flags") -> None:
    """List the names, one a line."""
    from envscout.verbs import ask

    rows = session.call(ask.environments, options.scope(session, asked.org, at=asked.at))
    options.tell(asked.form, "environments", rows, dict.fromkeys(row.name for row in rows))


def list_running(session: Session, asked: "Flags", environment: str) -> None:
    """List what runs, one `repository:tag@digest` a line. Raise NotFound for an environment nobody recorded to."""
    from envscout.environments.naming import Naming
    from envscout.verbs import ask

    scope = options.scope(session, asked.org, environment, asked.service, at=asked.at)
    wanted = Naming(platform=asked.platform)
    running = [each.deployment for each in session.call(ask.running, scope) if wanted(each.deployment)]
    if not running:
        whose = f" in organization {scope.organization}" if scope.organization else ""
        session.warn(f"No image recorded to environment {environment}{whose}")
    options.tell(asked.form, "deployments", [document(each) for each in running], [_line(each) for each in running])


def list_events(session: Session, asked: "Flags", environment: str, repository: str = "") -> None:
    """List what was said of an environment, newest first."""
    from envscout.cli.show.table import table
    from envscout.verbs import ask

    scope = options.scope(session, asked.org, environment, repository or asked.service, at=asked.at)
    events = session.call(ask.history, scope)
    head = ("When", "What", "Service", "Image", "Platform", "Who", "Commit", "Run")
    options.tell(
        asked.form, "events", [document(each) for each in events], table(head, [_row(each) for each in events])
    )


def list_drift(session: Session, asked: "Flags", environment: str = "") -> None:
    """List what does not run what was said, and whose tags moved; and where nobody looks any more."""
    from envscout.cli.show.table import table
    from envscout.standing.drifting import words
    from envscout.verbs import drift

    found = session.call(drift.drift, options.scope(session, asked.org, environment))
    for each in found:
        if each.stale and each.looked_at:
            session.warn(f"{each.environment}: {each.actor} looked last on {moment.show(each.looked_at)}")
        elif each.looked_at is None and environment:
            session.warn(f"nobody looks at what runs in {environment}: `envscout watch kubernetes` does")
    rows = [(each.environment, one.service, one.kind, words(one)) for each in found for one in each.drifts]
    head = ("Environment", "Service", "What", "How")
    told = table(head, rows) if rows else ["    nothing drifted, as far as anybody looks"]
    options.tell(asked.form, "drift", found, told)


def _line(running: "Deployment") -> str:
    name = (running.reference or running.service).partition("@")[0]
    return inert(f"{name}@{running.digest}")


def _row(event: "Event") -> tuple[str, ...]:
    image = event.reference or event.digest[:19]
    said = (event.actor, event.commit[:12], event.run_url)
    return (moment.show(event.at), event.action, event.service, image, event.platform, *said)

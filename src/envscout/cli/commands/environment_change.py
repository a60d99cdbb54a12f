"""Recording an image into an environment, and removing one."""

import os

import click
import msgspec

from envscout.cli import options
from envscout.cli.commands.environment_flags import Flags
from envscout.cli.session import Session
from envscout.cli.show.documents import said as document
from envscout.cli.show.table import inert
from envscout.environments import origin, scope
from envscout.environments.naming import naming
from envscout.errors import NotFound, UsageError
from envscout.model import Event
from envscout.names.reference import Reference, parse
from envscout.verbs import ask, look
from envscout.verbs import record as recording

RESERVED = ("drift", "history", "remove", "sync")


def record(session: Session, asked: Flags, environment: str, text: str) -> None:
    """Look into an image and record that it runs from now on."""
    if environment in RESERVED:
        raise UsageError(f"an environment cannot be called {environment!r}", "that word is a form of `environment`")
    reference = parse(text)
    service = asked.service or reference.service
    if not service:
        raise UsageError(
            "a directory, archive or SBOM has no repository to name its service after", "add --service NAME"
        )
    digest = _image(session, asked, reference)
    organization = scope.organization(asked.org, session.settings.text("organization"), reference.organization)
    event = _event(asked, organization, environment, service, asked.platform)
    action = "add" if asked.add else "record"
    event = msgspec.structs.replace(event, action=action, digest=digest, reference=reference.familiar)
    done = session.call(recording.record, event)
    for each in done.ended:
        session.warn(f"{each.reference} no longer runs in {environment}")
    _told(asked, "recorded", done.event, f"Successfully recorded {event.reference} in environment {environment}")


def _image(session: Session, asked: Flags, reference: Reference) -> str:
    """Return the digest of the image, looking into it unless told not to."""
    if asked.no_index:
        image = look.resolve(reference, platform=asked.platform)
        if session.call(recording.keep_unindexed, image):
            session.warn(f"{reference.familiar} was not looked into: what is in it stays unknown")
        return image.digest
    from envscout.cli.indexing import index_shown

    indexed = index_shown(
        session, reference, platform=asked.platform, archive_ref=asked.ref, sbom_source=asked.sbom_source
    )
    return indexed.image.digest


def remove(session: Session, asked: Flags, environment: str, text: str) -> None:
    """Record that a service, or one image of it (`repo:tag`, `repo@digest`), no longer runs."""
    if not text.strip():
        # An unset variable of a script must not end everything that runs.
        raise UsageError("the name of what to remove is empty", f"`envscout environment {environment}` lists what runs")
    asked_about = options.scope(session, asked.org, environment, text)
    running = [
        each.deployment
        for each in session.call(ask.running, asked_about)
        if asked.platform in ("", each.deployment.platform)
    ]
    chosen = [each for each in running if naming(text)(each)]
    if not chosen:
        raise NotFound(f"{text} does not run in {environment}", f"`envscout environment {environment}` lists what does")
    owners = sorted({each.organization for each in chosen})
    if len(owners) > 1:
        raise UsageError(f"{text} runs in {environment} of {', '.join(owners)}", "say which with --org")
    for each in chosen:
        event = _event(asked, each.organization, environment, each.service, each.platform)
        done = session.call(recording.remove, msgspec.structs.replace(event, action="remove", digest=each.digest))
        _told(asked, "removed", done.event, f"Removed {each.reference} ({each.service}) from environment {environment}")


def _event(asked: Flags, organization: str, environment: str, service: str, platform: str) -> Event:
    said = origin.detect(os.environ)
    return Event(
        organization=organization,
        environment=environment,
        service=service,
        action="",
        at=0,
        platform=platform,
        actor=asked.actor or said.actor,
        source=said.source,
        commit=asked.commit or said.commit,
        run_url=asked.run_url or said.run_url,
    )


def _told(asked: Flags, kind: str, event: Event, text: str) -> None:
    options.tell(asked.form, kind, document(event), [f"    {click.style('✓', fg='green')} {inert(text)}"])

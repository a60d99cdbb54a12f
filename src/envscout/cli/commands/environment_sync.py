"""`envscout environment sync`: make an environment what a source says of it."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
import msgspec

from envscout.cli import options
from envscout.cli.commands.environment_sources import declared
from envscout.cli.session import Session
from envscout.cli.show import sync as show
from envscout.environments import origin
from envscout.environments.drift import OBSERVED
from envscout.environments.owning import owner
from envscout.errors import EnvscoutError, NotFound, SourceError
from envscout.model import Event, Problem
from envscout.names.reference import Reference, parse
from envscout.verbs import ask
from envscout.verbs.become import Goal, become, observe
from envscout.watch.declared import references

if TYPE_CHECKING:
    from envscout.cli.commands.environment_flags import Flags, Sources
    from envscout.watch.declared import Named


_HINTS = {
    "inactive-profile": "name a profile that is to be active with --profile NAME",
    "build-only": "give what is built an `image`",
    "provided": "leave to its program what runs no image",
}
"""What to do about services that are there, and of which none is known to run."""


class _Call(msgspec.Struct, frozen=True):
    """One call of the command."""

    session: Session
    asked: "Flags"
    sources: "Sources"


class _Found(msgspec.Struct):
    """What references led to. kept: services of which it cannot be told what they are to run."""

    events: list[Event] = []
    problems: list[Problem] = []
    kept: set[str] = set()


def sync(session: Session, asked: "Flags", sources: "Sources", environment: str, more: Sequence[str]) -> None:
    """Make an environment equal to a source, and tell what that changed. Exit with 1 where not all could be told."""
    kind, told = declared(sources, more)
    for each in told.notes:
        session.warn(f"{each.where}: {each.message}")
    if kind != "docker" and not told.says_something:
        hints = [hint for code, hint in _HINTS.items() if code in {each.code for each in told.notes}]
        raise SourceError(
            "the source names nothing that runs, and what names nothing empties no environment",
            f"{', or '.join(hints) or 'check what wrote it'}; `envscout environment remove` ends what runs",
        )
    call = _Call(session, asked, sources)
    named = references(told)
    said = _said(asked, _organization(call, environment, named), environment, kind)
    found = _found(call, said, named, told.problems)
    # Where a reference cannot be read at all, anything that runs may be what it means.
    whole = not sources.partial and not any(each.code == "unclear-reference" for each in found.problems)
    goal = Goal(said, tuple(found.events), tuple(sorted(found.kept)), whole)
    verb = observe if said.source in OBSERVED else become
    became = session.call(verb, goal, unindexed=asked.no_index, dry=sources.dry_run)
    refused = [
        Problem("refused", f"{each.problem}; {each.next_step}", f"service {each.event.service}")
        for each in became.outcomes
        if each.state == "refused"
    ]
    problems = [*found.problems, *refused]
    for one in problems:
        session.fail(f"{one.where}: {one.message}")
    if not whole and not sources.partial:
        session.warn("nothing was removed, as what could not be read may name what runs")
    shown = show.Synced(said, became.changes, problems, told.notes, sources.dry_run)
    options.tell(asked.form, "sync", show.document(shown), show.lines(shown))
    if problems:
        raise click.exceptions.Exit(1)


def _organization(call: _Call, environment: str, named: "Sequence[Named]") -> str:
    """Return whose the environment is: as asked for or configured, else as it is and its images are."""
    if name := call.asked.org or call.session.settings.text("organization"):
        return name
    scope = options.scope(call.session, "", "")
    having = [each.organization for each in call.session.call(ask.environments, scope) if each.name == environment]
    return owner(environment, having, (each.reference.organization for each in named if each.reference))


def _said(asked: "Flags", organization: str, environment: str, kind: str) -> Event:
    by = origin.detect(os.environ)
    return Event(
        organization=organization,
        environment=environment,
        service="",
        action="",
        at=0,
        platform=asked.platform,
        actor=asked.actor or by.actor,
        source={"file": by.source, "kubernetes": "manifests"}.get(kind, kind),
        commit=asked.commit or by.commit,
        run_url=asked.run_url or by.run_url,
    )


def _found(call: _Call, said: Event, named: "Sequence[Named]", problems: Sequence[Problem]) -> _Found:
    """Find the digests of images, and look into them unless told not to."""
    found = _Found(problems=list(problems))
    for number, each in enumerate(named, 1):
        if (reference := each.reference) is None:
            found.problems.append(Problem("unclear-reference", each.why, each.declared.where))
            continue
        try:
            image = parse(each.declared.image) if each.declared.image else reference
            digest = _digest(call, image, f"{number} of {len(named)}")
        except EnvscoutError as error:
            why = f"{reference.familiar}: {error.cause} {error.next_step}"
            found.problems.append(Problem("unresolved", why, each.declared.where))
            found.kept.add(reference.service)
            continue
        event = msgspec.structs.replace(said, service=reference.service, digest=digest, reference=reference.familiar)
        found.events.append(event)
    return found


def _digest(call: _Call, reference: Reference, place: str) -> str:
    platform = call.asked.platform
    if not (call.asked.no_index or call.sources.dry_run):
        from envscout.cli.indexing import index_shown

        call.session.say(f"{place}: {reference.familiar}")
        found = index_shown(call.session, reference, platform=platform, sbom_source=call.asked.sbom_source)
        return found.image.digest
    from envscout import images

    try:
        return images.resolve(reference, platform=platform).digest
    except (SourceError, NotFound):
        if not reference.digest:
            raise
        return reference.digest

"""`envscout environment sync`: make an environment what a source says of it."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from envscout.cli import options
from envscout.cli.session import Session
from envscout.cli.show.table import inert
from envscout.environments import origin
from envscout.environments.drift import OBSERVED
from envscout.errors import EnvscoutError, NotFound, SourceError, UsageError
from envscout.model import Event, Problem
from envscout.names.reference import OFFICIAL, Reference, parse
from envscout.verbs import ask
from envscout.verbs.become import Goal, become, observe

if TYPE_CHECKING:
    from envscout.cli.commands.environment_flags import Flags, Sources
    from envscout.environments.becoming import Change, Kind, Ran
    from envscout.watch.declared import Declaration, Declared

_SIGNS: Mapping["Kind", tuple[str, str]] = {
    "added": ("+", "green"),
    "changed": ("~", "yellow"),
    "removed": ("-", "red"),
    "kept": ("?", "yellow"),
    "unchanged": ("=", "bright_black"),
}


_IDLE = frozenset({"scaled-to-zero", "suspended", "inactive-profile", "build-only", "provided"})
"""Notes on what is there and runs nothing that is known: a source of those alone was read."""


class _Found(msgspec.Struct):
    """What references led to. kept: services of which it cannot be told what they are to run."""

    events: list[Event] = []
    problems: list[Problem] = []
    kept: set[str] = set()


def sync(session: Session, asked: "Flags", sources: "Sources", environment: str, more: Sequence[str]) -> None:
    """Make an environment equal to a source, and tell what that changed. Exit with 1 where not all could be told."""
    kind, told = _declaration(sources, more)
    for each in told.notes:
        session.warn(f"{each.where}: {each.message}")
    if kind != "docker" and not (told.declared or told.problems or any(each.code in _IDLE for each in told.notes)):
        raise SourceError(
            "the source names nothing that runs, and an empty file empties no environment",
            "check what wrote it; `envscout environment remove` ends what runs",
        )
    references = _references(told)
    organization = _organization(session, asked, environment, [each for _, each, _ in references if each])
    said = _said(asked, organization, environment, kind)
    found = _Found(problems=list(told.problems))
    for number, (declared, reference, problem) in enumerate(references, 1):
        if reference is None:
            found.problems.append(Problem("unclear-reference", problem, declared.where))
            continue
        _resolve(session, asked, sources, said, found, declared, reference, f"{number} of {len(references)}")
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
    document = _document(said, sources, became.changes, problems, told.notes)
    options.tell(asked.form, "sync", document, _lines(said, sources, became.changes))
    if problems:
        raise click.exceptions.Exit(1)


def _declaration(sources: "Sources", more: Sequence[str]) -> tuple[str, "Declaration"]:
    """Return the kind of the source that is named, and what it says. Raise UsageError unless exactly one is."""
    named = {kind: given for kind in _READERS if (given := getattr(sources, kind))}
    if len(named) != 1:
        raise UsageError(
            f"`environment sync` reads one source, and {len(named) or 'none'} is named"
            if len(named) < 2
            else f"several sources are named: {', '.join(f'--{each}' for each in named)}",
            "name one of --compose FILE, --kubernetes FILE|DIR|-, --docker, --file FILE",
        )
    ((kind, given),) = named.items()
    if more and given is True:
        raise UsageError(f"--docker reads no file, and {more[0]!r} is named", "leave it out")
    files = (*(() if given is True else given), *more)
    return kind, _READERS[kind](sources, files)


def _compose(sources: "Sources", files: Sequence[str]) -> "Declaration":
    from envscout.watch import compose

    return compose.declaration(files, os.environ, sources.env_file, sources.profile)


def _kubernetes(_: "Sources", files: Sequence[str]) -> "Declaration":
    from envscout.watch import manifests

    return manifests.declaration(files)


def _docker(_sources: "Sources", _files: Sequence[str]) -> "Declaration":
    from envscout.watch import engine

    return engine.declaration()


def _file(_: "Sources", files: Sequence[str]) -> "Declaration":
    from envscout.watch import listing

    return listing.declaration(files)


_READERS: Mapping[str, Callable[["Sources", Sequence[str]], "Declaration"]] = {
    "compose": _compose,
    "kubernetes": _kubernetes,
    "docker": _docker,
    "file": _file,
}


def _references(told: "Declaration") -> list[tuple["Declared", Reference | None, str]]:
    """Return what is declared, each image once, with its reference or with why it is none."""
    found: dict[tuple[str, str], tuple[Declared, Reference | None, str]] = {}
    for each in told.declared:
        try:
            reference: Reference | None = parse(each.reference)
            why = "" if reference and reference.service else f"{each.reference} names no repository"
        except EnvscoutError as error:
            reference, why = None, f"{error.cause} {error.next_step}"
        key = (reference.canonical if reference else f"{each.where} {each.reference}", each.image)
        found.setdefault(key, (each, None if why else reference, why))
    return list(found.values())


def _organization(session: Session, asked: "Flags", environment: str, references: Sequence[Reference]) -> str:
    """Return whose the environment is: as asked for or configured, else who has it, else whose most images are."""
    if name := asked.org or session.settings.text("organization"):
        return name
    scope = options.scope(session, "", "")
    owners = [each.organization for each in session.call(ask.environments, scope) if each.name == environment]
    if len(owners) > 1:
        raise UsageError(f"several organizations have {environment}: {', '.join(owners)}", "say which with --org")
    if owners:
        return owners[0]
    counts = Counter(each.organization for each in references if each.organization != OFFICIAL)
    return counts.most_common(1)[0][0] if counts else OFFICIAL


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


def _resolve(
    session: Session,
    asked: "Flags",
    sources: "Sources",
    said: Event,
    found: _Found,
    declared: "Declared",
    reference: Reference,
    place: str,
) -> None:
    """Find the digest of an image, and look into it unless told not to."""
    try:
        image = parse(declared.image) if declared.image else reference
        digest = _digest(session, asked, sources, image, place)
    except EnvscoutError as error:
        found.problems.append(
            Problem("unresolved", f"{reference.familiar}: {error.cause} {error.next_step}", declared.where)
        )
        found.kept.add(reference.service)
        return
    found.events.append(
        msgspec.structs.replace(said, service=reference.service, digest=digest, reference=reference.familiar)
    )


def _digest(session: Session, asked: "Flags", sources: "Sources", reference: Reference, place: str) -> str:
    if not (asked.no_index or sources.dry_run):
        from envscout.cli.indexing import index_shown

        session.say(f"{place}: {reference.familiar}")
        return index_shown(session, reference, platform=asked.platform, sbom_source=asked.sbom_source).image.digest
    from envscout import images

    try:
        return images.resolve(reference, platform=asked.platform).digest
    except (SourceError, NotFound):
        if not reference.digest:
            raise
        return reference.digest


def _document(
    said: Event,
    sources: "Sources",
    changes: Sequence["Change"],
    problems: Sequence[Problem],
    notes: Sequence[Problem],
) -> dict[str, Any]:
    return {
        "organization": said.organization,
        "environment": said.environment,
        "source": said.source,
        "dry_run": sources.dry_run,
        "changes": [
            {field: value for field, value in msgspec.to_builtins(each).items() if field != "events"}
            for each in changes
        ],
        "problems": problems,
        "notes": notes,
    }


def _lines(said: Event, sources: "Sources", changes: Sequence["Change"]) -> Iterator[str]:
    for each in changes:
        sign, colour = _SIGNS[each.kind]
        platform = f" ({each.platform})" if each.platform else ""
        text = inert(f"{sign} {each.service}{platform}  {_told(each)}")
        yield f"    {click.style(text, fg=colour)}"
    counts = Counter(each.kind for each in changes)
    told = ", ".join(f"{counts[kind]} {kind}" for kind in _SIGNS if counts[kind]) or "nothing runs, and nothing is to"
    would = "would have" if sources.dry_run else "has"
    yield inert(f"    {said.environment} of {said.organization} {would} {told}")


def _told(change: "Change") -> str:
    if change.kind != "changed":
        return ", ".join(map(_name, change.after or change.before))
    return f"{', '.join(map(_name, change.before))} -> {', '.join(map(_name, change.after))}"


def _name(ran: "Ran") -> str:
    name = ran.reference.partition("@")[0] or "?"
    return f"{name}@{ran.digest[:19]}"

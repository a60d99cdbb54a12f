"""`envscout exception`."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from envscout.cli import options
from envscout.cli.session import Session
from envscout.errors import NotFound, UsageError
from envscout.model.statement import JUSTIFICATIONS, KINDS

if TYPE_CHECKING:
    from envscout.verbs.exceptions import Wish


@click.group()
def command() -> None:
    """Say that a vulnerability does not count: where, why, who answers for it, and until when.

    What an exception covers is still shown, as SUPPRESSED, but counted nowhere: no summary, no policy, no exit code.
    Exceptions are never changed: they are added, they end, they can be taken back, and the record of all that stays.
    """


for name in ("asked", "approve", "refuse"):
    command.add_command(getattr(import_module("envscout.cli.commands.exception_asked"), name), name)


def _where(function: Any) -> Any:
    """Add the flags that say where an exception holds."""
    service = click.option("--service", "--repo", default="", metavar="NAME", help="Only a service, or a repository.")
    environment = click.option(
        "--env", "environment", default="", metavar="ENV", help="Only what runs in an environment."
    )
    return options.org(environment(service(function)))


@command.command()
@click.argument("cves", nargs=-1, required=True, metavar="CVE...")
@click.option(
    "--kind", type=click.Choice(KINDS), required=True, help="What is said: it counts but is accepted, or it is wrong."
)
@click.option("--reason", default="", metavar="TEXT", help="Why, for whoever asks later; must be given.")
@click.option("--owner", default="", metavar="NAME", help="Who answers for it; by default who calls this.")
@click.option(
    "--justification", type=click.Choice(JUSTIFICATIONS), help="Why a false positive is one; must be given there."
)
@options.many("--expires", "When it ends: 2027-01-01, 90d, on-fix, on-kev; several of them: the first that comes.")
@_where
@click.option(
    "--image", default="", metavar="DIGEST|IMAGE", help="Only one image; a name means what it was recorded as."
)
@options.many("--package", "Only these packages: package URLs, with or without version, or patterns of names.")
@click.option("--ask", is_flag=True, help="Only ask for it: it is made when somebody approves.")
@options.form("text", "json")
def add(cves: tuple[str, ...], form: str, ask: bool, **flags: Any) -> None:
    """Add an exception for each of some vulnerabilities, under any of their names.

    \b
    envscout exception add CVE-2023-4863 --kind accepted-risk --reason "not reachable from outside" --expires 90d
    envscout exception add CVE-2023-4911 --kind accepted-risk --env staging --expires on-fix,on-kev --reason "no users"
    envscout exception add CVE-2024-45491 --kind false-positive --justification component_not_present --reason built
    envscout exception add GHSA-35jh-r3h4-6jhm --kind accepted-risk --service shop/api --package lodash --reason ours

    Without --env, --service, --image and --package it holds everywhere; without --org, and where no organization is
    configured, for all organizations. `on-fix` ends it for each package as soon as a fixed version is known, `on-kev`
    as soon as the vulnerability is known to be exploited. An exception that has ended is told of by every command that
    shows the finding again.
    """
    from envscout.cli.show import exceptions as show
    from envscout.verbs import exceptions

    with Session() as session:
        actor = _actor()
        wish = _wish(session, flags, actor)
        if ask:
            _ask(session, cves, wish, form)
            return
        made = session.call(exceptions.add, cves, wish, actor)
        for name in session.call(exceptions.unknown, [each.statement.names[0] for each in made]):
            session.warn(f"no advisory in the store speaks of {name}: check the id, or run `envscout db update`")
        _doubt(session, wish)
    lines = [f"    {click.style('✓', fg='green')} {_inert(line)}" for each in made for line in show.added(each)]
    options.tell(form, "exceptions", [show.document(each, "active") for each in made], lines)


def _ask(session: Session, cves: tuple[str, ...], wish: "Wish", form: str) -> None:
    import msgspec

    from envscout.verbs import exceptions

    found = session.call(exceptions.propose, cves, wish, _actor())
    _doubt(session, wish)
    line = (
        f"    {click.style('✓', fg='green')} asked for as {found.number}: `envscout exception approve {found.number}`"
    )
    options.tell(form, "proposals", [msgspec.to_builtins(found)], [line])


def _wish(session: Session, flags: dict[str, Any], actor: str) -> "Wish":
    from envscout.verbs.exceptions import Wish

    until, words = _expiry(flags["expires"])
    scope = options.scope(session, flags["org"], flags["environment"], flags["service"])
    return Wish(
        kind=flags["kind"],
        owner=flags["owner"] or actor,
        reason=flags["reason"],
        justification=flags["justification"] or "",
        organization=scope.organization,
        environment=flags["environment"],
        service=scope.service,
        image=flags["image"],
        packages=flags["package"],
        until=until,
        on_fix="on-fix" in words,
        on_kev="on-kev" in words,
    )


_WORDS = frozenset({"on-fix", "on-kev", "never"})


def _expiry(texts: tuple[str, ...]) -> tuple[int | None, frozenset[str]]:
    """Return the moment at which an exception ends, None for none, and the other words."""
    from envscout.names import moment
    from envscout.store import now

    words = frozenset(texts) & _WORDS
    moments = [text for text in texts if text not in _WORDS]
    if len(moments) > 1 or ("never" in words and len(texts) > 1):
        raise UsageError(f"it cannot end {', '.join(texts)}", "name one moment, and on-fix and on-kev beside it")
    if not moments:
        return None, words
    return moment.to_come(moments[0], now()), words


def _doubt(session: Session, wish: "Wish") -> None:
    """Tell where an exception may never meet anything."""
    from envscout.store.deployments import Scope
    from envscout.verbs import ask

    there = {each.name for each in session.call(ask.environments, Scope(wish.organization))}
    if wish.environment and wish.environment not in there:
        session.warn(f"nothing was ever recorded in environment {wish.environment}: check its name")


def _actor() -> str:
    from envscout.environments.origin import detect

    return detect(os.environ).actor


def _inert(text: str) -> str:
    from envscout.cli.show.table import inert

    return inert(text)


@command.command("list")
@click.option("--all", "every", is_flag=True, help="Also those that have expired or were removed.")
@_where
@click.option("--owner", default="", metavar="NAME", help="Only what somebody answers for.")
@options.many("--cve", "Only these vulnerabilities.")
@click.option("--kind", type=click.Choice(KINDS), help="Only one kind.")
@options.at
@options.form("text", "json")
@options.output
def list_(every: bool, form: str, at: str, output: str, **flags: Any) -> None:
    """List the exceptions that stand: what, where, who answers for it, until when, and why.

    \b
    envscout exception list
    envscout exception list --all --owner alice
    envscout exception list --env production --at 2026-10-01

    What ends within the next seven days is told of. --env and --service choose what was made for them, not what holds
    everywhere.
    """
    from envscout.cli.show import exceptions as show
    from envscout.cli.show.table import table
    from envscout.verbs import exceptions

    with Session() as session, options.to_output(output):
        scope = options.scope(session, flags["org"], flags["environment"], flags["service"])
        found, present = session.call(exceptions.listed, options.when(at), every=every)
        chosen = exceptions.chosen(found, scope, owner=flags["owner"], kind=flags["kind"] or "", names=flags["cve"])
        for each in chosen:
            if show.soon(each, present):
                said = each.entry.statement
                session.warn(f"exception {said.where} for {said.names[0]} by {said.who} ends on {show.end(said)}")
        lines = table(show.HEAD, map(show.row, chosen)) if chosen else ["  No exceptions"]
        options.tell(form, "exceptions", [show.document(each.entry, each.state) for each in chosen], lines)


@command.command()
@click.argument("number", type=int, metavar="ID")
@click.option("--reason", default="", metavar="TEXT", help="Why it no longer holds; must be given.")
@options.form("text", "json")
def remove(number: int, reason: str, form: str) -> None:
    """Take an exception back, so that what it covered counts again.

    \b
    envscout exception remove 12 --reason "the service is reachable now"

    The record keeps that it stood: questions about that time (--at) are answered as they were.
    """
    from envscout.cli.show import exceptions as show
    from envscout.verbs import exceptions

    with Session() as session:
        done = session.call(exceptions.remove, number, _actor(), reason)
    line = f"    {click.style('✓', fg='green')} exception {number} for {_inert(done.statement.names[0])} was removed"
    options.tell(form, "exceptions", [show.document(done, "removed")], [line])


@command.command()
@click.option(
    "--author", default="", metavar="TEXT", help="Who says so; by default the organization, else who calls this."
)
@options.org
@click.option(
    "--format",
    "form",
    type=click.Choice(("openvex",)),
    default="openvex",
    show_default=True,
    help="Form of the document.",
)
@options.output
def export(author: str, org: str, form: str, output: str) -> None:  # noqa: ARG001
    """Write the exceptions that stand as one OpenVEX document, for those who run the same images.

    \b
    envscout exception export --author "Acme Security <psirt@acme.example>" --output acme.vex.json
    envscout cves --vex-location acme.vex.json registry.example.com/myorg/myapp:v1.2.3

    A false positive becomes `not_affected` with its justification. An accepted risk becomes `affected`, with the reason
    as action statement: what we accept suppresses nothing elsewhere. Environments and services mean nothing elsewhere,
    so that what is written is what each exception suppresses now in the images that run.
    """
    from envscout import vex
    from envscout.verbs import ask, exceptions

    with Session() as session, options.to_output(output):
        scope = options.scope(session, org)
        found, present = session.call(exceptions.listed)
        chosen = exceptions.chosen(found, scope)
        report = session.call(ask.everywhere, scope, ask.Question())
        hushed = [
            exceptions.Hushed(one.suppression.where, image.reference, image.image.digest, one.package.purl)
            for image in report.images
            for one in image.suppressed
            if one.suppression and one.suppression.source == "exception"
        ]
        statements, silent = exceptions.exported(chosen, hushed)
        for each in silent:
            said = each.entry.statement
            session.warn(f"exception {said.where} for {said.names[0]} suppresses nothing that runs, and is left out")
        if not statements:
            raise NotFound("there is no exception to write", "`envscout exception list` shows those that stand")
        who = author or scope.organization or _actor() or "nobody"
        options.document(vex.write(statements, who, present))

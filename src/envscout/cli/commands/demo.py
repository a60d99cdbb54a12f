"""`envscout demo`."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from envscout.cli.session import Session

if TYPE_CHECKING:
    from envscout.demo.fleet import Fleet
    from envscout.store import Database
    from envscout.verbs.ask import Report


@click.command()
@click.option("--keep", default="", metavar="DIR", help="Keep the sample's images and its store in a folder.")
@click.option("--serve", is_flag=True, help="Serve the dashboard of it on this machine, with a past of some months.")
@click.option(
    "--port", default=8080, type=click.IntRange(1, 65535), metavar="PORT", show_default=True, help="Port for --serve."
)
def command(keep: str, serve: bool, port: int) -> None:
    """Show everything on a small sample fleet: made on the spot, in a store of its own, without network.

    \b
    envscout demo
    envscout demo --keep sample
    envscout demo --serve --port 8080

    Four services with real package databases are recorded into staging and production, with a sample of real
    advisories. The images hold nothing that runs.
    """
    if keep:
        _show(Path(keep), port if serve else 0)
        Session.say(f"ENVSCOUT_STORE={Path(keep) / 'envscout.db'} envscout cves --env staging shop/api asks more of it")
        return
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="envscout-demo-") as folder:
        _show(Path(folder), port if serve else 0)


def _show(folder: Path, port: int) -> None:
    if not port:
        _demo(folder)
        return
    from envscout.cli import serving_demo

    Session.say("Making the sample fleet and its past")
    serving_demo.fill(folder)
    Session.say(f"http://127.0.0.1:{port} shows it; Ctrl+C ends it")
    serving_demo.serve(folder, port)


def _demo(folder: Path) -> None:
    from envscout.demo.fleet import write_fleet
    from envscout.store import Database
    from envscout.verbs.update.run import update

    fleet = write_fleet(folder / "images")
    with Database(folder / "envscout.db") as database:
        update(database, [str(fleet.advisories)], lambda _used: (), lambda *_: None)
        for environment, releases in (("production", fleet.production), ("staging", fleet.staging)):
            for release in releases:
                _record(database, environment, release.service, release.reference, release.layout, fleet.organization)
        for line in _story(database, fleet):
            click.echo(line)


def _record(
    database: "Database", environment: str, service: str, reference: str, layout: Path, organization: str
) -> None:
    from envscout.model import Event
    from envscout.names.reference import parse
    from envscout.operations.indexing import index, within
    from envscout.verbs.record import record

    indexed = index(within(database), parse(f"oci-dir://{layout}"))
    event = Event(
        organization=organization,
        environment=environment,
        service=f"{organization}/{service}",
        action="record",
        at=0,
        digest=indexed.image.digest,
        reference=reference,
        actor="demo",
    )
    record(database, event)


def _story(database: "Database", fleet: "Fleet") -> Iterator[str]:
    from envscout.cli.show.environments import all_names, named
    from envscout.environments.difference import count, difference
    from envscout.store.deployments import Scope
    from envscout.verbs import ask, whole
    from envscout.verbs.locate import where

    yield f"A sample fleet of {len(fleet.production)} services, with a sample of real advisories as of {fleet.dated}."
    scopes = [Scope(fleet.organization, environment) for environment in ("production", "staging")]
    for scope in scopes:
        yield from _environment(ask.of_environment(database, scope, ask.Question()))
    yield from _title("What promoting staging to production would change")
    present, following = whole.environments(database, [(scope, whole.Question()) for scope in scopes])
    changes = difference(present.services, following.services)
    names = whole.names(database, all_names(changes))
    for change in changes:
        yield f"  {change.service}: {', '.join(change.present.references)} → {', '.join(change.next.references)}"
        for sign, found in (("-", change.fixed), ("+", change.introduced), ("=", change.kept)):
            if any(found):
                yield from _wrapped(
                    f"    {sign} {_SIGNS[sign]} ", [name for name, _ in named(found, names, count(found))]
                )
        if not change.known:
            yield "    ? what is in it is unknown, so more may differ"
    from envscout.cli.commands.where import lines

    yield from _title(f"Where {fleet.highlight} runs", f"envscout where {fleet.highlight}")
    yield from lines(where(database, fleet.highlight, Scope(fleet.organization)))


_SIGNS = {"-": "fixes ", "+": "brings", "=": "keeps "}


def _title(text: str, command: str = "") -> list[str]:
    return ["", click.style(text, bold=True), *([f"  $ {command}"] if command else []), ""]


def _environment(report: "Report") -> Iterator[str]:
    from envscout.cli.show.cves import counted, coverage
    from envscout.cli.show.table import table

    yield from _title(f"Vulnerabilities in {report.environment}", f"envscout cves --env {report.environment}")
    rows = [(each.reference, counted(each.summary, each.coverage)) for each in report.images]
    yield from table(("Image", "Vulnerabilities"), rows)
    for each in report.images:
        by_severity: dict[str, dict[str, None]] = {}
        for found in each.findings:
            name = found.vulnerability + (" (known exploited)" if found.kev else "")
            by_severity.setdefault(found.severity, {})[name] = None
        if by_severity:
            yield from ("", f"  {each.reference}")
        for severity, names in by_severity.items():
            yield from _wrapped(f"    {severity:<12}", names)
    yield from coverage(report.coverage)


def _wrapped(label: str, names: Iterable[str]) -> list[str]:
    import textwrap

    text = ", ".join(names)
    return textwrap.wrap(text, 110, initial_indent=label, subsequent_indent=" " * len(label), break_on_hyphens=False)

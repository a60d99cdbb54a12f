"""`envscout tasks`."""

from typing import TYPE_CHECKING

import click
import msgspec

from envscout.cli import options
from envscout.cli.session import Session
from envscout.names import moment

if TYPE_CHECKING:
    from envscout.store.requests import Request
    from envscout.verbs.progress import Progress


@click.group()
def command() -> None:
    """Show the standing work of a server, and ask for some."""


@command.command("list")
@options.form("text", "json")
def list_(form: str) -> None:
    """List the tasks: what each did last, what runs now and since when, what failed, and how much waits.

    \b
    envscout tasks list
    envscout tasks list --format json
    """
    from envscout.verbs import progress

    with Session() as session:
        found = session.call(progress.progress)
    options.tell(form, "tasks", msgspec.to_builtins(found), _shown(found))


@command.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@options.org
@options.platform
@click.option(
    "--urgency",
    default="person",
    type=click.Choice(["person", "pipeline", "wave"]),
    help="Who waits: a person comes before a pipeline, and both before a wave of many images.",
)
@options.form("text", "json")
def index(images: tuple[str, ...], org: str, platform: str, urgency: str, form: str) -> None:
    """Ask the server to look into images of registries itself.

    \b
    envscout tasks index registry.example.com/myorg/myapp:v1.2.3
    """
    from envscout.verbs import queue

    with Session() as session:
        name = options.whose(session, org)
        found = session.call(
            queue.ask,
            list(images),
            organization=name,
            platform=platform,
            urgency=urgency,  # type: ignore[arg-type]
        )
    lines = [f"  {each.request_id}  {each.reference}" for each in found]
    options.tell(form, "requests", [msgspec.to_builtins(each) for each in found], lines)


@command.command()
@options.org
@click.option(
    "--state", default=None, type=click.Choice(["waiting", "indexed", "failed"]), help="Only those in this state."
)
@click.option("--before", default=0, metavar="NUMBER", help="Only those asked for before the one of this number.")
@options.form("text", "json")
def requests(org: str, state: str | None, before: int, form: str) -> None:
    """List the images that the server was asked to look into, the newest first.

    \b
    envscout tasks requests
    envscout tasks requests --state failed
    """
    from envscout.verbs import queue

    with Session() as session:
        name = options.whose(session, org)
        found = session.call(queue.requested, organization=name, state=state or "", before=before)
    options.tell(form, "requests", [msgspec.to_builtins(each) for each in found], _requests(found))


@command.command()
@click.option("--dry-run", is_flag=True, help="Only count what would be forgotten.")
@options.form("text", "json")
def retain(dry_run: bool, form: str) -> None:
    """Forget now what the settings `retain_..._days` no longer keep, instead of within the hour.

    \b
    envscout tasks retain --dry-run
    """
    from envscout.verbs import retain as verb

    with Session() as session:
        found = session.call(verb.sweep, dry_run=dry_run)
    from envscout.cli.show.table import table

    rows = [(each.kind.replace("_", " "), str(each.days or "for ever"), str(each.forgotten)) for each in found.kinds]
    heads = ("Kind", "Days kept", "Would be forgotten" if dry_run else "Forgotten")
    options.tell(form, "retain", msgspec.to_builtins(found), table(heads, rows))


def _shown(found: "Progress") -> list[str]:
    from envscout.cli.show.table import table

    rows = [
        (each.name, each.state, _moment(each.began), _moment(each.ended), _moment(each.due), each.problem)
        for each in found.tasks
    ]
    queues = [(each.name, str(each.waiting), _moment(each.oldest)) for each in found.queues]
    workers = [(each.name, _moment(each.began), _moment(each.seen)) for each in found.workers]
    return [
        *table(("Task", "State", "Began", "Ended", "Due", "Problem"), rows),
        "",
        *table(("Queue", "Waiting", "Oldest"), queues),
        "",
        *table(("Worker", "Since", "Seen"), workers),
    ]


def _requests(found: "list[Request]") -> list[str]:
    from envscout.cli.show.table import table

    rows = [
        (str(each.request_id), each.reference, each.state, _moment(each.asked), each.digest or each.problem)
        for each in found
    ]
    return list(table(("Number", "Image", "State", "Asked", "Digest or problem"), rows))


def _moment(at: int) -> str:
    return moment.show(at) if at else ""

"""`envscout repo`."""

from typing import TYPE_CHECKING

import click

from envscout.cli import options
from envscout.cli.session import Session
from envscout.errors import NotFound, UsageError

if TYPE_CHECKING:
    from envscout.verbs.repositories import Repository


@click.group()
def command() -> None:
    """Show the repositories that are known, and which of them are looked into without being asked.

    A repository is known once an image of it was recorded or looked into, or when it was enrolled. All are enabled
    until one is disabled: then `watch` leaves it alone. What a person asks about is looked into in any case.
    """


@command.command(name="list")
@click.option("--filter", "pattern", default="", metavar="REGEX", help="Only names that fit a regular expression.")
@click.option("--only-disabled", is_flag=True, help="Only repositories that are disabled.")
@click.option("--only-enabled", is_flag=True, help="Only repositories that are enabled.")
@click.option(
    "--only-registry", default="", metavar="HOST", help="Only those of one registry; hub.docker.com is Docker's."
)
@options.org
@options.form("text", "json")
@options.output
def list_(
    pattern: str, only_disabled: bool, only_enabled: bool, only_registry: str, org: str, form: str, output: str
) -> None:
    """List the repositories that are known.

    \b
    envscout repo list
    envscout repo list --only-disabled --only-registry hub.docker.com
    envscout repo list --filter '^registry.example.com/myorg/'
    """
    from envscout.names.expression import Expression
    from envscout.verbs import repositories

    if only_disabled and only_enabled:
        raise UsageError("--only-disabled and --only-enabled leave nothing to show", "use one of them")
    enabled = False if only_disabled else True if only_enabled else None
    with Session() as session, options.to_output(output):
        found = session.call(repositories.known, repositories.Choice(Expression(pattern), only_registry, org, enabled))
        options.tell(form, "repositories", [_document(each) for each in found], _lines(found))


def _document(each: "Repository") -> dict[str, object]:
    import msgspec

    from envscout.names import moment

    return {**msgspec.structs.asdict(each), "last": moment.show(each.last) if each.last else None}


def _lines(found: "list[Repository]") -> list[str]:
    from envscout.cli.show.table import table
    from envscout.names import moment

    rows = [
        (
            each.name,
            "enabled" if each.is_enabled else "disabled",
            str(each.images),
            moment.show(each.last) if each.last else "",
            ", ".join(each.organizations),
            ", ".join(each.services),
        )
        for each in found
    ]
    return table(("Repository", "Status", "Images", "Last seen", "Organizations", "Services"), rows)


def _chosen(command: options.F) -> options.F:
    """Add the flags by which repositories are chosen."""
    for each in (
        options.org,
        click.option("--registry", default="", metavar="HOST", help="Only those of one registry."),
        click.option(
            "--integration", default="", metavar="NAME", help="Only those of a registered integration's registry."
        ),
        click.option("--filter", "pattern", default="", metavar="REGEX", help="Those whose names fit an expression."),
        click.option("--all", "all_", is_flag=True, help="All repositories that are known."),
        click.argument("repository", default="", metavar="[REPOSITORY]"),
    ):
        command = each(command)
    return command


@command.command()
@_chosen
def enable(repository: str, all_: bool, pattern: str, integration: str, registry: str, org: str) -> None:
    """Let repositories be looked into without being asked, which is so until they are disabled.

    \b
    envscout repo enable myorg/myapp
    envscout repo enable --filter '^docker.io/myorg/'
    envscout repo enable --all --registry registry.example.com
    """
    _switch(repository, all_, (pattern, integration, registry, org), enabled=True)


@command.command()
@_chosen
def disable(repository: str, all_: bool, pattern: str, integration: str, registry: str, org: str) -> None:
    """Keep repositories from being looked into without being asked; nothing that is known of them is forgotten.

    \b
    envscout repo disable myorg/scratch
    envscout repo disable --filter '/sandbox/'
    """
    _switch(repository, all_, (pattern, integration, registry, org), enabled=False)


def _switch(repository: str, all_: bool, chosen: tuple[str, str, str, str], *, enabled: bool) -> None:
    from envscout.names.expression import Expression
    from envscout.verbs import repositories

    pattern, integration, registry, org = chosen
    if sum(map(bool, (repository, all_, pattern))) != 1:
        raise UsageError("which repositories are meant is not clear", "name one, or use --all, or --filter REGEX")
    with Session() as session:
        names = [repositories.named(repository)] if repository else []
        if not repository:
            hosts = {registry, *_registries(session, integration)} - {""} or {""}
            for host in sorted(hosts):
                choice = repositories.Choice(Expression(pattern), host, org)
                names += [each.name for each in session.call(repositories.known, choice)]
        changed = session.call(repositories.switch, names, enabled)
    word = "Enabled" if enabled else "Disabled"
    for name in changed:
        session.say(f"{word} {name}")
    if not changed:
        session.warn(f"{len(names)} repositories are meant, and none changes" if names else "No repository is meant")


def _registries(session: Session, integration: str) -> list[str]:
    """Return the registries of the integrations of a name or type. Raise NotFound where there is none."""
    if not integration:
        return []
    from envscout.verbs import repositories

    found = session.call(repositories.integrations)
    hosts = [each.parameters["registry"] for each in found if integration in (each.name, each.type)]
    if not hosts:
        raise NotFound(f"there is no integration {integration}", "`envscout integration list` shows them")
    return hosts

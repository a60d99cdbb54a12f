"""`envscout integration`."""

import click

from envscout.cli import options
from envscout.cli.session import Session
from envscout.errors import UsageError


@click.group()
def command() -> None:
    """Register registries that are to be watched.

    A registration holds what `watch --registry` takes, so that it need not be written again: the type (artifactory,
    harbor, nexus, oci), the host and further parameters. It never holds secrets: those of registries are kept by
    `docker login`, those of their interfaces in DOCKER_SCOUT_HARBOR_API_USER and its like.
    """


_NAME = click.option("--name", default="", metavar="NAME", help="Name of the integration, where there are several.")


@command.command()
@click.argument("integration", metavar="TYPE")
@_NAME
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="registry (required), api, include, exclude, repository, port, listen, subdomain-mode; repeatable.",
)
@options.org
def configure(integration: str, name: str, parameters: tuple[str, ...], org: str) -> None:
    """Register a registry, or change what is registered of it.

    \b
    envscout integration configure harbor --parameter registry=harbor.example.com
    envscout integration configure oci --name internal --parameter registry=registry.example.com:5000
    """
    from envscout.store.repositories import Integration
    from envscout.verbs import repositories

    named: dict[str, str] = {}
    for each in parameters:
        key, equals, value = each.partition("=")
        if not equals or key in named:
            raise UsageError(f"{each.partition('=')[0]!r} is given twice or has no value", "--parameter NAME=VALUE")
        named[key] = value
    with Session() as session:
        organization = options.whose(session, org)
        wanted = Integration(organization, integration, name or integration, named, 0)
        session.call(repositories.configure, wanted)
    session.say(f"Registered {integration} {wanted.name}: {named['registry']}")


@command.command()
@click.argument("integration", metavar="TYPE")
@_NAME
@options.org
def delete(integration: str, name: str, org: str) -> None:
    """Forget the registrations of a type, or one of them.

    \b
    envscout integration delete harbor
    envscout integration delete oci --name internal

    What was looked into stays.
    """
    from envscout.verbs import repositories

    with Session() as session:
        organization = options.whose(session, org)
        count = session.call(repositories.delete, organization, integration, name)
    session.say(f"Deleted {count} {'integration' if count == 1 else 'integrations'}")


@command.command(name="list")
@click.argument("integration", default="", metavar="[TYPE]")
@_NAME
@options.org
@options.form("text", "json")
@options.output
def list_(integration: str, name: str, org: str, form: str, output: str) -> None:
    """List what is registered.

    \b
    envscout integration list
    envscout integration list harbor --format json
    """
    import msgspec

    from envscout.cli.show.table import table
    from envscout.names import moment
    from envscout.verbs import repositories

    with Session() as session, options.to_output(output):
        organization = options.whose(session, org)
        found = [
            each
            for each in session.call(repositories.integrations, organization)
            if integration in ("", each.type) and name in ("", each.name)
        ]
        rows = [
            (each.type, each.name, ",".join(f"{key}={each.parameters[key]}" for key in sorted(each.parameters)),
             each.organization)
            for each in found
        ]  # fmt: skip
        content = [{**msgspec.structs.asdict(each), "at": moment.show(each.at)} for each in found]
        options.tell(form, "integrations", content, table(("Type", "Name", "Parameters", "Organization"), rows))

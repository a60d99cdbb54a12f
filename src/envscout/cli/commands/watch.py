"""`envscout watch`."""

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click
import msgspec

from envscout.cli import options
from envscout.cli.commands.watch_kubernetes import kubernetes
from envscout.cli.session import Session
from envscout.cli.stopping import until_stopped
from envscout.errors import UsageError

if TYPE_CHECKING:
    from envscout.model import Indexed
    from envscout.names.reference import Reference
    from envscout.store import Database
    from envscout.verbs.watch import Plan, Told
    from envscout.watch.registries import Watched


@click.group(invoke_without_command=True)
@click.option(
    "--registry",
    default="",
    metavar="HOST|KEY=VALUE,...",
    help="The registry: a host, or type=TYPE,registry=HOST,...; by default the one of `integration configure`.",
)
@options.many("--repository", "Only these repositories; their names without the host.")
@options.many("--tag", "Only tags in which one of these regular expressions is found.")
@click.option("--all-images", is_flag=True, help="Also images that were there before the watching began.")
@click.option(
    "--interval",
    type=click.IntRange(1),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait between two looks.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 32),
    default=3,
    show_default=True,
    metavar="NUMBER",
    help="How many images are read side by side.",
)
@click.option("--once", is_flag=True, help="Look once, index what is new, and end: for cron.")
@click.option("--dry-run", is_flag=True, help="Say what would be indexed; index and remember nothing.")
@click.option(
    "--sbom",
    type=bool,
    is_flag=False,
    flag_value=True,
    default=True,
    metavar="BOOLEAN",
    help="Look into the images; with --sbom=false only their digests are kept. True by default.",
)
@click.option("--refresh-registry", is_flag=True, help="Read the list of repositories anew at each look. Always done.")
@options.org
@options.form("text", "json")
@click.pass_context
def command(context: click.Context, /, registry: str, org: str, form: str, **flags: Any) -> int:
    """Watch a registry, and index each image that is pushed to it; or a cluster, and record what runs in it.

    \b
    envscout watch --registry registry.example
    envscout watch --registry registry.example --repository myorg/myapp --tag "^v[0-9]" --all-images --once
    envscout watch --registry type=harbor,registry=harbor.example,include=team/*,port=9000

    The registry is looked through every --interval seconds; with port= it may also tell of pushes itself, as
    distribution, Harbor, Artifactory and Nexus do. What was noticed is remembered in the store: after a restart nothing
    is lost and nothing is done twice. The first look only takes note of what is there, unless --all-images is given.
    One line is written for each image. The watching ends with Ctrl-C or SIGTERM.
    """
    if context.invoked_subcommand:
        return 0
    from envscout.verbs import watch
    from envscout.watch import registries

    flags.pop("refresh_registry")
    with Session() as session, until_stopped() as stop:
        settings = session.settings
        watched = registries.parse(registry) if registry else _registered(session, org)
        plan = _plan(watched, flags)
        failures = watch.watch(
            session.place,
            watched,
            plan,
            index=partial(_index, plan, int(settings.get("layer_cache_mb")) << 20),
            tell=partial(_tell, session, form),
            stop=stop,
        )
    return 1 if failures and plan.once else 0


command.add_command(kubernetes)


def _index(plan: "Plan", bound: int, database: "Database", reference: "Reference") -> "Indexed":
    from envscout.operations.indexing import index, within
    from envscout.verbs.look import Layers

    return index(within(database), reference, kept=Layers(database, bound), credentials=plan.credentials)


def _registered(session: Session, org: str) -> "Watched":
    """Return the one registry that `integration configure` registered. Raise UsageError."""
    from envscout.verbs import repositories
    from envscout.watch import registries

    found = session.call(repositories.integrations, options.whose(session, org))
    if len(found) != 1:
        names = ", ".join(f"{each.name} ({each.parameters.get('registry', '')})" for each in found[:10])
        cause = f"{len(found)} registries are registered: {names}." if found else "There is no registry to watch."
        raise UsageError(cause, "Name it: --registry HOST.")
    return registries.registered(found[0].type, found[0].parameters)


def _plan(watched: "Watched", flags: dict[str, Any]) -> "Plan":
    from envscout.verbs.watch import Plan
    from envscout.watch import registries

    receives = watched.port >= 0 and not flags["dry_run"]
    if receives and flags["once"]:
        raise UsageError("--once looks once and hears nothing.", "Leave out port=, or --once.")
    return Plan(
        selection=registries.selection(flags["repository"], flags["tag"]),
        interval=flags["interval"],
        workers=flags["workers"],
        all_images=flags["all_images"],
        once=flags["once"],
        dry_run=flags["dry_run"],
        contents=flags["sbom"],
        secret=registries.secret(watched, os.environ) if receives else "",
        credentials=registries.credentials(watched, os.environ),
    )


def _tell(session: Session, form: str, told: "Told") -> None:
    """Say what happened: images on stdout, all else to people on stderr; in JSON everything on stdout."""
    if form == "json":
        options.document({"schema": "envscout/watch/1", "watch": msgspec.to_builtins(told)})
    elif told.event == "failed":
        session.fail(f"{told.image}: {told.message}")
    elif told.event in ("looked", "listening"):
        session.say(told.message)
    else:
        click.echo(_line(told))
    sys.stdout.flush()


def _line(told: "Told") -> str:
    from envscout.cli.show.table import inert

    parts = [told.event, told.image, told.platform]
    if told.packages is not None:
        parts.append(f"{told.packages} packages" + ("" if told.fresh else ", known already"))
    return inert("  ".join(filter(None, parts)))

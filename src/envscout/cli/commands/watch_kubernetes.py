"""`envscout watch kubernetes`: what runs in a cluster is what is on record."""

from typing import Any

import click

from envscout.cli import options
from envscout.cli.session import Session
from envscout.cli.stopping import until_stopped
from envscout.errors import UsageError
from envscout.names.reference import OFFICIAL


@click.command("kubernetes")
@click.option("--kubeconfig", default="", metavar="FILE", help="By default the cluster this runs in, else KUBECONFIG.")
@click.option("--context", default="", metavar="NAME", help="Of the kubeconfig; by default its current one.")
@click.option(
    "--cluster",
    default="",
    metavar="NAME",
    help="What the cluster is called, another for each; by default as in the kubeconfig.",
)
@click.option(
    "--environment", default="", metavar="NAME", help="Of all that nothing else places; by default the cluster."
)
@click.option(
    "--namespace",
    "namespaces",
    multiple=True,
    metavar="PATTERN=ENVIRONMENT",
    help="Place a namespace in an environment; PATTERN= leaves it out. The first that fits counts.",
)
@click.option(
    "--environment-label",
    default="",
    metavar="KEY",
    help="A label of pods or of namespaces that names their environment.",
)
@click.option("--service-label", default="", metavar="KEY", help="A label of pods that names the service.")
@click.option("--selector", default="", metavar="SELECTOR", help="Only pods with these labels, as kubectl writes them.")
@click.option("--once", is_flag=True, help="Look once, record, and end.")
@options.org
@options.form("text", "json")
def kubernetes(org: str, form: str, **flags: Any) -> None:
    """Record what runs in a cluster, for as long as this runs.

    \b
    envscout watch kubernetes --environment production
    envscout watch kubernetes --namespace 'kube-*=' --namespace 'team-*=staging' --environment-label example.com/env

    Pods are listed and watched; what their containers were pulled as is recorded, by digest. A rollout shows both
    versions, what is scaled to zero or has finished leaves. After a disturbance or a restart the record becomes equal
    to the cluster. An environment that is watched is the cluster's alone: what no pod of it runs is removed.
    """
    from envscout.cli.becoming import Record
    from envscout.cli.following import Follower
    from envscout.watch.placing import Rules, mapped

    with Session() as session, until_stopped() as stop:
        from envscout.watch.connection import connected

        with connected(flags["kubeconfig"], flags["context"]) as (client, name):
            cluster = flags["cluster"] or name or flags["environment"]
            if not cluster:
                raise UsageError(
                    "nothing says what this cluster is called",
                    "name it: --cluster NAME, another for each, or --environment NAME",
                )
            if " (" in cluster:
                raise UsageError(f"a cluster cannot be called {cluster[:100]!r}", "leave the brackets out")
            environment = flags["environment"] or cluster
            rules = Rules(environment, mapped(flags["namespaces"]), flags["environment_label"], flags["service_label"])
            record = Record(session, options.whose(session, org) or OFFICIAL, cluster, form)
            Follower(record, rules, session.warn, flags["selector"]).run(client, flags["once"], stop)

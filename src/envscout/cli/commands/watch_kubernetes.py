"""`envscout watch kubernetes`: what runs in a cluster is what is on record."""

import threading
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import click
import msgspec

from envscout.cli import options
from envscout.cli.session import Session
from envscout.cli.show.table import inert
from envscout.cli.stopping import until_stopped
from envscout.errors import EnvscoutError, SourceError, UsageError
from envscout.model import Event
from envscout.names.reference import OFFICIAL

if TYPE_CHECKING:
    from envscout.environments.becoming import Change
    from envscout.verbs.record import Became
    from envscout.watch.cluster import Mirror
    from envscout.watch.placing import Rules, Running
    from envscout.watch.pods import Pod

PODS, NAMESPACES = "/api/v1/pods", "/api/v1/namespaces"
SOURCE = "kubernetes"
AGAIN = 300.0
"""Seconds after which all is compared again, though nothing was told."""
_SETTLE = 0.5
_RETRY = 5.0


@click.command("kubernetes")
@click.option("--kubeconfig", default="", metavar="FILE", help="By default the cluster this runs in, else KUBECONFIG.")
@click.option("--context", default="", metavar="NAME", help="Of the kubeconfig; by default its current one.")
@click.option(
    "--cluster", default="", metavar="NAME", help="What the cluster is called; by default as in the kubeconfig."
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
    from envscout.watch.placing import Rules, mapped

    with Session() as session, until_stopped() as stop:
        from envscout.watch.cluster import connected

        with connected(flags["kubeconfig"], flags["context"]) as (client, name):
            cluster = flags["cluster"] or name
            environment = flags["environment"] or cluster
            rules = Rules(environment, mapped(flags["namespaces"]), flags["environment_label"], flags["service_label"])
            if not (environment or rules.namespaces or rules.environment_label):
                raise UsageError("nothing says which environment this is", "name it: --environment NAME")
            watcher = _Watcher(session, org or session.settings.text("organization") or OFFICIAL, cluster, rules, form)
            watcher.run(client, flags["selector"], flags["once"], stop)


class _Watcher:
    """Has the record follow a cluster. told: what each environment was last made to be."""

    def __init__(self, session: Session, organization: str, cluster: str, rules: "Rules", form: str) -> None:
        self._session, self._organization, self._rules, self._form = session, organization, rules, form
        self._actor = f"kubernetes:{cluster}" if cluster else "kubernetes"
        self._told: dict[str, Running] = {}
        self._changed = threading.Event()

    def run(self, client: Any, selector: str, once: bool, stop: threading.Event) -> None:
        """Follow until stopped."""
        from envscout.watch import cluster, pods

        labels = self._rules.labels
        running: Mirror[Pod] = cluster.Mirror(partial(_pod, labels), self._changed)
        spaces: Mirror[tuple[str, Mapping[str, str]]] = cluster.Mirror(
            lambda each: (each.metadata.name, pods.labels(each, labels)), self._changed
        )
        followed = [(PODS, running, selector)]
        if self._rules.environment_label:
            followed.append((NAMESPACES, spaces, ""))  # type: ignore[arg-type]
        else:
            spaces.is_complete.set()
        self._told = {name: {} for name in self._mine()}
        if once:
            for path, mirror, chosen in followed:
                _once(client, path, mirror, chosen)
            self._record(running, spaces, everything=True)
            return
        for path, mirror, chosen in followed:
            words = (client, path, mirror, stop, self._session.warn, chosen)
            threading.Thread(target=cluster.follow, args=words, daemon=True).start()
        self._follow(running, spaces, stop)

    def _mine(self) -> list[str]:
        """Return the environments in which something runs that this cluster told of before."""
        from envscout.store.deployments import Scope
        from envscout.verbs import ask

        rows = self._session.call(ask.environments, Scope(self._organization))
        found = []
        for row in rows:
            held = self._session.call(ask.running, Scope(self._organization, row.name)) if row.images else []
            said = (each.deployment for each in held if each.deployment.source == SOURCE)
            if any(each.actor.partition(" ")[0] == self._actor for each in said):
                found.append(row.name)
        return found

    def _follow(self, running: "Mirror[Pod]", spaces: "Mirror[Any]", stop: threading.Event) -> None:
        again = 0.0
        while not stop.is_set():
            is_changed = self._changed.wait(_SETTLE)
            again += 0.0 if is_changed else _SETTLE
            if not (running.is_complete.is_set() and spaces.is_complete.is_set()) or not (is_changed or again >= AGAIN):
                continue
            # What happens together is told together.
            stop.wait(_SETTLE)
            self._changed.clear()
            try:
                self._record(running, spaces, everything=again >= AGAIN)
                again = 0.0
            except EnvscoutError as error:
                self._session.warn(f"it could not be recorded: {error.cause}; trying again")
                stop.wait(_RETRY)
                self._changed.set()

    def _record(self, running: "Mirror[Pod]", spaces: "Mirror[Any]", *, everything: bool) -> None:
        """Have each environment become what runs there now. everything: also those of which nothing new is known."""
        from envscout.watch.placing import environments

        found = environments(running.all(), dict(spaces.all()), self._rules)
        for name in sorted({*found, *self._told}):
            wanted = found.get(name, {})
            if everything or self._told.get(name) != wanted or (not wanted and name in self._told):
                self._become(name, wanted)
                self._told[name] = wanted
            if not wanted:
                self._told.pop(name, None)

    def _become(self, environment: str, wanted: "Running") -> None:
        from envscout.verbs import record

        said = Event(self._organization, environment, "", "", 0, actor=self._actor, source=SOURCE)
        events = tuple(
            msgspec.structs.replace(said, service=service, digest=digest, reference=reference)
            for (service, digest), reference in sorted(wanted.items())
        )
        became = self._session.call(record.become, record.Goal(said, events), unindexed=True)
        for change in became.changes:
            if change.events:
                self._tell(environment, change)
        for outcome in became.outcomes:
            if outcome.state == "refused":
                self._session.warn(f"{environment}: {outcome.event.service}: {outcome.problem}")
        self._look_into(became)

    def _look_into(self, became: "Became") -> None:
        """Have workers look into the images that nobody knows yet."""
        from envscout.names.reference import parse
        from envscout.verbs import queue

        begun = (each for each in became.outcomes if each.unindexed and each.state == "recorded")
        for event in (each.event for each in begun if each.event.action != "remove"):
            reference = parse(event.reference)
            name = f"{reference.repository}@{event.digest}"
            try:
                self._session.call(queue.ask, [name], organization=self._organization, urgency="wave")
            except EnvscoutError as error:
                self._session.warn(f"{name} is not looked into: {error.cause}")

    def _tell(self, environment: str, change: "Change") -> None:
        if self._form == "json":
            fields = {name: value for name, value in msgspec.to_builtins(change).items() if name != "events"}
            options.document({"schema": "envscout/watch-kubernetes/1", "environment": environment, **fields})
            return
        before, after = (", ".join(f"{each.reference.partition('@')[0]}@{each.digest[:19]}" for each in side)
                         for side in (change.before, change.after))  # fmt: skip
        text = f"{before} -> {after}" if change.kind == "changed" else before or after
        click.echo(inert(f"{environment}: {change.service} {change.kind}: {text}"))


def _pod(labels: frozenset[str], told: Any) -> "Pod":
    from envscout.watch.pods import pod

    return pod(told, labels)


def _once(client: Any, path: str, mirror: "Mirror[Any]", selector: str) -> None:
    import httpx2

    from envscout.watch.cluster import GoneError, listed

    try:
        listed(client, path, mirror, selector)
    except (httpx2.HTTPError, msgspec.MsgspecError, GoneError, OSError) as error:
        raise SourceError(
            f"the API server cannot be asked for {path}: {error}", "check that it runs, and ask again"
        ) from error

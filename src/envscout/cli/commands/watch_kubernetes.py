"""`envscout watch kubernetes`: what runs in a cluster is what is on record."""

import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec

from envscout.cli import options
from envscout.cli.session import Session
from envscout.cli.show.table import inert
from envscout.cli.stopping import until_stopped
from envscout.errors import AccessDenied, EnvscoutError, SourceError, UsageError
from envscout.model import Event
from envscout.names.reference import OFFICIAL

if TYPE_CHECKING:
    from envscout.environments.becoming import Change
    from envscout.watch.mirror import Mirror
    from envscout.watch.placing import Rules, Running
    from envscout.watch.pods import Pod

PODS, NAMESPACES, NODES = "/api/v1/pods", "/api/v1/namespaces", "/api/v1/nodes"
SOURCE = "kubernetes"
AGAIN = 300.0
"""Seconds after which all is compared again, though nothing was told."""
_SETTLE = 0.5
_RETRY = 5.0
_LISTS = 5


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
            watcher = _Watcher(session, org or session.settings.text("organization") or OFFICIAL, cluster, rules, form)
            watcher.run(client, flags["selector"], flags["once"], stop)


class _Cluster(NamedTuple):
    """What there is in a cluster. namespaces: their labels, nodes: their platforms, both by name."""

    pods: "Mirror[Pod]"
    namespaces: "Mirror[tuple[str, Mapping[str, str]]]"
    nodes: "Mirror[tuple[str, str]]"


class _Watcher:
    """Has the record follow a cluster. told: what each environment was last made to be."""

    def __init__(self, session: Session, organization: str, cluster: str, rules: "Rules", form: str) -> None:
        self._session, self._organization, self._rules, self._form = session, organization, rules, form
        self._actor = f"kubernetes:{cluster}"
        self._told: dict[str, Running] = {}
        self._asked: set[tuple[str, str]] = set()
        self._changed = threading.Event()

    def run(self, client: Any, selector: str, once: bool, stop: threading.Event) -> None:
        """Follow until stopped."""
        from envscout.watch import cluster, mirror, pods

        labels = self._rules.labels
        there = _Cluster(
            mirror.Mirror(partial(pods.pod, labels=labels), self._changed),
            mirror.Mirror(lambda each: (each.metadata.name, pods.labels(each, labels)), self._changed),
            mirror.Mirror(lambda each: (each.metadata.name, pods.platform(each)), self._changed),
        )
        followed: list[tuple[str, Mirror[Any], str]] = [(PODS, there.pods, selector)]
        if self._rules.environment_label:
            followed.append((NAMESPACES, there.namespaces, ""))
        else:
            there.namespaces.suffice()
        if self._may_see_nodes(client, there.nodes):
            followed.append((NODES, there.nodes, ""))
        else:
            there.nodes.suffice()
        self._told = {name: {} for name in self._mine()}
        if once:
            for path, held, chosen in followed:
                _once(client, path, held, chosen)
            if not self._record(there, everything=True):
                raise click.exceptions.Exit(1)
            return
        for path, held, chosen in followed:
            words = (client, path, held, stop, self._session.warn, chosen)
            threading.Thread(target=cluster.follow, args=words, daemon=True).start()
        self._follow(there, stop)

    def _may_see_nodes(self, client: Any, nodes: "Mirror[Any]") -> bool:
        """Tell whether nodes may be asked for their platforms; what goes wrong otherwise is told by who asks again."""
        from envscout.watch.cluster import listed

        try:
            listed(client, NODES, nodes)
        except AccessDenied:
            self._session.warn(
                "nodes may not be listed: of an image of several platforms any that is known counts; "
                "let the service account `list` and `watch` nodes"
            )
            return False
        except Exception:
            # Whoever follows them asks again, and tells.
            return True
        return True

    def _mine(self) -> list[str]:
        """Return the environments that this watcher looked at before, and that its rules may still place pods in."""
        from envscout.store.deployments import Scope
        from envscout.verbs import drift

        looked = self._session.call(drift.drift, Scope(self._organization), tags=False)
        # A server tells beside who looked who was let in.
        own = [each for each in looked if each.actor == self._actor or each.actor.startswith(f"{self._actor} (")]
        return [each.environment for each in own if each.source == SOURCE and self._rules.may_be(each.environment)]

    def _follow(self, there: "_Cluster", stop: threading.Event) -> None:
        looked = time.monotonic() - AGAIN
        while not stop.is_set():
            is_changed = self._changed.wait(_SETTLE)
            # What happens together is told together.
            stop.wait(_SETTLE)
            is_due = time.monotonic() - looked >= AGAIN
            # While nothing is heard of the cluster, what is known of it may be old: who asks sees that nobody looks.
            if not all(each.is_complete.is_set() and each.is_current.is_set() for each in there):
                continue
            if is_changed or is_due:
                self._changed.clear()
                looked = time.monotonic() if is_due else looked
                if not self._record(there, everything=is_due):
                    stop.wait(_RETRY)
                    self._changed.set()

    def _record(self, there: "_Cluster", *, everything: bool) -> bool:
        """Have each environment become what runs there now; return whether that could be done with all of them.

        everything: also those of which nothing new is known.
        """
        from envscout.watch.placing import environments

        found = environments(there.pods.all(), dict(there.namespaces.all()), self._rules, dict(there.nodes.all()))
        failed = 0
        for name in sorted({*found, *self._told}):
            wanted = found.get(name, {})
            if not everything and self._told.get(name) == wanted and wanted:
                continue
            try:
                self._become(name, wanted, everything=everything)
            except EnvscoutError as error:
                # One that cannot be told, for its name or for who asks, must not keep the others from being told.
                self._session.warn(f"{name} could not be recorded: {error.cause}; trying again")
                failed += 1
                continue
            self._told[name] = wanted
            if not wanted:
                self._told.pop(name)
        return not failed

    def _become(self, environment: str, wanted: "Running", *, everything: bool) -> None:
        from envscout.verbs.become import Goal, observe

        said = Event(self._organization, environment, "", "", 0, actor=self._actor, source=SOURCE)
        events = tuple(
            msgspec.structs.replace(said, service=service, digest=digest, platform=platform, reference=reference)
            for (service, digest, platform), reference in sorted(wanted.items())
        )
        became = self._session.call(observe, Goal(said, events), unindexed=True)
        for change in became.changes:
            if change.events:
                self._tell(environment, change)
        for outcome in became.outcomes:
            if outcome.state == "refused":
                self._session.warn(f"{environment}: {outcome.event.service}: {outcome.problem}")
        if everything or any(each.unindexed for each in became.outcomes):
            self._look_into(wanted)

    def _look_into(self, wanted: "Running") -> None:
        """Have workers look into the images that nobody knows yet; what could not be asked for is asked again."""
        from envscout.names.reference import parse
        from envscout.verbs import index, look, queue

        for (_, digest, platform), name in wanted.items():
            if (digest, platform) in self._asked:
                continue
            try:
                if self._session.call(index.known, digest, "index", look.tools("index")) is None:
                    reference = f"{parse(name).repository}@{digest}"
                    self._session.call(
                        queue.ask, [reference], organization=self._organization, platform=platform, urgency="wave"
                    )
                self._asked.add((digest, platform))
            except EnvscoutError as error:
                self._session.warn(f"{name}@{digest[:19]} is not looked into: {error.cause}")

    def _tell(self, environment: str, change: "Change") -> None:
        if self._form == "json":
            fields = {name: value for name, value in msgspec.to_builtins(change).items() if name != "events"}
            options.document({"schema": "envscout/watch-kubernetes/1", "environment": environment, **fields})
            return
        before, after = (", ".join(f"{each.reference.partition('@')[0]}@{each.digest[:19]}" for each in side)
                         for side in (change.before, change.after))  # fmt: skip
        text = f"{before} -> {after}" if change.kind == "changed" else before or after
        click.echo(inert(f"{environment}: {change.service} {change.kind}: {text}"))


def _once(client: Any, path: str, mirror: "Mirror[Any]", selector: str) -> None:
    from envscout.watch.answers import GoneError
    from envscout.watch.cluster import listed

    for _ in range(_LISTS):
        try:
            listed(client, path, mirror, selector)
            return
        except GoneError:
            # It changed too much while it was read.
            continue
        except EnvscoutError:
            raise
        except Exception as error:
            why = f"the API server cannot be asked for {path}: {error}"
            raise SourceError(why, "check that it runs, and ask again") from error
    raise SourceError(f"the API server forgets a list of {path} while it is read", "ask again")

"""When a cluster is looked at, and what is made of it: at the start, at each change, and now and then anyway."""

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from envscout.errors import AccessDenied, EnvscoutError, SourceError, UsageError

if TYPE_CHECKING:
    from envscout.cli.becoming import Record
    from envscout.watch.placing import Rules, Running
    from envscout.watch.pods import Pod

R = TypeVar("R")
PODS, NAMESPACES, NODES = "/api/v1/pods", "/api/v1/namespaces", "/api/v1/nodes"
WITHOUT_NODES = (
    "nodes may not be listed: of an image of several platforms any that is known counts; "
    "let the service account `list` and `watch` nodes"
)
AGAIN = 300.0
"""Seconds after which all is compared again, though nothing was told."""
_SETTLE = 0.5
_RETRY = 5.0
_ASKED = 5
"""Times that a list which changes while it is read is asked for."""


class Follower:
    """Has the record follow a cluster.

    told: what each environment was last made to be, which may be nothing; None for those on record that were not yet
    looked at.
    """

    def __init__(self, record: "Record", rules: "Rules", warn: Callable[[str], None], selector: str) -> None:
        """selector: of the labels of pods, "" for all."""
        from envscout.watch import pods
        from envscout.watch.mirror import Mirror

        self._record, self._rules, self._warn, self._selector = record, rules, warn, selector
        self._changed = threading.Event()
        self._pods: Mirror[Pod] = Mirror(partial(pods.pod, labels=rules.labels), self._changed)
        self._spaces: Mirror[tuple[str, Mapping[str, str]]] = Mirror(
            lambda each: (each.metadata.name, pods.labels(each, rules.labels)), self._changed
        )
        self._nodes: Mirror[tuple[str, str]] = Mirror(
            lambda each: (each.metadata.name, pods.platform(each)), self._changed, WITHOUT_NODES
        )
        self._followed: list[tuple[str, Mirror[Any], str]] = [(PODS, self._pods, selector), (NODES, self._nodes, "")]
        if rules.environment_label:
            self._followed.append((NAMESPACES, self._spaces, ""))
        self._told: dict[str, Running | None] = {}

    def run(self, client: Any, once: bool, stop: threading.Event) -> None:
        """Follow until stopped, or look once.

        Raise UsageError where the selector would empty what is on record at the first look; Exit(1) where not all
        could be recorded at the only one.
        """
        from envscout.watch import cluster

        self._told = dict.fromkeys(self._record.looked_at(self._rules))
        if once:
            self._list(client)
            self._check(client)
            if not self._look(everything=True):
                raise click.exceptions.Exit(1)
            return
        for path, mirror, selector in self._followed:
            words = (client, path, mirror, stop, self._warn, selector)
            threading.Thread(target=cluster.follow, args=words, daemon=True).start()
        try:
            self._follow(client, stop)
        finally:
            stop.set()

    def _list(self, client: Any) -> None:
        """Ask once for all that is followed; what may not be seen and can be done without is told."""
        from envscout.watch import cluster

        for path, mirror, selector in self._followed:
            try:
                _asked(path, partial(cluster.listed, client, path, mirror, selector))
            except AccessDenied:
                if not mirror.without:
                    raise
                self._warn(mirror.without)

    def _follow(self, client: Any, stop: threading.Event) -> None:
        looked, is_checked = time.monotonic() - AGAIN, False
        while not stop.is_set():
            is_changed = self._changed.wait(_SETTLE)
            # What happens together is told together.
            stop.wait(_SETTLE)
            is_due = time.monotonic() - looked >= AGAIN
            # While nothing is heard of the cluster, what is known of it may be old: who asks sees that nobody looks.
            if not all(each.is_enough for _, each, _ in self._followed):
                continue
            if is_changed or is_due:
                self._changed.clear()
                is_checked = is_checked or self.is_checked(client)
                if is_checked:
                    looked = time.monotonic() if is_due else looked
                if not is_checked or not self._look(everything=is_due):
                    stop.wait(_RETRY)
                    self._changed.set()

    def is_checked(self, client: Any) -> bool:
        """Check, and return whether that could be done; what answers nothing is asked again. Raise UsageError."""
        try:
            self._check(client)
        except UsageError:
            raise
        except EnvscoutError as error:
            self._warn(f"{_why(error)}; trying again")
            return False
        return True

    def _check(self, client: Any) -> None:
        """Raise UsageError where no pod has the labels that were asked for, others are there, and that would empty."""
        from envscout.watch import cluster

        if not self._selector or self._pods.all() or not _asked(PODS, partial(cluster.has_any, client, PODS)):
            return
        cause = f"no pod of this cluster has the labels {self._selector!r}"
        if emptied := [name for name in self._told if self._record.has_any(name)]:
            raise UsageError(
                f"{cause}, and {', '.join(emptied)} would be emptied",
                "correct --selector; if all of them are really gone, say so: envscout environment remove",
            )
        self._warn(f"{cause}, so that nothing is recorded until one has: check --selector")

    def _look(self, *, everything: bool) -> bool:
        """Have each environment become what runs there now; return whether that could be done with all of them.

        everything: also those of which nothing new is known.
        """
        from envscout.watch.placing import environments

        if everything and not self._has_let_go():
            return False
        found = environments(self._pods.all(), dict(self._spaces.all()), self._rules, dict(self._nodes.all()))
        failed = 0
        for name in sorted({*found, *self._told}):
            wanted = found.get(name, {})
            if not everything and self._told.get(name) == wanted:
                continue
            try:
                is_emptied = self._record.become(name, wanted)
            except EnvscoutError as error:
                # One that cannot be told, for its name or for who asks, must not keep the others from being told.
                self._warn(f"{name} could not be recorded: {_why(error)}; trying again")
                failed += 1
                continue
            # What leaves while somebody looks is seen to leave. At the first look it may never have been looked for.
            if is_emptied and self._told.get(name) is None:
                self._warn(f"{name} is empty now: if it should not be, check --namespace, the labels and the cluster")
            self._told[name] = wanted
        return not failed

    def _has_let_go(self) -> bool:
        """Forget where nothing runs here any more and somebody else looks by now; return whether that could be told."""
        empty = {name for name, wanted in self._told.items() if wanted == {}}
        try:
            for name in empty and empty.difference(self._record.looked_at(self._rules)):
                del self._told[name]
        except EnvscoutError as error:
            self._warn(f"who looks at {', '.join(sorted(empty))} could not be asked: {_why(error)}; trying again")
            return False
        return True


def _why(error: EnvscoutError) -> str:
    return f"{error.cause} ({error.next_step})" if error.next_step else error.cause


def _asked(path: str, ask: Callable[[], R]) -> R:
    """Return what an API server answers. Raise SourceError where it cannot be asked."""
    from envscout.watch.answers import GoneError

    for _ in range(_ASKED):
        try:
            return ask()
        except GoneError:
            # It changed too much while it was read.
            continue
        except EnvscoutError:
            raise
        except Exception as error:
            why = f"the API server cannot be asked for {path}: {error}"
            raise SourceError(why, "check that it runs, and ask again") from error
    raise SourceError(f"the API server forgets a list of {path} while it is read", "ask again")

"""Having the record become what a cluster runs, environment by environment, and telling what changed."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click
import msgspec

from envscout.cli import options
from envscout.cli.session import Session
from envscout.cli.show.table import inert
from envscout.errors import EnvscoutError, NotFound
from envscout.model import Event

if TYPE_CHECKING:
    from envscout.environments.becoming import Change
    from envscout.watch.placing import Rules, Running

SOURCE = "kubernetes"


class Record:
    """What is on record of a cluster; who watches says so under the cluster's name."""

    def __init__(self, session: Session, organization: str, cluster: str, form: str) -> None:
        """form: in which changes are told, `text` or `json`."""
        self._session, self._organization, self._form = session, organization, form
        self._actor = f"{SOURCE}:{cluster}"
        self._asked: set[tuple[str, str]] = set()

    def looked_at(self, rules: "Rules") -> list[str]:
        """Return the environments that this watcher looked at before, and that rules may still place pods in."""
        from envscout.store.deployments import Scope
        from envscout.verbs import drift

        try:
            looked = self._session.call(drift.drift, Scope(self._organization), tags=False)
        except NotFound:
            # Who is confined to one environment asks about that one, which may be recorded into for the first time.
            return []
        # A server tells beside who looked who was let in.
        own = [each for each in looked if each.actor == self._actor or each.actor.startswith(f"{self._actor} (")]
        return [each.environment for each in own if each.source == SOURCE and rules.may_be(each.environment)]

    def has_any(self, environment: str) -> bool:
        """Tell whether anything is on record of an environment."""
        from envscout.store.deployments import Scope
        from envscout.verbs import ask

        try:
            return bool(self._session.call(ask.running, Scope(self._organization, environment)))
        except NotFound:
            return False

    def become(self, environment: str, wanted: "Running") -> bool:
        """Have an environment become what runs there, and tell what changed; return whether that emptied it."""
        from envscout.verbs.become import Goal, observe

        said = Event(self._organization, environment, "", "", 0, actor=self._actor, source=SOURCE)
        events = tuple(
            msgspec.structs.replace(said, service=service, digest=digest, platform=platform, reference=reference)
            for (service, digest, platform), references in sorted(wanted.items())
            for reference in references
        )
        became = self._session.call(observe, Goal(said, events), unindexed=True)
        changed = [each for each in became.changes if each.events]
        for change in changed:
            self._tell(environment, change)
        for outcome in became.outcomes:
            if outcome.state == "refused":
                self._session.warn(f"{environment}: {outcome.event.service}: {outcome.problem}")
        self._look_into(became.unknown)
        return bool(changed) and not wanted

    def _look_into(self, unknown: Iterable[Event]) -> None:
        """Have workers look into images, each once; what could not be asked for is asked again."""
        from envscout.environments.becoming import UNSEEN
        from envscout.names.reference import parse
        from envscout.verbs import queue

        for each in unknown:
            # Which of its images a node runs is known once that was heard of.
            if each.platform == UNSEEN or (each.digest, each.platform) in self._asked:
                continue
            try:
                reference = f"{parse(each.reference).repository}@{each.digest}"
                self._session.call(
                    queue.ask, [reference], organization=self._organization, platform=each.platform, urgency="wave"
                )
                self._asked.add((each.digest, each.platform))
            except EnvscoutError as error:
                self._session.warn(f"{each.reference}@{each.digest[:19]} is not looked into: {error.cause}")

    def _tell(self, environment: str, change: "Change") -> None:
        if self._form == "json":
            fields = {name: value for name, value in msgspec.to_builtins(change).items() if name != "events"}
            options.document({"schema": "envscout/watch-kubernetes/1", "environment": environment, **fields})
            return
        before, after = (", ".join(f"{each.reference.partition('@')[0]}@{each.digest[:19]}" for each in side)
                         for side in (change.before, change.after))  # fmt: skip
        text = f"{before} -> {after}" if change.kind == "changed" else before or after
        click.echo(inert(f"{environment}: {change.service} {change.kind}: {text}"))

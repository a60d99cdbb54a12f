"""Metrics in the form of Prometheus: what Docker Scout's exporter tells, under its names, and how this server fares."""

import os
import threading
import time
from collections.abc import Callable, Iterator

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from pyroaring import BitMap

from envscout.access.principal import Principal
from envscout.errors import NotFound
from envscout.model.finding import WORDS
from envscout.store import Database, feeds, judged, now, outbox
from envscout.store.deployments import Scope
from envscout.verbs import ask, progress, whole
from envscout.verbs.whole import Question, Whole

KEPT_SECONDS = 60.0
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECOND = 1_000_000


class Metrics:
    """What was told last, by organization: it is made anew once a minute, by one of those who ask."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, bytes]] = {}
        self._lock = threading.Lock()

    def told(self, database: Database, principal: Principal) -> bytes:
        """Return what somebody may know."""
        name = principal.organization
        with self._lock:
            at, kept = self._kept.get(name, (0.0, b""))
            if not kept or time.monotonic() - at > KEPT_SECONDS:
                kept = _made(_About(database, name).collect)
                if len(self._kept) > 1000:
                    self._kept.clear()
                self._kept[name] = (time.monotonic(), kept)
        return kept if name else kept + _own()


def _own() -> bytes:
    """Return what the processes of this server counted."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _made(collect: Callable[[], Iterator[Metric]]) -> bytes:
    class Once(Collector):
        def collect(self) -> Iterator[Metric]:
            return collect()

    registry = CollectorRegistry()
    registry.register(Once())
    return generate_latest(registry)


class _About:
    """What the store says, to an organization or ("") to whoever runs the server."""

    def __init__(self, database: Database, organization: str) -> None:
        self._database = database
        self._organization = organization

    def collect(self) -> Iterator[Metric]:
        yield from self._streams()
        yield from self._policies()
        yield from self._feeds()
        if not self._organization:
            yield from self._work()
            yield from self._messages()

    def _streams(self) -> Iterator[Metric]:
        """Yield what runs in each environment and is vulnerable, and how many images are not known well enough."""
        found = GaugeMetricFamily(
            "scout_stream_vulnerabilities",
            "Vulnerabilities of what runs in an environment",
            labels=("streamName", "severity", "organization"),
        )
        unknown = GaugeMetricFamily(
            "envscout_stream_unknown_services",
            "Services of an environment for which the answer is unknown or partial",
            labels=("streamName", "organization"),
        )
        for organization, each in self._environments():
            for level, word in WORDS.items():
                labels = (each.environment, word.upper(), organization)
                numbers = BitMap.union(*(side.found[level] for side in each.services.values()))
                found.add_metric(labels, len(numbers))
            count = sum(not side.known for side in each.services.values())
            unknown.add_metric((each.environment, organization), count)
        yield found
        yield unknown

    def _environments(self) -> Iterator[tuple[str, Whole]]:
        """Yield what runs where, all of it asked at once: what an image has is looked up once for all environments."""
        rows = ask.environments(self._database, Scope(self._organization))
        asked = [(Scope(row.organization, row.name), Question()) for row in rows if row.images]
        while asked:
            try:
                found = whole.environments(self._database, asked)
            except NotFound:
                # Of one of them the last was taken away a moment ago.
                asked = [each for each in asked if ask.running(self._database, each[0])]
                continue
            yield from zip((scope.organization for scope, _ in asked), found, strict=True)
            return

    def _policies(self) -> Iterator[Metric]:
        """Yield of how many images a policy says that they meet it, as it was counted last: that is done aside."""
        labels = ("id", "displayName", "streamName", "organization")
        met = GaugeMetricFamily("scout_policy_compliant_images", "Images that meet a policy", labels=labels)
        all_ = GaugeMetricFamily("scout_policy_evaluated_images", "Images that a policy judges", labels=labels)
        age = GaugeMetricFamily(
            "envscout_policy_age_seconds",
            "Seconds since the images of an environment were judged",
            labels=("streamName", "organization"),
        )
        at = now()
        with self._database.read() as connection:
            found = judged.judged(connection, self._organization)
        for each in found:
            age.add_metric((each.environment, each.organization), max(0, at - each.at) / _SECOND)
            for count in each.counts:
                values = (count.policy, count.title, each.environment, each.organization)
                met.add_metric(values, count.compliant)
                all_.add_metric(values, count.evaluated)
        yield from (met, all_, age)

    def _feeds(self) -> Iterator[Metric]:
        age = GaugeMetricFamily(
            "envscout_feed_age_seconds", "Seconds since what a feed says of itself", labels=("feed",)
        )
        records = GaugeMetricFamily("envscout_feed_records", "Standing records of a feed", labels=("feed",))
        with self._database.read() as connection:
            for each in feeds.status(connection, None):
                age.add_metric((each.name,), max(0, now() - each.run.as_of) / _SECOND)
                records.add_metric((each.name,), each.run.records)
        yield age
        yield records

    def _work(self) -> Iterator[Metric]:
        found, at = progress.progress(self._database), now()
        workers = GaugeMetricFamily("envscout_workers", "Processes that work")
        workers.add_metric((), len(found.workers))
        waiting = GaugeMetricFamily("envscout_queue_waiting", "What waits in a queue", labels=("queue",))
        oldest = GaugeMetricFamily("envscout_queue_oldest_seconds", "Age of the oldest that waits", labels=("queue",))
        for queue in found.queues:
            waiting.add_metric((queue.name,), queue.waiting)
            oldest.add_metric((queue.name,), (at - queue.oldest) / _SECOND if queue.oldest else 0)
        failures = GaugeMetricFamily("envscout_task_failures", "Failures of a task in a row", labels=("task",))
        seconds = GaugeMetricFamily("envscout_task_seconds", "Seconds that a task took last", labels=("task",))
        since = GaugeMetricFamily("envscout_task_since_seconds", "Seconds since a task ended last", labels=("task",))
        for task in found.tasks:
            failures.add_metric((task.name,), task.failures)
            if task.ended:
                seconds.add_metric((task.name,), max(0, task.ended - task.began) / _SECOND)
                since.add_metric((task.name,), (at - task.ended) / _SECOND)
        yield from (workers, waiting, oldest, failures, seconds, since)

    def _messages(self) -> Iterator[Metric]:
        messages = GaugeMetricFamily("envscout_outbox_messages", "Messages by state", labels=("state",))
        counts: dict[str, int] = {"waiting": 0, "dead": 0}
        with self._database.read() as connection:
            for each in outbox.counts(connection):
                counts[each.state] = counts.get(each.state, 0) + each.count
        for state, count in counts.items():
            messages.add_metric((state,), count)
        yield messages

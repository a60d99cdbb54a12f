"""What the services of an environment are vulnerable to now, from what was found before: what changed is looked at."""

from collections.abc import Mapping

import msgspec

from envscout.environments.difference import Side, count
from envscout.findings import coverage as covering
from envscout.model import Coverage
from envscout.standing.numbers import Images, Question, Said, by_service, coverages, sets_of, side
from envscout.store import Connection, generations, present, summaries
from envscout.store.deployments import Running, Scope
from envscout.store.memory import Memory


class _Part(msgspec.Struct, frozen=True):
    """One service. rests: what it was found of: what ran, and when each image was looked into last."""

    rests: tuple[tuple[Running, int | None], ...]
    side: Side
    coverage: Coverage

    @property
    def size(self) -> int:
        """Return bytes, about."""
        return 1_000 * len(self.rests) + 2 * count(self.side.found)


class Briefing:
    """What runs in one environment, and what is known of it already. Of one transaction."""

    def __init__(self, connection: Connection, memory: Memory, scope: Scope, question: Question) -> None:
        self._memory, self._question = memory, question
        reached = generations.reached(connection, scope.organization)
        age = generations.age(connection, memory, reached.known, question.max_age)
        ran = [
            present.present(connection, memory, each) for each in reached.environments if each.name == scope.environment
        ]
        indexed = {number: at for each in ran for number, at in each.indexed.items()}
        self.running = [one for each in ran for one in each.running]
        self._rests = {
            service: tuple((each, indexed[each.image_id]) for each in held)
            for service, held in by_service(self.running).items()
        }
        self._key = ("sides", scope, question, connection.tenant, age)
        kept: Mapping[str, _Part] = memory.find(self._key) or {}
        self._parts = {name: part for name, part in kept.items() if part.rests == self._rests.get(name)}
        self._changed = [each for each in self.running if each.deployment.service not in self._parts]
        self._known = summaries.images(connection, {each.image_id for each in self._changed}) if self._changed else {}
        self._connection = connection

    def missing(self) -> list[int]:
        """Return the sets that must be summed up, and that nobody summed up yet."""
        return summaries.missing(self._connection, sets_of(self._known.values())) if self._changed else []

    def told(self, connection: Connection) -> tuple[Mapping[str, Side], Coverage]:
        """Return what each service is vulnerable to, and how far that can be trusted."""
        if self._changed or len(self._parts) != len(self._rests):
            found = self._found(connection)
            self._parts = {name: self._parts.get(name) or found[name] for name in self._rests}
            self._memory.put(self._key, self._parts, sum(each.size for each in self._parts.values()))
        trust = covering.combine(part.coverage for part in self._parts.values())
        return {name: part.side for name, part in self._parts.items()}, trust

    def _found(self, connection: Connection) -> dict[str, _Part]:
        asked = Images(connection, self._known, self._question)
        said = Said(connection, self._changed, asked)
        trust = coverages(connection, self._known, asked)
        trusted = {number: each.state != "unknown" for number, each in trust.items()}
        return {
            service: _Part(
                self._rests[service],
                side(running, asked, said, trusted),
                covering.combine(trust[each.image_id] for each in running),
            )
            for service, running in by_service(self._changed).items()
        }

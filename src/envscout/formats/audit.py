"""Everything that an audit asks of an environment at a moment."""

import msgspec

from envscout.formats.answer import Answer
from envscout.model import Event, Verdict
from envscout.policies.force import Effective
from envscout.policies.policy import Health
from envscout.store.feeds import Status
from envscout.verbs.ask import ImageReport
from envscout.verbs.exceptions import Listed


class Judged(msgspec.Struct, frozen=True):
    """An image that ran, and what the policies in force said of it."""

    report: ImageReport
    verdicts: tuple[Verdict, ...]
    health: Health
    policies: Effective

    @property
    def met(self) -> int:
        """Return how many policies it meets."""
        return sum(each.state == "pass" for each in self.verdicts)


class Audit(msgspec.Struct, frozen=True):
    """The report of an environment.

    at: the moment in question, microseconds since 1970 UTC. asked: how the user wrote it, "" for now. since: from when
    events are told, None for none. judged: in the order of the answer's images. events: newest first. exceptions: that
    stood at the moment and speak of the environment. feeds: as they were then.
    """

    answer: Answer
    at: int
    asked: str
    since: int | None
    judged: tuple[Judged, ...]
    events: tuple[Event, ...]
    exceptions: tuple[Listed, ...]
    feeds: tuple[Status, ...]

    @property
    def environment(self) -> str:
        """Return its name."""
        return self.answer.report.environment

    @property
    def organizations(self) -> tuple[str, ...]:
        """Return whose environment it is; several may have one of the same name."""
        names = (each.report.deployment.organization for each in self.judged if each.report.deployment)
        return tuple(dict.fromkeys(names))

    @property
    def failing(self) -> int:
        """Return how many images must not pass a gate."""
        return sum(any(one.blocks for one in each.verdicts) for each in self.judged)

    @property
    def in_force(self) -> tuple[Effective, ...]:
        """Return the policies that were in force, each set once."""
        return tuple({each.policies.digest: each.policies for each in self.judged}.values())

    @property
    def moments(self) -> str:
        """Say in words which moment is meant, and by what knowledge it is judged."""
        from envscout.formats.parts import when

        means = " (the beginning of that day)" if len(self.asked) == 10 and self.asked[4:5] == "-" else ""
        ran = f"What ran on {when(self.at)}{means}"
        known = self.known_at
        told = f"on {when(known)}" if known != self.at else "then"
        return f"{ran}, judged by what was known {told}."

    @property
    def known_at(self) -> int:
        """Return the moment by whose knowledge it is judged."""
        return self.answer.given if self.answer.known_at is None else self.answer.known_at

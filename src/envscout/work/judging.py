"""What policies say of what runs: counted environment by environment, aside, as it takes long where much runs.

An image that runs several times in an environment counts once, and meets a policy where it does everywhere.
"""

import time
from collections.abc import Iterator, Sequence

import msgspec

from envscout.findings.heeding import Heed
from envscout.model import Verdict
from envscout.operations.judging import answered, beside
from envscout.policies.kinds import KINDS
from envscout.policies.policy import Policy
from envscout.policies.policy import judge as judge_by
from envscout.store import judged, news, now, standing
from envscout.store.deployments import Scope
from envscout.store.judged import Count, Due
from envscout.verbs import ask, gate, govern
from envscout.verbs.ask import Question
from envscout.work.task import Work

_PIECE = 10
"""Images whose findings are held at once."""
_SHARE = 10.0
"""Seconds after which no further environment is begun until the next run: other work is of more use to somebody."""
_MUCH = 200
"""Marks, or news that no message was made of, from which on those come first."""
_REST = 4.0
"""Times as long as some images took, before the next: whoever asks the process meanwhile is answered."""
_PATIENCE, _GLANCE = 60.0, 0.5
"""Seconds for which they come first, and between two looks whether they still do."""


def judge(work: Work, heed: Heed) -> bool:
    """Judge environments, one at least where one is due. Return False: what is left has time until the next run."""
    until = time.monotonic() + _SHARE
    while not work.stop.is_set() and time.monotonic() < until:
        with work.database.read() as connection:
            due = judged.due(connection, now())
        if due is None:
            break
        counts, failing = counted(work, due, heed)
        if not work.stop.is_set():
            with work.database.write() as connection:
                judged.put(connection, due, now(), counts, failing)
    return False


def counted(work: Work, due: Due, heed: Heed) -> tuple[tuple[Count, ...], dict[int, tuple[str, ...]]]:
    """Return what the policies in force in an environment say of what runs there, and of each image which it fails."""
    policies = govern.in_force(work.database, due.organization, due.name).policies
    met: dict[str, dict[int, bool]] = {each.id: {} for each in policies}
    for image_id, verdict in _verdicts(work, due, heed, policies):
        of_policy = met[verdict.policy]
        of_policy[image_id] = of_policy.get(image_id, True) and verdict.state == "pass"
    counts = tuple(Count(each.id, _title(each), len(met[each.id]), sum(met[each.id].values())) for each in policies)
    images = sorted({image_id for each in met.values() for image_id in each})
    return counts, {image: tuple(name for name, of in met.items() if not of.get(image, True)) for image in images}


def _give_way(work: Work) -> None:
    """Wait while much is to be told: counts have time, and who is told late deploys meanwhile what nobody should."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and _is_much_to_tell(work) and not work.stop.wait(_GLANCE):
        pass


def _is_much_to_tell(work: Work) -> bool:
    with work.database.read() as connection:
        unread = news.newest(connection) - news.cursor(connection, news.NOTIFY)
        return unread > _MUCH or standing.marks(connection) > _MUCH


def _title(policy: Policy) -> str:
    """Return what a policy is called, whether it is met or not."""
    return policy.title or KINDS[policy.kind].title


def _verdicts(work: Work, due: Due, heed: Heed, policies: Sequence[Policy]) -> Iterator[tuple[int, Verdict]]:
    """Yield what policies say of what runs, some images at a time; less where the process is to stop."""
    ran = ask.running(work.database, Scope(due.organization, due.name))
    for start in range(0, len(ran), _PIECE):
        _give_way(work)
        if work.stop.is_set():
            return
        began = time.monotonic()
        subjects = [(each.image_id, each.deployment.reference, each.deployment) for each in ran[start : start + _PIECE]]
        report = ask.of_subjects(work.database, subjects, Question(heed=heed))
        for each in report.images:
            known = answered(each, due.name, beside(msgspec.structs.replace(report, images=(each,))), each.as_of)
            facts = gate.facts(work.database, known, gate.seen(work.database, each.image_id))
            yield from ((each.image_id, verdict) for verdict in judge_by(policies, facts))
        if start + _PIECE < len(ran):
            work.stop.wait(_REST * (time.monotonic() - began))

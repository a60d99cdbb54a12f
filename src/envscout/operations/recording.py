"""What several people record at the same time, in one transaction: each confined, logged and answered as if alone."""

from collections.abc import Sequence
from typing import NamedTuple

from envscout.access.principal import Principal
from envscout.errors import EnvscoutError
from envscout.model import Event
from envscout.operations.performing import act, admitted
from envscout.standing.appending import Batch, Outcome
from envscout.store import Database
from envscout.verbs import audit
from envscout.verbs.record import several

NAME = "record.many"


class Telling(NamedTuple):
    """What somebody records. unindexed: of each event, whether its image is taken though nobody looked into it."""

    principal: Principal
    events: Sequence[Event]
    unindexed: Sequence[bool]
    request_id: str = ""


class _Admitted(NamedTuple):
    act: audit.Act
    batch: Batch


def record_for(database: Database, tellings: Sequence[Telling]) -> list[list[Outcome] | EnvscoutError]:
    """Record what several people tell; return what became of the events of each, or why they may not tell that."""
    asked = [_admitted(database, each) for each in tellings]
    meant = [each for each in asked if isinstance(each, _Admitted)]
    if not meant:
        return [each for each in asked if not isinstance(each, _Admitted)]
    with audit.witnessed(database, *(each.act for each in meant)):
        found = iter(several(database, [each.batch for each in meant]))
    return [next(found) if isinstance(each, _Admitted) else each for each in asked]


def _admitted(database: Database, telling: Telling) -> _Admitted | EnvscoutError:
    who, number = telling.principal, telling.request_id
    try:
        asked = admitted(database, who, NAME, {"events": telling.events, "unindexed": any(telling.unindexed)}, number)
    except EnvscoutError as error:
        return error
    return _Admitted(act(who, NAME, asked, number), Batch(asked["events"], telling.unindexed, who.organization))

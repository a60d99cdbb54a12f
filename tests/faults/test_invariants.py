"""The invariants themselves: each complains of a store, or of a client, that was tampered with as a fault might do."""

import contextlib
import copy
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import invariants
from tests.faults.conftest import Make
from tests.faults.invariants import CHECKS, Check, check
from tests.faults.load import Recording
from tests.faults.world import World

Change = Callable[[World], None]


@pytest.fixture
def whole(make: Make) -> World:
    """Return a world on a file in which something happened and everything is told; nothing runs any more."""
    world = make("sqlite")
    world.listen()
    world.start(apis=1, workers=0)
    with world.load(clients=2) as load:
        load.await_count(10)
        world.change(15)
    world.settle()
    assert world.apis[0].stop() == 0
    check(world)
    return world


def sql(*statements: str) -> Change:
    """Return what changes a store behind everybody's back; each statement has to change something."""

    def change(world: World) -> None:
        with contextlib.closing(sqlite3.connect(str(world.place), isolation_level=None)) as connection:
            for each in statements:
                assert connection.execute(each).rowcount != 0, each

    return change


def _receiver_forgets(world: World) -> None:
    del world.receivers["to-ok"].accepted[3]


def _receiver_is_told_twice(world: World) -> None:
    receiver = world.receivers["to-ok"]
    receiver.accepted.append(receiver.accepted[0])


def _receiver_is_told_under_another_name(world: World) -> None:
    receiver = world.receivers["to-ok"]
    receiver.accepted.append(receiver.accepted[0]._replace(id="msg_other"))


def _client_was_told_of_what_is_not_kept(world: World) -> None:
    world.loads[0].log.acknowledge(Recording("never", "staging", "acme/none", "sha256:0"))


def _client_was_refused(world: World) -> None:
    world.loads[0].log.blame("400")


FINDING = "DELETE FROM finding WHERE (adv_id, pkg_id) = (SELECT adv_id, pkg_id FROM finding LIMIT 1)"
STANDING = "DELETE FROM standing WHERE (vuln_id, env_id) = (SELECT vuln_id, env_id FROM standing LIMIT 1)"
OPEN, FIXED = "DROP TRIGGER audit_kept", "DROP TRIGGER audit_fixed"
SECOND = "audit_id = (SELECT min(audit_id) + 1 FROM audit)"
END = "audit_id >= (SELECT max(audit_id) FROM audit WHERE operation = 'record.record')"

TAMPERED: tuple[tuple[str, Check, Change], ...] = (
    (
        "an event is lost",
        invariants.nothing_acknowledged_is_lost,
        sql("DELETE FROM event WHERE event_id = (SELECT max(event_id) FROM event)"),
    ),
    ("a client was told of nothing", invariants.nothing_acknowledged_is_lost, _client_was_told_of_what_is_not_kept),
    ("a client was refused", invariants.clients_were_told_nothing_wrong, _client_was_refused),
    (
        "an interval goes on",
        invariants.what_runs_is_the_fold_of_what_was_said,
        sql(
            "UPDATE deployment SET d_to = d_to + 1 WHERE rowid ="
            " (SELECT min(rowid) FROM deployment WHERE d_to < 9223372036854775807)"
        ),
    ),
    (
        "a finding is missing",
        invariants.findings_are_those_of_a_match_from_nothing,
        sql(FINDING),
    ),
    (
        "a finding is missing, as db verify sees it",
        invariants.what_is_kept_is_what_would_be_made_from_nothing,
        sql(FINDING),
    ),
    (
        "something stands that nobody was told of",
        invariants.what_is_kept_is_what_would_be_made_from_nothing,
        sql(STANDING),
    ),
    (
        "news were skipped",
        invariants.no_news_is_told_twice_and_none_is_missing,
        sql(
            "INSERT INTO news SELECT max(news_id) + 1, at + 1, organization, environment, service, kind, vulnerability,"
            " severity, digest, reference, direction, cause, document FROM news"
        ),
    ),
    ("a message was lost on its way", invariants.no_news_is_told_twice_and_none_is_missing, _receiver_forgets),
    (
        "a message was forgotten",
        invariants.no_news_is_told_twice_and_none_is_missing,
        sql("DELETE FROM outbox WHERE message_id = (SELECT min(message_id) FROM outbox)"),
    ),
    (
        "a message was given up",
        invariants.no_news_is_told_twice_and_none_is_missing,
        sql("UPDATE outbox SET state = 'dead' WHERE message_id = (SELECT min(message_id) FROM outbox)"),
    ),
    (
        "a message has two identities",
        invariants.no_news_is_told_twice_and_none_is_missing,
        _receiver_is_told_under_another_name,
    ),
    ("a message came twice", invariants.no_message_comes_twice, _receiver_is_told_twice),
    (
        "the log was changed",
        invariants.the_audit_log_is_whole,
        sql(FIXED, f"UPDATE audit SET actor = 'me' WHERE {SECOND}"),
    ),
    ("the log lost an entry", invariants.the_audit_log_is_whole, sql(OPEN, f"DELETE FROM audit WHERE {SECOND}")),
    ("the log lost its end", invariants.the_audit_log_is_whole, sql(OPEN, f"DELETE FROM audit WHERE {END}")),
)


def test_every_invariant_complains_of_what_it_is_about(whole: World, tmp_path: Path) -> None:
    assert {complains for _, complains, _ in TAMPERED} == set(CHECKS)
    silent = []
    for number, (what, complains, change) in enumerate(TAMPERED):
        world = _copied(whole, tmp_path / f"{number}.db")
        change(world)
        if not list(complains(world)):
            silent.append(what)
    assert not silent


def _copied(world: World, file: Path) -> World:
    """Return a world that may be tampered with."""
    shutil.copy(str(world.place), file)
    made = copy.copy(world)
    made.place, made.env = file, {**world.env, "ENVSCOUT_STORE": str(file)}
    made.loads = [copy.copy(each) for each in world.loads]
    for each in made.loads:
        each.log = copy.copy(each.log)
        each.log.acknowledged, each.log.wrong = dict(each.log.acknowledged), list(each.log.wrong)
    made.receivers = {name: copy.copy(each) for name, each in world.receivers.items()}
    for receiver in made.receivers.values():
        receiver.accepted = list(receiver.accepted)
    return made

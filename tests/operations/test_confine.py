"""Everything that can be asked is confined: a new operation without a place in the tables fails here."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from envscout.access.principal import Principal
from envscout.environments.fold import advance
from envscout.errors import NotAllowed, NotFound
from envscout.model import Event, Image, Inventory
from envscout.operations.answers import ANSWERS
from envscout.operations.confine import Asker, unclassified
from envscout.operations.performing import perform
from envscout.operations.table import OPERATIONS
from envscout.store import Database, Place, deployments, images
from envscout.store.deployments import Scope

ACME = Principal("token:1", "owner", "acme")
STAGING = Principal("token:2", "owner", "acme", "staging")


@pytest.fixture
def seeded(place: Callable[[str], Place]) -> Iterator[tuple[Database, dict[str, int]]]:
    """Return a store in which two organizations have an image each, and the numbers of these."""
    numbers = {}
    for tenant in ("acme", "evil"):
        with Database(place("store"), tenant) as database, database.write() as connection:
            numbers[tenant], _ = images.put(connection, Image("sha256:" + "a" * 64), Inventory(), 1)
            for environment in ("production", "staging"):
                event = Event(tenant, environment, f"{tenant}-app", "record", 1, reference=f"{tenant}/app:1")
                deployments.append(connection, event, numbers[tenant], advance)
    with Database(place("store")) as database:
        yield database, numbers


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_argument_of_an_operation_is_classified(name: str) -> None:
    assert not unclassified(name), "say in operations/confine.py what is done with these"
    assert name in ANSWERS, "say in operations/answers.py what keeps its answer within what is the asker's"


@pytest.mark.parametrize("scope", [Scope("evil"), Scope("evil", "production"), Scope("nobody")])
def test_what_is_of_another_organization_looks_like_what_does_not_exist(
    seeded: tuple[Database, dict[str, int]], scope: Scope
) -> None:
    for name in ("ask.environments", "ask.running"):
        with pytest.raises(NotFound, match="there is no organization"):
            perform(seeded[0], ACME, name, {"scope": scope})


def test_asking_for_all_means_all_that_is_theirs(seeded: tuple[Database, dict[str, int]]) -> None:
    database, _ = seeded
    rows = perform(database, ACME, "ask.environments", {"scope": Scope()})
    assert [(each.organization, each.name) for each in rows] == [("acme", "production"), ("acme", "staging")]
    rows = perform(database, STAGING, "ask.environments", {"scope": Scope()})
    assert [(each.organization, each.name) for each in rows] == [("acme", "staging")]
    running = perform(database, STAGING, "ask.running", {"scope": Scope()})
    assert {(each.deployment.organization, each.deployment.environment) for each in running} == {("acme", "staging")}
    with pytest.raises(NotFound):
        perform(database, STAGING, "ask.running", {"scope": Scope("acme", "production")})


def test_images_of_others_have_no_number(seeded: tuple[Database, dict[str, int]]) -> None:
    database, numbers = seeded
    for principal in (ACME, STAGING):
        database.connection.tenant = principal.organization
        for number in (numbers["evil"], 0, -1, 99, 2**63, 2**70):
            with pytest.raises(NotFound, match="there is no image"):
                Asker(database, principal).value("image_id", number)
        assert Asker(database, principal).value("image_id", numbers["acme"])


def test_what_speaks_of_the_whole_instance_is_for_nobody_confined(seeded: tuple[Database, dict[str, int]]) -> None:
    for name, answer in ANSWERS.items():
        if name in OPERATIONS and answer.kind == "whole":
            with pytest.raises(NotAllowed):
                perform(seeded[0], ACME, name, {})


def test_an_event_is_recorded_where_it_may_be(seeded: tuple[Database, dict[str, int]]) -> None:
    database, _ = seeded
    asked: dict[str, Any] = {"event": Event("", "", "acme-app", "remove", 1)}
    recorded = perform(database, STAGING, "record.remove", asked)
    assert (recorded.event.organization, recorded.event.environment) == ("acme", "staging")
    with pytest.raises(NotFound):
        perform(database, ACME, "record.remove", {"event": Event("evil", "production", "evil-app", "remove", 1)})
    with pytest.raises(NotAllowed):
        perform(database, Principal("v", "viewer"), "record.remove", {"event": Event("evil", "x", "y", "remove", 1)})
    entries = perform(database, Principal("o", "owner"), "audit.listed", {})
    assert [(each.operation, each.organization, each.outcome) for each in entries] == [
        ("record.remove", "acme", "done"),
        ("record.remove", "acme", "refused"),
        ("record.remove", "evil", "refused"),
    ]
    assert not perform(database, Principal("o", "owner"), "audit.verify", {}).faults
    assert len(perform(database, ACME, "audit.listed", {})) == 2

"""What answers rest on: whatever changes them makes its number rise, and nothing else does."""

import contextlib

from envscout.environments.fold import advance
from envscout.model import Event, Image, Inventory
from envscout.store import Database, deployments, findings, generations, images
from envscout.store.generations import Generations


def _event(environment: str, digest: str) -> Event:
    return Event("shop", environment, "web", "record", 1, digest=digest)


def _now(database: Database, environment: str = "") -> Generations:
    with database.read() as connection:
        return generations.generations(connection, "shop", environment)


def _record(database: Database, environment: str, image: int) -> None:
    with database.write() as connection:
        deployments.append(connection, _event(environment, "sha256:1"), image, advance)


def test_what_runs_concerns_its_environment(database: Database) -> None:
    with database.write() as connection:
        image = images.put_unindexed(connection, Image("sha256:1"))
    _record(database, "staging", image)
    before, other = _now(database, "staging"), _now(database, "production")
    _record(database, "production", image)
    assert _now(database, "staging").environments == before.environments
    assert _now(database, "staging").ran > before.ran
    assert _now(database, "production").environments > other.environments
    assert _now(database).known == before.known


def test_what_is_found_in_an_image_concerns_where_it_runs(database: Database) -> None:
    with database.write() as connection:
        image = images.put_unindexed(connection, Image("sha256:1"))
    _record(database, "staging", image)
    before = _now(database, "staging")
    with database.write() as connection:
        images.put(connection, Image("sha256:2"), Inventory(), 2)
    assert _now(database, "staging").environments == before.environments
    assert _now(database, "staging").images > before.images
    with database.write() as connection:
        images.put(connection, Image("sha256:1"), Inventory(), 2)
    assert _now(database, "staging").environments > before.environments
    assert _now(database, "staging").ran > before.ran


def test_what_was_not_kept_changes_nothing(database: Database) -> None:
    before = _now(database)
    with contextlib.suppress(ZeroDivisionError), database.together():
        with database.write() as connection:
            images.put_unindexed(connection, Image("sha256:1"))
        assert _now(database).images > before.images
        raise ZeroDivisionError
    assert _now(database) == before


def test_what_is_mended_makes_other_answers(database: Database) -> None:
    before = _now(database)
    with database.write() as connection:
        findings.mend(connection, [], [], 1)
    assert _now(database).known > before.known

"""News: in order, never numbered twice, seen by whom they concern, and bounded."""

import msgspec

from envscout.model import Event, Image, Inventory, News, NewsFacts
from envscout.store import Database, images, news
from envscout.store.news import Window
from envscout.verbs.record import record, remove


def _appeared(vulnerability: str, organization: str = "acme", environment: str = "prod", at: int = 1) -> News:
    return News("appeared", at, organization, environment, "api", vulnerability, "high", facts=NewsFacts(kev=True))


def test_news_come_back_as_they_were_given_after_a_cursor(database: Database) -> None:
    given = [_appeared(f"CVE-2026-{number}") for number in range(5)]
    with database.write() as connection:
        assert news.append(connection, given) == 5
        found = news.after(connection, 0)
        assert [each.news for each in found] == given
        assert [each.news for each in news.after(connection, found[2].news_id, limit=1)] == [given[3]]
        assert news.newest(connection) == found[-1].news_id
        assert news.append(connection, []) == 0


def test_news_are_for_whom_they_concern(database: Database) -> None:
    ours = [_appeared("1"), _appeared("2", environment="staging"), News("feed-trouble", 1)]
    theirs = [_appeared("3", organization="other")]
    with database.write() as connection:
        news.append(connection, ours + theirs)
        assert [each.news for each in news.after(connection, 0, "acme")] == ours
        assert [each.news for each in news.after(connection, 0, "acme", ["prod", "x"])] == [ours[0], ours[2]]
        assert [each.news for each in news.after(connection, 0, "acme", ["rod", "stag"])] == [ours[2]]


def test_news_of_an_environment_are_looked_up_by_time_and_kind(database: Database) -> None:
    given = [_appeared(str(at), at=at) for at in range(5)]
    others = [_appeared("x", environment="staging", at=2), News("resolved", 2, "acme", "prod", "api", "y")]
    with database.write() as connection:
        news.append(connection, [*given, *others, _appeared("z", organization="other", at=3)])
        window = Window("prod", "acme", 1, 3, ("appeared", "escalated"))
        found = [each.news for each in news.between(connection, window, 10)]
        assert found == [given[3], given[2], given[1]]
        assert [each.news for each in news.between(connection, window, 1)] == [given[3]]
        everybody = news.between(connection, msgspec.structs.replace(window, organization=""), 10)
        assert [each.news.vulnerability for each in everybody] == ["z", "3", "2", "1"]
        assert not news.between(connection, msgspec.structs.replace(window, kinds=("appear",)), 10)


def test_a_number_is_never_given_twice(database: Database) -> None:
    with database.write() as connection:
        news.append(connection, [_appeared("1"), _appeared("2")])
        last = news.newest(connection)
        assert news.forget(connection, at=2, keep=0) == 2
        assert news.oldest(connection) == 0
        news.append(connection, [_appeared("3")])
        assert news.newest(connection) > last


def test_what_is_old_or_too_much_is_forgotten(database: Database) -> None:
    with database.write() as connection:
        news.append(connection, [_appeared(str(at), at=at) for at in range(10)])
        assert news.forget(connection, at=10, keep=7) == 3
        assert news.forget(connection, at=10, keep=100, most=4) == 3
        assert [each.news.at for each in news.after(connection, 0)] == [6, 7, 8, 9]


def test_a_cursor_only_rises(database: Database) -> None:
    with database.write() as connection:
        assert news.cursor(connection, "x") == 0
        news.advance(connection, "x", 5)
        news.advance(connection, "x", 3)
        assert news.cursor(connection, "x") == 5


def test_recording_and_removing_are_news(database: Database) -> None:
    with database.write() as connection:
        for digest in ("sha256:1", "sha256:2"):
            images.put(connection, Image(digest), Inventory(()), 1)
    for digest, reference in (
        ("sha256:1", "api:1"),
        ("sha256:1", "api:1"),
        ("sha256:1", "api:one"),
        ("sha256:2", "api:2"),
    ):
        record(database, Event("acme", "prod", "api", "record", 0, "", digest, reference, actor="eve"))
    remove(database, Event("acme", "prod", "api", "remove", 0))
    with database.read() as connection:
        found = [each.news for each in news.after(connection, 0)]
    assert [(each.kind, each.reference) for each in found] == [
        ("deployed", "api:1"), ("undeployed", "api:one"), ("deployed", "api:2"), ("undeployed", "api:2"),
    ]  # fmt: skip
    assert found[0].facts.actor == "eve"
    assert found[0].digest == "sha256:1"

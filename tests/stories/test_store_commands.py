"""Keeping the store: brought to a newer schema, copied, backed up and restored, also by PostgreSQL's own programs."""

from pathlib import Path

from envscout.store import Database, Place, catalog
from tests.servers.postgresql import Server
from tests.servers.program import need, run
from tests.stories.story import APP, Desk, at_hand


def content(place: Place) -> dict[str, catalog.Sum]:
    with Database(place) as database, database.read() as connection:
        return {
            each.name: catalog.summed(connection, each, sorted(each.columns)) for each in catalog.tables(connection)
        }


def test_a_store_moves_to_postgresql_and_back(watched: Desk, old: str, tmp_path: Path, postgresql: Server) -> None:
    watched.record("production", old, *APP)
    watched.rest()
    server, back = postgresql.make(), tmp_path / "back.db"
    said = watched.ok("store", "copy", str(watched.place), server).err
    assert "are the same in postgresql://" in said
    watched.ok("store", "copy", server, f"sqlite:///{back}")
    assert content(watched.place) == content(server) == content(back)
    answers = [
        watched.ok("cves", "--org", "myorg", "--env", "production", ENVSCOUT_STORE=str(at)).out for at in (server, back)
    ]
    assert answers[0] == answers[1]
    assert "CVE-2023-5363" in answers[0]
    refusal = watched.call("store", "copy", server, str(back))
    assert (refusal.code, "is not empty" in refusal.refusal) == (1, True)


def test_a_backup_is_a_store_and_makes_one(watched: Desk, old: str, tmp_path: Path, postgresql: Server) -> None:
    watched.record("production", old, *APP)
    watched.rest()
    kept = tmp_path / "kept.db"
    watched.ok("store", "backup", kept)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in tmp_path.glob("kept.db*")) == ["kept.db"]
    for place in (postgresql.make(), str(tmp_path / "new.db")):
        watched.ok("store", "restore", kept, ENVSCOUT_STORE=place)
        assert "all is there" in watched.ok("store", "verify", ENVSCOUT_STORE=place).err
        assert content(place if "://" in place else Path(place)) == content(watched.place)
    assert watched.call("store", "backup", kept).code == 64
    assert watched.call("store", "restore", tmp_path / "none.db").code == 64


def test_pg_dump_and_pg_restore_give_the_same_store(
    watched: Desk, old: str, tmp_path: Path, postgresql: Server
) -> None:
    need("pg_dump", "pg_restore")
    watched.record("production", old, *APP)
    watched.rest()
    server, restored = postgresql.make(), postgresql.make()
    watched.ok("store", "copy", str(watched.place), server)
    run("pg_dump", "--format=custom", "--no-owner", "--file", tmp_path / "dump", server)
    run("pg_restore", "--no-owner", "--exit-on-error", "--dbname", restored, tmp_path / "dump")
    assert "all is there" in watched.ok("store", "verify", ENVSCOUT_STORE=restored).err
    assert content(restored) == content(server)


def test_damage_is_told_of(watched: Desk, old: str) -> None:
    watched.record("production", old, *APP)
    with Database(watched.place) as database, database.write() as connection:
        connection.execute("DELETE FROM finding")
    answer = watched.call("store", "verify")
    assert (answer.code, "1 findings are missing" in answer.err) == (1, True)


def test_a_store_is_migrated_when_one_wants_it(desk: Desk) -> None:
    if desk.server:
        desk.env["ENVSCOUT_STORE"] = desk.server.make()
    new = desk.call("db", "migrate", "--check")
    assert (new.code, new.out.startswith("schema 0 -> ")) == (2, True)
    assert desk.ok("db", "migrate").out.startswith("schema 0 -> ")
    assert "nothing to do" in desk.ok("db", "migrate", "--dry-run").out
    assert "nothing to do" in desk.ok("db", "migrate").out


def test_a_newer_store_is_refused_by_every_command(desk: Desk) -> None:
    at_hand("its file is of a newer version")
    desk.ok("db", "migrate")
    with Database(desk.place) as database, database.write():
        database._engine.set_version(database.connection, database.schema + 1)
    for words in (("db", "migrate"), ("environment",), ("store", "verify"), ("serve", "--port", "0")):
        assert "newer envscout" in desk.call(*words).refusal

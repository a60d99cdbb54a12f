"""The audit log proves itself: every edit, removal and other order shows."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from envscout.access.chain import faults, seal, sealed
from envscout.access.principal import Principal
from envscout.errors import StoreError
from envscout.model.entry import GENESIS, Entry
from envscout.store import Database, Place
from envscout.verbs import audit, members

WHO = Principal("token:1", "owner", "acme")


def chain(length: int) -> list[Entry]:
    found: list[Entry] = []
    for number in range(1, length + 1):
        entry = Entry(0, number, "a", "owner", "acme", "tokens.create", f"name={number}", "", "done")
        found.append(sealed(entry, number, found[-1].hash if found else GENESIS))
    return found


def test_a_whole_chain_has_no_faults() -> None:
    assert not list(faults(chain(5)))


@pytest.mark.parametrize("field", [each for each in Entry.__struct_fields__ if each != "number"])
def test_an_edit_shows(field: str) -> None:
    entries = chain(5)
    old = getattr(entries[2], field)
    entries[2] = msgspec.structs.replace(entries[2], **{field: old + 1 if isinstance(old, int) else old + "x"})
    assert list(faults(entries))


def test_an_edit_that_is_sealed_again_shows_at_the_next_entry() -> None:
    entries = chain(5)
    changed = msgspec.structs.replace(entries[2], actor="nobody")
    entries[2] = msgspec.structs.replace(changed, hash=seal(changed))
    assert list(faults(entries)) == ["entry 4 does not follow the one before: one of them was replaced"]


def test_what_is_missing_or_moved_shows() -> None:
    entries = chain(5)
    assert list(faults(entries[:2] + entries[3:])) == ["entry 3 is missing"]
    assert list(faults(entries[1:])) == ["entry 1 is missing"]
    assert list(faults([*entries[:2], entries[3], entries[2], entries[4]]))


def test_the_store_refuses_to_change_it(place: Callable[[str], Place]) -> None:
    with Database(place("store")) as database:
        for number in range(3):
            with audit.witnessed(database, audit.Act(WHO, "members.add", organization="acme")):
                members.add(database, f"person{number}", "viewer", "x", "acme")
        assert [each.number for each in audit.listed(database, "acme")] == [1, 2, 3]
        head = audit.verify(database).head
        for change in ("DELETE FROM audit WHERE audit_id = 2", "UPDATE audit SET actor = 'x' WHERE audit_id = 2"):
            with pytest.raises(StoreError, match="only appended to"), database.write() as connection:
                connection.execute(change)
        assert audit.verify(database, head) == audit.Verified(3, head, ())
        assert audit.verify(database, "f" * 64).faults


def test_a_missing_end_shows_to_who_kept_a_hash(tmp_path: Path) -> None:
    with Database(tmp_path / "store.db") as database:
        for number in range(3):
            with audit.witnessed(database, audit.Act(WHO, "members.add")):
                members.add(database, f"person{number}", "viewer", "x")
        head = audit.verify(database).head
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as hostile:
        hostile.execute("DROP TRIGGER audit_kept")
        hostile.execute("DELETE FROM audit WHERE audit_id = 3")
    with Database(tmp_path / "store.db") as database:
        assert not audit.verify(database).faults
        assert audit.verify(database, head).faults


def test_what_is_undone_is_not_told(place: Callable[[str], Place]) -> None:
    with Database(place("store")) as database:
        act = audit.Act(WHO, "members.add")
        with pytest.raises(ZeroDivisionError), audit.witnessed(database, act), database.write():
            raise ZeroDivisionError
        assert audit.verify(database).entries == 0

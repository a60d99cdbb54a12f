"""What procrastinate keeps beside a store on PostgreSQL: its schema, made and brought up to date, and who calls it.

A trigger on a table of the store queues a job in the transaction that wrote there, so that no write goes unnoticed,
whichever program wrote.
"""

from collections.abc import Mapping, Sequence

import msgspec

from envscout.store.database import Connection, Database, queries

_SQL = queries("jobs")
_LAST = "999"


class Caller(msgspec.Struct, frozen=True):
    """What is written to a table calls a task: `queue`, `priority` and `lanes` are those of its jobs."""

    table: str
    task: str
    queue: str
    priority: int
    lanes: int


def install(
    database: Database, version: str, script: str, changes: Mapping[str, str], callers: Sequence[Caller]
) -> str:
    """Make the schema of jobs, or bring it up to date; return its name. Raise StoreError.

    script: what makes everything. changes: file name -> script, of what changed between versions; a file's name begins
    with the version it came with, as 03.02.00.
    """
    with database.write() as connection:
        name, found = connection.execute(_SQL["known"]).fetchone()
        key = _key(version)
        if _key(found) < key:
            connection.execute(_SQL["make"])
            connection.execute(_SQL["enter"])
            wanted = (
                [script] if not found else [changes[each] for each in sorted(changes) if each > _key(found) + _LAST]
            )
            for each in wanted:
                database.run_script(each)
            connection.execute(_SQL["say"], {"said": version})
            connection.execute(_SQL["mark"])
    with database.write() as connection:
        connection.execute(_SQL["enter"])
        connection.execute(_SQL["make_call"])
    with database.write() as connection:
        for caller in callers:
            _call(connection, caller)
    return str(name)


def _key(version: str) -> str:
    """Return a version as procrastinate's files begin: `03.02.00_` for 3.2.0."""
    parts = (version or "0").split(".")[:3]
    return ".".join(f"{int(each):02d}" for each in (*parts, *["0"] * (3 - len(parts)))) + "_"


def _call(connection: Connection, caller: Caller) -> None:
    """Have a table call a task, if it is there and does not yet."""
    if not connection.execute(_SQL["has_table"], {"name": caller.table}).fetchone()[0]:
        return
    name = f"envscout_call_{caller.task}"
    words = (caller.task, caller.queue, str(caller.priority), str(caller.lanes))
    row = {"name": name, "on_table": caller.table, "said": "".join(f"{each}\\000" for each in words)}
    if not connection.execute(_SQL["has_trigger"], row).fetchone()[0]:
        connection.execute(_SQL["say"], {"said": ",".join((name, caller.table, *words))})
        connection.execute(_SQL["make_trigger"])

"""Advisories: an update is staged beside the store without a lock, then applied in one transaction.

What stands is compared with what the feeds say now; only the difference is written, and every range keeps the time
from which, and until which, it was known.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from envscout.model import Advisory, Problem
from envscout.names import vulnerability
from envscout.names.ecosystem import scheme
from envscout.store.database import FOREVER, Database, queries

_SQL = queries("advisories")


class Change(msgspec.Struct, frozen=True):
    """What an update did to the records of one feed. Counts of records."""

    added: int = 0
    changed: int = 0
    withdrawn: int = 0


def known(connection: sqlite3.Connection, feed_id: int) -> dict[str, bytes]:
    """Return id -> digest of every record the feed ever held: what need not be read again."""
    return dict(connection.execute(_SQL["known_records"], {"feed_id": feed_id}).fetchall())


class Stage:
    """The changed records of one update, on their way into the store. Use once: fill, then `apply`, then `close`."""

    def __init__(self, database: Database) -> None:
        """Make room outside the shared file."""
        self._connection = database.connection
        self._count = 0
        self._gone: list[tuple[int, str]] = []
        self._changes: dict[int, Change] = {}
        for statement in _SQL["stage"].split(";")[:-1]:
            self._connection.execute(statement)

    def close(self) -> None:
        """Give the room back."""
        for statement in _SQL["unstage"].split(";")[:-1]:
            self._connection.execute(statement)

    def add(self, feed_id: int, records: Iterable[tuple[Advisory, bytes]], problems: Iterable[Problem]) -> None:
        """Stage records (with the digest of the bytes each was read from) and what could not be read of the feed."""
        advisories, aliases, shown, ranges, names, troubles = [], [], [], [], set(), []
        for advisory, digest in records:
            n = self._count
            self._count += 1
            advisories.append((
                n, feed_id, advisory.id, digest, advisory.published, advisory.modified, advisory.severity,
                " ".join(advisory.vectors), advisory.score, advisory.summary, advisory.details,
                " ".join(advisory.cwes), "\n".join(advisory.references), advisory.withdrawn,
            ))  # fmt: skip
            cves = vulnerability.own(advisory.id, advisory.aliases, advisory.upstream)
            aliases.append((n, "s", advisory.id))
            aliases += [(n, "a", name) for name in advisory.aliases]
            aliases += [(n, "u", name) for name in advisory.upstream]
            aliases += [(n, "c", name) for name in cves]
            shown += [(n, name) for name in cves]
            for r in advisory.ranges:
                ranges.append((n, r.ecosystem, r.name, r.lo, r.hi, r.low, r.high, r.fixed, r.severity))
                names.add((r.ecosystem, r.name))
            troubles += [(feed_id, advisory.id, problem.code, problem.message) for problem in advisory.problems]
        troubles += [(feed_id, problem.where, problem.code, problem.message) for problem in problems]
        put = self._connection.executemany
        self._connection.execute("BEGIN")
        put(_SQL["put_stage_advisory"], advisories)
        put(_SQL["put_stage_alias"], aliases)
        put(_SQL["put_stage_vulnerability"], shown)
        put(_SQL["put_stage_range"], ranges)
        put(_SQL["put_stage_name"], [(ecosystem, name, scheme(ecosystem) or "") for ecosystem, name in names])
        put(_SQL["put_stage_problem"], troubles)
        self._connection.execute("COMMIT")

    def drop(self, feed_id: int) -> None:
        """Forget what was staged of a feed that could not be read to its end."""
        for kind in ("aliases", "vulnerabilities", "ranges", "advisories", "problems"):
            self._connection.execute(_SQL[f"drop_stage_{kind}"], (feed_id,))

    def finish(self, feed_id: int, before: Mapping[str, bytes], seen: set[str], staged: set[str]) -> None:
        """Say what the whole feed held: records of before that were not seen have left it."""
        standing = {row[0] for row in self._connection.execute(_SQL["standing_records"], {"feed_id": feed_id})}
        gone = standing - seen
        self._gone += [(feed_id, record) for record in gone]
        fresh = sum(1 for record in staged if record not in before)
        self._changes[feed_id] = Change(added=fresh, changed=len(staged) - fresh, withdrawn=len(gone))

    @property
    def changes(self) -> Mapping[int, Change]:
        """Return what happened to each finished feed."""
        return self._changes

    def apply(self, connection: sqlite3.Connection, at: int) -> None:
        """Write the difference. Needs the write lock; at is the moment of knowledge, later than any before."""
        moment = {"at": at, "forever": FOREVER}

        def run(*names: str) -> None:
            for name in names:
                connection.execute(_SQL[name], {k: v for k, v in moment.items() if f":{k}" in _SQL[name]})

        run("apply_advisories", "number_advisories", "touch_staged")
        connection.executemany(_SQL["touch_gone"], self._gone)
        connection.executemany(_SQL["close_gone"], [(at, *record) for record in self._gone])
        run("apply_names", "number_names", "new_ranges")
        if connection.execute(_SQL["any_standing"], {"forever": FOREVER}).fetchone():
            run("index_new_ranges", "close_ranges")
        run("open_ranges", "clear_aliases", "apply_aliases")
        run("clear_vulnerabilities", "apply_vulnerability_names", "apply_vulnerabilities")
        _name_the_nameless(connection)
        run("clear_problems", "apply_problems", "apply_ecosystems")


def _name_the_nameless(connection: sqlite3.Connection) -> None:
    """Name the records without a CVE id of their own after their neighbours; any record may have become one."""
    connection.execute(_SQL["find_nameless"])
    records: dict[int, list[str]] = defaultdict(list)
    for adv_id, name in connection.execute(_SQL["names_of_nameless"]):
        records[adv_id].append(name)
    cves: dict[str, list[str]] = defaultdict(list)
    for name, cve in connection.execute(_SQL["cves_by_name"]):
        cves[name].append(cve)
    today: dict[int, list[str]] = defaultdict(list)
    for adv_id, name in connection.execute(_SQL["shown_of_nameless"]):
        today[adv_id].append(name)
    changed = {
        adv_id: names
        for adv_id, names in vulnerability.join(records, cves).items()
        if sorted(today.get(adv_id, ())) != sorted(names)
    }
    connection.execute(_SQL["drop_nameless"])
    rows = [(adv_id, name) for adv_id, names in changed.items() for name in names]
    connection.executemany(_SQL["drop_vulnerabilities_of"], [(adv_id,) for adv_id in changed])
    connection.executemany(_SQL["put_vulnerability"], [(name,) for _, name in rows])
    connection.executemany(_SQL["name_advisory"], rows)

"""Advisories: an update is staged beside the store without a lock, then applied in one transaction.

What stands is compared with what the feeds say now; only the difference is written, and every range keeps the time
from which, and until which, it was known.
"""

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from envscout.errors import StoreError
from envscout.model import Advisory, Problem
from envscout.names import vulnerability
from envscout.names.ecosystem import scheme
from envscout.store import standing
from envscout.store.database import FOREVER, Connection, Database, queries

_SQL = queries("advisories")


class Change(msgspec.Struct, frozen=True):
    """What an update did to the records of one feed. Counts of records."""

    added: int = 0
    changed: int = 0
    withdrawn: int = 0


def known(connection: Connection, feed_id: int) -> dict[str, bytes]:
    """Return id -> digest of every record the feed ever held: what need not be read again."""
    return dict(connection.execute(_SQL["known_records"], {"feed_id": feed_id}).fetchall())


class Stage:
    """The changed records of one update, on their way into the store. Use once: fill, then `apply`, then `close`."""

    def __init__(self, database: Database) -> None:
        """Make room outside the shared file."""
        self._database = database
        self._connection = database.connection
        self._count = 0
        self._rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in _STAGED}
        self._named = 0
        self._names: dict[int, dict[tuple[str, str], int]] = defaultdict(dict)
        self._ecosystems: set[tuple[int, str]] = set()
        self._feeds: set[int] = set()
        self._gone: list[tuple[int, str]] = []
        self._changes: dict[int, Change] = {}
        self._standing: dict[int, tuple[int, int, int]] = {}
        _each(self._connection, "unstage")
        _each(self._connection, "stage")

    def close(self) -> None:
        """Give the room back. Where that fails in the wake of another failure, the next stage does it."""
        with contextlib.suppress(StoreError), self._database.translated():
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            _each(self._connection, "unstage")

    def add(
        self, feed_id: int, records: Iterable[tuple[Advisory, bytes]], problems: Iterable[Problem], base: str = ""
    ) -> None:
        """Stage records (with the digest of the bytes each was read from) and what could not be read of the feed.

        base: the one ecosystem (`Debian`, with all its releases) that the feed is the source for; "" = all it names. A
        record of PyPI's feed that also names an npm package does not make it a source for npm.
        """
        self._feeds.add(feed_id)
        rows, known_names = self._rows, self._names[feed_id]
        for advisory, digest in records:
            n = self._count
            self._count += 1
            cves = vulnerability.own(advisory.id, advisory.aliases, advisory.upstream)
            rows["advisory"].append((
                n, feed_id, advisory.id, digest, advisory.published, advisory.modified, advisory.severity,
                " ".join(advisory.vectors), advisory.score, advisory.summary, advisory.details,
                " ".join(advisory.cwes), "\n".join(advisory.references), bool(cves), advisory.withdrawn,
            ))  # fmt: skip
            for name in advisory.aliases:
                rows["alias"].append((n, name, False))
            if cves:
                rows["vulnerability"] += [(n, name) for name in cves]
            else:
                rows["alias"] += [(n, advisory.id, False), *((n, name, True) for name in advisory.upstream)]
            for r in advisory.ranges:
                k = known_names.get((r.ecosystem, r.name)) or self._name(feed_id, r.ecosystem, r.name, base)
                rows["range"].append((n, k, r.lo, r.hi, r.low, r.high, r.fixed, r.severity))
            for ecosystem, name in advisory.unassessed:
                k = known_names.get((ecosystem, name)) or self._name(feed_id, ecosystem, name, base)
                rows["unassessed"].append((n, k))
            for problem in advisory.problems:
                rows["problem"].append((feed_id, advisory.id, problem.code, problem.message))
        rows["problem"] += [
            (feed_id, problem.where[:_LONGEST_PLACE], problem.code, problem.message) for problem in problems
        ]
        if len(rows["advisory"]) > _MANY:
            self.flush()

    def flush(self) -> None:
        """Move what is held in memory into the temporary tables."""
        self._connection.execute("BEGIN")
        for name, rows in self._rows.items():
            self._connection.executemany(_SQL[f"put_stage_{name}"], rows)
            rows.clear()
        self._connection.execute("COMMIT")

    def _name(self, feed_id: int, ecosystem: str, name: str, base: str) -> int:
        """Number a name that comes for the first time in its feed."""
        self._named += 1
        self._names[feed_id][ecosystem, name] = self._named
        self._rows["name"].append((self._named, ecosystem, name, scheme(ecosystem) or ""))
        if not base or ecosystem.partition(":")[0] == base:
            self._ecosystems.add((feed_id, ecosystem))
        return self._named

    def drop(self, feed_id: int) -> None:
        """Forget what was staged of a feed that could not be read to its end."""
        self.flush()
        self.drop_in(self._connection, feed_id)

    def drop_in(self, connection: Connection, feed_id: int) -> None:
        """Do the same of a feed that was read to its end, within a transaction."""
        for kind in ("aliases", "vulnerabilities", "ranges", "unassessed", "advisories", "problems"):
            connection.execute(_SQL[f"drop_stage_{kind}"], (feed_id,))
        self._feeds.discard(feed_id)
        self._gone = [each for each in self._gone if each[0] != feed_id]
        self._changes.pop(feed_id, None)
        self._ecosystems = {each for each in self._ecosystems if each[0] != feed_id}

    def finish(self, feed_id: int, before: Mapping[str, bytes], seen: set[str], staged: set[str]) -> None:
        """Say what the whole feed held: records of before that were not seen have left it."""
        standing = {row[0] for row in self._connection.execute(_SQL["standing_records"], {"feed_id": feed_id})}
        gone = standing - seen
        self._gone += [(feed_id, record) for record in gone]
        fresh = sum(1 for record in staged if record not in before)
        self._changes[feed_id] = Change(added=fresh, changed=len(staged) - fresh, withdrawn=len(gone))
        self.flush()
        rows = self._connection.execute(_SQL["staged_withdrawn"], {"feed_id": feed_id})
        away = {row[0] for row in rows}
        lost = len(gone | (standing & away))
        self._standing[feed_id] = (len(standing), lost, len(seen - away))

    @property
    def changes(self) -> Mapping[int, Change]:
        """Return what happened to each finished feed."""
        return self._changes

    def counts(self, feed_id: int) -> tuple[int, int, int]:
        """Return of a finished feed how many records stood, how many of those are gone, and how many stand now."""
        return self._standing.get(feed_id, (0, 0, 0))

    def apply(self, connection: Connection, at: int) -> None:
        """Write the difference. Needs the write lock; at is the moment of knowledge, later than any before."""
        moment = {"at": at, "forever": FOREVER}
        # The caller holds the one transaction there can be.
        for name, rows in self._rows.items():
            connection.executemany(_SQL[f"put_stage_{name}"], rows)

        def run(*names: str) -> None:
            for name in names:
                connection.execute(_SQL[name], {k: v for k, v in moment.items() if f":{k}" in _SQL[name]})

        run("apply_advisories", "number_staged", "index_staged", "touch_staged")
        connection.executemany(_SQL["touch_gone"], self._gone)
        connection.executemany(_SQL["close_gone"], [(at, *record) for record in self._gone])
        run("apply_names")
        if connection.execute(_SQL["any_standing"], {"forever": FOREVER}).fetchone():
            run("new_ranges", "index_new_ranges", "close_ranges", "drop_standing_ranges", "open_ranges")
        else:
            run("open_all_ranges")
        run("clear_unassessed", "apply_unassessed")
        (most,) = connection.execute(_SQL["most_touched"]).fetchone()
        aliases = ("clear_aliases", "apply_aliases")
        run(*aliases) if most else run("rename", *aliases, "rename")
        standing.mark_touched(connection)
        run("clear_vulnerabilities", "apply_vulnerability_names", "apply_vulnerabilities")
        run("all_nameless" if most else "find_nameless")
        _name_the_nameless(connection)
        run("clear_problems")
        connection.executemany(_SQL["clear_feed_problems"], [{"feed_id": feed_id} for feed_id in self._feeds])
        run("apply_problems")
        ecosystems = [{"feed_id": feed, "ecosystem": name, **moment} for feed, name in self._ecosystems]
        connection.executemany(_SQL["apply_ecosystems"], ecosystems)
        run("close_ecosystems")


_MANY = 5_000
_LONGEST_PLACE = 500
_STAGED = ("advisory", "alias", "vulnerability", "name", "range", "unassessed", "problem")


def _each(connection: Connection, name: str) -> None:
    """Run every statement of a script that makes or drops temporary tables."""
    for statement in _SQL[name].split(";"):
        connection.execute(statement)


def _name_the_nameless(connection: Connection) -> None:
    """Name the records in the temporary table `nameless`, which have no CVE id of their own, after their neighbours."""
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
    rows = [(adv_id, name) for adv_id, names in changed.items() for name in names]
    standing.mark_advisories(connection, changed)
    connection.executemany(_SQL["drop_vulnerabilities_of"], [(adv_id,) for adv_id in changed])
    connection.executemany(_SQL["put_vulnerability"], [(name,) for _, name in rows])
    connection.executemany(_SQL["name_advisory"], rows)
    standing.mark_advisories(connection, changed)

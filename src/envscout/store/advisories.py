"""Advisories: an update is staged beside the store without a lock, then applied in one transaction.

What stands is compared with what the feeds say now; only the difference is written, and every range keeps the time
from which, and until which, it was known.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from envscout.model import Advisory, Problem
from envscout.names import vulnerability
from envscout.names.ecosystem import scheme
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
        self._connection = database.connection
        self._count = 0
        self._names: dict[tuple[str, str], int] = {}
        self._ecosystems: set[tuple[int, str]] = set()
        self._feeds: set[int] = set()
        self._gone: list[tuple[int, str]] = []
        self._changes: dict[int, Change] = {}
        _each(self._connection, "stage")

    def close(self) -> None:
        """Give the room back."""
        _each(self._connection, "unstage")

    def add(
        self, feed_id: int, records: Iterable[tuple[Advisory, bytes]], problems: Iterable[Problem], base: str = ""
    ) -> None:
        """Stage records (with the digest of the bytes each was read from) and what could not be read of the feed.

        base: the one ecosystem (`Debian`, with all its releases) that the feed is the source for; "" = all it names. A
        record of PyPI's feed that also names an npm package does not make it a source for npm.
        """
        self._feeds.add(feed_id)
        rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in _STAGED}
        for n, (advisory, digest) in enumerate(records, self._count):
            cves = vulnerability.own(advisory.id, advisory.aliases, advisory.upstream)
            rows["advisory"].append((
                n, feed_id, advisory.id, digest, advisory.published, advisory.modified, advisory.severity,
                " ".join(advisory.vectors), advisory.score, advisory.summary, advisory.details,
                " ".join(advisory.cwes), "\n".join(advisory.references), bool(cves), advisory.withdrawn,
            ))  # fmt: skip
            rows["alias"] += [(n, name, 0) for name in advisory.aliases]
            if cves:
                rows["vulnerability"] += [(n, name) for name in cves]
            else:
                rows["alias"] += [(n, advisory.id, 0), *((n, name, 1) for name in advisory.upstream)]
            for r in advisory.ranges:
                k = self._names.get((r.ecosystem, r.name)) or self._name(r.ecosystem, r.name, rows["name"])
                if not base or r.ecosystem.partition(":")[0] == base:
                    self._ecosystems.add((feed_id, r.ecosystem))
                rows["range"].append((n, k, r.lo, r.hi, r.low, r.high, r.fixed, r.severity))
            for ecosystem, name in advisory.unassessed:
                k = self._names.get((ecosystem, name)) or self._name(ecosystem, name, rows["name"])
                rows["unassessed"].append((n, k))
            rows["problem"] += [(feed_id, advisory.id, problem.code, problem.message) for problem in advisory.problems]
        self._count += len(rows["advisory"])
        rows["problem"] += [(feed_id, problem.where, problem.code, problem.message) for problem in problems]
        self._connection.execute("BEGIN")
        for name in _STAGED:
            self._connection.executemany(_SQL[f"put_stage_{name}"], rows[name])
        self._connection.execute("COMMIT")

    def _name(self, ecosystem: str, name: str, rows: list[tuple[object, ...]]) -> int:
        """Number a name that comes for the first time."""
        k = self._names[ecosystem, name] = len(self._names) + 1
        rows.append((k, ecosystem, name, scheme(ecosystem) or ""))
        return k

    def drop(self, feed_id: int) -> None:
        """Forget what was staged of a feed that could not be read to its end."""
        for kind in ("aliases", "vulnerabilities", "ranges", "unassessed", "advisories", "problems"):
            self._connection.execute(_SQL[f"drop_stage_{kind}"], (feed_id,))
        self._feeds.discard(feed_id)
        self._ecosystems = {each for each in self._ecosystems if each[0] != feed_id}

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

    def apply(self, connection: Connection, at: int) -> None:
        """Write the difference. Needs the write lock; at is the moment of knowledge, later than any before."""
        moment = {"at": at, "forever": FOREVER}

        def run(*names: str) -> None:
            for name in names:
                connection.execute(_SQL[name], {k: v for k, v in moment.items() if f":{k}" in _SQL[name]})

        run("apply_advisories", "number_staged", "index_staged", "touch_staged")
        connection.executemany(_SQL["touch_gone"], self._gone)
        connection.executemany(_SQL["close_gone"], [(at, *record) for record in self._gone])
        run("apply_names", "new_ranges")
        if connection.execute(_SQL["any_standing"], {"forever": FOREVER}).fetchone():
            run("index_new_ranges", "close_ranges", "drop_standing_ranges")
        run("open_ranges", "clear_unassessed", "apply_unassessed")
        run("rename", "clear_aliases", "apply_aliases", "rename")
        run("clear_vulnerabilities", "apply_vulnerability_names", "apply_vulnerabilities")
        _name_the_nameless(connection)
        run("clear_problems")
        connection.executemany(_SQL["clear_feed_problems"], [{"feed_id": feed_id} for feed_id in self._feeds])
        run("apply_problems")
        ecosystems = [{"feed_id": feed, "ecosystem": name, **moment} for feed, name in self._ecosystems]
        connection.executemany(_SQL["apply_ecosystems"], ecosystems)
        run("close_ecosystems")


_STAGED = ("advisory", "alias", "vulnerability", "name", "range", "unassessed", "problem")


def _each(connection: Connection, name: str) -> None:
    """Run every statement of a script that makes or drops temporary tables."""
    for statement in _SQL[name].split(";"):
        connection.execute(statement)


def _name_the_nameless(connection: Connection) -> None:
    """Name the records without a CVE id of their own after their neighbours, as far as a touched record may matter."""
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
    rows = [(adv_id, name) for adv_id, names in changed.items() for name in names]
    connection.executemany(_SQL["drop_vulnerabilities_of"], [(adv_id,) for adv_id in changed])
    connection.executemany(_SQL["put_vulnerability"], [(name,) for _, name in rows])
    connection.executemany(_SQL["name_advisory"], rows)

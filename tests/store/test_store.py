"""The store: what is put comes back, what stands is the join, what stood is still answered."""

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from envscout import versions
from envscout.environments.fold import advance, fold
from envscout.errors import StoreError
from envscout.model import Advisory, Distribution, Event, Image, Inventory, Package, Range
from envscout.store import Database, Place, deployments, feeds, findings, images
from envscout.store.advisories import Stage, known

ACTIONS = ("record", "add", "remove")
DEBIAN = Distribution("debian", "12", "bookworm")


def deb(name: str, version: str, layer: str = "sha256:a", source: str = "") -> Package:
    return Package(
        type="deb",
        name=name,
        version=version,
        purl=f"pkg:deb/debian/{name}@{version}?distro=debian-12",
        source_name=source or name,
        source_version=version,
        locations=("/var/lib/dpkg/status",),
        layer=layer,
    )


def pypi(name: str, version: str, owner: str = "") -> Package:
    purl = f"pkg:pypi/{name}@{version}"
    return Package("pypi", name, version, purl, name, version, locations=(f"/{name}/METADATA",), owner=owner)


def inventory(*packages: Package) -> Inventory:
    return Inventory(tuple(sorted(packages, key=lambda p: (p.type, p.name))), DEBIAN, tools=("dpkg@1",))


def put(database: Database, digest: str, *packages: Package, at: int = 1) -> int:
    with database.write() as connection:
        image_id, fresh = images.put(connection, Image(digest=digest), inventory(*packages), at)
        findings.match_packages(connection, fresh, at, lambda _vectors: (5.0, ""))
    return image_id


def below(name: str, fixed: str, ecosystem: str = "Debian:12", scheme: str = "deb", introduced: str = "") -> Range:
    hi, lo = versions.key(scheme, fixed), versions.key(scheme, introduced) if introduced else b""
    assert hi is not None
    assert lo is not None
    return Range(ecosystem, name, lo, hi, introduced, fixed, fixed)


def update(database: Database, feed: str, at: int, *advisories: Advisory) -> None:
    """Apply a whole feed."""
    with database.write() as connection:
        feed_id = feeds.reserve(connection, feed, "osv", "here")
    with database.read() as connection:
        before = known(connection, feed_id)
    fresh = [(each, repr(each).encode()) for each in advisories]
    changed = [(each, digest) for each, digest in fresh if before.get(each.id) != digest]
    stage = Stage(database)
    stage.add(feed_id, changed, ())
    stage.finish(feed_id, before, {each.id for each in advisories}, {each.id for each, _ in changed})
    with database.write() as connection:
        stage.apply(connection, at)
        findings.match_touched(connection, at, lambda _vectors: (5.0, ""))
        feeds.put_run(connection, feeds.Run(feed_id, at, at, len(advisories), at, 0, 0, 0))
    stage.close()


def seen(database: Database, image_id: int, known_at: int | None = None) -> set[tuple[str, str]]:
    with database.read() as connection:
        answer = findings.answer(connection, [image_id], known_at)
    names = {place.pkg_id: place.name for place in answer.places.get(image_id, ())}
    return {(names[match.pkg_id], match.vulnerability) for match in answer.matches}


def test_an_inventory_comes_back_as_it_was_put(database: Database) -> None:
    packages = (deb("libssl3", "3.0.1-1", source="openssl"), deb("bash", "5.2-1", "sha256:b"), pypi("django", "4.2"))
    put(database, "sha256:1", *packages)
    with database.read() as connection:
        stored = images.find(connection, "sha256:1")
        assert stored is not None
        assert set(images.inventory_of(connection, stored).packages) == set(packages)
        assert stored.distribution == DEBIAN


def test_images_share_the_sets_of_their_layers(database: Database) -> None:
    base = [deb(f"base{n}", "1-1", "sha256:base") for n in range(20)]
    put(database, "sha256:1", *base, deb("one", "1-1", "sha256:x"))
    put(database, "sha256:2", *base, deb("two", "1-1", "sha256:y"))
    assert database.connection.execute("SELECT count(*) FROM package_set").fetchone() == (3,)
    assert database.connection.execute("SELECT count(*) FROM set_component").fetchone() == (22,)


def test_distribution_packages_match_by_source_in_their_release(database: Database) -> None:
    image = put(database, "sha256:1", deb("libssl3", "3.0.1-1", source="openssl"), deb("openssl-client", "3.0.1-1"))
    update(
        database,
        "osv:Debian",
        10,
        Advisory("DSA-1", upstream=("CVE-2023-0001",), ranges=(below("openssl", "3.0.2-1"),)),
        Advisory("DSA-2", upstream=("CVE-2023-0002",), ranges=(below("libssl3", "3.0.2-1"),)),
        Advisory("DSA-3", upstream=("CVE-2023-0003",), ranges=(below("openssl", "3.0.2-1", "Debian:11"),)),
        Advisory("DSA-4", upstream=("CVE-2023-0004",), ranges=(below("openssl", "3.0.1-1"),)),
    )
    assert seen(database, image) == {("libssl3", "CVE-2023-0001")}


def test_a_record_without_a_stream_leaves_every_stream_in_doubt(database: Database) -> None:
    version = "6.0.8-2.module_el8.8.0+1+abcdef12"
    purl = f"pkg:rpm/almalinux/varnish@{version}?rpmmod=varnish:6:1:a"
    varnish = Package("rpm", "varnish", version, purl, "varnish", version)
    httpd = Package("rpm", "httpd", "2.4.1-1.el8", "pkg:rpm/almalinux/httpd@2.4.1-1.el8", "httpd", "2.4.1-1.el8")
    found = Inventory((httpd, varnish), Distribution("almalinux", "8.10"))
    with database.write() as connection:
        image, fresh = images.put(connection, Image(digest="sha256:1"), found, 1)
        findings.match_packages(connection, fresh, 1, lambda _vectors: (5.0, ""))
    doubt = Advisory("ALSA-1", aliases=("CVE-2024-1",), unassessed=(("AlmaLinux:8", "varnish"),))
    other = Advisory("ALSA-2", aliases=("CVE-2024-2",), unassessed=(("AlmaLinux:9", "varnish"), ("AlmaLinux:8", "vim")))
    stream = below("varnish:7/varnish", "7.1-1", "AlmaLinux:8", "rpm")
    update(database, "osv:AlmaLinux", 10, doubt, other, Advisory("ALSA-3", aliases=("CVE-2024-3",), ranges=(stream,)))
    with database.read() as connection:
        answer = findings.answer(connection, [image], None)
    assert (answer.matches, dict(answer.unassessed)) == ((), {image: (("varnish", "ALSA-1"),)})


def test_packages_owned_by_a_distribution_package_are_listed_and_not_matched(database: Database) -> None:
    image = put(database, "sha256:1", pypi("django", "4.1", owner="pkg:deb/debian/python3-django@4.1"))
    other = put(database, "sha256:2", pypi("django", "4.1"))
    update(
        database,
        "osv:PyPI",
        10,
        Advisory("PYSEC-1", ("CVE-2023-0001",), ranges=(below("django", "4.2", "PyPI", "pep440"),)),
    )
    assert seen(database, image) == set()
    assert seen(database, other) == {("django", "CVE-2023-0001")}
    with database.read() as connection:
        stored = images.find(connection, "sha256:1")
        assert stored
        assert len(images.inventory_of(connection, stored).packages) == 1


def test_what_was_known_then_is_answered_then(database: Database) -> None:
    image = put(database, "sha256:1", deb("bash", "5.2-1"))
    update(database, "osv:Debian", 10, Advisory("DSA-1", upstream=("CVE-2023-0001",), ranges=(below("bash", "5.3-1"),)))
    update(
        database,
        "osv:Debian",
        20,
        Advisory("DSA-1", upstream=("CVE-2023-0001",), ranges=(below("bash", "5.1-1"),)),
        Advisory("DSA-2", upstream=("CVE-2023-0002",), ranges=(below("bash", "5.3-1"),)),
    )
    update(database, "osv:Debian", 30, Advisory("DSA-2", upstream=("CVE-2023-0002",), withdrawn=True))
    assert seen(database, image) == set()
    assert seen(database, image, 9) == set()
    assert seen(database, image, 10) == {("bash", "CVE-2023-0001")}
    assert seen(database, image, 20) == {("bash", "CVE-2023-0002")}
    assert seen(database, image, 30) == set()


def test_a_repeated_update_touches_nothing(database: Database) -> None:
    image = put(database, "sha256:1", deb("bash", "5.2-1"))
    record = Advisory("DSA-1", upstream=("CVE-2023-0001",), ranges=(below("bash", "5.3-1"),))
    update(database, "osv:Debian", 10, record)
    before = database.connection.execute("SELECT * FROM vrange").fetchall()
    update(database, "osv:Debian", 20, record)
    assert database.connection.execute("SELECT * FROM vrange").fetchall() == before
    assert database.connection.execute("SELECT first_seen FROM finding").fetchall() == [(10,)]
    assert seen(database, image) == {("bash", "CVE-2023-0001")}


def test_a_revised_summary_keeps_the_range_and_its_first_knowledge(database: Database) -> None:
    put(database, "sha256:1", deb("bash", "5.2-1"))
    update(database, "osv:Debian", 10, Advisory("DSA-1", upstream=("CVE-2023-0001",), ranges=(below("bash", "5.3-1"),)))
    update(
        database,
        "osv:Debian",
        20,
        Advisory("DSA-1", upstream=("CVE-2023-0001",), summary="new", ranges=(below("bash", "5.3-1"),)),
    )
    assert database.connection.execute("SELECT k_from FROM vrange").fetchall() == [(10,)]
    assert database.connection.execute("SELECT summary FROM advisory").fetchall() == [("new",)]


def test_a_record_that_leaves_its_feed_stands_no_more_but_only_of_that_feed(database: Database) -> None:
    image = put(database, "sha256:1", deb("bash", "5.2-1"))
    record = Advisory("X-1", upstream=("CVE-2023-0001",), ranges=(below("bash", "5.3-1"),))
    update(database, "osv:Debian", 10, record)
    update(database, "osv:extra", 20, record)
    update(database, "osv:Debian", 30)
    assert seen(database, image) == {("bash", "CVE-2023-0001")}
    update(database, "osv:extra", 40)
    assert seen(database, image) == set()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_aliases_join_into_one_vulnerability_in_any_order(database: Database, order: tuple[int, ...]) -> None:
    image = put(database, "sha256:1", pypi("django", "4.1"))
    fix = (below("django", "4.2", "PyPI", "pep440"),)
    records = [
        Advisory("GHSA-aaaa-bbbb-cccc", ranges=fix),
        Advisory("PYSEC-2023-1", ("GHSA-aaaa-bbbb-cccc", "CVE-2023-0001"), ranges=fix),
        Advisory("GMS-1", ("PYSEC-2023-1",), ranges=fix),
    ]
    for step, number in enumerate(order):
        update(database, f"osv:{number}", 10 + step, records[number])
    assert seen(database, image) == {("django", "CVE-2023-0001")}


def test_names_step_by_step_are_the_names_of_a_fresh_start(database: Database, place: Callable[[str], Place]) -> None:
    chance = random.Random(11)
    names = ["GHSA-1", "GHSA-2", "PYSEC-1", "PYSEC-2", "OSV-1", "CVE-2023-0001", "CVE-2023-0002"]
    feeds_now: dict[str, list[Advisory]] = {}
    for step in range(1, 40):
        feed = chance.choice("abc")
        feeds_now[feed] = [
            Advisory(
                record,
                aliases=tuple(chance.sample(names, chance.randrange(3))),
                upstream=tuple(chance.sample(names, chance.randrange(2))),
                withdrawn=chance.random() < 0.2,
            )
            for record in chance.sample([*names, "X-1", "X-2"], chance.randrange(1, 5))
        ]
        update(database, feed, step, *feeds_now[feed])
        if step % 4 == 0:
            with Database(place(str(step))) as fresh:
                for number, (name, records) in enumerate(feeds_now.items(), 1):
                    update(fresh, name, number, *records)
                assert shown(database) == shown(fresh)


def shown(database: Database) -> set[tuple[str, str, str]]:
    """Return (feed, record, vulnerability) of every standing record."""
    return set(
        database.connection.execute(
            "SELECT f.name, a.id, v.id FROM advisory a JOIN feed f USING (feed_id)"
            " JOIN advisory_vulnerability USING (adv_id) JOIN vulnerability v USING (vuln_id) WHERE a.gone_at IS NULL"
        )
    )


def test_without_a_cve_the_ghsa_id_is_shown(database: Database) -> None:
    image = put(database, "sha256:1", pypi("django", "4.1"))
    fix = (below("django", "4.2", "PyPI", "pep440"),)
    update(
        database, "a", 10, Advisory("PYSEC-2023-1", ("GHSA-aaaa-bbbb-cccc",), ranges=fix), Advisory("MAL-1", ranges=fix)
    )
    assert seen(database, image) == {("django", "GHSA-aaaa-bbbb-cccc"), ("django", "MAL-1")}
    with database.read() as connection:
        assert findings.resolve(connection, "PYSEC-2023-1") == ("GHSA-aaaa-bbbb-cccc",)


def test_incremental_matching_equals_the_full_join(database: Database) -> None:
    chance = random.Random(7)
    names = [f"p{n}" for n in range(6)]
    for step in range(1, 40):
        if chance.random() < 0.5:
            packages = {deb(chance.choice(names), f"{chance.randrange(9)}-1") for _ in range(4)}
            put(database, f"sha256:{step}", *packages, at=step)
        else:
            records = [
                Advisory(
                    f"DSA-{n}",
                    upstream=(f"CVE-2023-{n:04}",),
                    ranges=(below(chance.choice(names), f"{chance.randrange(9)}-1"),),
                )
                for n in range(chance.randrange(8))
            ]
            update(database, "osv:Debian", step, *records)
        with database.read() as connection:
            kept = set(connection.execute("SELECT adv_id, pkg_id FROM finding").fetchall())
            assert kept == findings.match_all(connection)


def test_the_join_seeks_by_name_and_upper_bound(tmp_path: Path) -> None:
    with Database(tmp_path / "store.db") as database:
        for name in ("match_all", "match_packages", "hits_at"):
            sql = findings._SQL[name].replace("CREATE TEMP TABLE hit AS", "")
            database.connection.execute("CREATE TEMP TABLE IF NOT EXISTS asked (image_id INTEGER PRIMARY KEY)")
            values = {"forever": 1, "at": 1, "numbers": "[1]", "known_at": 1}
            plan = " ".join(row[3] for row in database.connection.execute(f"EXPLAIN QUERY PLAN {sql}", values))
            assert "SEARCH r USING PRIMARY KEY (name_id=? AND hi>?)" in plan, (name, plan)


def test_deployments_are_the_fold_of_the_events(database: Database) -> None:
    numbers = {digest: put(database, digest, deb(digest[-1], "1-1")) for digest in ("sha256:a", "sha256:b", "sha256:c")}
    chance = random.Random(3)
    told = []
    for step in range(60):
        digest = chance.choice(list(numbers))
        slot = (chance.choice(["prod", "dev"]), chance.choice(["x", "y"]))
        event = Event("acme", *slot, chance.choice(ACTIONS), 10 + step, digest=digest, reference="r")
        with database.write() as connection:
            told.append(deployments.append(connection, event, numbers[digest], advance)[0])
    for environment in ("prod", "dev"):
        for cut in (None, *(event.at for event in told[::7])):
            mine = [event for event in told if event.environment == environment]
            expected = {
                (d.service, d.digest, d.since)
                for d in fold(mine, cut)
                if d.until is None or (cut is not None and d.until > cut)
            }
            scope = deployments.Scope("acme", environment, at=cut)
            with database.read() as connection:
                running = [each.deployment for each in deployments.running(connection, scope)]
            assert {(d.service, d.digest, d.since) for d in running} == expected


def test_a_clock_that_runs_backwards_does_not_reorder_events(database: Database) -> None:
    image = put(database, "sha256:a", deb("a", "1-1"))
    with database.write() as connection:
        event = Event("acme", "prod", "x", "record", 1_000, digest="sha256:a", reference="r")
        first = deployments.append(connection, event, image, advance)[0]
        second = deployments.append(connection, Event("acme", "prod", "x", "remove", 5), None, advance)[0]
    assert second.at > first.at


def test_pruning_forgets_only_what_no_event_names(database: Database) -> None:
    kept = put(database, "sha256:a", deb("a", "1-1"), deb("shared", "1-1", "sha256:s"))
    put(database, "sha256:b", deb("b", "1-1"), deb("shared", "1-1", "sha256:s"))
    with database.write() as connection:
        deployments.append(
            connection, Event("o", "e", "s", "record", 1, digest="sha256:a", reference="r"), kept, advance
        )
        images.drop(connection, [each.image_id for each in images.unused(connection)])
    assert {row[0] for row in database.connection.execute("SELECT name FROM component")} == {"a", "shared"}
    assert images.find(database.connection, "sha256:b") is None


def test_a_store_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Database(path) as database:
        database.connection.execute("PRAGMA user_version = 999")
    with pytest.raises(StoreError, match="newer envscout"):
        Database(path)


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be read as one" * 50, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_file_that_is_no_store_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="store"):
        Database(path)
    assert path.read_bytes() == content


CUT_OFF = """
import os, sys
from pathlib import Path
from envscout.errors import StoreError
from envscout.store import Database, feeds
with Database(Path(sys.argv[1])) as database:
    try:
        with database.read() as connection:
            feeds.last_moment(connection)
            os.truncate(sys.argv[1], 4096)
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    except StoreError as error:
        print(error)
"""


def test_who_reads_a_file_that_is_cut_off_is_told_and_lives_on(tmp_path: Path) -> None:
    where = tmp_path / "envscout.db"
    Database(where).close()
    done = subprocess.run([sys.executable, "-c", CUT_OFF, where], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert str(where) in done.stdout

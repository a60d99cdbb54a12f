"""A store that is brought forward by bundles holds what the store holds that they were made of, on either engine."""

import contextlib
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from envscout.advisories.bundles import keys, signing
from envscout.advisories.bundles import manifest as manifests
from envscout.advisories.bundles.manifest import MAGIC
from envscout.advisories.bundles.reading import Bundle
from envscout.errors import EnvscoutError, FeedError, NotFound, SourceError, UsageError
from envscout.names.reference import parse
from envscout.operations.indexing import index, within
from envscout.store import Database, Place, copying, feeds
from envscout.verbs import advisory_bundle as bundles
from envscout.verbs import refresh
from envscout.verbs.advisory_bundle import Made
from envscout.verbs.update.bringing import Brought
from envscout.verbs.update.ready import FeedResult
from envscout.verbs.update.run import update
from tests.stories.story import HIGH, advisory, feed, published
from tests.verbs.test_update import image, invented, run, shown, standing

__all__ = ["image"]

DAY = 86_400_000_000


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "publisher"
    keys.make(path)
    return path


@pytest.fixture
def make(key: Path, tmp_path: Path) -> Callable[..., Made]:
    def made(database: Database, name: str, after: Made | int | None = None, **more: Any) -> Made:
        since = None
        if after is not None:
            since = bundles.since(database, after.place if isinstance(after, Made) else str(after), key)
        return bundles.create(database, str(tmp_path / name), after=since, key=key, **more)

    return made


@pytest.fixture
def bring(key: Path) -> Callable[..., list[FeedResult]]:
    def brought(database: Database, made: Made, **flags: bool) -> list[FeedResult]:
        with bundles.opened(made.place, [key.with_name("publisher.pub")]) as bundle:
            return update(database, (), lambda _: (), lambda *_: None, brought=Brought(bundle, **flags))

    return brought


Make = Callable[..., Made]
Bring = Callable[..., list[FeedResult]]
At = Callable[[str], Place]


def everything(database: Database) -> dict[str, Any]:
    """Return all that feeds brought, without what depends on how it came about: numbers, moments, scores of vectors.

    Those are made when an advisory first meets a package; what is shown is compared apart.
    """
    ask = database.connection.execute
    of = "JOIN advisory a USING (adv_id) JOIN feed f USING (feed_id)"
    return {
        **standing(database),
        "texts": sorted(
            ask(
                "SELECT f.name, id, hash, published, modified, severity, summary, details, cwes, refs"
                " FROM advisory a JOIN feed f USING (feed_id) WHERE gone_at IS NULL"
            )
        ),
        "names": sorted(ask(f"SELECT f.name, a.id, l.id, covers FROM alias l {of} WHERE gone_at IS NULL")),
        "shown": sorted(
            ask(
                f"SELECT f.name, a.id, v.id FROM advisory_vulnerability JOIN vulnerability v USING (vuln_id) {of}"
                " WHERE gone_at IS NULL"
            )
        ),
        "unassessed": sorted(ask(f"SELECT f.name, a.id, n.name FROM unassessed JOIN name n USING (name_id) {of}")),
        "problems": sorted(ask("SELECT f.name, record, code, message FROM feed_problem JOIN feed f USING (feed_id)")),
        "ecosystems": sorted(ask("SELECT f.name, ecosystem FROM feed_ecosystem JOIN feed f USING (feed_id)")),
        "kev": sorted(ask("SELECT * FROM kev")),
        "epss": sorted(ask("SELECT * FROM epss")),
        "runs": {
            each.name: (each.run.as_of, each.run.records, each.run.newest) for each in feeds.status(database.connection)
        },
    }  # fmt: skip


def facts(folder: Path, chance: random.Random) -> tuple[Path, Path]:
    folder.mkdir(exist_ok=True)
    kev, epss = folder / "kev.json", folder / "epss.csv"
    number = chance.randrange(3)
    kev.write_text(
        '{"catalogVersion": "2026.01.01", "dateReleased": "2026-01-01T00:00:00Z", "vulnerabilities": [{"cveID": '
        f'"CVE-2026-000{number}", "dateAdded": "2026-01-01", "dueDate": "", "knownRansomwareCampaignUse": "Known"}}]}}'
    )
    rows = "".join(f"CVE-2026-000{n},0.{chance.randrange(9)},0.5\n" for n in range(5))
    epss.write_text(f"#model_version:v2025,score_date:2026-01-01T00:00:00Z\ncve,epss,percentile\n{rows}")
    return kev, epss


@pytest.mark.parametrize("seed", range(4))
def test_step_by_step_is_what_it_was_made_of(
    tmp_path: Path, place: At, image: str, make: Make, bring: Bring, seed: int
) -> None:
    chance = random.Random(seed)
    folder = tmp_path / "feed"
    broken = tmp_path / "broken"
    with Database(place("out")) as out, Database(place("in")) as inside, Database(place("late")) as late:
        index(within(inside), parse(image))
        last: Made | None = None
        all_: list[Made] = []
        for step in range(5):
            feed(folder, *invented(chance, 30))
            feed(broken, advisory(f"CVE-2025-{step}", "npm", "x", "1"))
            (broken / "bad.json").write_text('{"id": "BAD-1", "modified": "2026", "affected": 5}')
            run(out, folder, broken, *facts(tmp_path / "facts", chance))
            last = make(out, f"{step}.bundle", last)
            all_.append(last)
            results = bring(inside, last)
            assert [each.error for each in results] == [""] * len(results)
            wanted = everything(out)
            found = everything(inside)
            assert {**found, "findings": []} == {**wanted, "findings": []}
            if step != 2:
                bring(late, make(out, f"late{step}.bundle", None if step == 0 else reached(all_, step)))
        assert {**everything(late), "findings": []} == {**everything(out), "findings": []}
        index(within(out), parse(image))
        assert everything(out)["findings"] == everything(inside)["findings"]
        number = index(within(inside), parse(image)).image_id
        other = index(within(out), parse(image)).image_id
        assert shown(inside, number) == shown(out, other)


def reached(made: list[Made], step: int) -> int:
    """Return the generation that who missed the bundle of step 2 is at."""
    return made[1 if step == 3 else step - 1].manifest.generation


def small(folder: Path, *numbers: int) -> Path:
    return published(folder, [advisory(f"CVE-2026-{n:04}", "Debian:sid", f"p{n}", "1", HIGH) for n in numbers])


def test_the_same_again_changes_nothing(tmp_path: Path, place: At, make: Make, bring: Bring) -> None:
    with Database(place("out")) as out, Database(place("in")) as inside:
        run(out, small(tmp_path / "f", 1, 2))
        made = make(out, "one")
        (first,) = bring(inside, made)
        before = everything(inside)
        ranges = inside.connection.execute("SELECT * FROM vrange").fetchall()
        (again,) = bring(inside, made)
        assert (first.unchanged, again.unchanged) == (False, True)
        assert everything(inside) == before
        assert inside.connection.execute("SELECT * FROM vrange").fetchall() == ranges


def test_the_same_state_gives_the_same_bytes(tmp_path: Path, place: At, make: Make) -> None:
    with Database(place("out")) as out:
        run(out, small(tmp_path / "f", 1, 2))
        one, two = make(out, "one"), make(out, "two")
        assert Path(one.place).read_bytes() == Path(two.place).read_bytes()


def test_an_incremental_one_holds_what_changed(tmp_path: Path, place: At, make: Make, bring: Bring) -> None:
    with Database(place("out")) as out, Database(place("in")) as inside:
        run(out, small(tmp_path / "f", *range(100)))
        full = make(out, "full")
        bring(inside, full)
        run(out, small(tmp_path / "f", *range(2, 101)))
        more = make(out, "more", full)
        (entry,) = more.manifest.feeds
        assert (entry.since, [part.holds for part in entry.parts]) == (full.manifest.generation, ["records", "gone"])
        assert more.size < full.size
        (result,) = bring(inside, more)
        assert (result.change.added, result.change.changed, result.change.withdrawn) == (1, 0, 2)
        assert everything(inside) == everything(out)


def test_over_a_gap_nothing_is_applied(tmp_path: Path, place: At, make: Make, bring: Bring) -> None:
    with Database(place("out")) as out, Database(place("in")) as inside:
        made: list[Made] = []
        for number in range(3):
            run(out, small(tmp_path / "f", number, 9))
            made.append(make(out, str(number), made[-1] if made else None))
        with pytest.raises(FeedError, match=f"continues from generation {made[0].manifest.generation}"):
            bring(inside, made[1])
        bring(inside, made[0])
        before = everything(inside)
        with pytest.raises(FeedError, match="a bundle is missing") as refused:
            bring(inside, made[2])
        assert str(made[1].manifest.generation) in refused.value.cause
        assert str(made[0].manifest.generation) in refused.value.next_step
        assert everything(inside) == before
        bring(inside, make(out, "bridge", made[0]))
        assert everything(inside) == everything(out)


def test_back_only_where_that_is_meant(tmp_path: Path, place: At, make: Make, bring: Bring) -> None:
    with Database(place("out")) as out, Database(place("in")) as inside:
        run(out, small(tmp_path / "f", 1))
        first = make(out, "first")
        run(out, small(tmp_path / "f", 1, 2))
        second = make(out, "second")
        bring(inside, second)
        with pytest.raises(FeedError, match="older than what was applied"):
            bring(inside, first)
        assert everything(inside) == everything(out)
        bring(inside, first, allow_older=True)
        assert [each[0] for each in everything(inside)["records"]] == ["CVE-2026-0001"]


def test_another_store_does_not_take_over_silently(tmp_path: Path, place: At, make: Make, bring: Bring) -> None:
    with Database(place("out")) as out, Database(place("two")) as two, Database(place("in")) as inside:
        run(out, small(tmp_path / "f", 1))
        run(two, small(tmp_path / "g", 2))
        bring(inside, make(out, "one"))
        with pytest.raises(FeedError, match="another store"):
            bring(inside, make(two, "two"))
        bring(inside, make(two, "three"), allow_other=True)
        assert [each[0] for each in everything(inside)["records"]] == ["CVE-2026-0002"]


def test_a_store_that_is_a_copy_goes_its_own_way(tmp_path: Path, place: At, make: Make, bring: Bring) -> None:
    with Database(place("out")) as out, Database(place("in")) as inside:
        run(out, small(tmp_path / "f", 1, 2))
        common = make(out, "common")
        with Database(place("twin"), half=True) as twin:
            copying.copy(out, twin, lambda *_: None)
        bring(inside, common)
        run(out, small(tmp_path / "f", 1, 2, 3))
        ours = make(out, "ours", common)
        bring(inside, ours)
        run(out, small(tmp_path / "f", 1, 2))
        with Database(place("twin")) as twin:
            with pytest.raises(FeedError, match="older than what was applied"):
                bring(inside, make(twin, "old"))
            run(twin, small(tmp_path / "f", 1, 2))
            with pytest.raises(UsageError, match="never was at generation"):
                make(twin, "none", ours)
            before = everything(inside)
            with pytest.raises(FeedError, match="never was at generation") as refused:
                bring(inside, make(twin, "more", common))
            assert str(ours.manifest.generation) in refused.value.cause
            assert everything(inside) == before
            full = make(twin, "full")
            bring(inside, full)
            run(twin, small(tmp_path / "f", 1, 2, 4))
            bring(inside, make(twin, "next", full))
            assert everything(inside) == everything(twin)
        run(out, small(tmp_path / "f", 1, 2))
        with pytest.raises(FeedError, match="never was at generation"):
            bring(inside, make(out, "bridge", common))


def test_a_copy_is_given_a_sequence_of_its_own(tmp_path: Path, place: At, make: Make, bring: Bring) -> None:
    with Database(place("out")) as out, Database(place("in")) as inside:
        run(out, small(tmp_path / "f", 1, 2))
        common = make(out, "common")
        bring(inside, common)
        with Database(place("twin"), half=True) as twin:
            copying.copy(out, twin, lambda *_: None)
        with Database(place("twin")) as twin:
            run(twin, small(tmp_path / "f", 1, 3))
            with pytest.raises(UsageError, match="continued by a new sequence"):
                make(twin, "none", common, anew=True)
            made = make(twin, "anew", anew=True)
            assert made.manifest.sequence != common.manifest.sequence == make(out, "again").manifest.sequence
            assert make(twin, "again").manifest.sequence == made.manifest.sequence
            with pytest.raises(FeedError, match="another store"):
                bring(inside, made)
            bring(inside, made, allow_other=True)
            assert everything(inside) == everything(twin)


def test_a_sequence_that_was_not_published_is_not_begun(tmp_path: Path, place: At, make: Make, bring: Bring) -> None:
    with Database(place("out")) as out, Database(place("in")) as inside:
        with pytest.raises(FeedError, match="holds no feed"):
            make(out, "none", anew=True)
        run(out, small(tmp_path / "f", 1, 2))
        first = make(out, "first")
        bring(inside, first)
        with pytest.raises(UsageError, match="cannot write"):
            make(out, "nowhere/x", anew=True)
        with pytest.raises(UsageError, match="no feed"):
            make(out, "x", anew=True, names=["osv:none"])
        with pytest.raises(SourceError):
            bundles.create(out, "oci://127.0.0.1:9/none:x", anew=True)
        run(out, small(tmp_path / "f", 1, 2, 3))
        more = make(out, "more", first)
        assert more.manifest.sequence == first.manifest.sequence
        bring(inside, more)
        assert everything(inside) == everything(out)


def test_what_somebody_else_says_of_facts_is_not_signed(tmp_path: Path, place: At, make: Make, key: Path) -> None:
    with Database(place("out")) as out:
        kev, epss = facts(tmp_path / "facts", random.Random(1))
        run(out, small(tmp_path / "f", 1), kev, epss)
        keys.make(tmp_path / "stranger")
        first = make(out, "first")
        run(out, small(tmp_path / "f", 1, 2), *facts(tmp_path / "facts", random.Random(2)))
        contents = {each.kind: {"content": each.content} for each in make(out, "now").manifest.feeds}
        forged(first.place, tmp_path / "stranger", **contents)
        with pytest.raises(FeedError, match="the bundle to continue from is signed by SHA256:"):
            make(out, "second", first)
        # By its generation it is continued all the same, and nothing that it says is believed.
        second = make(out, "second", first.manifest.generation)
        assert not any(each.is_unchanged for each in second.manifest.feeds)


def test_the_size_of_what_is_no_file_is_told(tmp_path: Path, place: At, make: Make) -> None:
    with Database(place("out")) as out:
        run(out, small(tmp_path / "f", 1))
        made = make(out, "one")
        assert made.size == Path(made.place).stat().st_size
        os.mkfifo(tmp_path / "pipe")
        with os.fdopen(os.open(tmp_path / "pipe", os.O_RDWR), "rb", buffering=0):
            assert make(out, "pipe").size == made.size
        assert (tmp_path / "pipe").is_fifo()


def test_copies_whose_clock_is_behind_do_not_call_two_states_alike(tmp_path: Path, place: At, make: Make) -> None:
    with Database(place("out")) as out:
        run(out, small(tmp_path / "f", 1))
        with out.write() as connection:
            connection.execute("UPDATE feed_run SET at = at + ?", (30 * DAY,))
        with Database(place("twin"), half=True) as twin:
            copying.copy(out, twin, lambda *_: None)
        with Database(place("twin")) as twin:
            before = make(out, "one").manifest.generation
            run(out, small(tmp_path / "f", 1, 2))
            run(twin, small(tmp_path / "f", 1, 3))
            assert before < make(out, "two").manifest.generation != make(twin, "three").manifest.generation > before


def test_what_was_fetched_from_elsewhere_is_not_continued(tmp_path: Path, place: At, make: Make, bring: Bring) -> None:
    with Database(place("out")) as out, Database(place("in")) as inside:
        run(out, small(tmp_path / "f", 1, 2))
        full = make(out, "full")
        bring(inside, full)
        run(inside, small(tmp_path / "g", 1, 3))
        run(out, small(tmp_path / "f", 1, 2, 4))
        with pytest.raises(FeedError, match="of which nothing was applied"):
            bring(inside, make(out, "more", full))
        bring(inside, make(out, "again"))
        assert everything(inside) == everything(out)


def test_what_lost_too_much_goes_into_quarantine(tmp_path: Path, place: At, make: Make, bring: Bring) -> None:
    with Database(place("out")) as out, Database(place("in")) as inside:
        run(out, small(tmp_path / "f", *range(100)))
        full = make(out, "full")
        bring(inside, full)
        run(out, small(tmp_path / "f", *range(30)))
        refresh.release(out, "osv:Debian")
        run(out, small(tmp_path / "f", *range(30)))
        less = make(out, "less", full)
        (result,) = bring(inside, less)
        assert result.error.startswith("it was not applied: ")
        assert len(everything(inside)["records"]) == 100
        refresh.release(inside, "osv:Debian")
        bring(inside, less)
        assert everything(inside) == everything(out)


def catalog(path: Path, count: int) -> Path:
    rows = ",".join(f'{{"cveID": "CVE-2026-{n:04}", "dateAdded": "2026-01-01", "dueDate": ""}}' for n in range(count))
    path.write_text(f'{{"catalogVersion": "1", "dateReleased": "2026-01-01T00:00:00Z", "vulnerabilities": [{rows}]}}')
    return path


def test_what_follows_a_quarantine_is_a_gap_for_that_feed_alone(
    tmp_path: Path, place: At, make: Make, bring: Bring
) -> None:
    def told(results: list[FeedResult]) -> dict[str, str]:
        return {each.name: each.error.partition(":")[0].partition(" (")[0] for each in results}

    def fetched(*numbers: int, known: int, version: str) -> None:
        npm = feed(tmp_path / "npm", advisory("GHSA-1", "npm", "x", version))
        run(out, small(tmp_path / "f", *numbers), catalog(tmp_path / "kev.json", known), npm)
        for each in ("osv:Debian", "kev"):
            with contextlib.suppress(NotFound):
                refresh.release(out, each)
        run(out, small(tmp_path / "f", *numbers), catalog(tmp_path / "kev.json", known), npm)

    with Database(place("out")) as out, Database(place("in")) as inside, Database(place("late")) as late:
        fetched(*range(100), known=60, version="1")
        full = make(out, "full")
        bring(inside, full)
        bring(late, full)
        before = everything(inside)
        fetched(*range(30), known=5, version="2")
        less = make(out, "less", full)
        npm = next(each.name for each in full.manifest.feeds if each.name.startswith("osv:npm"))
        for _ in range(2):
            assert told(bring(inside, less)) == {
                npm: "", "osv:Debian": "it was not applied", "kev": "it was not applied",
            }  # fmt: skip
        fetched(*range(31), known=5, version="3")
        more = make(out, "more", less)
        assert next(each for each in more.manifest.feeds if each.kind == "kev").is_unchanged
        assert told(bring(inside, more)) == {
            npm: "",
            "osv:Debian": "a bundle is missing",
            "kev": f"what is as it was in generation {less.manifest.generation}",
        }  # fmt: skip
        after = everything(inside)
        assert [row for row in after["records"] if row[0].startswith("CVE")] == [
            row for row in before["records"] if row[0].startswith("CVE")
        ]
        assert after["kev"] == before["kev"]
        for each in ("osv:Debian", "kev"):
            refresh.release(inside, each)
        assert told(bring(inside, less)) == {
            npm: "the bundle is older than what was applied", "osv:Debian": "", "kev": "",
        }  # fmt: skip
        assert set(told(bring(inside, more)).values()) == {""}
        assert everything(inside) == everything(out)
        bring(late, less)
        bridge = make(out, "bridge", full)
        for each in ("osv:Debian", "kev"):
            refresh.release(late, each)
        # What was released is the other document.
        refused = bring(late, bridge)
        assert [each.next_step for each in refused if each.error] == [
            f"look at it, and apply it all the same: envscout db release {name}, then apply the bundle again"
            for name in ("kev", "osv:Debian")
        ]
        for each in ("osv:Debian", "kev"):
            refresh.release(late, each)
        assert set(told(bring(late, bridge)).values()) == {""}
        assert everything(late) == everything(out)


def test_some_feeds_alone(tmp_path: Path, place: At, make: Make, bring: Bring) -> None:
    with Database(place("out")) as out, Database(place("in")) as inside:
        kev, _ = facts(tmp_path / "facts", random.Random(1))
        run(out, small(tmp_path / "f", 1), kev)
        one = make(out, "one", names=["kev"])
        assert [each.name for each in bring(inside, one)] == ["kev"]
        more = make(out, "more", names=["osv:Debian"])
        bring(inside, more)
        assert everything(inside) == everything(out)
        with pytest.raises(UsageError, match="no feed 'osv:npm'"):
            make(out, "none", names=["osv:npm"])


def test_a_feed_that_is_new_comes_whole(tmp_path: Path, place: At, make: Make, bring: Bring) -> None:
    with Database(place("out")) as out, Database(place("in")) as inside:
        run(out, small(tmp_path / "f", 1))
        first = make(out, "first")
        bring(inside, first)
        kev, epss = facts(tmp_path / "facts", random.Random(1))
        run(out, small(tmp_path / "f", 1), kev, epss, feed(tmp_path / "npm", advisory("GHSA-1", "npm", "x")))
        for after in (first, first.manifest.generation):
            more = make(out, "more", after)
            assert {each.name.partition("-")[0]: bool(each.since) for each in more.manifest.feeds} == {
                "epss": False, "kev": False, "osv:Debian": True, "osv:npm": False,
            }  # fmt: skip
        bring(inside, more)
        assert everything(inside) == everything(out)


def test_what_nothing_can_be_made_of(tmp_path: Path, place: At, make: Make) -> None:
    with Database(place("out")) as out, Database(place("two")) as two:
        with pytest.raises(FeedError, match="holds no feed"):
            make(out, "x")
        run(out, small(tmp_path / "f", 1))
        full = make(out, "full")
        with pytest.raises(FeedError, match="nothing was fetched since"):
            make(out, "x", full)
        with pytest.raises(UsageError, match="never was at generation 12"):
            make(out, "x", 12)
        run(two, small(tmp_path / "f", 1))
        with pytest.raises(UsageError, match="another store"):
            make(two, "x", full)
        with pytest.raises(FeedError, match="cannot be read"):
            bundles.since(out, str(tmp_path / "nothing"))
        with out.write() as connection:
            connection.execute("UPDATE feed SET digest = 'osv-1:abc'")
        with pytest.raises(FeedError, match="older version"):
            make(out, "x")


def test_a_bundle_of_another_version_is_refused(
    tmp_path: Path, place: At, make: Make, bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Database(place("out")) as out, Database(place("in")) as inside:
        run(out, small(tmp_path / "f", 1))
        full = make(out, "full")
        monkeypatch.setattr(bundles, "PARSER", b"osv-99")
        with pytest.raises(FeedError, match="reads records otherwise"):
            bring(inside, full)


def test_what_breaks_while_it_is_read_applies_nothing(tmp_path: Path, place: At, make: Make, key: Path) -> None:
    with Database(place("out")) as out, Database(place("in")) as inside:
        kev, _ = facts(tmp_path / "facts", random.Random(1))
        run(out, small(tmp_path / "f", *range(20)), kev)
        made = make(out, "full")
        with bundles.opened(made.place, [key.with_name("publisher.pub")]) as bundle:
            data = Path(made.place).read_bytes()
            Path(made.place).write_bytes(data[:-3] + bytes(3))
            with pytest.raises(EnvscoutError, match="changed"):
                update(inside, (), lambda _: (), lambda *_: None, brought=Brought(bundle))
        assert everything(inside)["records"] == []
        assert feeds.status(inside.connection) == []


def forged(place: str, key: Path, **feeds: Any) -> None:
    """Write a bundle again as its publisher should not have made it: fields of feeds changed, and signed."""
    path = Path(place)
    with Bundle(path, signing.anybody) as bundle:
        packed = sum(part.packed for each in bundle.manifest.feeds for part in each.parts)
        rest = path.read_bytes()[-packed:]
        entries = tuple(msgspec.structs.replace(each, **feeds.get(each.kind, {})) for each in bundle.manifest.feeds)
    manifest = manifests.encode(msgspec.structs.replace(bundle.manifest, feeds=entries))
    public, signature = signing.signer(key)(manifests.signed(manifest))
    path.write_bytes(MAGIC + len(manifest).to_bytes(4, "big") + manifest + b"\1" + public + signature + rest)


def test_facts_that_cannot_be_read_apply_nothing(
    tmp_path: Path, place: At, make: Make, bring: Bring, key: Path
) -> None:
    with Database(place("out")) as out, Database(place("in")) as inside:
        kev, epss = facts(tmp_path / "facts", random.Random(1))
        run(out, small(tmp_path / "f", *range(20)), kev, epss)
        made = make(out, "full")
        whole = Path(made.place).read_bytes()
        for kind in ("kev", "epss"):
            Path(made.place).write_bytes(whole)
            (entry,) = (each for each in made.manifest.feeds if each.kind == kind)
            (part,) = entry.parts
            forged(made.place, key, **{kind: {"parts": (msgspec.structs.replace(part, plain=part.plain - 1),)}})
            with pytest.raises(FeedError, match="longer or shorter than its manifest says"):
                bring(inside, made)
            assert feeds.status(inside.connection) == []
            assert everything(inside)["records"] == []


def test_a_clock_that_was_ahead_is_not_believed(tmp_path: Path, place: At, make: Make, bring: Bring) -> None:
    with Database(place("out")) as out, Database(place("in")) as inside:
        run(out, small(tmp_path / "f", 1))
        with out.write() as connection:
            connection.execute("UPDATE feed_run SET as_of = as_of + ?", (30 * DAY,))
        bring(inside, make(out, "one", every=2 * DAY))
        (status,) = feeds.status(inside.connection)
        assert status.run.as_of <= status.run.at
        assert status.run.every == 2 * DAY

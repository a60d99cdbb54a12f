"""Whole feeds: everything is read, what is broken is named, what is unchanged is left, what is doubled is merged."""

import gzip
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from envscout.advisories import batch, load, pool, sources
from envscout.advisories.batch import Batch
from envscout.advisories.sources import Feed
from envscout.model import Advisory
from tests.advisories.samples import block, encode, record, write_zip

Known = Mapping[str, bytes]


def read(paths: Iterable[Path], known: Known | None = None, workers: int = 0) -> list[Batch]:
    feeds = [Feed(f"osv:{path.parent.name}", "osv", str(path)) for path in paths]
    return list(load.read(feeds, lambda _: known or {}, workers))


def by_id(batches: Iterable[Batch]) -> dict[str, tuple[Advisory, bytes]]:
    found = [(advisory.id, (advisory, digest)) for each in batches for advisory, digest in each.records]
    assert len(found) == len(dict(found)), "an id came twice"
    return dict(found)


def digests(batches: Iterable[Batch]) -> dict[str, bytes]:
    return {id_: digest for id_, (_, digest) in by_id(batches).items()}


def members(count: int) -> dict[str, bytes]:
    return {f"T-{number}.json": encode(record(f"T-{number}")) for number in range(count)}


def left(batches: Iterable[Batch]) -> list[str]:
    return sorted(id_ for each in batches for id_ in each.left)


def test_a_zip_is_read_whole(tmp_path: Path) -> None:
    found = read([write_zip(tmp_path / "PyPI/all.zip", members(1_201))])
    assert len(by_id(found)) == 1_201
    assert [each.done for each in found] == [False, False, False, True]
    assert sum(each.members for each in found) == found[-1].total == 1_201
    assert not any(each.error or each.problems for each in found)


@pytest.mark.parametrize("broken", [b"{", b"", b"[]", b'{"id": ["T-1"]}', b"\xff" * 50])
def test_one_broken_record_is_named_and_the_rest_load(tmp_path: Path, broken: bytes) -> None:
    found = read([write_zip(tmp_path / "PyPI/all.zip", members(5) | {"T-2.json": broken})])
    assert sorted(by_id(found)) == ["T-0", "T-1", "T-3", "T-4"]
    [problem] = [problem for each in found for problem in each.problems]
    assert (problem.code, problem.where) == ("broken-record", "T-2.json")


def test_a_record_that_became_unreadable_is_left_as_it_was(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "PyPI/all.zip", members(3))
    known = digests(read([path]))
    found = read([write_zip(path, members(3) | {"T-1.json": b"{"})], known)
    assert (by_id(found), left(found)) == ({}, ["T-0", "T-1", "T-2"])


def kept(batches: Iterable[Batch]) -> list[str]:
    return [problem.message for each in batches for problem in each.problems if problem.code == "kept-records"]


def test_a_broken_line_costs_no_stored_record(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    lines = list(members(4).values())
    path.write_bytes(b"\n".join(lines))
    known = digests(read([path]))
    changed = encode(record("T-0", summary="new"))
    path.write_bytes(b"\n".join([changed, b"{broken", lines[2], encode(record("T-9"))]))
    found = read([path], known | {"T-GONE": b""})
    assert sorted(by_id(found)) == ["T-0", "T-9"]
    assert left(found) == ["T-1", "T-2", "T-3"]
    [message] = kept(found)
    assert message.startswith("2 stored records")
    path.write_bytes(b"\n".join([changed, lines[2], b""]))
    found = read([path], known)
    assert (left(found), kept(found)) == (["T-2"], [])


def test_a_broken_member_of_another_name_costs_no_stored_record(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x/all.zip", members(2) | {"other.json": encode(record("T-7"))})
    known = digests(read([path]))
    found = read([write_zip(path, {"T-0.json": members(1)["T-0.json"], "other.json": b"{"})], known)
    assert (by_id(found), left(found), len(kept(found))) == ({}, ["T-0", "T-1", "T-7"], 1)
    found = read([write_zip(path, members(2) | {"T-7.json": b"{"})], known)
    assert (by_id(found), left(found), kept(found)) == ({}, ["T-0", "T-1", "T-7"], [])
    found = read([write_zip(path, members(2) | {"T-7.json": members(1)["T-0.json"], "new.json": b"{"})], known)
    assert left(found) == ["T-0", "T-1", "T-7"]


def test_half_of_a_record_does_not_replace_the_whole(tmp_path: Path) -> None:
    parts = {
        f"{release}/ALSA-1.json": encode(
            record("ALSA-1", affected=[block(f"AlmaLinux:{release}", "x", {"fixed": "1"})])
        )
        for release in (8, 9)
    }
    path = write_zip(tmp_path / "x/all.zip", parts | members(1))
    known = digests(read([path]))
    found = read([write_zip(path, parts | members(1) | {"8/ALSA-1.json": b"{"})], known)
    assert (by_id(found), left(found), kept(found)) == ({}, ["ALSA-1", "T-0"], [])
    found = read([path], known | {"ALSA-1": b""})
    assert [one.ecosystem for one in by_id(found)["ALSA-1"][0].ranges] == ["AlmaLinux:9"]


def test_only_what_changed_is_read_again(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "PyPI/all.zip", members(4))
    known = digests(read([path]))
    changed = members(5) | {"T-1.json": encode(record("T-1", summary="new"))}
    del changed["T-3.json"]
    found = read([write_zip(path, changed)], known)
    assert sorted(by_id(found)) == ["T-1", "T-4"]
    assert left(found) == ["T-0", "T-2"]


def test_the_same_id_twice_is_merged_whatever_the_order(tmp_path: Path) -> None:
    eight = encode(record("ALSA-1", affected=[block("AlmaLinux:8", "x", {"introduced": "0"}, {"fixed": "1-1.el8"})]))
    nine = encode(record("ALSA-1", affected=[block("AlmaLinux:9", "x", {"introduced": "0"}, {"fixed": "1-1.el9"})]))
    forth = write_zip(tmp_path / "a/all.zip", {"8/ALSA-1.json": eight, "9/ALSA-1.json": nine})
    back = write_zip(
        tmp_path / "b/all.zip", {"9/ALSA-1.json": nine, "8/ALSA-1.json": eight, "T-0.json": members(1)["T-0.json"]}
    )
    one, other = by_id(read([forth]))["ALSA-1"], by_id(read([back]))["ALSA-1"]
    assert {found.ecosystem for found in one[0].ranges} == {"AlmaLinux:8", "AlmaLinux:9"}
    assert one == other
    again = read([back], digests(read([back])))
    assert (by_id(again), left(again)) == ({}, ["ALSA-1", "T-0"])
    alone = read([write_zip(forth, {"8/ALSA-1.json": eight})], {"ALSA-1": one[1]})
    assert [found.ecosystem for found in by_id(alone)["ALSA-1"][0].ranges] == ["AlmaLinux:8"]


def test_merging_keeps_what_stands(tmp_path: Path) -> None:
    standing = encode(record("T-1", aliases=["CVE-2024-0001"], published="2024-02-01T00:00:00Z"))
    withdrawn = encode(record("T-1", withdrawn="2024-03-01T00:00:00Z", published="2024-01-01T00:00:00Z"))
    path = write_zip(tmp_path / "x/all.zip", {"a/T-1.json": standing, "b/T-1.json": withdrawn})
    [(found, _)] = by_id(read([path])).values()
    assert (found.withdrawn, found.aliases, len(found.ranges)) == (False, ("CVE-2024-0001",), 1)
    assert found.published == 1_704_067_200_000_000


def test_merging_joins_what_could_not_be_compared(tmp_path: Path) -> None:
    one = encode(record("T-1", affected=[block("PyPI", "x"), block("npm", "y", versions=["nightly"])]))
    two = encode(record("T-1", affected=[block("npm", "y"), block("PyPI", "z", {"introduced": "0"})]))
    gone = encode(record("T-1", affected=[block("PyPI", "gone")], withdrawn="2024-03-01T00:00:00Z"))
    path = write_zip(tmp_path / "x/all.zip", {"a/T-1.json": one, "b/T-1.json": two, "c/T-1.json": gone})
    [(found, _)] = by_id(read([path])).values()
    assert sorted(found.unassessed) == [("PyPI", "x"), ("npm", "y")]


def test_members_may_be_called_anything(tmp_path: Path) -> None:
    named = {f"file{number}.json": data for number, data in enumerate(members(3).values())}
    path = write_zip(tmp_path / "x/all.zip", named | {"other.json": encode(record("T-1", affected=[]))})
    found = read([path])
    assert sorted(by_id(found)) == ["T-0", "T-1", "T-2"]
    again = read([path], digests(found))
    assert (by_id(again), left(again)) == ({}, ["T-0", "T-1", "T-2"])


def test_a_file_that_hides_the_id_of_another_is_a_problem(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x/all.zip", members(2) | {"alias.json": encode(record("T-1", affected=[]))})
    found = read([path])
    assert len(by_id(found)["T-1"][0].ranges) == 1
    assert [(problem.code, problem.where) for each in found for problem in each.problems] == [("duplicate-id", "T-1")]


def test_a_directory_of_records_is_a_feed(tmp_path: Path) -> None:
    for name, data in members(3).items():
        (tmp_path / "2024" / name[:3]).mkdir(parents=True, exist_ok=True)
        (tmp_path / "2024" / name[:3] / name).write_bytes(data)
    (tmp_path / "package.json").write_bytes(b'{"name": "no record"}')
    (tmp_path / "link.json").symlink_to(tmp_path / "2024/T-0/T-0.json")
    [feed] = sources.discover(tmp_path)
    assert sorted(by_id(load.read([feed], lambda _: {}))) == ["T-0", "T-1", "T-2"]


@pytest.mark.parametrize("packed", [True, False])
def test_json_lines_are_a_feed(tmp_path: Path, packed: bool) -> None:
    text = b"\n".join([*members(3).values(), b"", b"{broken"])
    path = tmp_path / "lines"
    path.write_bytes(gzip.compress(text) if packed else text)
    found = read([path])
    assert sorted(by_id(found)) == ["T-0", "T-1", "T-2"]
    assert [problem.where for each in found for problem in each.problems] == ["lines:5"]


@pytest.mark.parametrize("packed", [True, False])
def test_one_record_is_a_feed(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "T-7.json"
    text = encode(record("T-7"))
    path.write_bytes(gzip.compress(text) if packed else text)
    assert list(by_id(read([path]))) == ["T-7"]


def test_a_feed_that_cannot_be_read_does_not_cost_the_next_one(tmp_path: Path) -> None:
    good = write_zip(tmp_path / "good/all.zip", members(2))
    bad = tmp_path / "bad/all.zip"
    bad.parent.mkdir()
    bad.write_bytes(good.read_bytes()[:-30])
    empty = write_zip(tmp_path / "empty/all.zip", {"T-1.json": b"{"})
    found = read([bad, empty, good])
    assert [(each.feed, bool(each.error)) for each in found if each.done] == [
        ("osv:bad", True), ("osv:empty", True), ("osv:good", False),
    ]  # fmt: skip
    assert len(by_id(found)) == 2


def test_a_feed_that_vanishes_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x/all.zip", members(1_600))
    reading = load.read([Feed("osv:x", "osv", str(path))], lambda _: {})
    next(reading)
    path.unlink()
    last = list(reading)[-1]
    assert last.done
    assert last.error is not None


def test_other_processes_read_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_WORTH_STARTING", 500)
    path = write_zip(tmp_path / "x/all.zip", members(2_100) | {"T-9.json": b"{"})
    one, two = read([path]), read([path], workers=2)
    assert by_id(one) == by_id(two)
    assert [each.problems for each in one] == [each.problems for each in two]
    again = read([path], digests(two), workers=2)
    assert (by_id(again), len(left(again))) == ({}, 2_099)


def test_a_new_parser_reads_everything_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_zip(tmp_path / "x/all.zip", members(2))
    known = digests(read([path]))
    monkeypatch.setattr(batch, "PARSER", b"osv-next")
    assert sorted(by_id(read([path], known))) == ["T-0", "T-1"]


def test_real_feeds_are_read_whole(data: Path) -> None:
    counts: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    ranges = 0
    for each in load.read(sources.discover(data / "advisories"), lambda _: {}):
        assert each.error is None
        assert not each.problems
        counts[each.feed] += len(each.records)
        ranges += sum(len(advisory.ranges) for advisory, _ in each.records)
        codes.update(problem.code for advisory, _ in each.records for problem in advisory.problems)
    assert counts["osv:Ubuntu"] == 10_946
    assert counts["osv:Wolfi"] == 18_724
    assert counts.total() == 73_272
    assert ranges > 195_000
    assert set(codes) <= {"bug-fix", "no-stream", "no-versions", "empty-range", "unkeyable-range", "unkeyable-version"}
    assert codes["no-stream"] < 200
    assert codes.total() - codes["bug-fix"] - codes["no-stream"] < 30


def test_real_records_hold_what_they_say(data: Path) -> None:
    wanted = {"ALSA-2024:4563", "DEBCHANGELOG-CVE-2005-0448", "GO-2026-4337", "ALPINE-CVE-2021-28675"}
    names = ("AlmaLinux", "Debian", "Go", "Alpine")
    paths = [data / "advisories" / name / "all.zip" for name in names]
    found = {id_: advisory for id_, (advisory, _) in by_id(read(paths)).items() if id_ in wanted}
    assert {one.ecosystem for one in found["ALSA-2024:4563"].ranges} == {"AlmaLinux:8", "AlmaLinux:9"}
    assert found["DEBCHANGELOG-CVE-2005-0448"].upstream == ("CVE-2005-0448",)
    assert (found["GO-2026-4337"].published, found["GO-2026-4337"].modified) == (0, 0)
    assert len(found["GO-2026-4337"].ranges) == 3
    assert {one.fixed for one in found["ALPINE-CVE-2021-28675"].ranges} == {"8.2.0-r0"}

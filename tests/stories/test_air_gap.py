"""Advisories are carried to where nothing can be fetched: signed, in steps, and no older than they say."""

import hashlib
import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from envscout.store import Database, Place
from tests.servers.registry import Registry
from tests.stories.story import HIGH, HOLE, PROGRAM, Desk, Laptop, advisory, codes, names, published
from tests.stories.test_killed import state

MANY, KILLS = 2_000, 6


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Desk]:
    """Return the desk where feeds can be fetched: it has a store of its own, and a key."""
    made = Laptop(tmp_path / "outside")
    made.ok("db", "bundle", "keygen", tmp_path / "publisher")
    yield made
    made.forget()


def fetched(desk: Desk, folder: Path, *records: dict[str, Any]) -> None:
    desk.ok("db", "update", "--from", published(folder, records or [HOLE]))


def create(desk: Desk, folder: Path, target: str | Path, *words: str | Path) -> Any:
    place = target if "://" in str(target) else folder / target
    answer = desk.ok("db", "bundle", "create", place, "--key", folder / "publisher", "--format", "json", *words)
    return answer.json["advisory-bundle"]


def apply(desk: Desk, folder: Path, name: str | Path, *words: str) -> Any:
    return desk.call("db", "bundle", "apply", folder / name, "--trust", folder / "publisher.pub", *words)


def status(desk: Desk) -> Any:
    return desk.ok("db", "status", "--format", "json").json["feeds"]


def numbered(*numbers: int) -> list[dict[str, Any]]:
    return [advisory(f"CVE-2026-{n:05}", "Debian:sid", f"p{n}", "1", HIGH) for n in numbers]


def test_what_is_carried_is_found(outside: Desk, desk: Desk, tmp_path: Path, old: str) -> None:
    desk.record("production", old, "--service", "app")
    fetched(outside, tmp_path / "feed")
    made = create(outside, tmp_path, "full.bundle")
    assert made["since"] is None
    assert [each["records"] for each in made["feeds"]] == [1]
    answer = apply(desk, tmp_path, "full.bundle")
    assert (answer.code, answer.lines) == (0, ["    ✓ osv:Debian: 1 records (1 new, 0 changed, 0 gone)"])
    assert names(desk.cves("--env", "production")) == {"CVE-2023-5363"}
    fetched(outside, tmp_path / "feed", HOLE, *numbered(1))
    made = create(outside, tmp_path, "next.bundle", "--since", tmp_path / "full.bundle")
    assert (made["since"], made["feeds"][0]["since"]) == (made["feeds"][0]["since"], made["since"])
    assert "(1 new, 0 changed, 0 gone)" in apply(desk, tmp_path, "next.bundle").out
    assert "unchanged" in apply(desk, tmp_path, "next.bundle").out


def test_keys_may_be_settings(outside: Desk, desk: Desk, tmp_path: Path) -> None:
    fetched(outside, tmp_path / "feed")
    place = tmp_path / "x.bundle"
    answer = outside.ok("db", "bundle", "create", place, ENVSCOUT_BUNDLE_KEY=str(tmp_path / "publisher"))
    assert "Signed by: SHA256:" in answer.out
    desk.ok("db", "bundle", "apply", place, ENVSCOUT_BUNDLE_TRUST=f"{tmp_path}/publisher.pub, {tmp_path}/publisher.pub")


def test_nobody_s_bundle_is_refused(outside: Desk, desk: Desk, tmp_path: Path) -> None:
    fetched(outside, tmp_path / "feed")
    place = tmp_path / "x.bundle"
    assert "not signed" in outside.ok("db", "bundle", "create", place).err
    answer = apply(desk, tmp_path, "x.bundle")
    assert answer.code == 1
    assert "the bundle is not signed" in answer.refusal
    assert status(desk) == []
    desk.ok("db", "bundle", "apply", place, "--insecure-unsigned")
    assert len(status(desk)) == 1


def test_a_stranger_s_bundle_is_refused(outside: Desk, desk: Desk, tmp_path: Path) -> None:
    fetched(outside, tmp_path / "feed")
    create(outside, tmp_path, "x.bundle")
    answer = desk.call("db", "bundle", "apply", tmp_path / "x.bundle")
    assert answer.code == 1
    assert "not trusted here: SHA256:" in answer.refusal
    assert "--trust FILE" in answer.refusal
    assert status(desk) == []


def test_nothing_of_a_changed_bundle_is_applied(outside: Desk, desk: Desk, tmp_path: Path) -> None:
    fetched(outside, tmp_path / "feed", *numbered(*range(200)))
    create(outside, tmp_path, "x.bundle")
    data = (tmp_path / "x.bundle").read_bytes()
    chance = random.Random(20261128)
    changes = [data[:-1], data + b"x", *(data[: chance.randrange(len(data))] for _ in range(5))]
    for _ in range(25):
        place = chance.randrange(len(data))
        changes.append(data[:place] + bytes([data[place] ^ chance.randrange(1, 256)]) + data[place + 1 :])
    for changed in changes:
        (tmp_path / "y.bundle").write_bytes(changed)
        answer = apply(desk, tmp_path, "y.bundle")
        assert answer.code == 1
        assert answer.refusal
    assert status(desk) == []
    assert apply(desk, tmp_path, "x.bundle").code == 0


def test_an_older_one_and_a_gap_are_refused(outside: Desk, desk: Desk, tmp_path: Path) -> None:
    made: list[Any] = []
    for number in range(4):
        fetched(outside, tmp_path / "feed", *numbered(number, 9))
        since = ("--since", tmp_path / f"{number - 1}.bundle") if number else ()
        made.append(create(outside, tmp_path, f"{number}.bundle", *since))
    assert apply(desk, tmp_path, "0.bundle").code == 0
    before = status(desk)
    gap = apply(desk, tmp_path, "2.bundle")
    assert gap.code == 1
    assert f"a bundle is missing: this one continues from generation {made[1]['generation']}" in gap.refusal
    for number in (1, 2, 3):
        assert apply(desk, tmp_path, f"{number}.bundle").code == 0
    after = status(desk)
    assert after[0]["as_of"] >= before[0]["as_of"]
    old = apply(desk, tmp_path, "0.bundle")
    assert "older than what was applied" in old.refusal
    assert "--allow-older" in old.refusal
    assert status(desk)[0]["updated_at"] == after[0]["updated_at"]
    assert apply(desk, tmp_path, "0.bundle", "--allow-older").code == 0


def test_it_says_what_is_of_when(outside: Desk, desk: Desk, tmp_path: Path) -> None:
    def publish(name: str, count: int, days: int, *words: str | Path) -> str:
        feed = published(tmp_path / "feed", numbered(*range(count)))
        then = time.time() - days * 86_400
        os.utime(feed / "Debian" / "all.zip", (then, then))
        kev = tmp_path / "kev.json"
        kev.write_text(
            '{"catalogVersion": "1", "dateReleased": "2026-01-01T00:00:00Z", "vulnerabilities": '
            '[{"cveID": "CVE-2026-00001", "dateAdded": "2026-01-01", "dueDate": ""}]}'
        )
        for _ in range(2):
            outside.call("db", "update", "--from", feed, "--from", kev)
            outside.call("db", "release", "osv:Debian")
        create(outside, tmp_path, name, *words)
        return time.strftime("%Y-%m-%dT%H:%M", time.gmtime(then))

    first = publish("full.bundle", 100, 5)
    said = apply(desk, tmp_path, "full.bundle").err
    assert f"the advisories are of {first}" in said
    publish("less.bundle", 30, 3, "--since", tmp_path / "full.bundle")
    said = apply(desk, tmp_path, "less.bundle")
    assert said.code == 1
    assert "the advisories are of" not in said.err
    assert re.search(r"what was applied is of \S+\n", said.err)
    assert re.search(rf"left as it was, of {first}\S+: osv:Debian\n", said.err)
    assert "envscout db release osv:Debian, then apply the bundle again" in said.refusal
    publish("alone.bundle", 30, 2, "--feed", "osv:Debian")
    said = apply(desk, tmp_path, "alone.bundle")
    assert " is of " not in said.err
    assert f"left as it was, of {first}" in said.err
    other = Laptop(tmp_path / "other")
    publish("next.bundle", 31, 1, "--since", tmp_path / "less.bundle")
    create(outside, tmp_path, "kev.bundle", "--feed", "kev")
    assert apply(other, tmp_path, "kev.bundle").code == 0
    assert "not there: osv:Debian" in apply(other, tmp_path, "next.bundle").err


def test_a_store_that_was_restored_publishes_on(outside: Desk, desk: Desk, tmp_path: Path) -> None:
    fetched(outside, tmp_path / "feed", *numbered(1, 2))
    create(outside, tmp_path, "full.bundle")
    outside.ok("store", "backup", tmp_path / "backup.db")
    assert apply(desk, tmp_path, "full.bundle").code == 0
    fetched(outside, tmp_path / "feed", *numbered(1, 2, 3))
    create(outside, tmp_path, "lost.bundle", "--since", tmp_path / "full.bundle")
    assert apply(desk, tmp_path, "lost.bundle").code == 0
    restored = Laptop(tmp_path / "restored")
    restored.ok("store", "restore", tmp_path / "backup.db")
    create(restored, tmp_path, "old.bundle")
    assert "older than what was applied" in apply(desk, tmp_path, "old.bundle").refusal
    fetched(restored, tmp_path / "feed", *numbered(1, 2))
    create(restored, tmp_path, "gap.bundle", "--since", tmp_path / "full.bundle")
    refused = apply(desk, tmp_path, "gap.bundle")
    assert "never was at generation" in refused.refusal
    assert "apply a full one of it" in refused.refusal
    assert [each["records"] for each in status(desk)] == [3]
    create(restored, tmp_path, "again.bundle")
    assert apply(desk, tmp_path, "again.bundle").code == 0
    assert [each["records"] for each in status(desk)] == [2]
    fetched(restored, tmp_path / "feed", *numbered(1, 2, 4))
    create(restored, tmp_path, "more.bundle", "--since", tmp_path / "again.bundle")
    assert apply(desk, tmp_path, "more.bundle").code == 0
    # The original goes on as well: it is another store from now on.
    fetched(outside, tmp_path / "feed", *numbered(1, 2, 5))
    create(outside, tmp_path, "other.bundle", "--new-sequence")
    assert "of another store" in apply(desk, tmp_path, "other.bundle").refusal
    assert apply(desk, tmp_path, "other.bundle", "--allow-other").code == 0
    restored.forget()


def test_the_age_is_that_of_what_was_fetched(outside: Desk, desk: Desk, tmp_path: Path, old: str) -> None:
    feed = published(tmp_path / "feed", [HOLE])
    then = time.time() - 3 * 86_400
    os.utime(feed / "Debian" / "all.zip", (then, then))
    outside.ok("db", "update", "--from", feed)
    create(outside, tmp_path, "x.bundle", "--every", "1w")
    desk.record("production", old, "--service", "app")
    apply(desk, tmp_path, "x.bundle")
    (found,) = status(desk)
    assert 3 * 86_400 <= found["age_seconds"] < 3 * 86_400 + 600
    assert (found["stale"], found["every_seconds"]) == (False, 7 * 86_400)
    assert codes(desk.cves("--env", "production")) == set()


def test_it_is_told_when_the_next_one_has_not_come(outside: Desk, desk: Desk, tmp_path: Path, old: str) -> None:
    feed = published(tmp_path / "feed", [HOLE])
    then = time.time() - 3 * 86_400
    os.utime(feed / "Debian" / "all.zip", (then, then))
    outside.ok("db", "update", "--from", feed)
    create(outside, tmp_path, "x.bundle", "--every", "2d")
    desk.record("production", old, "--service", "app")
    apply(desk, tmp_path, "x.bundle")
    report = desk.cves("--env", "production")
    assert codes(report) == {"stale-feed"}
    (reason,) = report["coverage"]["reasons"]
    assert "newer ones that were promised have not come" in reason["message"]
    answer = desk.ok("db", "status")
    assert "older than they may be, so that answers are partial: osv:Debian" in answer.err
    assert [each["stale"] for each in status(desk)] == [True]
    assert [each["state"] for each in desk.ok("db", "feeds", "--format", "json").json["health"]] == ["stale"]
    fetched(outside, tmp_path / "feed")
    create(outside, tmp_path, "y.bundle", "--every", "2d", "--since", tmp_path / "x.bundle")
    apply(desk, tmp_path, "y.bundle")
    assert codes(desk.cves("--env", "production")) == set()


def test_a_server_tells_the_world_once(outside: Desk, desk: Desk, tmp_path: Path) -> None:
    from envscout.store import now
    from envscout.store.refresh import grow_stale

    fetched(outside, tmp_path / "feed")
    create(outside, tmp_path, "x.bundle", "--every", "1d")
    apply(desk, tmp_path, "x.bundle")
    day = 86_400_000_000
    with Database(desk.place) as database, database.write() as connection:
        assert grow_stale(connection, now(), 7 * day) == 0
        assert grow_stale(connection, now() + day + 60_000_000, 7 * day) == 1
        assert grow_stale(connection, now() + 2 * day, 7 * day) == 0


def test_through_a_registry(outside: Desk, desk: Desk, tmp_path: Path, registry: Registry) -> None:
    fetched(outside, tmp_path / "feed")
    place = f"oci://{registry.host}/security/advisories"
    made = create(outside, tmp_path, f"{place}:full")
    key = tmp_path / "publisher.pub"
    assert desk.ok("db", "bundle", "apply", f"{place}:full", "--trust", key).code == 0
    fetched(outside, tmp_path / "feed", HOLE, *numbered(1))
    more = create(outside, tmp_path, f"{place}:full", "--since", str(made["generation"]))
    assert more["digest"] != made["digest"]
    assert "unchanged" in desk.ok("db", "bundle", "apply", f"{place}@{made['digest']}", "--trust", key).out
    assert "(1 new" in desk.ok("db", "bundle", "apply", f"{place}:full", "--trust", key).out
    again = create(outside, tmp_path, f"{place}:again", "--since", str(made["generation"]))
    assert again["digest"] == more["digest"]
    for other in (f"{place}:none", f"oci://{registry.host}/nothing/here:x", "oci://", f"oci://{registry.host}/UPPER"):
        assert desk.call("db", "bundle", "apply", other, "--trust", key).refusal
    unsigned = f"oci://{registry.host}/security/unsigned:1"
    outside.ok("db", "bundle", "create", unsigned)
    assert "not signed" in desk.call("db", "bundle", "apply", unsigned, "--trust", key).refusal


def test_what_is_no_bundle_in_a_registry(desk: Desk, tmp_path: Path, registry: Registry) -> None:
    from tests.stories.story import FILES, layout

    registry.push(layout(tmp_path / "image", FILES), "stories/image:v1", "v1")
    answer = desk.call("db", "bundle", "apply", f"oci://{registry.host}/stories/image:v1")
    assert "is no application/vnd.envscout.advisories.v1" in answer.refusal


def test_a_registry_that_is_not_to_be_trusted(outside: Desk, desk: Desk, tmp_path: Path, registry: Registry) -> None:
    from envscout.advisories.bundles.manifest import MEDIA_TYPE
    from envscout.images.artifacts import Part, push_artifact
    from envscout.names.reference import parse

    fetched(outside, tmp_path / "feed")
    create(outside, tmp_path, "x.bundle")
    data = (tmp_path / "x.bundle").read_bytes()

    def offered(tag: str, *parts: bytes) -> Any:
        name = f"{registry.host}/security/odd:{tag}"
        title = {"org.opencontainers.image.title": "../../../escaped"}
        push_artifact(
            parse(f"registry://{name}"), MEDIA_TYPE, [Part("application/octet-stream", each, title) for each in parts]
        )
        return desk.call("db", "bundle", "apply", f"oci://{name}", "--trust", tmp_path / "publisher.pub")

    assert "is no application/vnd.envscout" in offered("two", data, data).refusal
    assert "is no bundle of advisories" in offered("none").refusal
    assert "is no bundle of advisories" in offered("else", b"else").refusal
    assert "was changed after it was made" in offered("changed", data[:-1] + bytes([data[-1] ^ 1])).refusal
    assert status(desk) == []
    place = f"oci://{registry.host}/security/advisories:full"
    create(outside, tmp_path, place)
    digest = hashlib.sha256(data).hexdigest()
    (blob,) = registry.storage.rglob(f"{digest}/data")
    for other in (data[:-1] + b"x", data + b"x", data[:-1], b""):
        blob.write_bytes(other)
        answer = desk.call("db", "bundle", "apply", place, "--trust", tmp_path / "publisher.pub")
        assert re.search(r"have the digest|is longer than", answer.refusal), answer
    assert status(desk) == []
    blob.write_bytes(data)
    assert offered("again", data).code == 0
    assert not list(tmp_path.rglob("escaped"))


def test_killed_at_any_moment(outside: Desk, place: Callable[[str], Place], tmp_path: Path) -> None:
    store = place("inside")
    home = tmp_path / "inside"
    env = {**outside.env, "ENVSCOUT_HOME": str(home), "ENVSCOUT_STORE": str(store), "TMPDIR": str(tmp_path)}
    env["PYTHONPATH"] = os.environ.get("PYTHONPATH", "")
    words: list[str | Path] = [PROGRAM, "db", "bundle", "apply", "--trust", tmp_path / "publisher.pub"]
    took, chance, met = 0.0, random.Random(20261128), {"old": 0, "new": 0}
    for number in range(KILLS + 2):
        fetched(outside, tmp_path / "feed", *numbered(*range(number * 100, number * 100 + MANY)))
        bundle = tmp_path / f"{number}.bundle"
        create(outside, tmp_path, bundle.name, *(("--since", tmp_path / f"{number - 1}.bundle") if number else ()))
        old = state(store) if number else {}
        if number > 1:
            process = subprocess.Popen([*words, bundle], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            time.sleep(chance.uniform(0.3, 1.0) * took)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            killed = state(store)
            met["old" if killed == old else "new"] += 1
        else:
            killed = old
        began = time.monotonic()
        subprocess.run([*words, bundle], env=env, check=True, capture_output=True)
        took = time.monotonic() - began
        assert killed in (old, state(store)) or {**killed, "runs": []} == {**state(store), "runs": []}
        assert sorted(each for each, _ in state(store)["records"]) == [
            each["id"] for each in numbered(*range(number * 100, number * 100 + MANY))
        ]
    assert sum(met.values()) == KILLS
    assert met["old"]


def test_real_advisories(outside: Desk, desk: Desk, tmp_path: Path, data: Path) -> None:
    places = [data / "advisories" / name for name in ("Alpine", "PyPI", "Go", "AlmaLinux")]
    outside.ok(
        "db", "update", *(word for place in places for word in ("--from", place)), "--from", data / "kev.json.gz"
    )
    made = create(outside, tmp_path, "full.bundle")
    answer = apply(desk, tmp_path, "full.bundle")
    assert answer.code == 0
    told = {each["name"]: each for each in status(desk)}
    for each in status(outside):
        kept = told.pop(each["name"])
        assert {k: kept[k] for k in ("records", "newest", "as_of", "skipped")} == {
            k: each[k] for k in ("records", "newest", "as_of", "skipped")
        }
    assert told == {}
    assert made["bytes"] < 4 << 20


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create", "X", "--every", "soon"), "is no time between two bundles"),
        (("create", "X", "--since", "12"), "never was at generation 12"),
        (("create", "X", "--since", "9" * 18), "never was at generation 9"),
        (("create", "X", "--since", "9" * 19), "cannot be read"),
        (("create", "X", "--feed", "osv:none"), "no feed 'osv:none' was ever applied"),
        (("create", "X", "--key", "/nothing"), "cannot read /nothing"),
        (("create", "/nowhere/X"), "cannot write /nowhere/X"),
        (("apply", "/nothing"), "/nothing cannot be read"),
        (("apply", "/etc/hostname"), "this is no bundle of advisories"),
        (("apply", "/etc/hostname", "--trust", "/etc/hostname"), "holds no public Ed25519 key"),
        (("keygen", "/nowhere/key"), "cannot write /nowhere/key: there is no folder /nowhere"),
        (("keygen", "~nobody-of-this-name/key"), "names no home that is known"),
        (("apply", "X", "--trust", "~nobody-of-this-name/key"), "names no home that is known"),
        (("keygen", "."), "it is a folder"),
    ],
)
def test_mistakes_are_told(watched: Desk, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    words = tuple(str(tmp_path / "X") if word == "X" else word for word in words)
    answer = watched.call("db", "bundle", *words)
    assert answer.code in (1, 64)
    assert said in answer.refusal
    assert not (tmp_path / "X").exists()


def test_where_a_server_is_asked_the_store_is_named(desk: Desk, tmp_path: Path) -> None:
    answer = Desk.call(desk, "db", "bundle", "create", tmp_path / "x", ENVSCOUT_SERVER="https://envscout.example.com")
    assert answer.code == 64
    assert "works on a store itself" in answer.refusal


def test_the_page_is_what_works(outside: Desk, desk: Desk, tmp_path: Path, registry: Registry) -> None:
    page = (Path(__file__).parents[2] / "docs" / "howto" / "air-gap.md").read_text(encoding="utf-8")
    lines = [
        line
        for block in re.findall(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
        for line in block.splitlines()
    ]
    records = iter([[HOLE], [HOLE, *numbered(1)]])
    (tmp_path / "publisher").unlink()
    (tmp_path / "publisher.pub").unlink()
    for line in lines:
        words = line.replace("registry.example.com", registry.host).split()[1:]
        if words[:2] == ["db", "update"]:
            fetched(outside, tmp_path / "feed", *next(records))
            continue
        words = [str(tmp_path / word) if re.match(r"(publisher|full\.|next\.)", word) else word for word in words]
        asked = desk if words[1] == "status" or words[2:3] == ["apply"] else outside
        assert asked.ok(*words).code == 0, line
    assert [each["records"] for each in status(desk)] == [2]
    assert len(lines) == 10

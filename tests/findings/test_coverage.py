"""An answer says how far it can be trusted: unknown is never clean."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import pytest

from envscout.findings.coverage import assess, combine
from envscout.model import Coverage, Distribution, Problem, Reason

DAY = 86_400_000_000
NOW = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp()) * 1_000_000
DEBIAN = Distribution("debian", "12", "bookworm")
FEEDS = {"Debian": NOW - DAY, "PyPI": NOW - DAY}


class Count(msgspec.Struct, frozen=True):
    ecosystem: str
    type: str
    packages: int = 10
    unkeyable: int = 0


DEBS = Count("Debian:12", "deb")
WHEELS = Count("PyPI", "pypi")


def codes(
    distribution: Distribution | None = DEBIAN,
    counts: tuple[Count, ...] = (DEBS,),
    problems: tuple[Problem, ...] = (),
    feeds: Mapping[str, int] = FEEDS,
    indexed: bool = True,
) -> tuple[str, list[str]]:
    found = assess(indexed, distribution, problems, counts, feeds, NOW)
    assert all(reason.message.endswith((".", "`.")) for reason in found.reasons)
    return found.state, [reason.code for reason in found.reasons]


def test_everything_known_is_complete() -> None:
    assert codes() == ("complete", [])
    assert codes(counts=(DEBS, WHEELS)) == ("complete", [])
    assert codes(feeds={"Debian:12": NOW}) == ("complete", [])


def test_an_image_that_was_never_read_is_unknown() -> None:
    assert codes(indexed=False) == ("unknown", ["not-indexed"])


@pytest.mark.parametrize("distribution", [None, DEBIAN])
def test_without_a_package_database_the_answer_is_unknown(distribution: Distribution | None) -> None:
    problem = Problem("no-package-database", "none was found")
    assert codes(distribution, (), (problem,)) == ("unknown", ["no-package-database"])
    assert codes(distribution, (WHEELS,), (problem,)) == ("unknown", ["no-package-database"])
    assert codes(distribution, (Count("Debian:12", "deb", 0),)) == ("unknown", ["no-package-database"])


def test_a_database_that_is_not_read_is_unknown() -> None:
    problem = Problem("unread-package-database", "unknown: rpm packages are not read yet (var/lib/rpm/rpmdb.sqlite)")
    state, found = codes(Distribution("almalinux", "9.4"), (), (problem,))
    assert (state, found) == ("unknown", ["unread-package-database"])
    [reason] = assess(True, None, (problem,), (), {}, NOW).reasons
    assert "rpm" in reason.message


@pytest.mark.parametrize(
    ("distribution", "code"),
    [
        (None, "unknown-distribution"),
        (Distribution("debian", "99"), "unknown-distribution"),
        (Distribution("debian"), "unknown-distribution"),
        (Distribution("slackware", "15"), "unsupported-distribution"),
    ],
)
def test_a_distribution_nobody_knows_is_unknown(distribution: Distribution | None, code: str) -> None:
    state, found = codes(distribution, (Count("", "deb"),))
    assert (state, found[0]) == ("unknown", code)


def test_the_end_of_support_is_named_with_its_day() -> None:
    alpine = Distribution("alpine", "3.9.6")
    found = assess(True, alpine, (), (Count("Alpine:v3.9", "apk"),), {"Alpine": NOW}, NOW)
    assert found == Coverage("unknown", (Reason(
        "end-of-life",
        "Alpine 3.9 reached its end of life on 2020-11-01: newer vulnerabilities are not published for it. "
        "Move to a supported release.",
    ),))  # fmt: skip
    last_day = int(datetime(2020, 11, 1, 23, tzinfo=UTC).timestamp()) * 1_000_000
    counts = (Count("Alpine:v3.9", "apk"),)
    assert assess(True, alpine, (), counts, {"Alpine": last_day}, last_day).state == "complete"
    assert assess(True, alpine, (), counts, {"Alpine": last_day}, last_day + DAY).state == "unknown"


def test_no_feed_for_the_distribution_is_unknown_and_for_a_language_partial() -> None:
    assert codes(counts=(DEBS, WHEELS), feeds={"PyPI": NOW}) == ("unknown", ["no-feed"])
    assert codes(counts=(DEBS, WHEELS), feeds={"Debian": NOW}) == ("partial", ["no-feed"])
    assert codes(counts=(DEBS, WHEELS), feeds={}) == ("unknown", ["no-feed", "no-feed"])


def test_packages_that_no_feed_can_know_are_named() -> None:
    assert codes(counts=(DEBS, Count("", "conda"))) == ("partial", ["no-feed"])


def test_old_advisories_are_stale_and_so_are_those_of_unknown_age() -> None:
    assert codes(feeds={"Debian": NOW - 7 * DAY}) == ("complete", [])
    assert codes(feeds={"Debian": NOW - 7 * DAY - 1}) == ("partial", ["stale-feed"])
    assert codes(feeds={"Debian": 0}) == ("partial", ["stale-feed"])
    assert codes(feeds={"Debian": NOW + 400 * DAY}) == ("complete", [])
    [reason] = assess(True, DEBIAN, (), (DEBS,), {"Debian": NOW - 30 * DAY}, NOW).reasons
    assert "2026-10-24, 30 days old" in reason.message
    assert assess(True, DEBIAN, (), (DEBS,), {"Debian": NOW - 30 * DAY}, NOW, max_age=60).state == "complete"


def test_versions_without_order_are_partial() -> None:
    assert codes(counts=(Count("Debian:12", "deb", 10, 2),)) == ("partial", ["unkeyable-version"])
    assert codes(counts=(DEBS, Count("PyPI", "pypi", 3, 1))) == ("partial", ["unkeyable-version"])


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        ("damaged-layer", "damaged-layer"),
        ("unresolved-link", "damaged-layer"),
        ("damaged-database", "damaged-database"),
        ("too-many-packages", "damaged-database"),
        ("something-new", "damaged-database"),
        ("unknown-group", "unassessable-package"),
        ("no-purl", "unassessable-package"),
        ("unknown-modules", "incomplete-inventory"),
        ("packed-executable", "incomplete-inventory"),
    ],
)
def test_what_could_not_be_read_is_partial(problem: str, code: str) -> None:
    assert codes(problems=(Problem(problem, "It is torn.", "a/b"),)) == ("partial", [code])


def test_of_many_parts_some_are_named_and_the_rest_counted() -> None:
    problems = tuple(Problem("unknown-group", f"{name}.jar: its Maven group cannot be told") for name in "abcde")
    found = assess(True, DEBIAN, problems, (DEBS,), FEEDS, NOW)
    assert [reason.code for reason in found.reasons] == ["unassessable-package"] * 4
    assert "2 more" in found.reasons[-1].message
    assert not found.blind


def test_a_source_tree_has_no_distribution_to_know() -> None:
    tree = (Problem("source-tree", "lock files alone"),)
    assert codes(None, (WHEELS,), tree) == ("complete", [])
    assert codes(None, (WHEELS,)) == ("unknown", ["no-package-database"])


def test_problems_that_harm_no_answer_do_not_count() -> None:
    harmless = (Problem("platform-fallback", "amd64 was taken"), Problem("unusable-version", "no order"))
    assert codes(problems=harmless) == ("complete", [])


def test_an_answer_about_several_images_is_as_good_as_its_worst_part() -> None:
    good, partial = Coverage(), Coverage("partial", (Reason("stale-feed", "old."),))
    unknown = Coverage("unknown", (Reason("not-indexed", "never read."),))
    assert combine([]) == combine([good, good]) == good
    assert combine([good, partial, partial]) == partial
    assert combine([partial, unknown, good]) == Coverage("unknown", (*partial.reasons, *unknown.reasons))

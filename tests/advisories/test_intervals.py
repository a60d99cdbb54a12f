"""Events and version lists become the intervals that the OSV schema describes."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscout.advisories import intervals
from envscout.advisories.intervals import Interval, UnkeyableError
from envscout.advisories.wire import Event
from envscout.versions import HIGHEST, LOWEST, successor

# Versions of these tests are numbers from 1 to 250, and a number's key is its byte.
NUMBERS = st.integers(min_value=1, max_value=250)


def key_of(text: str) -> bytes | None:
    return bytes([int(text)]) if text.isdecimal() else None


def events(*words: str) -> list[Event]:
    return [Event(**{kind: version}) for kind, version in (word.split() for word in words)]


def test_a_fix_ends_what_begins_below_everything() -> None:
    assert intervals.of_events(events("introduced 0", "fixed 9"), key_of) == [Interval(LOWEST, b"\x09", "", "9", "9")]


def test_the_last_affected_version_is_inside_and_is_no_fix() -> None:
    [found] = intervals.of_events(events("introduced 3", "last_affected 9"), key_of)
    assert found == Interval(b"\x03", successor(b"\x09"), "3", "9", "")


def test_an_open_range_has_no_end() -> None:
    assert intervals.of_events(events("introduced 3"), key_of) == [Interval(b"\x03", HIGHEST, "3", "", "")]


def test_only_zero_as_the_first_version_is_below_everything() -> None:
    [found] = intervals.of_events(events("introduced 0", "last_affected 0"), key_of)
    assert found == Interval(LOWEST, successor(b"\x00"), "", "0", "")


def test_fixed_zero_says_that_nothing_is_affected() -> None:
    assert intervals.of_events(events("introduced 0", "fixed 0"), key_of) == []


def test_a_range_that_ends_before_it_begins_holds_nothing() -> None:
    assert intervals.of_events(events("introduced 9", "fixed 9"), key_of) == []


def test_a_fix_below_the_introduction_fixes_nothing() -> None:
    assert intervals.of_events(events("introduced 9", "fixed 3"), key_of) == [Interval(b"\x09", HIGHEST, "9", "", "")]


def test_a_range_that_begins_nowhere_begins_below_everything() -> None:
    assert intervals.of_events(events("fixed 9"), key_of) == [Interval(LOWEST, b"\x09", "", "9", "9")]


def test_events_need_no_order() -> None:
    shuffled = events("introduced 5", "introduced 1", "fixed 7", "fixed 3")
    assert [(one.low, one.fixed) for one in intervals.of_events(shuffled, key_of)] == [("1", "3"), ("5", "7")]


def test_a_second_introduction_while_open_is_ignored() -> None:
    found = intervals.of_events(events("introduced 1", "introduced 5", "fixed 7"), key_of)
    assert [(one.low, one.fixed) for one in found] == [("1", "7")]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 3, 0, 1), (1, 2, 3, 0)])
def test_a_range_that_begins_where_another_is_fixed_is_not_lost(order: tuple[int, ...]) -> None:
    words = ["introduced 1", "fixed 5", "introduced 5", "fixed 9"]
    found = intervals.of_events(events(*(words[place] for place in order)), key_of)
    assert [(one.low, one.fixed) for one in found] == [("1", "5"), ("5", "9")]


def test_a_limit_cuts_what_lies_above_it() -> None:
    found = intervals.of_events(events("introduced 1", "fixed 3", "introduced 5", "limit 4", "limit 6"), key_of)
    assert [(one.lo, one.hi, one.fixed) for one in found] == [(b"\x01", b"\x03", "3"), (b"\x05", b"\x06", "")]


def test_a_star_limits_nothing() -> None:
    [found] = intervals.of_events(events("introduced 1", "limit *", "limit 6"), key_of)
    assert found.hi == HIGHEST


def test_a_bound_without_place_is_named() -> None:
    with pytest.raises(UnkeyableError, match=r"^dev-main$"):
        intervals.of_events(events("introduced 0", "fixed dev-main"), key_of)


def test_no_events_are_no_intervals() -> None:
    assert intervals.of_events([], key_of) == []


def test_listed_versions_that_a_range_covers_add_nothing() -> None:
    held = intervals.of_events(events("introduced 1", "fixed 5", "introduced 8"), key_of)
    assert intervals.of_versions(["1", "4", "9"], key_of, held) == ([], ())


def test_listed_versions_outside_the_ranges_stand_alone() -> None:
    held = intervals.of_events(events("introduced 1", "fixed 5"), key_of)
    found, unkeyable = intervals.of_versions(["7", "2", "6", "x", "06", "y"], key_of, held)
    assert found == [
        Interval(b"\x06", successor(b"\x06"), "6", "6", ""),
        Interval(b"\x07", successor(b"\x07"), "7", "7", ""),
    ]
    assert list(unkeyable) == ["x", "y"]


def _affected(version: int, history: Sequence[tuple[str, int]]) -> bool:
    """Evaluate one version as the schema's algorithm does, event after event."""
    affected = False
    for kind, bound in sorted(history, key=lambda event: event[1]):
        if kind == "introduced" and version >= bound:
            affected = True
        elif (kind == "fixed" and version >= bound) or (kind == "last_affected" and version > bound):
            affected = False
    return affected


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, int]]:
    """Return events in any order, no two at the same version, with at least one introduction."""
    bounds = draw(st.lists(NUMBERS, min_size=1, max_size=12, unique=True))
    kinds = draw(
        st.lists(st.sampled_from(["introduced", "fixed", "last_affected"]), min_size=len(bounds), max_size=len(bounds))
    )
    kinds[draw(st.integers(0, len(bounds) - 1))] = "introduced"
    return list(zip(kinds, bounds, strict=True))


@given(histories())
def test_intervals_hold_exactly_the_affected_versions(history: list[tuple[str, int]]) -> None:
    found = intervals.of_events([Event(**{kind: str(bound)}) for kind, bound in history], key_of)
    for version in range(1, 252):
        inside = any(one.lo <= bytes([version]) < one.hi for one in found)
        assert inside == _affected(version, history), version
    assert all(one.lo < one.hi for one in found)
    assert all(left.hi <= right.lo for left, right in pairwise(found))


@given(histories(), st.lists(NUMBERS, max_size=40))
def test_ranges_and_listed_versions_hold_their_union(history: list[tuple[str, int]], listed: list[int]) -> None:
    held = intervals.of_events([Event(**{kind: str(bound)}) for kind, bound in history], key_of)
    added, unkeyable = intervals.of_versions([str(number) for number in listed], key_of, held)
    assert not unkeyable
    for version in range(1, 252):
        inside = any(one.lo <= bytes([version]) < one.hi for one in (*held, *added))
        assert inside == (_affected(version, history) or version in listed), version
    assert len(added) == len({number for number in listed if not _affected(number, history)})

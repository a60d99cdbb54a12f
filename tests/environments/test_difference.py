"""What promoting brings, fixes and keeps."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from envscout.environments.difference import NOTHING, Difference, Levels, Side, count, difference, union, worst


def levels(**found: set[int]) -> Levels:
    words = ("unspecified", "low", "medium", "high", "critical")
    return tuple(BitMap(found.get(word, ())) for word in words)


def side(name: str, **found: set[int]) -> Side:
    return Side((f"{name}:1",), (f"sha256:{name}",), levels(**found))


def one(present: Side, following: Side) -> Difference:
    (found,) = difference({"api": present}, {"api": following})
    return found


def test_each_vulnerability_is_brought_fixed_or_kept() -> None:
    found = one(side("a", low={2, 1}, critical={3}, high={4}), side("b", critical={3, 9}, medium={8}))
    assert found.introduced == levels(critical={9}, medium={8})
    assert found.fixed == levels(high={4}, low={1, 2})
    assert found.kept == levels(critical={3})
    assert found.moved
    assert found.differs


def test_the_worst_severity_of_a_side_counts() -> None:
    found = one(side("a", low={5}, high={5}, medium={7}), side("b", critical={6}, low={6, 7}, high={7}))
    assert (found.introduced, found.fixed, found.kept) == (levels(critical={6}), levels(high={5}), levels(high={7}))


def test_a_service_of_one_side_only_brings_or_fixes_everything() -> None:
    new, old = difference({"old": side("o", low={1})}, {"new": side("n", low={2})})
    assert (new.present.references, new.introduced) == ((), levels(low={2}))
    assert (old.next.references, old.fixed) == ((), levels(low={1}))


def test_an_unknown_side_makes_the_difference_unknown() -> None:
    assert not one(Side(("api:1",), known=False), side("b", low={1})).known


def test_the_same_name_for_another_image_is_a_move() -> None:
    found = one(Side(("api:latest",), ("sha256:a",)), Side(("api:latest",), ("sha256:b",)))
    assert (found.moved, found.differs) == (True, True)
    same = Side(("api:latest",), ("sha256:a",))
    assert not one(same, same).differs


def test_the_worst_come_first() -> None:
    assert list(worst(levels(low={1, 2}, critical={7}, medium={5}), 3)) == [(7, 4), (5, 2), (1, 1)]
    assert list(worst(NOTHING, 3)) == []


MARKS = st.dictionaries(st.integers(0, 4), st.frozensets(st.integers(0, 9)).map(BitMap))
SIDES = st.lists(MARKS, max_size=3)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SIDES, SIDES)
def test_it_is_what_counting_one_by_one_gives(
    one_side: list[dict[int, BitMap]], other: list[dict[int, BitMap]]
) -> None:
    def by_name(marks: list[dict[int, BitMap]]) -> dict[int, int]:
        found: dict[int, int] = {}
        for each in marks:
            for level, numbers in each.items():
                found |= {number: max(level, found.get(number, 0)) for number in numbers}
        return found

    def flat(levels: Levels) -> dict[int, int]:
        assert count(levels) == len({number for numbers in levels for number in numbers})
        return {number: level for level, numbers in enumerate(levels) for number in numbers}

    before, after = by_name(one_side), by_name(other)
    copies = [{level: BitMap(numbers) for level, numbers in each.items()} for each in (*one_side, *other)]
    found = one(Side(("a",), ("a",), union(one_side)), Side(("b",), ("b",), union(other)))
    assert flat(found.introduced) == {number: level for number, level in after.items() if number not in before}
    assert flat(found.fixed) == {number: level for number, level in before.items() if number not in after}
    assert flat(found.kept) == {number: level for number, level in after.items() if number in before}
    assert [*one_side, *other] == copies, "what is shared by many images was changed"

"""Windows of exposure are what one sees who looks at every moment."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as some
from pyroaring import BitMap

from envscout.environments.exposure import Stay, Window, open_at, remedied, windows

END = 24
MOMENTS = range(END)

stays = some.lists(
    some.builds(
        lambda image, since, length: Stay(image, since, since + length if length is not None else None),
        some.integers(1, 3),
        some.integers(0, 20),
        some.none() | some.integers(0, 8),
    ),
    max_size=8,
)
held = some.dictionaries(some.integers(1, 3), some.frozensets(some.integers(1, 4)).map(BitMap), max_size=3)
known = some.dictionaries(some.integers(1, 4), some.integers(0, 22), max_size=4)


def is_there(stay: Stay, moment: int) -> bool:
    return stay.since <= moment and (stay.until is None or moment < stay.until)


@given(stays, held, known)
def test_a_window_is_open_while_something_vulnerable_runs_and_is_known(
    stays: list[Stay], held: dict[int, BitMap], known: dict[int, int]
) -> None:
    found = list(windows(stays, held, known))
    for moment in MOMENTS:
        runs = [held[each.image_id] for each in stays if each.image_id in held and is_there(each, moment)]
        expected = {each for each in BitMap.union(BitMap(), *runs) if known.get(each, 0) <= moment}
        assert {
            each.vulnerability for each in found if each.since <= moment and (each.until is None or moment < each.until)
        } == expected
    for number in {each.vulnerability for each in found}:
        own = sorted((each for each in found if each.vulnerability == number), key=lambda each: each.since)
        assert all(before.until is not None and before.until < after.since for before, after in pairwise(own))


@given(stays, held, known)
def test_numbers_over_time_are_counts_of_open_windows(
    stays: list[Stay], held: dict[int, BitMap], known: dict[int, int]
) -> None:
    found = list(windows(stays, held, known))
    levels = {1: 4, 2: 3, 3: 3, 4: 0}
    for moment, counts in zip(MOMENTS, open_at(found, MOMENTS, levels), strict=True):
        is_open = [each for each in found if each.since <= moment and (each.until is None or moment < each.until)]
        assert counts == tuple(
            sum(levels[each.vulnerability] == level for each in is_open) for level in (4, 3, 2, 1, 0)
        )


def test_what_became_of_vulnerabilities_is_summed_up() -> None:
    found = [Window(1, 10, None), Window(2, 30, None), Window(3, 5, 25), Window(4, 0, 8)]
    told = remedied(found, now=40, since=20, limit=15)
    assert (told.open, told.open_for, told.oldest) == (2, 30 + 10, 10)
    assert (told.closed, told.closed_after) == (1, 20)
    # The first has been open for 30, the third was for 20.
    assert told.breaches == 2
    assert remedied(found, now=40, since=20, limit=0).breaches == 0
    assert remedied([], now=40, since=0, limit=1).oldest == 0

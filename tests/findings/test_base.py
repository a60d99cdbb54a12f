"""Which base image is believed, and what it brought."""

from datetime import UTC, datetime

import pytest

from envscout.findings.base import brought, choose, moved
from envscout.model import BaseImage, Image, Layer

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
GUESS = BaseImage("", "", 2, "history")


def known(name: str, digest: str, layers: int) -> BaseImage:
    return BaseImage(name, digest, layers, "known")


def provenance(name: str, digest: str = "") -> BaseImage:
    return BaseImage(name, digest, 0, "provenance")


def test_nobody_knows() -> None:
    assert choose((), ()) is None


def test_who_is_believed_before_whom() -> None:
    label = BaseImage("by-label", C, 0, "label")
    stored = known("stored", A, 3)
    assert choose((provenance("p", B), label, GUESS), [stored]) == BaseImage("p", B, 2, "provenance")
    assert choose((label, GUESS), [stored]) == BaseImage("by-label", C, 2, "label")
    assert choose((GUESS,), [stored]) == stored
    assert choose((GUESS,), []) == GUESS
    assert choose((label,), []) == BaseImage("by-label", C, 0, "label")


def test_a_base_that_is_known_has_as_many_layers_as_it_has() -> None:
    stored = [known("", A, 4), known("older", B, 1)]
    assert choose((provenance("p", B), GUESS), stored) == BaseImage("p", B, 1, "provenance")
    assert choose((provenance("", B), GUESS), stored) == BaseImage("older", B, 1, "provenance")


def test_of_several_stages_the_one_whose_layers_are_here() -> None:
    stages = (provenance("builder", C), provenance("runtime", B), provenance("tools", A), GUESS)
    assert choose(stages, [known("x", B, 2)]) == BaseImage("runtime", B, 2, "provenance")
    # Which one it was is not known: the history is all there is.
    assert choose(stages, []) == GUESS


def test_the_largest_and_named_of_those_that_are_known() -> None:
    assert choose((), [known("small", A, 1), known("", B, 3), known("named", C, 3)]) == known("named", C, 3)


def test_what_was_brought() -> None:
    image = Image("x", layers=tuple(Layer(each, each, "", 1) for each in (A, B, C)))
    inside = brought(image, known("n", A, 2))
    assert [inside(each) for each in (A, B, C, "")] == [True, True, False, None]
    for base in (None, BaseImage("n", "", 0, "label")):
        assert brought(image, base)(A) is None


MOVED = (
    # the base image made, the other made, seen at (days of 2026), the application made; is the other newer?
    ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", 0, "", True),
    ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", 300, "2026-01-03T00:00:00Z", False),
    ("", "2026-01-02T00:00:00Z", 5, "2026-01-04T00:00:00Z", True),
    ("", "2026-01-02T00:00:00Z", 2, "2026-01-04T00:00:00Z", None),
    ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", 5, "2026-01-04T00:00:00Z", True),
    ("0001-01-01T00:00:00Z", "2026-01-02T00:00:00Z", 5, "1980-01-01T00:00:00Z", None),
    ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", 5, "2026-01-04T00:00:00+00:00", True),
    ("nonsense", "2026-01-01", 5, "2026-13-04T00:00:00Z", None),
)


@pytest.mark.parametrize(("before", "after", "day", "built", "said"), MOVED)
def test_what_a_tag_stood_for_earlier_is_not_newer(
    before: str, after: str, day: int, built: str, said: bool | None
) -> None:
    seen_at = round(datetime(2026, 1, 1, tzinfo=UTC).timestamp() + (day - 1) * 86_400) * 1_000_000
    assert moved(before, after, seen_at, built) is said

"""Moments as people write them."""

import pytest

from envscout.errors import UsageError
from envscout.names.moment import parse, show, told

NOW = 1_790_000_000_000_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-10-01", "2026-10-01T00:00:00Z"),
        ("2026-10-01T12:30", "2026-10-01T12:30:00Z"),
        ("2026-10-01T12:30:15Z", "2026-10-01T12:30:15Z"),
        ("2026-10-01T12:30:15+02:00", "2026-10-01T10:30:15Z"),
        ("7d", show(NOW - 7 * 86_400_000_000)),
        ("36h ago", show(NOW - 36 * 3_600_000_000)),
        (" 2w ", show(NOW - 14 * 86_400_000_000)),
    ],
)
def test_moments(text: str, shown: str) -> None:
    assert show(parse(text, NOW)) == shown


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "7 years", "9999999d", "2026-10-01T25:00", "1" * 100])
def test_what_is_no_moment_says_what_is(text: str) -> None:
    with pytest.raises(UsageError, match="no moment"):
        parse(text, NOW)


@pytest.mark.parametrize("text", ["0001-01-01T00:00+14:00", "1969-12-31", "999999w"])
def test_the_far_past_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="before 1970"):
        parse(text, NOW)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-10-01T12:30:15Z", "2026-10-01T12:30:15Z"),
        ("2026-10-01T12:30:15.123456789Z", "2026-10-01T12:30:15Z"),
        ("2026-10-01T12:30:15+02:00", "2026-10-01T10:30:15Z"),
        ("1981-01-01T00:00:00Z", "1981-01-01T00:00:00Z"),
    ],
)
def test_when_something_was_made(text: str, shown: str) -> None:
    found = told(text)
    assert found is not None
    assert show(found) == shown


@pytest.mark.parametrize(
    "text", ["", "2026-10-01", "2026-10-01T12:30:15", "1970-01-01T00:00:00Z", "1980-12-31T23:59:59Z", "nonsense"]
)
def test_what_says_nothing_of_when_something_was_made(text: str) -> None:
    assert told(text) is None

"""Support ends are known for known releases only."""

from datetime import date

import pytest

from envscout.model import Distribution
from envscout.names import releases


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        (Distribution("debian", "10"), date(2024, 6, 30)),
        (Distribution("debian", "", "bookworm"), date(2028, 6, 30)),
        (Distribution("ubuntu", "18.04"), date(2023, 5, 31)),
        (Distribution("alpine", "3.9.6"), date(2020, 11, 1)),
        (Distribution("alpine", "3.10.3"), date(2021, 5, 1)),
        (Distribution("alpine", "3.20.0_rc1"), date(2026, 4, 1)),
        (Distribution("almalinux", "9.1"), date(2032, 5, 31)),
        (Distribution("rocky", "8.10"), date(2029, 5, 31)),
        (Distribution("opensuse-leap", "15.5"), date(2024, 12, 31)),
        (Distribution("mariner", "2.0"), date(2025, 7, 31)),
    ],
)
def test_support_ends(distribution: Distribution, expected: date) -> None:
    assert releases.is_known(distribution)
    assert releases.support_end(distribution) == expected


@pytest.mark.parametrize(
    "distribution",
    [
        Distribution("wolfi", "20230201"),
        Distribution("alpine", "3.14.0_alpha20210212"),
        Distribution("debian", "", "sid"),
        Distribution("opensuse-tumbleweed", "20250101"),
    ],
)
def test_rolling_releases_are_known_without_end(distribution: Distribution) -> None:
    assert releases.is_known(distribution)
    assert releases.support_end(distribution) is None


@pytest.mark.parametrize(
    "distribution",
    [
        Distribution("alpine", "9.99.1"),
        Distribution("alpine", "3.18.4; rm"),
        Distribution("debian"),
        Distribution("debian", "99"),
        Distribution("raspbian", "11"),
        Distribution("almalinux"),
        Distribution(""),
        Distribution("\udc80", "\x00"),
    ],
)
def test_others_are_unknown(distribution: Distribution) -> None:
    assert not releases.is_known(distribution)
    assert releases.support_end(distribution) is None

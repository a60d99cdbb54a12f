"""Which claims a trust policy takes."""

import pytest

from envscout.access.claims import fit, parse
from envscout.errors import UsageError


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        ("acme/*", "acme/app", True), ("acme/*", "acme/", True), ("acme/*", "evil/acme/app", False),
        ("acme", "acme2", False),
        ("a.me", "acme", False), ("repo:acme/*:ref:refs/heads/main", "repo:acme/x:ref:refs/heads/main", True),
        ("true", True, True), ("true", "true", True), ("7", 7, True), ("7", 7.0, False), ("x", None, False),
        ("team", ["other", "team"], True), ("team", [["team"]], False), ("x", {"x": 1}, False), ("a*", "a\nb", True),
    ],
)  # fmt: skip
def test_patterns(pattern: str, value: object, fits: bool) -> None:
    assert fit({"claim": pattern}, {"claim": value}) is fits


def test_every_claim_must_fit_and_none_fits_nobody() -> None:
    assert not fit({}, {"a": "b"})
    assert not fit({"a": "b", "c": "d"}, {"a": "b"})


@pytest.mark.parametrize(
    "text", ["", "a", "a=", "=b", "a=*", "a=**", "a b=c", "a=*1*2*3*4*5", "a=" + "x" * 2_000, "a=\x00"]
)
def test_what_is_no_claim(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)

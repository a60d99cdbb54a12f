"""What holds for keys of every scheme, on any text."""

import subprocess
import sys
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscout.versions import ALIASES, HIGHEST, LOWEST, SCHEMES, key, successor
from envscout.versions.alphabet import NUMBER, number, text

steady = settings(deadline=None)
schemes = st.sampled_from(sorted(SCHEMES))
digits = st.integers(0, 2**200).map(str)
words = st.sampled_from("alpha a beta b rc cr pre dev post p sp ga final snapshot git r el x".split())  # noqa: SIM905
marks = st.sampled_from([*".-_+~^:!", "_p", "-r", "..", ""])
versions = st.lists(st.one_of(digits, st.integers(0, 12).map(str), words, marks), min_size=1, max_size=12).map("".join)
anything = st.one_of(versions, st.text(st.characters(codec=None), max_size=40), st.text(max_size=600))


@steady
@given(schemes, anything)
def test_a_key_lies_between_the_ends(scheme: str, version: str) -> None:
    found = key(scheme, version)
    assert found is None or LOWEST < found < successor(found) < HIGHEST
    assert found is None or found[:1] != b"\xff"


@steady
@given(schemes, versions, versions)
def test_nothing_lies_between_a_key_and_its_successor(scheme: str, left: str, right: str) -> None:
    one, other = key(scheme, left), key(scheme, right)
    if one is not None and other is not None:
        assert other <= one or other >= successor(one)


@steady
@given(schemes, anything)
def test_keys_are_repeatable_and_blind_to_space_around(scheme: str, version: str) -> None:
    assert key(scheme, version) == key(scheme, f" {version}\n") == key(scheme, version)


@steady
@given(st.integers(0, 2**1700), st.integers(0, 2**1700))
def test_numbers_keep_their_order(left: int, right: int) -> None:
    assert (number(str(left)) < number(str(right))) == (left < right)


@pytest.mark.parametrize("value", [0, 1, 95, 96, 255, 256, 2**16 - 1, 2**16, 2**112 - 1, 2**112, 10**500])
def test_numbers_at_the_edges_of_their_lengths(value: int) -> None:
    assert NUMBER[str(value)] < NUMBER[str(value + 1)]
    assert NUMBER[f"000{value}"] == number(str(value))
    assert 0x10 <= number(str(value))[0] <= 0x7F


@steady
@given(st.text(st.characters(max_codepoint=126)), st.text(st.characters(max_codepoint=126)))
def test_text_keeps_its_order(left: str, right: str) -> None:
    assert (text(left) < text(right)) == (left < right)


@steady
@given(st.sampled_from(["deb", "rpm", "semver", "nuget", "pep440", "maven", "gem", "alpm", "conan"]), digits, digits)
def test_numbers_order_versions(scheme: str, left: str, right: str) -> None:
    older, newer = key(scheme, f"1.{left}"), key(scheme, f"1.{right}")
    assert older is not None
    assert newer is not None
    assert (older < newer) == (int(left) < int(right))


@steady
@given(st.sampled_from(["semver", "nuget", "pep440", "maven", "gem", "composer", "conan"]), st.integers(0, 4))
def test_zeros_at_the_end_say_nothing(scheme: str, count: int) -> None:
    assert key(scheme, "1") == key(scheme, "1" + ".0" * min(count, 3))


@pytest.mark.parametrize("scheme", sorted(SCHEMES))
@pytest.mark.parametrize(
    "version",
    ["", " ", "\n", "1" * 513, "1." * 5_000_000, "١٢٣", "１.２", "²", "\ud800", "1.0\udcff", "1\x00", "\x7f", "ſ", "İ"],
    ids=repr,
)
def test_hostile_text(scheme: str, version: str) -> None:
    found = key(scheme, version)
    assert found is None or b"" < found < HIGHEST


@pytest.mark.parametrize("scheme", sorted(SCHEMES))
def test_only_ascii_digits_are_digits(scheme: str) -> None:
    assert key(scheme, "1.٣") is None or key(scheme, "1.٣") != key(scheme, "1.3")


UNITS = ("1", "1.", "a.", "1-", "-r1", "_p1", "~", "9a", "[", "é", ".0", "_alpha", "-1", ".a", "a1", "+1", "-a.")
STARTS = ("1", "1a", "1.0.0-alpha", "1.0_rc", "1+", "1.0-r", "2010.01", "1:1", "1!1", "1.0.0-debian-1")


@pytest.mark.parametrize("scheme", sorted(SCHEMES))
@pytest.mark.parametrize("start", STARTS)
def test_repetition_makes_neither_long_work_nor_long_keys(scheme: str, start: str) -> None:
    for unit, end in product(UNITS, ("", "!", " x", "\x00")):
        found = key(scheme, (start + unit * 512)[:500] + end)
        assert found is None or len(found) <= 2048


def test_aliases_name_schemes() -> None:
    assert set(ALIASES.values()) <= set(SCHEMES)
    assert not set(ALIASES) & set(SCHEMES)
    assert key("pypi", "1.0rc1") == key("pep440", "1.0rc1")
    assert key("npm", "1.0.0") == key("go", "v1.0.0") == key("semver", "1.0.0")


def test_an_unknown_scheme_has_no_keys() -> None:
    assert key("", "1.0") is None
    assert key("nonsense", "1.0") is None


def test_schemes_are_imported_when_they_are_used() -> None:
    script = "import sys; from envscout.versions import key; key('deb', '1'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    assert "envscout.versions.deb" in loaded
    assert "envscout.versions.maven" not in loaded

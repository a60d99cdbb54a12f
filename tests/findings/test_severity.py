"""Whose word counts, and what is shown beside it."""

import pytest

from envscout.findings.severity import (
    Severity,
    base_score,
    best_score,
    from_score,
    from_word,
    prefer,
    rate,
    vendor,
)
from envscout.model.finding import LEVELS, WORDS

V2 = "AV:N/AC:L/Au:N/C:P/I:P/A:P"
V30 = "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
V31 = "CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:N/I:H/A:H"
V40 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"


def test_levels_and_words_are_one_table() -> None:
    assert [WORDS[level] for level in range(5)] == ["unspecified", "low", "medium", "high", "critical"]
    assert all(WORDS[LEVELS[word]] == word for word in LEVELS)


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("negligible", 1),
        ("Unimportant", 1),
        ("low", 1),
        ("MODERATE", 2),
        ("medium**", 2),
        (" important ", 3),
        ("high", 3),
        ("Critical", 4),
        ("untriaged", None),
        ("not yet assigned", None),
        ("end-of-life", None),
        ("", None),
    ],
)
def test_words_of_vendors(word: str, level: int | None) -> None:
    assert from_word(word) == level


@pytest.mark.parametrize(
    ("score", "level"), [(0.0, 0), (0.1, 1), (3.9, 1), (4.0, 2), (6.9, 2), (7.0, 3), (8.9, 3), (9.0, 4), (10.0, 4)]
)
def test_levels_of_scores(score: float, level: int) -> None:
    assert from_score(score) == level


@pytest.mark.parametrize(
    ("vector", "score"),
    [
        (V2, 7.5),
        (f"({V2})", 7.5),
        (V30, 9.8),
        (V31, 7.1),
        (V40, 9.3),
        (V31 + "/E:U", 7.1),
        ("CVSS:3.1/AV:N", None),
        ("CVSS:9.9/AV:N", None),
        ("CVSS:3.1/" + "AV:N/" * 100, None),
        ("", None),
        ("é" * 50, None),
    ],
)
def test_scores_of_vectors(vector: str, score: float | None) -> None:
    assert base_score(vector) == score


def test_the_first_valid_vector_gives_the_score() -> None:
    assert best_score(["broken", V31, V40]) == (7.1, V31)
    assert best_score([]) is None


def test_the_vendor_s_word_wins_and_the_score_is_shown_all_the_same() -> None:
    assert rate("low", "Ubuntu", [V30]) == Severity(1, "Ubuntu", 9.8, V30, "3.0", 5)


def test_without_a_word_the_advisory_s_vector_counts_then_its_score_then_the_cve_record() -> None:
    assert rate("untriaged", "Ubuntu", ["broken", V31], None, V30, 9.8) == Severity(
        3, "CVSS 3.1 (advisory)", 7.1, V31, "3.1", 2
    )
    assert rate("", "X", [V31], 7.1) == rate("", "X", [V31])
    assert rate("", "RUBYSEC", [], 5.5, V30, 9.8) == Severity(2, "CVSS (advisory)", 5.5, decided=2)
    assert rate("", "ALPINE", ["broken"], None, V30, 9.8) == Severity(4, "CVSS 3.0 (CVE record)", 9.8, V30, "3.0", 1)
    assert rate("", "ALPINE", [], None, "broken", 4.2) == Severity(2, "CVSS (CVE record)", 4.2, decided=1)
    assert rate("", "ALPINE", []) == Severity()


def test_a_version_2_vector_is_named_so() -> None:
    assert rate("", "X", [V2]).source == "CVSS 2.0 (advisory)"


@pytest.mark.parametrize(
    ("advisory", "name"),
    [
        ("UBUNTU-CVE-2024-1", "Ubuntu"),
        ("USN-1-1", "Ubuntu"),
        ("DSA-1-1", "Debian"),
        ("DEBCHANGELOG-CVE-2005-0448", "Debian"),
        ("ALSA-2024:1", "AlmaLinux"),
        ("RLSA-2024:1", "Rocky Linux"),
        ("GHSA-aaaa-bbbb-cccc", "GHSA"),
        ("PYSEC-2024-1", "PYSEC"),
    ],
)
def test_who_publishes_an_advisory(advisory: str, name: str) -> None:
    assert vendor(advisory) == name


def test_a_distribution_comes_before_github_and_words_before_scores() -> None:
    distribution, github, other = rate("low", "Debian", []), rate("high", "GHSA", [V31]), rate("critical", "NPM", [])
    scored = rate("", "PYSEC", [V30])
    assert prefer([scored, other, github, distribution]) == Severity(1, "Debian", 7.1, V31, "3.1", 5)
    assert prefer([scored, other, github]).source == "GHSA"
    assert prefer([scored, other]).source == "NPM"
    assert prefer([scored, rate("", "X", [], None, V31)]).score == 9.8
    assert prefer([rate("low", "Debian", []), rate("high", "Debian", [])]).level == 3
    assert prefer([]) == Severity()

"""Why a package is affected, or not, in words."""

from typing import Any

import pytest

from envscout.findings.explain import Candidate, Doubt, Spoken, reason, spoken
from envscout.versions import RULES, SCHEMES


def candidate(low: str = "", high: str = "", fixed: str = "", **fields: Any) -> Candidate:
    plain: dict[str, Any] = {
        "purl": "pkg:deb/debian/libssl3@1.2.3-4?distro=debian-12",
        "type": "deb",
        "name": "libssl3",
        "version": "1.2.3-4",
        "owner": "",
        "ecosystem": "Debian:12",
        "matched": "openssl",
        "matched_version": "1.2.3-4",
        "scheme": "deb",
        "advisory": "DEBIAN-CVE-2026-1",
        "feed": "osv:Debian",
        "word": "",
        "has_order": True,
        "above": True,
        "below": True,
    }
    return Candidate(**{**plain, "low": low, "high": high, "fixed": fixed, **fields})


MATCHED = "it is matched as openssl 1.2.3-4 in Debian:12"
RULE = f"{MATCHED}; by the rules of dpkg 1.2.3-4 is "
LAST = "the last that is affected"


@pytest.mark.parametrize(
    ("given", "answer", "why"),
    [
        (candidate(fixed="1.2.3-5"), "affected", f"{RULE}older than 1.2.3-5, which fixes it"),
        (
            candidate("1.0", fixed="1.2.3-5"),
            "affected",
            f"{RULE}not older than 1.0, where the range begins, and older than 1.2.3-5, which fixes it",
        ),
        (candidate(high="1.2.4"), "affected", f"{RULE}not newer than 1.2.4, {LAST}"),
        (candidate("1.2.3-4", "1.2.3-4"), "affected", f"{RULE}the version that is affected"),
        (candidate("1.0"), "affected", f"{RULE}not older than 1.0, where the range begins"),
        (candidate(), "affected", f"{RULE}affected, as every version is"),
        (candidate("2.0", above=False), "not-affected", f"{RULE}older than 2.0, where the range begins"),
        (candidate(fixed="1.2", below=False), "not-affected", f"{RULE}not older than 1.2, which fixes it"),
        (candidate(high="1.2", below=False), "not-affected", f"{RULE}newer than 1.2, {LAST}"),
        (
            candidate(has_order=False),
            "unknown",
            f"{MATCHED}, and that version has no place in the order of versions: check it by hand",
        ),
        (candidate(stands=False), "not-affected", "the advisory was withdrawn, or says it no more"),
        (
            candidate(owner="pkg:deb/debian/python3-x@1?arch=all"),
            "not-affected",
            "pkg:deb/debian/python3-x@1 brought it, and the distribution's advisories answer for that package",
        ),
    ],
)
def test_words(given: Candidate, answer: str, why: str) -> None:
    (found,) = reason([given])
    assert (found.answer, found.why) == (answer, why)


@pytest.mark.parametrize(
    ("given", "state"),
    [
        (candidate(fixed="2"), ""),
        (candidate(fixed="2", word="low"), "Debian calls it low"),
        (candidate(word="unimportant"), "Debian names no version that fixes it, and calls it unimportant"),
        (candidate(), "Debian names no version that fixes it"),
        (candidate(stands=False), ""),
    ],
)
def test_what_the_publisher_makes_of_it(given: Candidate, state: str) -> None:
    (found,) = reason([given])
    assert found.state == state


def test_every_order_is_called_by_a_name() -> None:
    assert RULES.keys() == SCHEMES.keys()


def test_what_is_affected_comes_first_then_what_nobody_knows() -> None:
    doubt = Doubt("pkg:deb/debian/z@1", "deb", "z", "1", "DEBIAN-CVE-2026-1", "osv:Debian")
    found = reason([candidate(fixed="1", below=False), candidate(fixed="2")], [doubt])
    assert [each.answer for each in found] == ["affected", "unknown", "not-affected"]


def test_what_records_speak_of_beside_what_is_held() -> None:
    named = [("Debian:12", "openssl"), ("Debian:12", "openssl3"), ("npm", "openssl")]
    assert spoken(named, {"Debian:12": 7}, reason([candidate()])) == (
        Spoken("Debian:12", ("openssl", "openssl3"), 7, True),
        Spoken("npm", ("openssl",), 0, False),
    )

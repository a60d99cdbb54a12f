"""Which base image is offered instead, in which order, and in which words."""

import pytest

from envscout.findings.rebase import Image, refresh, updates
from envscout.model import Distribution, Summary


def known(tag: str, high: int = 0, digest: str = "", size: int = 100_000_000, packages: int = 50) -> Image:
    """Return an image that was looked into; its vulnerabilities are the first ones of a fixed list."""
    names = frozenset(f"CVE-2026-{number:04}" for number in range(high))
    summary = Summary(high=high, total=high)
    return Image(tag, digest or f"sha256:{tag}", "2026-01-01", size, packages, None, names, summary)


OFFERED: tuple[tuple[str, list[str], list[str]], ...] = (
    # built on, there is, offered in this order
    ("3.12-alpine", ["3.11-alpine", "3.13-alpine", "3.14-alpine", "3-alpine", "3.14"], ["3.14-alpine", "3.13-alpine"]),
    ("3.12", ["3.13", "3.13-slim", "3.13-alpine", "3.13.1", "latest"], ["3.13", "3.13-slim"]),
    ("3.12-slim", ["3.13", "3.13-slim"], ["3.13-slim", "3.13"]),
    ("3.12-slim", ["3.12-slim-trixie", "3.12-trixie"], []),
    ("24-bookworm-slim", ["24-trixie-slim", "25-bookworm-slim", "24-bullseye"], ["25-bookworm-slim", "24-trixie-slim"]),
    ("21-jdk", ["22-jdk", "22-jre", "22"], ["22-jdk"]),
    ("3.12", ["3.13-rc", "3.13.0rc1", "3.13rc1"], []),
    ("3.13-rc", ["3.14-rc", "3.13"], ["3.13", "3.14-rc"]),
    ("latest", ["stable", "1.2"], []),
    ("22.04", ["24.04", "20.04", "24.04.1"], ["24.04"]),
)


@pytest.mark.parametrize(("tag", "tags", "offered"), OFFERED)
def test_tags_nobody_looked_into_are_offered_by_what_they_say(tag: str, tags: list[str], offered: list[str]) -> None:
    found = updates(known(tag, high=3), [Image(each) for each in tags])
    assert [each.image.tag for each in found] == offered
    assert all("Vulnerabilities not known: nobody looked into it" in each.benefits for each in found)


def test_what_is_known_to_be_better_comes_first_and_what_is_worse_and_no_newer_not_at_all() -> None:
    others = [known("3.12-slim", high=1), known("3.12-alpine", high=9), known("3.13", high=2), Image("3.14")]
    found = updates(known("3.12", high=3), others)
    assert [each.image.tag for each in found] == ["3.13", "3.14", "3.12-slim"]


def test_a_tag_of_the_same_image_is_no_change() -> None:
    assert updates(known("3.12", digest="sha256:a"), [known("3.13", digest="sha256:a")]) == []


def test_the_same_tag_anew() -> None:
    current, newest = known("3.12", high=3), known("3.12", high=1, digest="sha256:new")
    offer = refresh(current, newest)
    assert offer is not None
    assert offer.benefits[0] == "Newer image for same tag"
    assert "Image introduces no new vulnerability but removes 2" in offer.benefits
    assert refresh(current, current) is None
    assert refresh(current, Image("3.12")) is None


BENEFITS = (
    ("3.12", "3.13", "Minor runtime version update"),
    ("3.12", "4.0", "Major runtime version update"),
    ("3.12-alpine3.21", "3.12-alpine3.22", "Minor OS version update"),
    ("3.12-bookworm", "3.12-trixie", "Major OS version update"),
    ("3.12-bookworm", "3.13-bookworm", "Same OS detected"),
    ("3.12", "3.12-slim", "Tag is using slim variant"),
)


@pytest.mark.parametrize(("tag", "other", "said"), BENEFITS)
def test_benefits_of_a_tag(tag: str, other: str, said: str) -> None:
    (found,) = updates(known(tag, high=3), [known(other, high=1)])
    assert said in found.benefits


def test_benefits_of_what_is_inside() -> None:
    current = known("3.12", high=3, size=100_000_000, packages=50)
    small, big = known("3.13", high=3, size=40_000_000, packages=20), known("3.14", high=5, size=103_000_000)
    said = {each.image.tag: each.benefits for each in updates(current, [small, big])}
    assert {"Image is smaller by 60 MB", "Image contains 30 fewer packages"} <= set(said["3.13"])
    assert "Image has same number of vulnerabilities" in said["3.13"]
    assert {"Image has similar size", "Image contains equal number of packages"} <= set(said["3.14"])
    assert "Image introduces 2 and removes 0 vulnerabilities" in said["3.14"]


def test_the_distribution_that_was_found_counts_more_than_the_tag() -> None:
    current = Image("1", "sha256:a", distribution=Distribution("debian", "12"), names=frozenset({"CVE-1"}))
    other = Image("2", "sha256:b", distribution=Distribution("alpine", "3.22.1"), names=frozenset(), summary=Summary())
    (found,) = updates(current, [other])
    assert "OS changes from debian to alpine" in found.benefits


def test_no_more_than_a_person_reads_are_offered() -> None:
    assert len(updates(known("1.0"), [Image(f"1.{number}") for number in range(1, 500)])) == 10

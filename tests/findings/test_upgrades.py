"""Which upgrades remove most risk, and which version is exact."""

from typing import Any

import pytest

from envscout.findings.upgrades import Hit, plan, risk
from envscout.model import Affected, Epss, Finding, Kev, PackageRef


def found(
    name: str, fixed: str | None, package: str = "curl", severity: str = "high", type_: str = "deb", **more: Any
) -> Finding:
    """Return a finding in a package of its own source unless another is given."""
    source = more.pop("source", "")
    ref = PackageRef(f"pkg:{type_}/{package}@1.0", package, "1.0", type_, source)
    return Finding(name, ref, severity, "", Affected("<9"), fixed_version=fixed, **more)


Ranges = dict[str, list[tuple[str, str, str]]]


def asking(ranges: Ranges) -> Any:
    """Return what tells of a version by plain numbers. ranges: package -> (vulnerability, fixed, introduced)."""

    def ask(package: PackageRef, version: str) -> tuple[Hit, ...]:
        there = ranges.get(package.source or package.name, [])
        return tuple(
            Hit(name, fixed)
            for name, fixed, introduced in there
            if float(introduced) <= float(version) and (not fixed or float(version) < float(fixed))
        )

    return ask


def test_the_upgrade_that_removes_most_comes_first_and_shares_add_up() -> None:
    held = [
        found("CVE-1", "1.1", "small", "low"),
        found("CVE-2", "1.1", "large", "critical"),
        found("CVE-3", None, "stuck", "medium"),
    ]
    made = plan(held, asking({}))
    assert [each.name for each in made.upgrades] == ["large", "small"]
    assert made.risk == pytest.approx(12.5)
    assert [each.together for each in made.upgrades] == pytest.approx([10 / 12.5, 10.5 / 12.5])
    assert made.removable == made.upgrades[-1].together
    assert [(each.name, each.vulnerabilities) for each in made.left] == [("stuck", ("CVE-3",))]


def test_what_is_exploited_weighs_more_than_what_is_worse() -> None:
    likely = found("CVE-1", "1.1", "likely", "medium", epss=Epss(0.9, 0.99))
    known = found("CVE-2", "1.1", "known", "medium", kev=Kev("2026-01-01"))
    worse = found("CVE-3", "1.1", "worse", "critical")
    assert [each.name for each in plan([worse, likely, known], asking({})).upgrades] == ["known", "likely", "worse"]
    assert risk(found("CVE-1", None, severity="unspecified")) == risk(found("CVE-1", None, severity="medium"))


def test_packages_of_one_source_are_one_upgrade_to_the_highest_of_their_fixes() -> None:
    held = [
        found("CVE-1", "1.2", "libssl3", source="openssl"),
        found("CVE-1", "1.2", "openssl-cli", source="openssl"),
        found("CVE-2", "1.10", "libssl3", source="openssl"),
    ]
    (only,) = plan(held, asking({})).upgrades
    assert (only.name, only.to, only.fixes) == ("openssl", "1.10", ("CVE-1", "CVE-2"))
    assert [package.name for package in only.packages] == ["libssl3", "openssl-cli"]
    assert [(step.version, step.fixes) for step in only.steps] == [("1.2", ("CVE-1",)), ("1.10", ("CVE-2",))]
    assert only.risk == 10


def test_a_target_that_another_range_holds_is_raised_until_nothing_holds_it() -> None:
    held = [found("CVE-1", "1.1")]
    ranges: Ranges = {"curl": [("CVE-1", "1.1", "0"), ("CVE-2", "1.5", "1.05"), ("CVE-3", "1.6", "1.5")]}
    (only,) = plan(held, asking(ranges)).upgrades
    assert (only.to, only.brings, only.remains) == ("1.6", (), ())


def test_a_fix_that_brings_something_without_a_fix_says_so() -> None:
    held = [found("CVE-1", "1.1", severity="critical")]
    (only,) = plan(held, asking({"curl": [("CVE-9", "", "1.1")]})).upgrades
    assert (only.to, only.brings) == ("1.1", ("CVE-9",))
    assert only.risk == 10 - 2


def test_an_upgrade_that_brings_as_much_as_it_removes_is_none() -> None:
    made = plan([found("CVE-1", "1.1", severity="medium")], asking({"curl": [("CVE-9", "", "1.1")]}))
    assert made.upgrades == ()
    assert [each.vulnerabilities for each in made.left] == [("CVE-1",)]


def test_what_an_advisory_calls_fixed_and_another_does_not_remains() -> None:
    held = [found("CVE-1", "1.1"), found("CVE-2", "1.1")]
    made = plan(held, asking({"curl": [("CVE-2", "", "0")]}))
    assert made.upgrades[0].remains == ("CVE-2",)
    assert [each.vulnerabilities for each in made.left] == [("CVE-2",)]


def test_binary_packages_of_one_source_are_asked_about_one_by_one() -> None:
    """AlmaLinux names openssl and openssl-libs apart: what holds the second is not fixed by what fixes the first."""
    held = [
        found("CVE-1", "1.2", "openssl", source="openssl", type_="rpm"),
        found("CVE-2", None, "openssl-libs", source="openssl", type_="rpm"),
    ]

    def ask(package: PackageRef, version: str) -> tuple[Hit, ...]:
        return (Hit("CVE-2", ""),) if package.name == "openssl-libs" else ()

    made = plan(held, ask)
    assert [(each.to, each.fixes, each.remains) for each in made.upgrades] == [("1.2", ("CVE-1",), ("CVE-2",))]
    assert [each.vulnerabilities for each in made.left] == [("CVE-2",)]
    unknown = plan([*held, found("CVE-2", "1.2", "openssl", source="openssl", type_="rpm")], lambda *_: None)
    assert unknown.upgrades[0].fixes == ("CVE-1",)


def test_fixes_without_an_order_stay_apart() -> None:
    held = [found("CVE-1", "one", type_="generic"), found("CVE-2", "two", type_="generic")]
    made = plan(held, lambda package, version: None)
    assert [(each.to, each.fixes) for each in made.upgrades] == [("one", ("CVE-1",)), ("two", ("CVE-2",))]


def test_a_range_that_calls_for_ever_higher_versions_ends() -> None:
    def ask(package: PackageRef, version: str) -> tuple[Hit, ...]:
        return (Hit("CVE-9", str(int(version) + 1)),)

    (only,) = plan([found("CVE-1", "2", severity="critical")], ask).upgrades
    assert only.to == "2"


def test_nothing_found_is_nothing_to_do() -> None:
    assert plan([], asking({})).removable == 0.0

"""Several advisories about one package and vulnerability are one finding."""

from itertools import permutations
from typing import Any

import pytest

from envscout.findings.evidence import Evidence
from envscout.findings.merge import merge, range_text, url, vulnerabilities
from envscout.model import Affected, Cvss, Epss, Finding, Kev, PackageRef, Summary

PACKAGE = PackageRef("pkg:deb/debian/curl@7.88.1-10?distro=debian-12", "curl", "7.88.1-10", "deb")
V31 = "CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:N/I:H/A:H"


def evidence(
    advisory: str, vulnerability: str = "CVE-2024-0001", package: PackageRef = PACKAGE, **more: Any
) -> Evidence:
    return Evidence(vulnerability, advisory, package, **more)


def test_one_advisory_becomes_a_finding() -> None:
    [found] = merge([
        evidence(
            "GHSA-1",
            aliases=("CVE-2024-0001", "PYSEC-1"),
            low="0.40.0",
            high="0.46.2",
            fixed="0.46.2",
            fix_key=b"\x02",
            word="high",
            vectors=(V31,),
            summary="Hole",
            details="A hole.",
            published=5,
            cwes=("CWE-22",),
            references=("https://example.org",),
            layer="sha256:1",
            locations=("/lib/x",),
            epss=Epss(0.1, 0.9),
            kev=Kev("2024-01-01"),
        )
    ])  # fmt: skip
    assert found == Finding(
        vulnerability="CVE-2024-0001",
        package=PACKAGE,
        severity="high",
        severity_source="GHSA",
        range=Affected(">=0.40.0, <0.46.2", "0.40.0", "0.46.2"),
        aliases=("GHSA-1", "PYSEC-1"),
        advisories=("GHSA-1",),
        cvss=Cvss(7.1, V31, "3.1"),
        epss=Epss(0.1, 0.9),
        kev=Kev("2024-01-01"),
        fixed_version="0.46.2",
        layer="sha256:1",
        locations=("/lib/x",),
        cwes=("CWE-22",),
        summary="Hole",
        description="A hole.",
        published=5,
        url="https://nvd.nist.gov/vuln/detail/CVE-2024-0001",
        references=("https://example.org",),
    )
    assert found.level == 3


def test_several_advisories_are_one_finding_whatever_their_order() -> None:
    rows = [
        evidence("DSA-1-1", high="7.88.1-10+deb12u5", fixed="7.88.1-10+deb12u5", fix_key=b"\x05", published=9),
        evidence("DEBCHANGELOG-CVE-2024-0001", high="7.88.1-11", fixed="7.88.1-11", fix_key=b"\x07", published=3),
        evidence("DLA-9-1", locations=("/b",), word="low"),
    ]
    expected = merge(rows)
    [found] = expected
    assert found.advisories == ("DEBCHANGELOG-CVE-2024-0001", "DLA-9-1", "DSA-1-1")
    assert found.fixed_version == "7.88.1-10+deb12u5"
    assert found.range == Affected("<7.88.1-10+deb12u5 || <7.88.1-11 || all versions", None, "7.88.1-10+deb12u5", None)
    assert (found.published, found.severity, found.locations) == (3, "low", ("/b",))
    assert all(merge(order) == expected for order in permutations(rows))


def test_packages_and_vulnerabilities_are_kept_apart() -> None:
    other = PackageRef("pkg:deb/debian/libcurl4@7.88.1-10", "libcurl4", "7.88.1-10", "deb")
    rows = [evidence("DSA-1-1"), evidence("DSA-1-1", "CVE-2024-0002"), evidence("DSA-1-1", package=other)]
    assert [(one.vulnerability, one.package.name) for one in merge(rows)] == [
        ("CVE-2024-0001", "curl"), ("CVE-2024-0002", "curl"), ("CVE-2024-0001", "libcurl4"),
    ]  # fmt: skip
    assert merge([]) == ()


def test_the_cve_record_helps_where_advisories_are_silent() -> None:
    [found] = merge(
        [evidence("ALPINE-CVE-2024-0001", cve_vector=V31, cve_score=7.1, cve_description="From the record")]
    )
    assert (found.severity, found.severity_source) == ("high", "CVSS 3.1 (CVE record)")
    assert found.description == "From the record"


def test_ubuntu_s_priority_counts_for_ubuntu_alone() -> None:
    [found] = merge([evidence("UBUNTU-CVE-2024-0001", priority="negligible", cve_vector=V31)])
    assert (found.severity, found.severity_source, found.cvss) == ("low", "Ubuntu", Cvss(7.1, V31, "3.1"))
    [found] = merge([evidence("DSA-1-1", priority="negligible", cve_vector=V31)])
    assert found.severity == "high"


def test_what_nobody_rates_is_unspecified() -> None:
    [found] = merge([evidence("DSA-1-1")])
    assert (found.severity, found.severity_source, found.cvss) == ("unspecified", "", None)


@pytest.mark.parametrize(
    ("low", "high", "fixed", "text"),
    [
        ("", "2", "2", "<2"),
        ("1", "2", "2", ">=1, <2"),
        ("1", "2", "", ">=1, <=2"),
        ("", "2", "", "<=2"),
        ("1", "", "", ">=1"),
        ("2", "2", "", "=2"),
        ("", "", "", "all versions"),
    ],
)
def test_ranges_are_written_for_people(low: str, high: str, fixed: str, text: str) -> None:
    assert range_text(low, high, fixed) == text


def test_every_name_has_a_page() -> None:
    assert url("GHSA-1") == "https://github.com/advisories/GHSA-1"
    assert url("PYSEC-1") == "https://osv.dev/vulnerability/PYSEC-1"


def test_a_vulnerability_of_two_packages_counts_once() -> None:
    other = PackageRef("pkg:deb/debian/libcurl4@7.88.1-10", "libcurl4", "7.88.1-10", "deb")
    found = merge([
        evidence("UBUNTU-1", word="low"),
        evidence("UBUNTU-1", package=other, word="critical"),
        evidence("UBUNTU-2", "CVE-2024-0002", word="medium"),
        evidence("UBUNTU-3", "CVE-2024-0003"),
    ])  # fmt: skip
    assert vulnerabilities(found) == Summary(critical=1, medium=1, unspecified=1, total=3)
    assert vulnerabilities([]) == Summary()

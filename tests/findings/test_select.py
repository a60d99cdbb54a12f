"""Which findings are shown, in which order, and which wishes make no sense."""

from typing import Any

import pytest

from envscout.errors import UsageError
from envscout.findings.select import rank, select, selection
from envscout.model import Affected, Cvss, Epss, Finding, Kev, PackageRef


def finding(id_: str, severity: str = "low", name: str = "curl", type_: str = "deb", **more: Any) -> Finding:
    package = PackageRef(f"pkg:{type_}/{name}@1", name, "1", type_)
    return Finding(id_, package, severity, "", Affected("<2"), **more)


FINDINGS = (
    finding("CVE-2024-0001", "critical", fixed_version="2", epss=Epss(0.5, 0.99), cvss=Cvss(9.8)),
    finding("CVE-2024-0002", "high", name="openssl", kev=Kev("2024-01-01"), aliases=("GHSA-aaaa",), cvss=Cvss(7.0)),
    finding("CVE-2024-0003", "high", type_="npm", name="@scope/curl", fixed_version="3", epss=Epss(0.1, 0.2)),
    finding("CVE-2024-0004", "unspecified"),
)


@pytest.mark.parametrize(
    ("wish", "numbers"),
    [
        ({}, "1234"),
        ({"severities": ["Critical", " high"]}, "123"),
        ({"severities": ["unspecified"]}, "4"),
        ({"fixed": True}, "13"),
        ({"unfixed": True}, "24"),
        ({"packages": ["^curl$"]}, "14"),
        ({"packages": ["ssl", "scope/"]}, "23"),
        ({"types": ["NPM"]}, "3"),
        ({"cve_ids": ["cve-2024-0001", "ghsa-AAAA"]}, "12"),
        ({"kev": True}, "2"),
        ({"epss_score": 0.1}, "13"),
        ({"epss_percentile": 0.5}, "1"),
        ({"severities": ["high"], "fixed": True, "types": ["npm"]}, "3"),
        ({"severities": ["low"]}, ""),
    ],
)
def test_wishes_add_up(wish: dict[str, Any], numbers: str) -> None:
    assert "".join(one.vulnerability[-1] for one in select(FINDINGS, selection(**wish))) == numbers


@pytest.mark.parametrize(
    "wish",
    [
        {"severities": ["severe"]},
        {"severities": [""]},
        {"fixed": True, "unfixed": True},
        {"packages": ["("]},
        {"packages": ["x" * 201]},
        {"packages": ["x"] * 51},
        {"packages": ["x{9999999999999999999}"]},
        {"epss_score": 1.5},
        {"epss_score": float("nan")},
        {"epss_percentile": -0.1},
    ],
)
def test_wishes_that_make_no_sense_are_refused(wish: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        selection(**wish)
    assert caught.value.next_step


def test_the_worst_comes_first_then_the_score_then_the_id() -> None:
    assert [one.vulnerability[-1] for one in rank(reversed(FINDINGS))] == ["1", "2", "3", "4"]


def test_the_likeliest_comes_first_within_a_severity() -> None:
    assert [one.vulnerability[-1] for one in rank(FINDINGS, by_epss=True)] == ["1", "3", "2", "4"]

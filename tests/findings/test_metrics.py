"""CVSS metrics as a filter."""

import pytest

from envscout.errors import UsageError
from envscout.findings.metrics import holds, wanted
from envscout.model import Affected, Cvss, Finding, PackageRef

V3 = "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H"
V2 = "AV:L/AC:M/Au:N/C:P/I:P/A:P"
V4 = "CVSS:4.0/AV:A/AC:L/AT:P/PR:N/UI:P/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N"

HELD = (
    # filter, vectors that it leaves: of version 3, 2 and 4
    ("", "324"),
    ("AV:N", "3"),
    ("AV:N,AV:A", "34"),
    ("av:n,pr:l", "3"),
    ("AV:N,PR:N", ""),
    ("Au:N", "2"),
    ("AT:P", "4"),
    ("UI:P", "4"),
    ("C:P", "2"),
    ("A:H", "3"),
)


def found(vector: str) -> Finding:
    package = PackageRef("pkg:deb/debian/a@1", "a", "1", "deb")
    return Finding("CVE-1", package, "high", "", Affected("<2"), cvss=Cvss(7.0, vector) if vector else None)


@pytest.mark.parametrize(("texts", "versions"), HELD)
def test_values_of_a_metric_are_alternatives_and_metrics_add_up(texts: str, versions: str) -> None:
    chosen = wanted(filter(None, texts.split(",")))
    shown = [name for name, vector in (("3", V3), ("2", V2), ("4", V4)) if holds(found(vector), chosen)]
    assert "".join(shown) == versions


def test_what_has_no_vector_is_not_hidden() -> None:
    assert holds(found(""), wanted(["AV:N"]))


@pytest.mark.parametrize("text", ["AV", "AV:X", "XX:N", "AV:", ":N", "", "AV:N/PR:L", "E:P", "S:N"])
def test_what_is_no_metric_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no metric of CVSS"):
        wanted([text])

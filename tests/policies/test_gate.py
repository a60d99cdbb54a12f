"""The truth table of the gate: for each kind of policy pass, fail and unknown, and that no unknown passes."""

import pytest

from envscout.policies.facts import Facts, Running
from envscout.policies.kinds import KINDS
from envscout.policies.policy import Policy, judge
from envscout.policies.reading import read
from tests.policies.facts import BASE, DAY, NOW, facts, finding, package, unknown

UNREAD = ("not-indexed", "no-package-database", "damaged-layer")
# What every answer about vulnerabilities rests on.
BLIND = (*UNREAD, "no-feed", "stale-feed", "end-of-life", "unknown-distribution")


def state(kind: str, given: Facts, **config: object) -> str:
    """Return the verdict of one policy; a gate must not open for anything but pass."""
    policy = KINDS[kind].config(**config)
    (verdict,) = judge([Policy(kind, kind, policy)], given)
    assert verdict.blocks == (verdict.state != "pass")
    assert bool(verdict.violations) == (verdict.state == "fail")
    assert verdict.state != "unknown" or verdict.reasons
    return verdict.state


PASSING = [
    ("fixable-vulnerabilities", facts(), {}),
    ("fixable-vulnerabilities", facts(finding(severity="medium")), {}),
    ("fixable-vulnerabilities", facts(finding(fixed=None)), {}),
    ("fixable-vulnerabilities", facts(finding(days=3)), {"grace_period_days": 14}),
    ("fixable-vulnerabilities", facts(finding(days=3)), {"age_days": 14}),
    ("fixable-vulnerabilities", facts(finding()), {"package_types": ("npm",)}),
    ("fixable-vulnerabilities", facts(coverage=unknown("unkeyable-version", "unspecified-severity")), {}),
    ("high-profile-vulnerabilities", facts(finding()), {}),
    ("high-profile-vulnerabilities", facts(finding("CVE-2021-44228")), {"ignored_cves": ("cve-2021-44228",)}),
    ("high-profile-vulnerabilities", facts(finding(kev=True), kinds=frozenset()), {"include_cisa_kev": False}),
    ("exploitable-vulnerabilities", facts(finding(epss=0.01), finding()), {}),
    ("no-new-vulnerabilities", facts(finding(), running=(finding(),)), {}),
    ("no-new-vulnerabilities", facts(finding(severity="low")), {}),
    ("no-new-vulnerabilities", facts(finding("GHSA-1", aliases=("CVE-1",)), running=(finding("CVE-1"),)), {}),
    # Beside what was recorded last, wherever.
    ("no-new-vulnerabilities", facts(finding(), environment="", running=(finding(),)), {}),
    # Where nothing is found nothing can be new, whatever runs.
    ("no-new-vulnerabilities", facts(running=Running((), unknown("not-indexed"))), {}),
    ("no-new-vulnerabilities", facts(finding(), running=Running((finding(),), unknown("not-indexed"))), {}),
    ("fixable-vulnerabilities", facts(finding(days=13)), {"grace_period_days": 14, "age_days": 2}),
    ("approved-base-images", facts(), {"allowed_distros": ("debian",)}),
    ("approved-base-images", facts(), {"allowed_distros": ("Debian 12",)}),
    ("approved-base-images", facts(), {"allowed_distros": ("debian:bookworm",)}),
    ("approved-base-images", facts(coverage=unknown("end-of-life")), {"allowed_distros_only": False}),
    (
        "copyleft-license",
        facts(packages=(package("a", "GPL-2.0-only WITH Classpath-exception-2.0"),)),
        {"allowed_exceptions": ("Classpath-exception-2.0",)},
    ),
    ("copyleft-license", facts(packages=(package("a", "MIT AND (Apache-2.0 OR AGPL-3.0-only)"),)), {}),
    ("copyleft-license", facts(packages=(package("a"),)), {}),
    ("cel", facts(finding()), {"expression": "finding.kev != null"}),
    ("supply-chain-attestations", facts(), {}),
    ("supply-chain-attestations", facts(attestations=()), {"required_attestations": ()}),
    ("approved-base-images", facts(base=None), {}),
    ("approved-base-images", facts(), {"allowed_base_images": ("docker.io/library/*",)}),
    ("approved-base-images", facts(), {"allowed_base_images": ("node:*",)}),
    ("no-stale-base-images", facts(), {}),
    ("default-non-root-user", facts(), {}),
    ("default-non-root-user", facts(user="1000:0"), {}),
    ("copyleft-license", facts(packages=(package("a", "MIT"), package("b", "GPL-2.0-only OR MIT"))), {}),
    ("copyleft-license", facts(packages=(package("a", "GPL-2.0"),)), {"ignored_packages": ("pkg:pypi/a",)}),
    ("copyleft-license", facts(packages=(package("a", "GPL-2.0"),)), {"licenses": ("AGPL-3.0-only",)}),
    ("maximum-image-age", facts(), {}),
    ("maximum-advisory-age", facts(), {"days": 2}),
    ("complete-coverage", facts(), {}),
    ("complete-coverage", facts(coverage=unknown("end-of-life")), {"accepted": ("end-of-life",)}),
]
FAILING = [
    ("fixable-vulnerabilities", facts(finding()), {}),
    ("fixable-vulnerabilities", facts(finding(days=30)), {"grace_period_days": 14}),
    ("fixable-vulnerabilities", facts(finding(fixed=None)), {"fixable_only": False}),
    ("fixable-vulnerabilities", facts(finding(severity="low")), {"severities": ("LOW",)}),
    ("fixable-vulnerabilities", facts(finding(), coverage=unknown("no-feed")), {}),
    ("high-profile-vulnerabilities", facts(finding("CVE-2021-44228")), {}),
    ("high-profile-vulnerabilities", facts(finding("GHSA-1", aliases=("CVE-2021-44228",))), {}),
    ("high-profile-vulnerabilities", facts(finding(kev=True)), {}),
    ("exploitable-vulnerabilities", facts(finding(epss=0.5)), {}),
    ("no-new-vulnerabilities", facts(finding(), running=(finding("CVE-2024-0002"),)), {}),
    ("no-new-vulnerabilities", facts(finding(), running=None), {}),
    ("no-new-vulnerabilities", facts(finding(), running=Running((), unknown("stale-feed"))), {}),
    # A date that is still to come is no grace without end.
    ("fixable-vulnerabilities", facts(finding(days=-400)), {"grace_period_days": 14}),
    ("approved-base-images", facts(), {"allowed_distros": ("debian:11", "alpine")}),
    ("copyleft-license", facts(packages=(package("a", "GPL-2.0-only WITH Classpath-exception-2.0"),)), {}),
    ("copyleft-license", facts(packages=(package("a", "MIT AND (GPL-2.0+ OR AGPL-3.0)"),)), {}),
    ("copyleft-license", facts(packages=(package("a", "GPLv3"),)), {}),
    ("copyleft-license", facts(packages=(package("a", "GPL (>= 2)"),)), {}),
    ("copyleft-license", facts(packages=(package("a", "GNU Lesser General Public License v3"),)), {}),
    ("copyleft-license", facts(packages=(package("a", "GPL-2.0"),)), {"licenses": ("GPL-2.0",)}),
    ("cel", facts(finding()), {"expression": "finding.kev == null"}),
    ("supply-chain-attestations", facts(attestations=("https://spdx.dev/Document",)), {}),
    ("approved-base-images", facts(), {"allowed_base_images": ("registry.example.com/*",)}),
    ("approved-base-images", facts(coverage=unknown("end-of-life")), {}),
    ("no-stale-base-images", facts(newest_base=("sha256:" + "d" * 64,)), {}),
    ("default-non-root-user", facts(user=""), {}),
    ("default-non-root-user", facts(user="root"), {}),
    ("default-non-root-user", facts(user="0:0"), {}),
    ("copyleft-license", facts(packages=(package("a", "GPL-2.0-only"),)), {}),
    ("copyleft-license", facts(packages=(package("a", "MIT AND AGPL-3.0-only"),)), {}),
    ("maximum-image-age", facts(created="2026-01-01T00:00:00Z"), {}),
    ("maximum-advisory-age", facts(advisories_of=NOW - 8 * DAY), {"days": 7}),
    ("complete-coverage", facts(coverage=unknown("end-of-life")), {}),
]
ABOUT_VULNERABILITIES = tuple(kind for kind in KINDS if kind.endswith("-vulnerabilities"))
UNKNOWN = [
    *((kind, facts(coverage=unknown(code)), {}) for code in BLIND for kind in ABOUT_VULNERABILITIES),
    *(("copyleft-license", facts(coverage=unknown(code)), {}) for code in UNREAD),
    ("high-profile-vulnerabilities", facts(kinds=frozenset({"epss"})), {}),
    ("exploitable-vulnerabilities", facts(kinds=frozenset({"kev"})), {}),
    ("no-new-vulnerabilities", facts(finding(), running=Running((), unknown("not-indexed"))), {}),
    ("no-new-vulnerabilities", facts(finding(), running=Running((), unknown("no-feed"))), {}),
    ("no-new-vulnerabilities", facts(environment="", running=None), {}),
    ("copyleft-license", facts(packages=(package("a"),)), {"allow_undeclared": False}),
    ("approved-base-images", facts(distribution=None), {"allowed_distros": ("debian",)}),
    ("cel", facts(finding()), {"expression": "finding.cvss.score > 7.0"}),
    ("cel", facts(finding(), kinds=frozenset({"epss"})), {"expression": "finding.kev != null"}),
    ("cel", facts(kinds=frozenset({"kev"})), {"expression": 'has(finding["epss"].score)'}),
    (
        "cel",
        facts(finding(), kinds=frozenset()),
        {"expression": "findings.exists(each, each.kev != null)", "for_each": "image"},
    ),
    ("supply-chain-attestations", facts(attestations=None), {}),
    ("approved-base-images", facts(base=None), {"allowed_base_images": ("node:*",)}),
    ("approved-base-images", facts(coverage=unknown("unknown-distribution")), {}),
    ("no-stale-base-images", facts(base=None), {}),
    ("no-stale-base-images", facts(newest_base=()), {}),
    ("default-non-root-user", facts(user="", is_indexed=False), {}),
    ("maximum-image-age", facts(created=""), {}),
    ("maximum-image-age", facts(created="1970-01-01T00:00:00Z"), {}),
    ("maximum-image-age", facts(created="2099-01-01T00:00:00Z"), {}),
    ("maximum-advisory-age", facts(advisories_of=None), {}),
    ("maximum-advisory-age", facts(advisories_of=NOW + 2 * DAY), {}),
    ("maximum-advisory-age", facts(coverage=unknown("no-feed")), {}),
]  # fmt: skip


# What becomes of each kind where something is not known: `?` unknown, `-` not met, `+` met, for it does not rest on it.
CAUSES = ("no-feed", "not-indexed", "stale-feed", "end-of-life", "no-package-database")
MATRIX = """
fixable-vulnerabilities       ?  ?  ?  ?  ?
high-profile-vulnerabilities  ?  ?  ?  ?  ?
exploitable-vulnerabilities   ?  ?  ?  ?  ?
no-new-vulnerabilities        ?  ?  ?  ?  ?
supply-chain-attestations     +  +  +  +  +
approved-base-images          +  ?  +  -  +
no-stale-base-images          +  ?  +  +  +
default-non-root-user         +  ?  +  +  +
copyleft-license              +  ?  +  +  ?
maximum-image-age             +  ?  +  +  +
maximum-advisory-age          ?  ?  -  +  +
complete-coverage             -  -  -  -  -
cel                           ?  ?  ?  ?  ?
"""
ROWS = [line.split() for line in MATRIX.strip().splitlines()]
CELLS = [(kind, cause, sign) for kind, *signs in ROWS for cause, sign in zip(CAUSES, signs, strict=True)]
NEEDED = {"cel": {"expression": "finding.kev != null"}}


def lacking(cause: str) -> Facts:
    """Return an image of which something is not known, with all that follows of that."""
    coverage = unknown(cause)
    if cause == "not-indexed":
        return facts(
            coverage=coverage, is_indexed=False, base=None, user="", created="", advisories_of=None, distribution=None
        )
    ages = {"no-feed": None, "stale-feed": NOW - 400 * DAY}
    return facts(coverage=coverage, advisories_of=ages.get(cause, NOW - DAY))


@pytest.mark.parametrize(("kind", "cause", "sign"), CELLS)
def test_no_unknown_passes(kind: str, cause: str, sign: str) -> None:
    expected = {"?": "unknown", "-": "fail", "+": "pass"}[sign]
    assert state(kind, lacking(cause), **NEEDED.get(kind, {})) == expected


def test_every_kind_is_in_the_matrix() -> None:
    assert [kind for kind, *_ in ROWS] == list(KINDS)


@pytest.mark.parametrize(
    ("kind", "given", "config", "expected"),
    [(*row, "pass") for row in PASSING] + [(*row, "fail") for row in FAILING] + [(*row, "unknown") for row in UNKNOWN],
)
def test_the_truth_table(kind: str, given: Facts, config: dict[str, object], expected: str) -> None:
    assert state(kind, given, **config) == expected


def test_every_kind_is_in_the_table_with_every_state_that_it_has() -> None:
    assert {row[0] for row in PASSING} == {row[0] for row in FAILING} == KINDS.keys()
    # What is unknown is itself what this one judges.
    assert {row[0] for row in UNKNOWN} == KINDS.keys() - {"complete-coverage"}


def test_a_policy_may_let_the_unknown_pass_and_says_so_itself() -> None:
    (policy,) = read(b"policies: [{id: fixable-vulnerabilities, on_unknown: pass}]", "x")
    (verdict,) = judge([policy], facts(coverage=unknown("no-feed")))
    assert (verdict.state, verdict.blocks) == ("unknown", False)
    (verdict,) = judge([policy], facts(finding(), coverage=unknown("no-feed")))
    assert (verdict.state, verdict.blocks) == ("fail", True)


def test_what_is_violated_is_named_with_its_remedy() -> None:
    (policy,) = read(b"policies: [{id: fixable-vulnerabilities}]", "x")
    (verdict,) = judge([policy], facts(finding()))
    assert verdict.title == "Fixable critical or high vulnerabilities found"
    assert verdict.result == "1C  0H  0M  0L  0?"
    (violation,) = verdict.violations
    assert violation.message == "CRITICAL CVE-2024-0001 in openssl 1.0"
    assert violation.remediation == "update openssl to 2.0"
    assert BASE.name not in violation.detail

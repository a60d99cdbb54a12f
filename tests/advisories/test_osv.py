"""Records in the shapes that real publishers use, and in shapes that nobody should."""

from typing import Any

import pytest

from envscout.advisories import osv
from envscout.errors import FeedError
from envscout.model import Advisory, Range
from envscout.versions import HIGHEST, LOWEST, key
from tests.advisories.samples import block, encode, record


def parse(id_: str = "TEST-1", **fields: Any) -> Advisory:
    return osv.parse(encode(record(id_, **fields)))


def codes(advisory: Advisory) -> list[str]:
    return [problem.code for problem in advisory.problems]


def test_a_record_becomes_an_advisory() -> None:
    found = parse(
        aliases=["CVE-2024-0001"],
        summary="Overflow",
        details="Long text",
        severity=[
            {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
            {"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"},
        ],
        database_specific={"severity": "MODERATE", "cwe_ids": ["CWE-787", 5]},
        references=[{"type": "WEB", "url": "https://example.org/a"}, {"type": "WEB", "url": "javascript:x"}],
    )
    top = key("pep440", "1.2")
    assert top is not None
    assert found.ranges == (Range("PyPI", "sample-package", LOWEST, top, "", "1.2", "1.2"),)
    assert found.published == 1_709_164_800_500_000
    assert found.modified == 1_709_294_400_000_000
    assert found.severity == "moderate"
    assert [vector[:8] for vector in found.vectors] == ["CVSS:4.0", "CVSS:3.1"]
    assert (found.aliases, found.cwes, found.references) == (
        ("CVE-2024-0001",),
        ("CWE-787",),
        ("https://example.org/a",),
    )
    assert not found.problems


def test_null_and_missing_fields_are_as_good_as_empty() -> None:
    nulls = ("schema_version", "aliases", "related", "severity", "references", "summary", "published", "withdrawn")
    found = osv.parse(encode(record() | dict.fromkeys(nulls)))
    assert (found.aliases, found.published, found.withdrawn, len(found.ranges)) == ((), 0, False, 1)
    assert osv.parse(b'{"id": "TEST-2"}').ranges == ()


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b'{"id": ""}', b'{"id": 5}', b"\xff\xfe", b'{"id":"x","affected":5}', b"[" * 100_000],
)
def test_what_is_no_record_is_an_error(data: bytes) -> None:
    with pytest.raises(FeedError, match="not an OSV record"):
        osv.parse(data)


def test_deep_nesting_is_an_error_and_no_crash() -> None:
    with pytest.raises(FeedError):
        osv.parse(b'{"id":"x","database_specific":{"severity":' + b"[" * 200_000 + b"]" * 200_000 + b"}}")


@pytest.mark.parametrize(
    "odd",
    [
        {"severity": "high"},
        {"modified": "yesterday"},
        {"references": [5]},
        {"database_specific": ["x"]},
        {"summary": {}},
    ],
)
def test_an_odd_decoration_does_not_cost_the_ranges(odd: dict[str, Any]) -> None:
    found = parse(**odd)
    assert codes(found) == ["malformed-record"]
    assert len(found.ranges) == 1


def test_the_year_one_is_no_date() -> None:
    found = parse(published="0001-01-01T00:00:00Z", modified="0001-01-01T00:00:00Z")
    assert (found.published, found.modified) == (0, 0)


def test_a_withdrawn_record_has_no_ranges() -> None:
    found = parse(withdrawn="2024-05-01T00:00:00Z")
    assert (found.withdrawn, found.ranges, found.problems) == (True, (), ())


@pytest.mark.parametrize(
    ("id_", "fields", "aliases", "upstream"),
    [
        ("GHSA-x", {"aliases": ["CVE-2024-1111"], "related": ["CVE-2024-2222"]}, ("CVE-2024-1111",), ()),
        ("DSA-1-1", {"upstream": ["CVE-2024-1111", "CVE-2024-2222"]}, (), ("CVE-2024-1111", "CVE-2024-2222")),
        ("ALSA-2024:1", {"related": ["CVE-2024-1111", "RHSA-2024:1"]}, (), ("CVE-2024-1111",)),
        ("DEBCHANGELOG-CVE-2005-0448", {}, (), ("CVE-2005-0448",)),
        ("DEBCHANGELOG-CVE-2005-0448", {"upstream": ["CVE-2005-0449"]}, (), ("CVE-2005-0449",)),
        ("ALPINE-CVE-2020-XXXX", {"upstream": ["CVE-2020-XXXX"]}, (), ("CVE-2020-XXXX",)),
        ("ALPINE-XSA-52", {"upstream": ["XSA-52"]}, (), ("XSA-52",)),
        ("CVE-2024-1111", {"aliases": ["CVE-2024-1111", ""]}, (), ()),
    ],
)
def test_a_distribution_s_record_names_what_it_covers(
    id_: str, fields: dict[str, Any], aliases: tuple[str, ...], upstream: tuple[str, ...]
) -> None:
    ecosystem = {"GHSA": "PyPI", "ALSA": "AlmaLinux:9", "ALPINE": "Alpine:v3.18"}.get(
        id_.partition("-")[0], "Debian:12"
    )
    found = parse(id_, affected=[block(ecosystem, "x", {"introduced": "0"}, {"fixed": "1"})], **fields)
    assert (found.aliases, found.upstream) == (aliases, upstream)


def test_related_of_a_language_record_is_no_alias_but_its_id_may_name_one() -> None:
    assert parse("PYSEC-1", related=["CVE-2024-1111"]).upstream == ()
    assert parse("GLAD-npm-x-CVE-2024-1111").aliases == ("CVE-2024-1111",)


@pytest.mark.parametrize("id_", ["ALBA-2019:0973", "ALEA-2021:1", "RLBA-2022:7"])
def test_a_bug_fix_is_no_vulnerability(id_: str) -> None:
    affected = [block("AlmaLinux:8", "gcc", {"introduced": "0"}, {"fixed": "8.2.1-3.el8"})]
    quiet = parse(id_, affected=affected)
    assert (quiet.ranges, codes(quiet)) == ((), ["bug-fix"])
    assert len(parse(id_, affected=affected, related=["CVE-2019-1"]).ranges) == 0
    assert len(parse(id_, affected=affected, related=["CVE-2019-1000"]).ranges) == 1


def test_ecosystems_come_in_one_spelling_and_a_bare_distribution_means_every_release() -> None:
    affected = [block("Ubuntu:22.04:LTS", "curl", {"introduced": "0"}, {"fixed": "7.81.0-1ubuntu1.8"})]
    assert [one.ecosystem for one in parse(affected=affected).ranges] == ["Ubuntu:22.04"]
    affected = [block("Debian", "curl", {"introduced": "0"}, {"fixed": "7.88.1-10"})]
    releases = {one.ecosystem for one in parse(affected=affected).ranges}
    assert {"Debian:11", "Debian:12"} <= releases
    assert "Debian" not in releases


@pytest.mark.parametrize(
    ("affected", "code"),
    [
        (block("Nowhere", "x", {"introduced": "0"}), "unknown-ecosystem"),
        (block("PyPI", "x", {"introduced": "2.0"}, {"fixed": "2.0"}), "empty-range"),
        (block("npm", "x", {"introduced": "0"}, {"fixed": "latest and greatest"}), "unkeyable-range"),
        (block("npm", "x", {"introduced": "0"}, {"fixed": "9" * 10_000_000}), "unkeyable-range"),
        (block("npm", "x", versions=["nightly", "branch"]), "unkeyable-version"),
        (block("PyPI", "x"), "no-versions"),
        (block("PyPI", "x", ranges=[{"type": "ECOSYSTEM", "events": []}]), "no-versions"),
        ({"ranges": []}, "no-package"),
        (
            {
                "package": {"ecosystem": "PyPI", "name": "x"},
                "ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}],
            },
            "git-range",
        ),
    ],
)
def test_what_cannot_be_used_is_a_problem(affected: dict[str, Any], code: str) -> None:
    found = parse(affected=[affected, block("PyPI", "good", {"introduced": "0"})])
    assert codes(found) == [code]
    assert [(one.name, one.hi) for one in found.ranges] == [("good", HIGHEST)]
    assert all(problem.where == "TEST-1" and len(problem.message) < 500 for problem in found.problems)


GIT = [{"type": "GIT", "repo": "https://example.org/x", "events": [{"introduced": "0"}]}]
RELEASES = [(f"Debian:{release}", "x") for release in ("11", "12")]


@pytest.mark.parametrize(
    ("blocks", "pairs"),
    [
        ([block("PyPI", "X_y")], [("PyPI", "x-y")]),
        ([block("PyPI", "x", ranges=GIT)], [("PyPI", "x")]),
        ([block("PyPI", "x", ranges=GIT), block("PyPI", "X", {"introduced": "1"})], []),
        ([block("PyPI", "x", {"introduced": "1"}), block("PyPI", "y", ranges=GIT)], [("PyPI", "y")]),
        ([block("npm", "x", {"introduced": "0"}, {"fixed": "the next one"}), block("npm", "x")], [("npm", "x")]),
        ([block("npm", "x", {"introduced": "1.0.0"}, versions=["1.0.0", "nightly"])], [("npm", "x")]),
        ([block("Ubuntu:22.04:LTS", "x")], [("Ubuntu:22.04", "x")]),
        ([block("Debian", "x")], RELEASES),
        ([block("Debian", "x", ranges=GIT)], RELEASES),
        ([block("PyPI", "x", {"introduced": "2"}, {"fixed": "2"}), block("Nowhere", "y"), {"ranges": GIT}], []),
        ([block("Alpine:v3.18", "x", {"introduced": "0"}, {"fixed": "0"})], []),
    ],
)
def test_packages_whose_versions_cannot_be_compared_are_named(
    blocks: list[dict[str, Any]], pairs: list[tuple[str, str]]
) -> None:
    found = parse(affected=blocks).unassessed
    assert len(set(found)) == len(found)
    assert set(pairs) <= set(found)
    assert pairs == RELEASES or list(found) == pairs


def test_a_withdrawn_record_or_a_bug_fix_leaves_nothing_unassessed() -> None:
    affected = [block("AlmaLinux:8", "x")]
    assert parse("ALBA-2019:1", affected=affected).unassessed == ()
    assert parse("ALSA-2019:1", affected=affected, withdrawn="2024-05-01T00:00:00Z").unassessed == ()
    assert parse("ALSA-2019:1", affected=affected).unassessed == (("AlmaLinux:8", "x"),)


def test_commits_beside_versions_are_no_problem() -> None:
    affected = block("PyPI", "x", {"introduced": "0"}, {"fixed": "1"})
    affected["ranges"].append({"type": "GIT", "repo": "https://example.org/x", "events": [{"introduced": "0"}]})
    assert (codes(parse(affected=[affected])), len(parse(affected=[affected]).ranges)) == ([], 1)


def test_alpine_s_zero_says_not_affected() -> None:
    found = parse(affected=[block("Alpine:v3.18", "busybox", {"introduced": "0"}, {"fixed": "0"})])
    assert (found.ranges, found.problems) == ((), ())


def test_the_same_range_comes_once() -> None:
    again = block("PyPI", "sample.package", {"introduced": "0"}, {"fixed": "1.2"})
    assert len(parse(affected=[*record()["affected"], again]).ranges) == 1


def test_prereleases_lie_below_their_release() -> None:
    affected = [block("npm", "x", {"introduced": "0.0.0-alpha"}, {"fixed": "1.0.0"})]
    [found] = parse(affected=affected).ranges
    low, before, fixed = (key("semver", text) for text in ("0.0.0-alpha", "1.0.0-rc.1", "1.0.0"))
    assert before is not None
    assert (found.lo, found.hi) == (low, fixed)
    assert found.lo <= before < found.hi


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ecosystem_specific": {"urgency": "Not yet assigned"}}, ("", "not yet assigned")),
        ({"ecosystem_specific": {"severity": "High"}, "database_specific": {"severity": "low"}}, ("", "high")),
        ({"severity": [{"type": "Ubuntu", "score": "negligible"}]}, ("", "negligible")),
        ({"database_specific": {"severity": {"no": "word"}}}, ("", "")),
        ({"ecosystem_specific": None}, ("", "")),
    ],
)
def test_a_vendor_s_word_for_one_package_is_kept_with_its_range(fields: dict[str, Any], words: tuple[str, str]) -> None:
    found = parse(affected=[block("Debian:12", "x", {"introduced": "0"}, {"fixed": "1"}, **fields)])
    assert (found.severity, found.ranges[0].severity) == words


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"severity": [{"type": "Ubuntu", "score": "Medium"}]}, "medium"),
        ({"summary": "Important: libmicrohttpd security update"}, "important"),
        ({"summary": "Importantly: not a word"}, ""),
        ({"database_specific": {"severity": "CRITICAL"}}, "critical"),
        ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}]}, ""),
    ],
)
def test_a_vendor_s_word_for_the_record(fields: dict[str, Any], word: str) -> None:
    assert parse(**fields).severity == word


@pytest.mark.parametrize(
    ("fields", "score"),
    [
        ({"database_specific": {"cvss_v3_score": "7.5"}}, 7.5),
        ({"database_specific": {"cvss_v3_score": 9.8}}, 9.8),
        ({"database_specific": {"cvss_v3_score": "99"}}, None),
        ({"database_specific": {"cvss_v3_score": "nan"}}, None),
        ({"severity": [{"type": "CVSS_V3", "score": "6.1"}]}, 6.1),
        ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}]}, None),
        ({"severity": [{"type": "Ubuntu", "score": "low"}, {"type": None, "score": None}]}, None),
    ],
)
def test_a_score_without_a_vector_is_kept(fields: dict[str, Any], score: float | None) -> None:
    assert parse(**fields).score == score


def test_vectors_of_packages_count_too() -> None:
    vector = "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    blocks = [
        block("crates.io", "x", {"introduced": "0.0.0-0"}, database_specific={"cvss": vector}),
        block(
            "crates.io", "y", {"introduced": "0"}, severity=[{"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:P/I:P/A:P"}]
        ),
    ]
    assert parse(affected=blocks).vectors == (vector, "AV:N/AC:L/Au:N/C:P/I:P/A:P")


def test_texts_are_bounded() -> None:
    found = parse(summary="s" * 100_000, details="d" * 1_000_000, aliases=[f"A-{n}" for n in range(50_000)])
    assert len(found.summary) <= 1_000
    assert len(found.details) <= 65_536
    assert len(found.aliases) <= 2_000


MODULAR = "1:20.11.1-1.module_el8.9.0+3775+d8460d35"


def test_a_modular_rpm_is_affected_within_the_streams_that_the_title_names() -> None:
    affected = [block("AlmaLinux:8", "nodejs", {"introduced": "0"}, {"fixed": MODULAR})]
    found = parse("ALSA-2024:1687", summary="Important: nodejs:20 security update", affected=affected)
    assert [(one.name, one.fixed) for one in found.ranges] == [("nodejs:20/nodejs", MODULAR)]
    two = parse("ALSA-2021:4191", summary="Moderate: virt:rhel and virt-devel:rhel security update", affected=affected)
    assert [one.name for one in two.ranges] == ["virt:rhel/nodejs", "virt-devel:rhel/nodejs"]
    plain = [block("AlmaLinux:9", "nodejs", {"introduced": "0"}, {"fixed": "1:16.20.2-1.el9"})]
    assert [one.name for one in parse("ALSA-1", summary="nodejs:18", affected=plain).ranges] == ["nodejs"]


def test_a_modular_rpm_without_a_stream_is_unassessed() -> None:
    affected = [block("AlmaLinux:8", "varnish", {"introduced": "0"}, {"fixed": "6.0.8-3.module_el8.8.0+3665+0b8dabc5"})]
    found = parse("ALSA-2023:5989", summary="Important: varnish security update", affected=affected)
    assert (found.ranges, codes(found)) == ((), ["no-stream"])
    assert found.unassessed == (("AlmaLinux:8", "varnish"),)

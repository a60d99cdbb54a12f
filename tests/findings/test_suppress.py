"""Which statement speaks of a finding, and which of several counts."""

from itertools import permutations
from typing import Any

import pytest

from envscout.findings.heeding import Desk, Heed
from envscout.findings.products import Subject, image_mismatch, is_package, subject
from envscout.findings.suppress import Book, Page, opinions
from envscout.model import Affected, Finding, Kev, PackageRef, Product, Statement
from envscout.names.expression import expressions

DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
NOW = 1_000
IMAGE = subject("myorg/app:v1", frozenset({DIGEST}), "linux/arm64/v8", "acme", "production", "app")
LIBSSL = PackageRef(
    "pkg:deb/debian/libssl3@3.0.9-1?arch=amd64&distro=debian-12&upstream=openssl%403.0.9",
    "libssl3",
    "3.0.9-1",
    "deb",
    "openssl",
)


def finding(package: PackageRef = LIBSSL, **fields: Any) -> Finding:
    base = {"vulnerability": "CVE-2023-0001", "aliases": ("GHSA-aaaa-bbbb-cccc",), "severity": "high"}
    return Finding(package=package, severity_source="", range=Affected(""), **{**base, **fields})


def said(kind: str, at: int = 1, product: Product | None = None, **fields: Any) -> Statement:
    source = "vex" if "_" in kind or kind in ("fixed", "affected") else "exception"
    given = {"names": ("CVE-2023-0001",), "products": (product or Product(),), "who": f"{kind}{at}", **fields}
    return Statement(source=source, kind=kind, at=at, **given)


def who(statements: Any, found: Finding | None = None, image: Subject = IMAGE) -> str | None:
    """Return who suppresses a finding, None where it counts."""
    page = Page(Book(statements).about(image), image)
    suppression = page.ruling(found or finding(), NOW).suppression
    return suppression.who if suppression else None


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["not_affected"], "not_affected1"),
        (["fixed"], "fixed1"),
        (["affected"], None),
        (["under_investigation"], None),
        (["not_affected", "affected"], None),
        (["not_affected", "under_investigation"], None),
        (["affected", "not_affected"], "not_affected2"),
        (["affected", "not_affected", "under_investigation"], None),
        (["not_affected", "affected", "fixed"], "fixed3"),
        (["false-positive"], "false-positive1"),
        (["false-positive", "affected"], None),
        (["affected", "false-positive"], "false-positive2"),
        (["accepted-risk"], "accepted-risk1"),
        (["accepted-risk", "affected"], "accepted-risk1"),
        (["accepted-risk", "false-positive", "affected"], "accepted-risk1"),
        (["accepted-risk", "not_affected"], "not_affected2"),
        (["accepted-risk", "accepted-risk"], "accepted-risk2"),
        ([], None),
    ],
)
def test_the_newest_counts_in_whatever_order_they_come(kinds: list[str], expected: str | None) -> None:
    statements = [said(kind, at) for at, kind in enumerate(kinds, 1)]
    assert {who(each) for each in permutations(statements)} == {expected}


def test_at_the_same_moment_what_does_not_suppress_counts() -> None:
    both = [said("not_affected", 5), said("affected", 5)]
    assert {who(each) for each in permutations(both)} == {None}
    assert who([said("not_affected", 0), said("affected", 0)]) is None


def test_what_was_not_said_yet_is_not_heeded() -> None:
    assert who([said("not_affected", NOW + 1)]) is None
    assert who([said("not_affected", NOW)]) == f"not_affected{NOW}"


@pytest.mark.parametrize("name", ["CVE-2023-0001", "cve-2023-0001", "GHSA-aaaa-bbbb-cccc", "ghsa-AAAA-bbbb-cccc"])
def test_any_name_of_the_vulnerability(name: str) -> None:
    assert who([said("not_affected", names=(name,))])
    assert who([said("not_affected", names=("DSA-1-1", name))])
    assert who([said("not_affected", names=("CVE-2023-00011",))]) is None


def test_an_advisory_of_several_vulnerabilities_is_the_name_of_none() -> None:
    """Who speaks of one CVE, and gives an advisory that covers two as its other name, says nothing of the second."""
    told = said("not_affected", names=("CVE-2023-0002", "GHSA-aaaa-bbbb-cccc"))
    assert who([told]) is None
    assert who([told], finding(vulnerability="CVE-2023-0002"))
    # Without a CVE of its own in the store the advisory itself is the vulnerability.
    assert who([told], finding(vulnerability="GHSA-aaaa-bbbb-cccc", aliases=()))
    assert opinions(Book([told]).everything(("GHSA-aaaa-bbbb-cccc",)), IMAGE, finding(), NOW) == ()


def test_names_that_only_the_store_knows() -> None:
    page = Page(Book([said("not_affected", names=("DSA-1",))], {"DSA-1": ("CVE-2023-0001",)}).about(IMAGE), IMAGE)
    assert page.ruling(finding(), NOW).suppression


@pytest.mark.parametrize(
    ("product", "why"),
    [
        ({}, ""),
        ({"organization": "acme", "environment": "production", "service": "app"}, ""),
        ({"service": "myorg/app"}, ""),
        ({"organization": "other"}, "organization other"),
        ({"environment": "staging"}, "environment staging"),
        ({"service": "myorg/app2"}, "service myorg/app2"),
        ({"digest": DIGEST}, ""),
        ({"digest": OTHER}, f"the image {OTHER}"),
        ({"repository": "docker.io/myorg/app"}, ""),
        ({"repository": "ghcr.io/myorg/app"}, "the repository ghcr.io/myorg/app"),
        ({"repository": "docker.io/myorg/app", "tag": "v1"}, ""),
        ({"repository": "docker.io/myorg/app", "tag": "v2"}, "the tag v2"),
        ({"repository": "docker.io/myorg/app", "platform": "linux/arm64"}, ""),
        ({"repository": "docker.io/myorg/app", "platform": "arm64"}, ""),
        ({"repository": "docker.io/myorg/app", "platform": "linux/arm64/v8"}, ""),
        ({"repository": "docker.io/myorg/app", "platform": "linux/arm"}, "the platform linux/arm"),
        ({"repository": "docker.io/myorg/app", "platform": "linux"}, "the platform linux"),
    ],
)
def test_images(product: dict[str, Any], why: str) -> None:
    wanted = Product(**product)
    assert image_mismatch(wanted, IMAGE) == why
    # The shelves of a book must not hide what fits, nor show what does not.
    assert bool(who([said("not_affected", product=wanted)])) == (not why)


def test_an_image_on_disk_has_no_name() -> None:
    image = subject("/tmp/images/app", frozenset({DIGEST}), "linux/amd64")
    assert image.repositories == frozenset()
    assert who([said("not_affected", product=Product(repository="docker.io/myorg/app"))], image=image) is None
    assert who([said("not_affected", product=Product(digest=DIGEST))], image=image)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("pkg:deb/debian/libssl3", True),
        ("pkg:deb/debian/libssl3@3.0.9-1", True),
        ("pkg:deb/debian/libssl3@3.0.9-1?arch=amd64", True),
        ("pkg:deb/debian/libssl3@3.0.9-1?arch=arm64", False),
        ("pkg:deb/debian/libssl3?distro=debian-12", True),
        ("pkg:deb/debian/libssl3?distro=debian-13", False),
        ("pkg:deb/debian/libssl3?os_distro=bookworm&os_name=debian&os_version=12", True),
        ("pkg:deb/debian/libssl3?os_name=debian&os_version=13", False),
        ("pkg:deb/debian/libssl3?os_distro=bookworm", False),
        ("pkg:deb/debian/libssl3?unknown=x", False),
        ("pkg:deb/debian/libssl3@3.0.9-2", False),
        ("pkg:deb/debian/openssl", True),
        ("pkg:deb/debian/openssl@3.0.9-1", True),
        ("pkg:deb/debian/openssl@3.0.9", True),
        ("pkg:deb/debian/openssl@3.0.8", False),
        ("pkg:deb/ubuntu/libssl3", False),
        ("pkg:rpm/debian/libssl3", False),
        ("pkg:deb/debian/libssl", False),
        ("pkg:deb/libssl3", False),
        ("pkg:", False),
        ("libssl3", True),
        ("openssl", True),
        ("libssl*", True),
        ("lib?sl3", True),
        ("libssl", False),
        ("LIBSSL3", False),
        ("*", True),
        ("", False),
    ],
)
def test_packages(text: str, fits: bool) -> None:
    assert is_package(text, LIBSSL) is fits


def test_packages_of_languages() -> None:
    go = PackageRef("pkg:golang/github.com/a/b@v1.2.3", "github.com/a/b", "v1.2.3", "golang")
    assert is_package("pkg:golang/github.com/a/b@1.2.3", go)
    assert is_package("pkg:golang/github.com/a/b@v1.2.3", go)
    assert not is_package("pkg:golang/github.com/a/c", go)
    npm = PackageRef("pkg:npm/%40scope/name@1.0", "@scope/name", "1.0", "npm")
    assert is_package("pkg:npm/@scope/name", npm)
    assert not is_package("pkg:npm/name", npm)
    assert is_package("@scope/*", npm)


def test_only_what_is_covered_is_suppressed() -> None:
    other = PackageRef("pkg:npm/x@1", "x", "1", "npm")
    page = Page(Book([said("not_affected", product=Product(packages=("libssl3",)))]).about(IMAGE), IMAGE)
    counted, suppressed, _ = page.split([finding(), finding(other)], NOW)
    assert [each.package.name for each in counted] == ["x"]
    assert [each.package.name for each in suppressed] == ["libssl3"]


@pytest.mark.parametrize(
    ("ends", "found", "cause"),
    [
        ({"until": NOW}, {}, "expired"),
        ({"until": NOW + 1}, {}, None),
        ({"on_fix": True}, {"fixed_version": "3.0.11"}, "fix-known"),
        ({"on_fix": True}, {}, None),
        ({"on_kev": True}, {"kev": Kev("1970-01-01")}, "known-exploited"),
        ({"on_kev": True}, {"kev": Kev("1970-01-02")}, None),
        ({"on_kev": True}, {"fixed_version": "3.0.11"}, None),
        ({"until": NOW + 1, "on_fix": True, "on_kev": True}, {"kev": Kev("1970-01-01")}, "known-exploited"),
        ({}, {"fixed_version": "3.0.11", "kev": Kev("2026-01-01")}, None),
    ],
)
def test_how_exceptions_end(ends: dict[str, Any], found: dict[str, Any], cause: str | None) -> None:
    page = Page(Book([said("accepted-risk", where="7", **ends)]).about(IMAGE), IMAGE)
    counted, suppressed, lapses = page.split([finding(**found)], NOW)
    assert (len(counted), len(suppressed)) == ((1, 0) if cause else (0, 1))
    assert [(each.where, each.cause) for each in lapses] == ([("7", cause)] if cause else [])


def test_what_has_ended_gives_way_to_what_stands() -> None:
    old, new = said("accepted-risk", 1, until=5), said("accepted-risk", 2)
    assert who([old, new]) == "accepted-risk2"
    # An older one that stands still covers what a newer one no longer does.
    assert who([said("accepted-risk", 1), said("accepted-risk", 2, until=5)]) == "accepted-risk1"
    assert who([said("not_affected", 1), said("false-positive", 2, until=5)]) == "not_affected1"


def test_one_that_ended_is_not_told_of_where_it_never_spoke() -> None:
    page = Page(Book([said("accepted-risk", product=Product(environment="staging"), until=5)]).about(IMAGE), IMAGE)
    assert page.split([finding()], NOW)[2] == ()


def test_opinions_say_why_each_counts_or_not() -> None:
    statements = [
        said("not_affected", 3, where="a"),
        said("not_affected", 2, where="b"),
        said("not_affected", 4, Product(packages=("pkg:deb/debian/libssl3@1",)), where="c"),
        said("not_affected", 4, Product(digest=OTHER), where="d"),
        said("accepted-risk", 1, until=5, where="e"),
    ]
    told = {
        each.statement.where: (each.decides, each.why)
        for each in opinions(Book(statements).everything(("CVE-2023-0001",)), IMAGE, finding(), NOW)
    }
    assert told == {
        "a": (True, ""),
        "b": (False, "a newer statement counts"),
        "c": (False, "it speaks of pkg:deb/debian/libssl3@1"),
        "d": (False, f"it speaks of the image {OTHER}"),
        "e": (False, "it has expired"),
    }


class Reading:
    """What a document in an image says."""

    def __init__(self, *statements: Statement) -> None:
        self.statements = statements
        self.problems = ()


def desk(heed: Heed, *exceptions: Statement, kept: dict[int, list[Reading]] | None = None) -> Desk:
    return Desk(heed, exceptions, kept or {}, lambda name: (), NOW)


def test_what_an_image_holds_speaks_of_it_alone() -> None:
    found = desk(Heed(), kept={1: [Reading(said("not_affected", place="image"))]})
    assert found.page(1, IMAGE).ruling(finding(), NOW).suppression
    assert not found.page(2, IMAGE).ruling(finding(), NOW).suppression


@pytest.mark.parametrize(
    ("heed", "statement", "heeded"),
    [
        (Heed(), said("not_affected", place="attached"), True),
        (Heed(places=frozenset({"image"})), said("not_affected", place="attached"), False),
        (Heed(places=frozenset()), said("not_affected", place="image"), False),
        (Heed(places=frozenset()), said("not_affected", place="location"), True),
        (Heed(authors=expressions(["@acme"], "author")), said("not_affected", who="x <y@acme.example>"), True),
        (Heed(authors=expressions(["@acme"], "author")), said("not_affected", who="x"), False),
        (Heed(authors=expressions(["@acme"], "author")), said("not_affected", who="x" * 300 + "@acme"), False),
        (Heed(authors=expressions(["^a", "^b"], "author")), said("not_affected", who="b"), True),
        (Heed(authors=expressions(["@acme"], "author")), said("accepted-risk", who="x"), True),
    ],
)
def test_who_is_heeded(heed: Heed, statement: Statement, heeded: bool) -> None:
    found = desk(heed, kept={1: [Reading(statement)]})
    assert bool(found.page(1, IMAGE).ruling(finding(), NOW).suppression) is heeded
    assert [each.code for each in found.problems] == ([] if heeded else ["vex-not-heeded"])


def test_what_is_of_the_future_is_told() -> None:
    found = desk(Heed(statements=(said("not_affected", NOW + 5, where="doc"),)))
    assert [each.code for each in found.problems] == ["vex-of-the-future"]
    assert not found.page(1, IMAGE).ruling(finding(), NOW).suppression


def test_nothing_said_costs_nothing() -> None:
    page = desk(Heed()).page(1, IMAGE)
    findings = [finding()] * 3
    assert page.split(findings, NOW) == (tuple(findings), (), ())


def test_what_is_suppressed_is_hidden_where_asked_for() -> None:
    counted = finding()
    _, (vex,), _ = desk(Heed(), said("not_affected")).page(1, IMAGE).split([counted], NOW)
    _, (ours,), _ = desk(Heed(), said("accepted-risk")).page(1, IMAGE).split([counted], NOW)
    assert Heed().shown((vex, ours)) == (vex, ours)
    assert Heed(hide=True).shown((vex, ours)) == ()
    assert Heed(hide_vex=True).shown((vex, ours)) == (ours,)

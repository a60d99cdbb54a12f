"""Statements written as OpenVEX: by its rules, and read again as they were."""

from envscout.model import Product, Statement
from envscout.sbom.envelope import opened
from envscout.vex import Source, read, write
from tests.vex.documents import CSAF, CYCLONEDX, DIGEST, NEW, OLD, packed

HERE = Source("location", "a.json")
OURS = {
    "source": "exception",
    "names": ("CVE-2023-0001",),
    "who": "alice",
    "why": "behind a proxy",
    "at": 1_700_000_000_000_000,
}


def test_an_accepted_risk_is_affected_and_says_what_is_done() -> None:
    said = Statement(kind="accepted-risk", products=(Product(digest=DIGEST),), until=1_800_000_000_000_000, **OURS)  # type: ignore[arg-type]
    (only,) = write([said], "Acme", 0)["statements"]
    assert (only["status"], "justification" in only) == ("affected", False)
    assert only["action_statement"] == "Accepted risk, by alice: behind a proxy Until 2027-01-15T08:00:00Z."
    (again,) = read(packed(write([said], "Acme", 0)), HERE, opened).statements
    assert (again.kind, again.products) == ("affected", said.products)


def test_a_false_positive_is_not_affected() -> None:
    product = Product(repository="ghcr.io/myorg/app", digest=DIGEST, packages=("pkg:npm/a@1", "pkg:npm/b"))
    said = Statement(kind="false-positive", products=(product,), justification="component_not_present", **OURS)  # type: ignore[arg-type]
    (only,) = write([said], "Acme", 0)["statements"]
    assert (only["status"], only["justification"], "impact_statement" in only) == (
        "not_affected",
        "component_not_present",
        False,
    )
    assert only["status_notes"] == "behind a proxy (said by alice)"
    (whole,) = only["products"]
    assert whole["@id"] == f"pkg:oci/app@{DIGEST}?repository_url=ghcr.io/myorg/app"
    assert [each["@id"] for each in whole["subcomponents"]] == ["pkg:npm/a@1", "pkg:npm/b"]
    (again,) = read(packed(write([said], "Acme", 0)), HERE, opened).statements
    assert again.products == (Product(digest=DIGEST, packages=product.packages),)


def test_what_was_read_is_read_again_as_it_was() -> None:
    for document in (OLD, NEW, CSAF, CYCLONEDX):
        before = read(packed(document), HERE, opened).statements
        again = read(packed(write(before, "all", 0)), HERE, opened)
        assert again.problems == ()
        assert [(each.names, each.kind, each.justification, each.at // 1_000_000) for each in again.statements] == [
            (each.names, each.kind, each.justification, each.at // 1_000_000) for each in before
        ]
        assert [set(each.products) for each in again.statements] == [set(each.products) for each in before]


def test_a_name_is_of_the_content() -> None:
    statements = read(packed(NEW), HERE, opened).statements
    assert (
        write(statements, "a", 0)["@id"] == write(statements, "a", 1 << 50)["@id"] != write(statements, "b", 0)["@id"]
    )
    assert len(write([*statements, *statements], "a", 0)["statements"]) == len(statements)

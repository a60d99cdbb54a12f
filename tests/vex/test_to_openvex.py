"""Statements written as OpenVEX: by its rules, and read again as they were."""

import json
from pathlib import Path

import jsonschema_rs
import pytest

from envscout.model import Product, Statement
from envscout.model.statement import KINDS, STATUSES
from envscout.sbom.envelope import opened
from envscout.vex import Source, read, write
from tests.vex.documents import CSAF, CYCLONEDX, DIGEST, NEW, OLD, packed

SCHEMA = Path(__file__).parents[1] / "schemas" / "openvex-0.2.0.json"
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
    assert only["action_statement"] == "Risk accepted by alice, until 2027-01-15T08:00:00Z: behind a proxy"
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


def problems(statements: list[Statement]) -> list[str]:
    """Return what the official schema finds wrong with them as a document."""
    validator = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()), validate_formats=True)
    return [each.message for each in validator.iter_errors(json.loads(packed(write(statements, "a", 0))))]


@pytest.mark.parametrize("document", [OLD, NEW, CSAF, CYCLONEDX])
def test_what_others_say_is_written_by_the_schema(document: object) -> None:
    assert problems(list(read(packed(document), HERE, opened).statements)) == []


@pytest.mark.parametrize("kind", [*KINDS, *STATUSES])
@pytest.mark.parametrize("why", ["", "because"])
@pytest.mark.parametrize("justification", ["", "component_not_present"])
@pytest.mark.parametrize(
    "product",
    [
        Product(digest=DIGEST),
        Product(digest="sha512:" + "0" * 128, packages=("pkg:npm/a b@1",)),
        Product(repository="127.0.0.1:5000/app", tag="v1", platform="linux/arm64"),
        Product(packages=("pkg:npm/a@1", "pkg:npm/%40a/b", "pkg:npm/@a/b")),
    ],
)
def test_whatever_is_said_is_written_by_the_schema(kind: str, why: str, justification: str, product: Product) -> None:
    said = Statement("vex", kind, ("CVE-2023-0001", "a b"), (product,), who="", why=why, justification=justification)
    assert problems([said]) == []

"""Documents whose writers meant harm, or did not know better: bounded, told, and never more than they may say."""

import gzip
import random
from typing import Any

import pytest

from envscout.model import Product
from envscout.sbom.envelope import opened
from envscout.vex import MAX_BYTES, Source, read
from envscout.vex.draft import MAX_PROBLEMS
from tests.vex.documents import APP, CSAF, CYCLONEDX, NEW, OLD, enveloped, packed, stated

HERE = Source("location", "a.json")


def codes(data: bytes) -> set[str]:
    found = read(data, HERE, opened)
    assert found.statements == ()
    return {each.code for each in found.problems}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe\x00",
        b"{}",
        b'{"a": ' * 5000,
        b"[" * 200_000,
        b'{"statements": ' + b"[" * 200_000,
        b" " * (MAX_BYTES + 1),
        b"<bom/>",
        gzip.compress(b"{}", mtime=0)[:-3],
        packed({"bomFormat": "SPDX"}),
        packed({"@context": "https://openvex.dev/ns", "statements": {"a": 1}}),
        packed({"payload": "!!!"}),
    ],
)
def test_what_is_no_document_is_told(data: bytes) -> None:
    assert codes(data) <= {"unread-vex", "unread-vex-statement"}
    assert codes(data)


def test_envelopes_come_to_an_end() -> None:
    document: Any = NEW
    for _ in range(20):
        document = enveloped(stated(document))
    assert codes(packed(document)) == {"unread-vex"}


def test_a_tree_that_leads_back_to_itself() -> None:
    def related(name: str, part: str, whole: str) -> dict[str, Any]:
        return {
            "category": "default_component_of",
            "full_product_name": {"name": name, "product_id": name},
            "product_reference": part,
            "relates_to_product_reference": whole,
        }

    tree = {
        "relationships": [
            related("A", "B", "C"),
            related("B", "C", "A"),
            related("C", "A", "A"),
            related("D", "D", "D"),
        ]
    }
    status = {"known_not_affected": ["A", "B", "C", "D"]}
    document = {**CSAF, "product_tree": tree, "vulnerabilities": [{"cve": "CVE-2023-0001", "product_status": status}]}
    assert codes(packed(document)) == {"unused-vex-product"}


def test_branches_have_an_end() -> None:
    branch: dict[str, Any] = {
        "product": {"name": "x", "product_id": "DEEP", "product_identification_helper": {"purl": APP}}
    }
    for _ in range(100):
        branch = {"branches": [branch]}
    status = {"known_not_affected": ["DEEP"]}
    document = {
        **CSAF,
        "product_tree": {"branches": [branch]},
        "vulnerabilities": [{"cve": "CVE-2023-0001", "product_status": status}],
    }
    assert codes(packed(document)) == {"unread-vex-statement", "unused-vex-product"}


def test_components_have_an_end() -> None:
    component: dict[str, Any] = {"bom-ref": "deep", "purl": "pkg:npm/a@1"}
    for _ in range(100):
        component = {"components": [component]}
    entry = {"id": "CVE-2023-0001", "analysis": {"state": "not_affected"}, "affects": [{"ref": "deep"}]}
    document = {"bomFormat": "CycloneDX", "components": [component], "vulnerabilities": [entry]}
    assert codes(packed(document)) == {"unread-vex-statement", "unused-vex-product"}


def test_as_many_problems_as_it_likes_are_a_few() -> None:
    entries = [{"vulnerability": "CVE-2023-0001", "status": f"x{number}"} for number in range(30_000)]
    found = read(packed({**NEW, "statements": entries}), HERE, opened)
    assert len(found.problems) <= MAX_PROBLEMS
    assert "30000 times" in "".join(each.message for each in found.problems)


def test_products_beyond_the_bound_are_told() -> None:
    products = [{"@id": f"pkg:npm/a@{number}"} for number in range(1_000)]
    entries = [
        {"vulnerability": f"CVE-2023-{number:04}", "status": "fixed", "products": products} for number in range(600)
    ]
    found = read(packed({**NEW, "statements": entries}), HERE, opened)
    assert len(found.statements) == 250
    assert "says too much" in found.problems[-1].message


@pytest.mark.parametrize(
    "name", ["pkg:npm/a@1" + "0" * 5_000, "pkg:npm/" + "%" * 100_000, "https://x/" + "y/" * 3_000 + "CVE-2023-0001"]
)
def test_what_names_something_is_never_cut(name: str) -> None:
    one = {"vulnerability": "CVE-2023-0001", "status": "fixed", "products": [{"@id": name}]}
    other = {"vulnerability": {"name": name}, "status": "fixed", "products": [{"@id": APP}]}
    assert codes(packed({**NEW, "statements": [one, other]})) == {"unused-vex-product", "unread-vex-statement"}
    bom = {"id": "CVE-2023-0001", "analysis": {"state": "not_affected"}, "affects": [{"ref": name}]}
    assert codes(packed({"bomFormat": "CycloneDX", "vulnerabilities": [bom]})) == {"unused-vex-product"}


def test_texts_are_cut_and_shown_safely() -> None:
    entry = {
        "vulnerability": "CVE-2023-0001",
        "status": "not_affected",
        "impact_statement": "x" * 100_000,
        "products": [{"@id": APP}, {"@id": "\x1b[2J" + "y" * 100_000}],
    }
    document = {**NEW, "author": "z" * 100_000, "@id": "i" * 100_000, "statements": [entry]}
    found = read(packed(document), Source("location", "\x1b[2J.json"), opened)
    (only,) = found.statements
    assert max(map(len, (only.who, only.why, only.where))) <= 2_000
    assert all(each.message.isprintable() and len(each.message) < 1_000 for each in found.problems)


@pytest.mark.parametrize("document", [OLD, NEW, CSAF, CYCLONEDX])
def test_values_of_any_type_anywhere(document: Any) -> None:
    """Replace each value in turn by others: nothing raises, and nothing ever speaks of everything."""
    chance = random.Random(7)
    odd: tuple[Any, ...] = (None, 7, 1.5, True, "", "x", [], {}, [None], {"a": 1}, [[[]]], "pkg:npm/a@1", -1e300)
    for path in _paths(document):
        for value in chance.sample(odd, 5):
            found = read(packed(_with(document, path, value)), HERE, opened)
            for each in found.statements:
                assert each.products
                assert Product() not in each.products


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys: Any = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [each for key in keys for each in ((*path, key), *_paths(value[key], (*path, key)))]


def _with(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    if not path:
        return other
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = _with(value[path[0]], path[1:], other)
    return copied


def csaf(tree: dict[str, Any], *vulnerabilities: dict[str, Any]) -> bytes:
    return packed({**CSAF, "product_tree": tree, "vulnerabilities": list(vulnerabilities)})


def hashes(count: int) -> dict[str, Any]:
    """Return a helper that names a product by so many digests, none of which is one."""
    return {"hashes": [{"file_hashes": [{"algorithm": "sha256", "value": "!"} for _ in range(count)]}]}


def test_what_is_said_once_and_pointed_at_often() -> None:
    """A list that many entries point at must not be gone through for each: these would take hours, or all memory."""
    many = 50_000
    names = [f"{number:x}" for number in range(many)]
    full = [{"product_id": "0", "name": "x"}]
    grouped = {"full_product_names": full, "product_groups": [{"group_id": "g", "product_ids": names}]}
    status = {"cve": "CVE-2023-0001", "product_status": {"fixed": ["0"] * many}}
    related: list[dict[str, Any]] = [
        {
            "full_product_name": {"product_id": f"r{number}", "name": "r"},
            "product_reference": "0",
            "relates_to_product_reference": "r0",
        }
        for number in range(many)
    ]
    related[0]["full_product_name"]["product_identification_helper"] = hashes(many)
    for data in (
        csaf(grouped, {**status, "flags": [{"label": "x", "group_ids": ["g"]}] * many}),
        csaf(grouped, {**status, "threats": [{"details": "x", "group_ids": ["g"] * many}]}),
        csaf({"full_product_names": [{**full[0], "product_identification_helper": hashes(many)}]}, status),
        csaf({"relationships": related}, {"cve": "CVE-2023-0001", "product_status": {"fixed": ["r0", "r1"]}}),
    ):
        assert "unread-vex-statement" in codes(data) or codes(data) == {"unused-vex-product"}
    images = [f"nginx:{number}" for number in range(many)]
    for parts in ([f"part {number}" for number in range(many)], [f"pkg:npm/a@{number}" for number in range(many)]):
        one = {"vulnerability": "CVE-2023-0001", "status": "fixed", "products": images, "subcomponents": parts}
        assert codes(packed({**OLD, "statements": [one]})) == {"unread-vex-statement"}


def test_products_under_many_names_are_bounded() -> None:
    called = {"name": "CVE-2023-0001", "aliases": [f"A-{number}" for number in range(5_000)]}
    one = {"vulnerability": called, "status": "fixed", "products": [f"nginx:{number}" for number in range(5_000)]}
    assert codes(packed({**NEW, "statements": [one]})) == {"unread-vex-statement"}

"""What is written is valid, always the same, and gives the same inventory when it is read again."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings
from hypothesis import strategies as st
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from envscout import sbom
from envscout.model import Image, Inventory
from tests.sbom.inventories import IMAGE, NAMES, inventory, package

Writer = Callable[[Image, Inventory, str], bytes]
WRITERS: dict[str, Writer] = {"json": sbom.write, "cyclonedx": sbom.write_cyclonedx, "spdx": sbom.write_spdx}
EMPTY = Image("")


@pytest.fixture(scope="module")
def whole() -> Inventory:
    """Return 2,000 packages of all types."""
    return inventory(2000)


@pytest.mark.parametrize("writer", WRITERS.values(), ids=list(WRITERS))
def test_what_is_written_is_read(writer: Writer, whole: Inventory) -> None:
    data = writer(IMAGE, whole, "demo:1")
    again, subject = sbom.read(data)
    assert again.packages == whole.packages
    assert (again.distribution, again.problems, again.tools) == (whole.distribution, whole.problems, whole.tools)
    assert (subject.image, subject.reference) == (IMAGE, "demo:1")
    assert writer(subject.image, again, subject.reference) == data


@pytest.mark.parametrize("found", [inventory(2000), Inventory()], ids=["2000", "none"])
@pytest.mark.parametrize("image", [IMAGE, EMPTY], ids=["image", "directory"])
def test_cyclonedx_is_valid(found: Inventory, image: Image) -> None:
    data = sbom.write_cyclonedx(image, found, "demo:1" if image.digest else "")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(data.decode()) is None
    components = json.loads(data)["components"]
    assert len({each["bom-ref"] for each in components}) == len(components)


@pytest.mark.parametrize("found", [inventory(300), Inventory()], ids=["300", "none"])
@pytest.mark.parametrize("image", [IMAGE, EMPTY], ids=["image", "directory"])
def test_spdx_is_valid(found: Inventory, image: Image) -> None:
    data = sbom.write_spdx(image, found, "demo:1" if image.digest else "")
    document = JsonLikeDictParser().parse(json.loads(data))  # type: ignore[no-untyped-call]
    assert [each.validation_message for each in validate_full_spdx_document(document, "SPDX-2.3")] == []


def test_the_spdx_elements_of_a_large_image_have_names_of_their_own(whole: Inventory) -> None:
    document = json.loads(sbom.write_spdx(IMAGE, whole, "demo:1"))
    names = {each["SPDXID"] for each in document["packages"]}
    assert len(names) == len(document["packages"])
    referred = {each[end] for each in document["relationships"] for end in ("spdxElementId", "relatedSpdxElement")}
    assert referred == names | {"SPDXRef-DOCUMENT"}


@pytest.mark.parametrize("writer", [sbom.write_cyclonedx, sbom.write_spdx])
def test_another_inventory_is_another_document(writer: Writer) -> None:
    one, other = (json.loads(writer(IMAGE, inventory(number), "x")) for number in (30, 40))
    name = "serialNumber" if "serialNumber" in one else "documentNamespace"
    assert one[name] != other[name]


def _cyclonedx_licenses(*texts: str) -> Any:
    found = msgspec.structs.replace(package("npm", "a", "1"), licenses=texts)
    document = json.loads(sbom.write_cyclonedx(IMAGE, Inventory((found,)), "x"))
    return document["components"][0].get("licenses")


def test_licenses_of_cyclonedx() -> None:
    assert _cyclonedx_licenses() is None
    assert _cyclonedx_licenses("MIT") == [{"license": {"id": "MIT"}}]
    assert _cyclonedx_licenses("GPL-2.0+") == [{"license": {"id": "GPL-2.0-or-later"}}]
    assert _cyclonedx_licenses("MIT OR ISC") == [{"expression": "MIT OR ISC"}]
    assert _cyclonedx_licenses("MIT OR ISC", "BSD") == [
        {"license": {"name": "MIT OR ISC"}},
        {"license": {"name": "BSD"}},
    ]


def test_licenses_of_spdx() -> None:
    found = msgspec.structs.replace(package("npm", "a", "1"), licenses=("MIT OR ISC", "my own"))
    document = json.loads(sbom.write_spdx(IMAGE, Inventory((found,)), "x"))
    (extracted,) = document["hasExtractedLicensingInfos"]
    assert extracted["extractedText"] == "my own"
    assert document["packages"][1]["licenseDeclared"] == f"(MIT OR ISC) AND {extracted['licenseId']}"


WORDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs", "Cf", "Co", "Cn"]), min_size=1, max_size=12
)


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(NAMES)), WORDS, WORDS, st.lists(st.text(max_size=9), max_size=3), st.integers(0, 100),
    st.lists(WORDS.map(lambda each: "/" + each.lstrip("/")), max_size=3, unique=True),
)  # fmt: skip
def test_any_package_is_written_and_read(
    kind: str, name: str, version: str, licenses: list[str], count: int, locations: list[str]
) -> None:
    found = package(kind, name.strip("/") or "x", version, count)
    found = msgspec.structs.replace(
        found, licenses=tuple(filter(None, licenses)), locations=tuple(locations), layer="", owner=""
    )
    for writer in WRITERS.values():
        again, _ = sbom.read(writer(IMAGE, Inventory((found,), tools=("x",)), "demo"))
        assert again.packages == (found,)

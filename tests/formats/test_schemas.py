"""What is written is what the format's makers publish: every format, every kind of answer, by official schemas."""

import functools
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import xmlschema
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from envscout.formats import cyclonedx, gitlab, junit, openvex, sarif, spdx
from envscout.formats.answer import Answer
from tests.formats.reports import ANSWERS, large

SCHEMAS = Path(__file__).parents[1] / "schemas"

Writer = Callable[[Answer], Iterator[str]]


@functools.cache
def _validator(name: str) -> Any:
    # A bracket that nothing opened is itself in JavaScript's expressions, and an error in others.
    text = (SCHEMAS / name).read_text(encoding="utf-8").replace("[a-zA-Z]{2}]?$", r"[a-zA-Z]{2}\\]?$")
    schema = json.loads(text)
    return jsonschema_rs.validator_for(schema, validate_formats=True)


def _by_schema(name: str) -> Callable[[str], list[str]]:
    def problems(text: str) -> list[str]:
        return [
            f"{list(each.instance_path)}: {each.message}"[:300]
            for each in _validator(name).iter_errors(json.loads(text))
        ]

    return problems


@functools.cache
def _junit() -> Any:
    return xmlschema.XMLSchema(str(SCHEMAS / "junit-10.xsd"))


def _by_xsd(text: str) -> list[str]:
    return [str(each) for each in _junit().iter_errors(io.BytesIO(text.encode()))]


def _by_cyclonedx(text: str) -> list[str]:
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return [str(problem)[:300]] if problem else []


def _by_spdx(text: str) -> list[str]:
    document = JsonLikeDictParser().parse(json.loads(text))  # type: ignore[no-untyped-call]
    return [each.validation_message for each in validate_full_spdx_document(document, "SPDX-2.3")]


FORMATS: dict[str, tuple[Writer, Callable[[str], list[str]]]] = {
    "sarif": (sarif.write, _by_schema("sarif-2.1.0-rtm.5.json")),
    "gitlab": (gitlab.write, _by_schema("gitlab-container-scanning-15.0.7.json")),
    "openvex": (openvex.write, _by_schema("openvex-0.2.0.json")),
    "junit": (junit.write, _by_xsd),
    "cyclonedx": (cyclonedx.write, _by_cyclonedx),
    "spdx": (spdx.write, _by_spdx),
}


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("form", FORMATS)
def test_a_document_is_valid(form: str, name: str) -> None:
    if form == "openvex" and name in ("empty", "nothing"):
        pytest.skip("OpenVEX has no document without statements")
    if form == "spdx" and name == "nothing":
        pytest.skip("SPDX has no document that describes nothing")
    writer, problems = FORMATS[form]
    text = "\n".join(writer(ANSWERS[name]))
    text.encode()
    assert problems(text) == []


@pytest.mark.parametrize("form", ["sarif", "gitlab", "openvex", "junit"])
def test_a_large_document_is_valid(form: str) -> None:
    writer, problems = FORMATS[form]
    assert problems("\n".join(writer(large()))) == []


@pytest.mark.parametrize("form", ["cyclonedx", "spdx"])
def test_a_large_bill_of_materials_is_valid(form: str) -> None:
    # The validators take longer than a test may for 20,000.
    writer, problems = FORMATS[form]
    assert problems("\n".join(writer(large(1000)))) == []


@pytest.mark.parametrize("form", FORMATS)
def test_a_schema_can_refuse(form: str) -> None:
    writer, problems = FORMATS[form]
    text = "\n".join(writer(ANSWERS["small"]))
    broken = {
        "sarif": ('"version":"2.1.0"', '"version":"2.2"'),
        "gitlab": ('"severity":"Critical"', '"severity":"Dire"'),
        "openvex": ('"status":"affected"', '"status":"dire"'),
        "junit": ("<failure ", "<fault "),
        "cyclonedx": ('"severity": "critical"', '"severity": "dire"'),
        "spdx": ('"referenceType": "advisory"', '"referenceType": "x y"'),
    }[form]
    assert broken[0] in text
    assert problems(text.replace(*broken).replace("</failure>", "</fault>" if form == "junit" else "</failure>"))


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("form", FORMATS)
def test_the_same_answer_gives_the_same_bytes(form: str, name: str) -> None:
    if form == "spdx" and name == "nothing":
        pytest.skip("SPDX has no document that describes nothing")
    writer, _ = FORMATS[form]
    assert list(writer(ANSWERS[name])) == list(writer(ANSWERS[name]))


def test_schemas_are_what_their_sources_say() -> None:
    said = dict(re.findall(r"^\| `([^`]+)` .*`([0-9a-f]{64})` \|$", (SCHEMAS / "SOURCES.md").read_text(), re.MULTILINE))
    held = {
        each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in SCHEMAS.iterdir() if each.suffix != ".md"
    }
    assert said == held


def test_what_runs_in_the_comparison_alone_is_gone_and_not_fixed_there() -> None:
    ended = ANSWERS["ended"]
    results = json.loads("\n".join(sarif.write(ended)))["runs"][0]["results"]
    assert [each["baselineState"] for each in results] == ["new", "absent", "absent"]
    statuses = {each["status"] for each in json.loads("\n".join(openvex.write(ended)))["statements"]}
    assert statuses == {"affected"}
    analyses = [
        each.get("analysis", {}).get("state")
        for each in json.loads("\n".join(cyclonedx.write(ended)))["vulnerabilities"]
    ]
    assert analyses == [None, "resolved", "resolved"]
    assert len(json.loads("\n".join(gitlab.write(ended)))["vulnerabilities"]) == 1

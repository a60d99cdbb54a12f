"""Policy files, and the health score."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscout.errors import UsageError
from envscout.model import Verdict
from envscout.policies.decoding import MAX_FILE
from envscout.policies.kinds import KINDS
from envscout.policies.policy import health, judge, standard
from envscout.policies.reading import read
from envscout.policies.vulnerabilities import Fixable
from tests.policies.facts import facts, finding

YAML = b"""
policies:
  - id: fixable-vulnerabilities
    config:
      severities: [critical]
      grace_period_days: 14
  - id: old-images
    kind: maximum-image-age
    title: Nothing older than a quarter
    weight: 7
    config: {days: 90}
"""


def test_a_file_in_yaml() -> None:
    first, second = read(YAML, "policies.yaml")
    assert first.config == Fixable(severities=("critical",), grace_period_days=14)
    assert (first.weight, second.weight, second.kind) == (20, 7, "maximum-image-age")
    assert judge([second], facts())[0].title == "Nothing older than a quarter"


def test_docker_s_own_json_configures_the_standard_policies() -> None:
    document = {
        "debug": True,
        "policies": [
            {"name": "fixable-vulnerabilities", "config": {"severities": ["CRITICAL"], "fixable_only": True}},
            {"name": "copyleft-license", "enabled": False},
            {"name": "approved-base-images", "weight": 0, "config": {"allowed_base_images": ["*"]}},
        ],
    }
    found = {each.id: each for each in read(json.dumps(document).encode(), "config.json", extends=True)}
    assert found.keys() == {each.id for each in standard()} - {"copyleft-license"}
    assert found["approved-base-images"].weight == 0
    assert judge([found["fixable-vulnerabilities"]], facts(finding(severity="high")))[0].state == "pass"


def test_a_file_may_extend_the_standard() -> None:
    found = read(b"extends: standard\npolicies: [{id: complete-coverage}]", "x")
    assert {each.id for each in found} == {each.id for each in standard()} | {"complete-coverage"}
    assert read(b"", "x") == ()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"policies: [{id: nonsense}]", "no kind of policies 'nonsense'"),
        (b"policies: [{id: Fixable!}]", "no name of a policy"),
        (
            b"policies: [{id: fixable-vulnerabilities, config: {severitys: [high]}}]",
            "parameters of fixable-vulnerabilities: sev",
        ),
        (b"policies: [{id: fixable-vulnerabilities, config: {severities: [terrible]}}]", "no such severity"),
        (b"policies: [{id: fixable-vulnerabilities, config: {fixable_only: 5}}]", "fixable_only"),
        (b"policies: [{id: fixable-vulnerabilities, on_unknown: maybe}]", "choose `fail` or `pass`"),
        (b"policies: {}", "no policy file"),
        (b"rules: []", "no policy file"),
        (b"extends: everything", "only `standard`"),
        (b"a: [", "no YAML"),
        (b'{"policies": [', "no JSON"),
        (b"\xff\xfe\x00", "no YAML"),
        (b'{"\xed\xa0\x80": true}', "no JSON"),
        (b'{"\\ud800": true}', "no"),
        (b'{"policies": [], "policies": []}', "there twice"),
        (b"a: &a [1]\nb: *a", "aliases"),
        (b"x" * (MAX_FILE + 1), "more than"),
        (b"[" * 500, "nests more than"),
        # Newer parsers count themselves, and look further ahead than we ask them to.
        (b"[" * 100_000, "nest"),
        (b"!!python/object/apply:os.system [true]", "no YAML"),
        *((b"policies: !!%s" % each, "has the tag") for each in (b"bool x", b"int ''", b"float ''", b"timestamp x")),
        (b"policies: [{id: fixable-vulnerabilities, weight: 1:30}]", "'1:30' for a number"),
        (b"x: 1" + b":1" * 400 + b".5", "for a number"),
        (b"x: " + b"1:" * 500_000 + b"1", "for a number"),
        (b"".join(b"k%d: 1\n" % number for number in range(80_000)), "no policy file"),
    ],
)
def test_a_bad_file_is_refused_with_its_cause(data: bytes, said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        read(data, "x")
    assert said in f"{refusal.value.cause} {refusal.value.next_step}"
    assert refusal.value.next_step


def verdict(state: str, weight: int) -> Verdict:
    return Verdict(f"{state}-{weight}", "", state, weight=weight)  # type: ignore[arg-type]


EDGES = {"A": (100, 91), "B": (90, 71), "C": (70, 51), "D": (50, 31), "E": (30, 11), "F": (10, 0)}


@pytest.mark.parametrize(("passed", "grade"), [(edge, grade) for grade, both in EDGES.items() for edge in both])
def test_grades(passed: int, grade: str) -> None:
    found = health([verdict("pass", passed), verdict("fail", 100 - passed)])
    assert (found.grade, found.percent) == (grade, passed)


def test_unknown_counts_in_the_total_and_what_has_no_weight_in_nothing() -> None:
    found = health([verdict("pass", 50), verdict("unknown", 50), verdict("fail", 0)])
    assert (found.percent, found.lost) == (50, ("unknown-50",))
    assert health([verdict("fail", 0)]).grade == ""


def test_the_standard_adds_up_to_what_docker_gives() -> None:
    assert sum(each.weight for each in standard()) == 90
    assert all(each.id in KINDS for each in standard())


@given(st.binary(max_size=60))
def test_any_file_is_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(UsageError):
        read(data, "x")


def test_an_environment_extends_the_organization_of_its_own_file() -> None:
    file = b"""
policies: [{id: fixable-vulnerabilities, config: {severities: [low]}}]
environments:
  production: {extends: organization, policies: [{id: default-non-root-user}]}
"""
    found = {each.id: each.config for each in read(file, "x", environment="production")}
    assert list(found) == ["fixable-vulnerabilities", "default-non-root-user"]
    assert found["fixable-vulnerabilities"].severities == ("low",)
    alone = b"environments: {production: {extends: organization}}"
    assert read(alone, "x", environment="production") == standard()
    below = read(b"policies: [{id: complete-coverage}]", "x")
    assert read(alone, "x", environment="production", organization=below) == below

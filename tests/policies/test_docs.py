"""The page about policies: its examples are read and judged, its tables hold every kind and parameter."""

import re
from pathlib import Path

import pytest

from envscout.policies.kinds import KINDS
from envscout.policies.policy import judge
from envscout.policies.reading import parse, resolved
from envscout.policies.subjects import SPECIMEN, image
from tests.policies.facts import facts, finding, package

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "policies.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_is_read_and_judges(text: str) -> None:
    file = parse(text.encode(), "policies.md")
    judged = facts(finding(kev=True), packages=(package("left-pad", "MIT"),))
    for name in ("", *file.environments):
        policies = resolved(file.of(name), name)
        assert len(judge(policies, judged)) == len(policies)


def test_rules_of_the_example_say_what_the_page_says() -> None:
    rules = resolved(parse(EXAMPLES[0].encode(), "x").of(""), "x")
    states = {each.policy: each.state for each in judge(rules, SPECIMEN)}
    assert states["no-exploited-in-base"] == "fail"
    assert set(states.values()) <= {"pass", "fail"}


def test_every_kind_and_parameter_is_named() -> None:
    for name, kind in KINDS.items():
        row = re.search(rf"^\| \[?`{name}`.*$", PAGE, re.MULTILINE)
        assert row, name
        assert row[0].rstrip(" |").split("|")[-1].strip() == ("yes" if kind.standard else str(kind.weight)), name
        assert [each for each in kind.config.__struct_fields__ if f"`{each}`" not in PAGE] == []


def test_every_field_of_an_image_is_named() -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith("| `image` |"))
    assert [name for name in image(SPECIMEN) if f"`{name}`" not in row and f"`{name}." not in row] == []

"""Rules in CEL: what they may say, what they are refused for, what they cannot do to us."""

import json
import sys
from pathlib import Path

import msgspec
import pytest

from envscout.errors import UsageError
from envscout.model import Verdict
from envscout.policies import custom, subjects
from envscout.policies.custom import Custom
from envscout.policies.facts import Facts
from envscout.policies.policy import Policy, judge
from envscout.policies.reading import read
from tests.policies.facts import DAY, facts, finding, package, unknown


def verdict(expression: str, given: Facts, each: str = "finding", **config: str) -> Verdict:
    config = {"expression": expression, "for_each": each, **config}
    (policy,) = read(json.dumps({"policies": [{"id": "own", "kind": "cel", "config": config}]}).encode(), "x.json")
    (found,) = judge([policy], given)
    return found


PLAIN = facts(packages=(package("left-pad", "MIT"),))
# Expression, what it is asked about, the image, the state.
TABLE = [
    ('finding.severity == "critical" && finding.fixed_version != null', "finding", facts(finding()), "fail"),
    ('finding.severity == "critical" && finding.fixed_version != null', "finding", facts(finding(fixed=None)), "pass"),
    ("finding.kev != null", "finding", facts(finding(kev=True)), "fail"),
    ("finding.kev != null", "finding", facts(finding()), "pass"),
    ("finding.epss != null && finding.epss.score > 0.5", "finding", facts(finding(epss=0.9)), "fail"),
    ('timestamp(finding.published) < now - duration("720h")', "finding", facts(finding(days=31)), "fail"),
    ('timestamp(finding.published) < now - duration("720h")', "finding", facts(finding(days=3)), "pass"),
    ('environment == "production" && finding.package.type == "deb"', "finding", facts(finding()), "fail"),
    ('finding.vulnerability in ["CVE-2024-0001"]', "finding", facts(finding()), "fail"),
    ('pkg.name.startsWith("left-")', "package", PLAIN, "fail"),
    ('"MIT" in pkg.licenses', "package", PLAIN, "fail"),
    ('pkg.type == "npm"', "package", PLAIN, "pass"),
    ('image.user == "root" || image.user == ""', "image", facts(user="root"), "fail"),
    ('!("org.opencontainers.image.source" in image.labels)', "image", facts(), "fail"),
    ("size(findings) > 1", "image", facts(finding()), "pass"),
    ("size(findings) > 0", "image", facts(finding()), "fail"),
    ('packages.exists(p, p.name == "left-pad")', "image", PLAIN, "fail"),
    ('image.distribution.id == "debian"', "image", facts(), "fail"),
    # What cannot be evaluated is not known.
    ("finding.cvss.score > 7.0", "finding", facts(finding()), "unknown"),
    ('image.labels["a"] == "b"', "image", facts(), "unknown"),
    ("finding.locations[99] == 'x'", "finding", facts(finding()), "unknown"),
    # What is not known of the image is not known of the rule.
    ("finding.kev != null", "finding", facts(coverage=unknown("no-feed")), "unknown"),
    ("finding.kev != null", "finding", facts(coverage=unknown("stale-feed")), "unknown"),
    ('pkg.type == "npm"', "package", facts(coverage=unknown("no-package-database")), "unknown"),
    ('pkg.type == "npm"', "package", facts(coverage=unknown("no-feed")), "pass"),
    ("size(findings) > 1", "image", facts(coverage=unknown("end-of-life")), "unknown"),
    ('packages.exists(p, p.name == "x")', "image", facts(coverage=unknown("not-indexed")), "unknown"),
    ('image.user == "root"', "image", facts(is_indexed=False), "unknown"),
    ('image.user == "root"', "image", facts(coverage=unknown("no-feed")), "pass"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "each", "given", "state"), TABLE)
def test_an_expression_that_is_true_is_a_violation(expression: str, each: str, given: Facts, state: str) -> None:
    found = verdict(expression, given, each)
    assert found.state == state, found
    assert found.blocks == (state != "pass")


def test_a_violation_says_what_is_wrong_and_of_what() -> None:
    found = verdict("finding.kev == null", facts(finding()), message="not in the catalog", severity="high")
    (violation,) = found.violations
    assert violation.message == "HIGH not in the catalog: CRITICAL CVE-2024-0001 in openssl 1.0"
    (bare,) = verdict("finding.kev == null", facts(finding())).violations
    assert bare.message.startswith("`finding.kev == null`: ")


def test_one_that_fails_here_and_is_true_there_is_a_violation_and_a_doubt() -> None:
    found = verdict("finding.epss.score > 0.5", facts(finding(epss=0.9), finding("CVE-2024-0002")))
    assert (found.state, len(found.violations), len(found.reasons)) == ("fail", 1, 1)
    assert "CVE-2024-0002" in found.reasons[0]


REFUSED = [
    ("1 +", "expression: 1:4: Syntax error"),
    ("finding.severity ==\n  oops", "expression: 2:3: undeclared reference to 'oops'"),
    ("pkg.name == 'x'", "known are finding, image, environment, now"),
    ("finding.severty == 'high'", "expression, 1:9: there is no field 'severty'"),
    ("finding.package.version", "no condition: it gives string"),
    ("", "1 to 4,096 characters"),
    ("true || " * 600 + "true", "1 to 4,096 characters"),
    ("(" * 200 + "true" + ")" * 200, "recursion limit"),
    ("!" * 2_000 + "true", ""),
    ("finding.severity + 1 == 2", ""),
    ("__import__('os').system('true') == 0", "undeclared reference"),
]


@pytest.mark.parametrize(("expression", "said"), REFUSED)
def test_what_cannot_be_right_is_refused_when_it_is_read(expression: str, said: str) -> None:
    if not said:
        # Either answer will do, as long as there is one.
        assert Custom(expression)
        return
    with pytest.raises(UsageError) as refusal:
        verdict(expression, facts())
    assert said in refusal.value.cause, refusal.value.cause
    assert refusal.value.cause.startswith("x.json: own: ")


def test_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    many = tuple(package(f"p{number}", "MIT") for number in range(200))
    slow = "packages.all(a, packages.all(b, packages.all(c, a.name != b.name + c.name)))"
    found = verdict(slow, facts(packages=many), "image")
    assert (found.state, "budget" in found.reasons[0]) == ("unknown", True)
    monkeypatch.setattr(custom, "MAX_EVALUATIONS", 10)
    cut = verdict("pkg.type == 'npm'", facts(packages=many), "package")
    assert (cut.state, "more than 10 evaluations" in cut.reasons[0]) == ("unknown", True)
    monkeypatch.setattr(custom, "MAX_EVALUATIONS", 1_000)
    monkeypatch.setattr(custom, "MAX_SECONDS", -1.0)
    assert verdict("pkg.type == 'npm'", facts(packages=many), "package").state == "unknown"


def test_a_pattern_that_takes_others_forever_takes_linear_time() -> None:
    evil = facts(packages=(package("a" * 50_000 + "!", "MIT"),))
    assert verdict('pkg.name.matches("^(a+)+$")', evil, "package").state == "pass"


def test_many_failures_are_counted() -> None:
    found = verdict("finding.cvss.score > 7.0", facts(*(finding(f"CVE-2024-{number:04}") for number in range(9))))
    assert len(found.reasons) == 6
    assert found.reasons[-1] == "The expression could not be evaluated 4 more times."


def test_without_the_library_the_next_step_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    custom._compiled.cache_clear()
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    with pytest.raises(UsageError) as refusal:
        verdict("true", facts())
    assert refusal.value.next_step == "pip install 'envscout[cel]'"
    monkeypatch.undo()
    assert verdict("true", facts(finding())).state == "fail"


def test_the_specimen_has_every_field_that_there_is() -> None:
    """A field that the specimen lacks would be refused although it is documented."""
    (found,) = subjects.SPECIMEN.findings
    document = subjects.finding(found, subjects.SPECIMEN)
    assert document["published"] == "2026-01-01T00:00:00Z"
    for name in ("cvss", "epss", "kev"):
        assert isinstance(document[name], dict), name
    assert {*document} == {*(field.name for field in msgspec.structs.fields(found)), "service", "digest"}


def test_moments_are_those_of_the_answer() -> None:
    late = msgspec.structs.replace(facts(finding(days=1)), now=facts().now + 60 * DAY)
    assert verdict('timestamp(finding.published) < now - duration("720h")', late).state == "fail"


def test_a_policy_may_be_made_without_a_file() -> None:
    custom.check(Custom("true"))
    assert judge([Policy("x", "cel", Custom("true"))], facts(finding()))[0].title == "A rule of your own is not met"


def test_rego_is_refused_with_the_way_out(tmp_path: Path) -> None:
    for name, data in (("a.rego", b"x"), ("x", b"package docker.scout\npass := true")):
        with pytest.raises(UsageError) as refusal:
            read(data, name)
        assert "CEL" in refusal.value.next_step


@pytest.mark.parametrize(
    "bomb",
    [
        '["xxxxxxxxxx"]' + ".map(s, s + s + s + s)" * 24 + '[0] == ""',
        "[[1, 2]]" + ".map(s, s + s + s + s)" * 24 + "[0] == [1]",
        "[[1]]" + ".map(s, [s, s, s, s])" * 20 + " == [[1]]" + ".map(s, [s, s, s, s])" * 20,
        '["xx"].all(a, ' + "[a + a + a + a + a + a + a + a].all(a, " * 12 + 'a != ""' + ")" * 13,
    ],
)
def test_what_would_build_more_than_there_is_is_refused(bomb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(custom, "MAX_SECONDS", -3.0)
    with pytest.raises(UsageError) as refusal:
        verdict(bomb, facts(finding()))
    assert "it took more than" in refusal.value.cause


def test_what_builds_too_much_of_an_image_alone_is_not_known() -> None:
    """A length decides how far it goes: the specimen's is short, this image's is not."""
    grows = "[image.platform]" + "".join(
        f".map(s, size(image.user) > {10 + count} ? s + s + s : s)" for count in range(24)
    )
    assert verdict(f'{grows}[0] == ""', facts(finding()), "image").state == "pass"
    found = verdict(f'{grows}[0] == ""', facts(finding(), user="x" * 60), "image")
    assert (found.state, "MiB of memory" in found.reasons[0]) == ("unknown", True)

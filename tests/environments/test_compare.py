"""What differs between two images, and why."""

from hypothesis import given
from hypothesis import strategies as st

from envscout.environments.compare import Comparison, PackageChange, Side, compare
from envscout.model import LEVELS, Affected, Finding, Package, PackageRef


def package(name: str, version: str, type_: str = "deb") -> Package:
    return Package(type_, name, version, f"pkg:{type_}/{name}@{version}")


def finding(vulnerability: str, name: str, version: str, severity: str = "high") -> Finding:
    reference = PackageRef(f"pkg:deb/{name}@{version}", name, version, "deb")
    return Finding(vulnerability, reference, severity, "", Affected("all versions"))


def side(*packages: tuple[str, str], findings: tuple[Finding, ...] = ()) -> Side:
    return Side(tuple(package(*each) for each in packages), findings)


def causes(found: Comparison) -> dict[str, tuple[str, ...]]:
    return {each.vulnerability: each.causes for each in (*found.introduced, *found.fixed)}


def test_packages_are_added_removed_and_changed() -> None:
    found = compare(
        side(("same", "1"), ("new", "1"), ("up", "2"), ("twice", "1"), ("twice", "2")),
        side(("same", "1"), ("old", "1"), ("up", "1"), ("twice", "1")),
    )
    assert found.packages == (
        PackageChange("deb", "new", ("1",), ()),
        PackageChange("deb", "old", (), ("1",)),
        PackageChange("deb", "twice", ("2",), ()),
        PackageChange("deb", "up", ("2",), ("1",)),
    )
    assert [each.change for each in found.packages] == ["added", "removed", "added", "changed"]
    assert found.unchanged == 2


def test_each_difference_has_its_cause() -> None:
    found = compare(
        side(
            ("new", "1"),
            ("up", "2"),
            ("same", "1"),
            findings=(finding("A", "new", "1"), finding("B", "up", "2"), finding("C", "same", "1")),
        ),
        side(
            ("old", "1"),
            ("up", "1"),
            ("same", "1"),
            findings=(finding("D", "old", "1"), finding("E", "up", "1"), finding("F", "same", "1")),
        ),
    )
    assert causes(found) == {
        "A": ("package-added",),
        "B": ("package-changed",),
        "C": ("advisory-changed",),
        "D": ("package-removed",),
        "E": ("package-changed",),
        "F": ("advisory-changed",),
    }


def test_what_somebody_suppressed_is_no_change_of_a_package() -> None:
    suppressed = Side(
        (package("same", "1"), package("up", "1")), (), True, (finding("A", "same", "1"), finding("B", "up", "1"))
    )
    found = compare(
        side(
            ("same", "1"),
            ("up", "2"),
            findings=(finding("A", "same", "1"), finding("B", "up", "2"), finding("C", "up", "2")),
        ),
        suppressed,
    )
    assert causes(found) == {"A": ("exception-changed",), "B": ("exception-changed",), "C": ("package-changed",)}
    assert (found.fixed, found.kept) == ((), ())
    back = compare(suppressed, side(("same", "1"), findings=(finding("A", "same", "1"),)))
    assert causes(back) == {"A": ("exception-changed",)}


def test_what_both_have_is_listed() -> None:
    found = compare(side(("a", "1"), ("a", "2"), ("b", "1")), side(("a", "2"), ("a", "3"), ("b", "1")))
    assert found.same == (PackageChange("deb", "a", ("2",), ("2",)), PackageChange("deb", "b", ("1",), ("1",)))
    assert found.unchanged == 2


def test_a_vulnerability_that_only_moved_is_kept() -> None:
    both = (
        side(("new", "1"), findings=(finding("A", "new", "1"),)),
        side(("old", "1"), findings=(finding("A", "old", "1"),)),
    )
    found = compare(*both)
    assert (found.introduced, found.fixed) == ((), ())
    assert [each.package.name for each in found.kept] == ["new"]


def test_the_worst_comes_first() -> None:
    findings = tuple(finding(f"V{number}", "a", "1", word) for number, word in enumerate(LEVELS))
    found = compare(side(("a", "1"), findings=findings), side())
    assert [each.vulnerability for each in found.introduced] == ["V4", "V3", "V2", "V1", "V0"]


PACKAGES = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("12")), max_size=4, unique=True)
SIDES = st.builds(
    lambda packages, names: side(
        *packages, findings=tuple(finding(name, *each) for name in names for each in packages)
    ),
    PACKAGES,
    st.lists(st.sampled_from("XYZ"), max_size=3, unique=True),
)


@given(SIDES, SIDES)
def test_the_other_way_round_it_is_the_reverse(one: Side, other: Side) -> None:
    there, back = compare(one, other), compare(other, one)
    assert [(each.analyzed, each.comparison) for each in there.packages] == [
        (each.comparison, each.analyzed) for each in back.packages
    ]
    assert [each.vulnerability for each in there.introduced] == [each.vulnerability for each in back.fixed]
    assert there.unchanged == back.unchanged
    assert {each.vulnerability for each in there.kept} == {each.vulnerability for each in back.kept}


@given(SIDES)
def test_an_image_does_not_differ_from_itself(one: Side) -> None:
    found = compare(one, one)
    assert (found.packages, found.introduced, found.fixed) == ((), (), ())
    assert found.unchanged == len(one.packages)

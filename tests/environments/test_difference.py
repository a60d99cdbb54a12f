"""What promoting brings, fixes and keeps."""

from envscout.environments.difference import Difference, Side, difference


def test_each_vulnerability_is_brought_fixed_or_kept_the_worst_first() -> None:
    present = {"api": Side(("api:1",), {"CVE-2": "low", "CVE-1": "low", "CVE-3": "critical", "CVE-4": "high"})}
    following = {"api": Side(("api:2",), {"CVE-3": "critical", "CVE-8": "medium", "CVE-9": "critical"})}
    severity = {**present["api"].vulnerabilities, **following["api"].vulnerabilities}
    assert difference(present, following) == (
        Difference(
            "api",
            ("api:1",),
            ("api:2",),
            ("CVE-9", "CVE-8"),
            ("CVE-4", "CVE-1", "CVE-2"),
            ("CVE-3",),
            severity,
            known=True,
        ),
    )


def test_a_service_of_one_side_only_brings_or_fixes_everything() -> None:
    old, new = difference({"old": Side(("o:1",), {"CVE-1": "low"})}, {"new": Side(("n:1",), {"CVE-2": "low"})})[::-1]
    assert (old.present, old.next, old.fixed) == (("o:1",), (), ("CVE-1",))
    assert (new.present, new.next, new.introduced) == ((), ("n:1",), ("CVE-2",))


def test_an_unknown_side_makes_the_difference_unknown() -> None:
    (found,) = difference({"api": Side(("api:1",), {}, known=False)}, {"api": Side(("api:2",), {"CVE-1": "low"})})
    assert not found.known

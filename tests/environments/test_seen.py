"""What was seen to run, name by name, and for how long it counts."""

import msgspec
import pytest

from envscout.environments.seen import KEPT, MOST, added, runs
from envscout.model import Event, Seen
from envscout.names.reference import parse

A, B, C = (f"sha256:{digit * 64}" for digit in "abc")
NONE: frozenset[str] = frozenset()
BASE = Event("o", "e", "s", "add", 0)


def saw(reference: str, digest: str, at: int = KEPT, before: Seen | None = None) -> Seen:
    return added(before or {}, [msgspec.structs.replace(BASE, reference=reference, digest=digest)], at)


@pytest.mark.parametrize(
    ("seen", "wanted", "ran"),
    [
        (("nginx:1", A), "nginx:1", True),
        (("nginx:1", A), "docker.io/library/nginx:1", True),
        (("nginx", A), "nginx:latest", True),
        (("nginx:1", A), "nginx", False),
        (("nginx:1", A), f"nginx@{A}", True),
        (("nginx:1", A), f"other/name@{A}", True),
        (("nginx:1", A), f"nginx:1@{B}", False),
        # No tag was pulled where a digest was named.
        ((f"ghcr.io/x/app@{A}", A), "ghcr.io/x/app", False),
        ((f"ghcr.io/x/app@{A}", A), "ghcr.io/x/app:latest", False),
        ((f"ghcr.io/x/app:1@{A}", A), "ghcr.io/x/app:1", False),
        # A node may tell another of the digests that an image has than it was asked for.
        ((f"x/app:1@{B}", A), f"x/app:1@{B}", True),
        ((f"x/app:1@{B}", A), f"x/app@{A}", True),
        (("x:5000/app:1", A), "x:5000/app:1", True),
        (("not an image", A), f"x/app@{A}", False),
    ],
)
def test_an_image_runs_by_the_name_that_it_was_seen_under(seen: tuple[str, str], wanted: str, ran: bool) -> None:
    assert runs(saw(*seen), parse(wanted), NONE, KEPT) is ran


def test_a_tag_that_stands_for_something_else_was_not_seen() -> None:
    seen = saw("x/app:1", A)
    for stands, ran in (({A}, True), ({A, B}, True), ({B}, False)):
        assert runs(seen, parse("x/app:1"), frozenset(stands), KEPT) is ran
        assert runs(seen, parse(f"x/app:1@{A}"), frozenset(stands), KEPT)


def test_what_ran_lately_counts_and_what_is_long_gone_does_not() -> None:
    # Another look sees other things; that of every week was there a week ago.
    seen = saw("x/app:1", B, KEPT, saw("x/job:1", A, 1))
    assert all(runs(seen, parse(name), NONE, KEPT) for name in ("x/job:1", "x/app:1", f"x/job@{A}"))
    assert not runs(seen, parse("x/job:1"), NONE, KEPT + 1)
    assert not runs(seen, parse(f"x/job@{A}"), NONE, KEPT + 1)
    assert set(saw("x/app:1", B, KEPT + 1, seen)) == {"docker.io/x/app:1"}


def test_what_was_seen_last_is_kept_of_very_much() -> None:
    many = [msgspec.structs.replace(BASE, reference=f"x/app:{number}", digest=C) for number in range(MOST)]
    seen = saw("x/new:1", A, 9, added({}, many, 8))
    assert len(seen) == MOST
    assert "docker.io/x/new:1" in seen

"""What was said to run against what was seen to run, case by case."""

import pytest

from envscout.environments.becoming import Ran
from envscout.environments.drift import drifts
from envscout.model import Deployment

A, B = "sha256:a", "sha256:b"


def _ran(service: str, *digests: str, since: int = 5) -> list[Deployment]:
    return [Deployment("o", "e", service, "", each, f"{service}:1", since) for each in digests]


@pytest.mark.parametrize(
    ("said", "runs", "kind"),
    [
        ((A,), (A,), None),
        ((A, B), (B, A), None),
        ((A,), (B,), "differs"),
        ((A,), (A, B), "differs"),
        ((A, B), (A,), "differs"),
        ((A,), (), "missing"),
        ((), (A,), "unmanaged"),
    ],
)
def test_a_service_drifts(said: tuple[str, ...], runs: tuple[str, ...], kind: str | None) -> None:
    # Another service says that somebody does say what is to run.
    other = _ran("other", A)
    found = drifts([*_ran("s", *said), *other], [*_ran("s", *runs, since=9), *other], {}, seen=True)
    assert [each.kind for each in found] == ([kind] if kind else [])
    for each in found:
        assert each.service == "s"
        assert each.declared == tuple(Ran("s:1", digest) for digest in said)
        assert each.running == tuple(Ran("s:1", digest) for digest in runs)
        assert each.since == (5 if said else 9)


def test_what_one_index_led_to_is_the_same() -> None:
    one, other = _ran("s", A), _ran("s", B)
    assert drifts(one, other, {}, seen=True, indexes={A: "sha256:i", B: "sha256:i"}) == ()
    # A node may only tell the index.
    assert drifts(one, _ran("s", "sha256:i"), {}, seen=True, indexes={A: "sha256:i"}) == ()
    assert [each.kind for each in drifts(one, other, {}, seen=True, indexes={A: "sha256:i"})] == ["differs"]


def test_where_nobody_says_what_is_to_run_nothing_is_unmanaged() -> None:
    assert drifts([], _ran("s", A), {}, seen=True) == ()


def test_where_nobody_looks_only_tags_move() -> None:
    assert drifts(_ran("s", A), _ran("s", B), {}, seen=False) == ()
    (found,) = drifts(_ran("s", A), _ran("s", A), {("s:1", A): B}, seen=False)
    assert (found.kind, found.now, found.since) == ("moved", B, 5)

"""The fold of events: small cases by hand, and any sequence against a naive reading of the rules."""

from hypothesis import given
from hypothesis import strategies as st

from envscout.environments.fold import advance, fold
from envscout.model import Event


def event(at: int, action: str, digest: str = "", reference: str = "app:1", platform: str = "") -> Event:
    return Event("acme", "prod", "acme/app", action, at, platform=platform, digest=digest, reference=reference)


def running(events: list[Event], at: int) -> set[str]:
    return {d.digest for d in fold(events) if d.since <= at and (d.until is None or d.until > at)}


def test_recording_again_supersedes_and_keeps_the_history() -> None:
    events = [event(1, "record", "a"), event(5, "record", "b")]
    assert running(events, 4) == {"a"}
    assert running(events, 5) == {"b"}
    assert [(d.digest, d.since, d.until) for d in fold(events)] == [("a", 1, 5), ("b", 5, None)]


def test_add_keeps_both_and_a_record_ends_both() -> None:
    events = [event(1, "record", "a"), event(2, "add", "b"), event(3, "record", "c")]
    assert running(events, 2) == {"a", "b"}
    assert running(events, 3) == {"c"}


def test_saying_the_same_again_changes_nothing() -> None:
    events = [event(1, "record", "a"), event(2, "record", "a"), event(3, "add", "a")]
    assert [(d.digest, d.since, d.until) for d in fold(events)] == [("a", 1, None)]


def test_a_new_tag_of_the_same_image_is_a_new_interval() -> None:
    events = [event(1, "record", "a", "app:1"), event(2, "record", "a", "app:2")]
    assert [(d.reference, d.since, d.until) for d in fold(events)] == [("app:1", 1, 2), ("app:2", 2, None)]


def test_remove_ends_one_digest_or_all() -> None:
    events = [event(1, "record", "a"), event(2, "add", "b"), event(3, "remove", "a"), event(4, "remove")]
    assert running(events, 3) == {"b"}
    assert running(events, 4) == set()


def test_platforms_are_slots_of_their_own() -> None:
    events = [event(1, "record", "a", platform="linux/amd64"), event(2, "record", "b", platform="linux/arm64")]
    assert running(events, 2) == {"a", "b"}


def test_a_fold_cut_earlier_is_the_past() -> None:
    events = [event(1, "record", "a"), event(5, "record", "b")]
    assert fold(events, until=4) == fold(events[:1])


@given(st.lists(st.tuples(st.sampled_from(["record", "add", "remove"]), st.sampled_from("abc")), max_size=30))
def test_any_sequence_agrees_with_a_set_of_what_runs(steps: list[tuple[str, str]]) -> None:
    events, expected = [], set[str]()
    for at, (action, digest) in enumerate(steps, 1):
        events.append(event(at, action, digest))
        if action == "record":
            expected = {digest}
        elif action == "add":
            expected = expected | {digest}
        else:
            expected = expected - {digest}
        assert running(events, at) == expected


def test_advance_reports_what_ends_with_its_end() -> None:
    _, (held,) = advance((), event(1, "record", "a"))
    (ended,), (begun,) = advance((held,), event(7, "record", "b"))
    assert (ended.digest, ended.until, begun.digest, begun.since) == ("a", 7, "b", 7)

"""What is said so that an environment becomes what a source says: then it is that, and nothing else was touched."""

import msgspec
from hypothesis import given
from hypothesis import strategies as some

from envscout.environments.becoming import Change, changes
from envscout.environments.fold import fold
from envscout.model import Deployment, Event

SAID = Event(organization="o", environment="e", service="", action="", at=0, source="compose")
SERVICES = ("a", "b", "c")

images = some.sets(
    some.tuples(some.sampled_from(SERVICES), some.sampled_from(("", "linux/arm64")), some.integers(1, 4)), max_size=8
)
names = some.dictionaries(some.integers(1, 4), some.sampled_from(("x:1", "x:2")), max_size=4)


def _event(service: str, platform: str, number: int, reference: str = "x:1", action: str = "add") -> Event:
    return msgspec.structs.replace(
        SAID, service=service, platform=platform, digest=f"sha256:{number}", reference=reference, action=action
    )


def _numbered(events: list[Event], start: int) -> list[Event]:
    return [msgspec.structs.replace(each, at=number) for number, each in enumerate(events, start)]


def _running(events: list[Event]) -> list[Deployment]:
    return [each for each in fold(events) if each.until is None]


def _told(deployments: list[Deployment]) -> set[tuple[str, str, str, str]]:
    return {(each.service, each.platform, each.digest, each.reference) for each in deployments}


def _apply(before: list[Event], plan: tuple[Change, ...]) -> list[Deployment]:
    return _running([*before, *_numbered([event for each in plan for event in each.events], 100)])


@given(images, images, names)
def test_it_becomes_what_is_wanted(
    first: set[tuple[str, str, int]], second: set[tuple[str, str, int]], renamed: dict[int, str]
) -> None:
    before = _numbered([_event(*each) for each in sorted(first)], 1)
    wanted = [_event(*each, reference=renamed.get(each[2], "x:1")) for each in sorted(second)]
    plan = changes(_running(before), SAID, wanted)
    after = _apply(before, plan)
    assert _told(after) == {(each.service, each.platform, each.digest, each.reference) for each in wanted}
    again = changes(after, SAID, wanted)
    assert {each.kind for each in again} <= {"unchanged"}
    # What was to stay never stopped.
    for each in after:
        was = [held for held in _running(before) if _told([held]) == _told([each])]
        assert all(held.since == each.since for held in was)
    kinds = {(each.service, each.platform): each.kind for each in plan}
    for slot, kind in kinds.items():
        had, has = (any(each[:2] == slot for each in side) for side in (first, second))
        assert kind in {(False, True): ("added",), (True, False): ("removed",)}.get(
            (had, has), ("changed", "unchanged")
        )


@given(images, images)
def test_what_is_not_known_to_go_stays(first: set[tuple[str, str, int]], second: set[tuple[str, str, int]]) -> None:
    before = _numbered([_event(*each) for each in sorted(first)], 1)
    wanted = [_event(*each) for each in sorted(second)]
    asked = {each[:2] for each in second}
    for kept, whole in (((), False), (SERVICES, True), (("a",), True)):
        after = _told(_apply(before, changes(_running(before), SAID, wanted, kept, whole=whole)))
        stay = {each for each in first if each[0] in kept or (each[:2] not in asked and not whole)}
        new = {each for each in second if each[0] in kept or each[:2] in asked}
        assert {each[:3] for each in after} == {(*each[:2], f"sha256:{each[2]}") for each in stay | new}

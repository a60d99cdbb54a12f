"""A look goes on past what fails, and gives up where everything does."""

import threading
from pathlib import Path
from typing import Any

import pytest

from envscout.images import transport
from envscout.store.watching import Sighting
from envscout.watch import looking
from envscout.watch.looking import MAX_IN_A_ROW, Look, look
from envscout.watch.registries import parse, selection
from tests.images.test_catalog import Lists
from tests.images.test_catalog import lists as lists

DIGEST = f"sha256:{'a' * 64}"


@pytest.fixture(autouse=True)
def _nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "no-docker"))
    monkeypatch.setattr(transport, "_BACK_OFF", 0.001)


def fill(lists: Lists, count: int, broken: set[int]) -> None:
    names = [f"r{number}" for number in range(count)]
    lists.pages["/v2/_catalog"] = (200, {"repositories": names}, {})
    for number, name in enumerate(names):
        status = 500 if number in broken else 200
        lists.pages[f"/v2/{name}/tags/list"] = (status, {"tags": ["v1", "old"]}, {})
        lists.pages[f"/v2/{name}/manifests/v1"] = (200, {}, {"Docker-Content-Digest": DIGEST})


def looked(lists: Lists, known: dict[tuple[str, str], str] | None = None, **more: Any) -> Look:
    stop = more.pop("stop", threading.Event())
    return look(parse(lists.host), selection([], []), known or {}, stop=stop, **more)


@pytest.mark.parametrize("at_once", [1, 4])
def test_what_fails_does_not_hide_the_rest(lists: Lists, at_once: int) -> None:
    fill(lists, 8, {1, 4})
    found = looked(lists, {("r0", "v1"): DIGEST, ("r2", "v1"): "sha256:other"}, at_once=at_once)
    # The other tag of each is gone by the time that it is asked for.
    assert {each.repository for each in found.news} == {"r2", "r3", "r5", "r6", "r7"}
    assert set(found.news) == {Sighting(each.repository, "v1", DIGEST) for each in found.news}
    assert (found.tags, len(found.failures), found.is_cut) == (6, 2, False)


def test_a_registry_that_is_away_is_not_asked_for_all_of_it(lists: Lists) -> None:
    fill(lists, 50, set(range(2, 50)))
    found = looked(lists)
    assert (len(found.news), len(found.failures), found.is_cut) == (2, MAX_IN_A_ROW, True)
    assert {path for path in lists.asked if "/tags/" in path} == {f"/v2/r{n}/tags/list?n=1000" for n in range(5)}


def test_a_look_that_is_stopped_asks_no_more(lists: Lists) -> None:
    fill(lists, 5, set())
    stop = threading.Event()
    stop.set()
    assert looked(lists, stop=stop).news == ()
    assert [path for path in lists.asked if "_catalog" not in path] == []


def test_a_registry_that_has_no_end_is_cut(lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "MAX_TAGS", 3)
    fill(lists, 20, set())
    found = looked(lists)
    assert (len(found.news), found.tags, found.is_cut) == (3, 3, True)
    assert "more than 3 tags" in found.failures[0].cause
    assert len([path for path in lists.asked if "/tags/" in path]) == 4

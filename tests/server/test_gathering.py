"""Writes that are done together: each is answered as if it had been alone, and none before it is kept."""

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from envscout.access.principal import Principal
from envscout.errors import StoreError, StoreLost
from envscout.server.asking import Asked
from envscout.server.gathering import MOST, Gathering
from envscout.server.idempotency import keyed
from envscout.server.routes.route import Route
from envscout.server.together import Write, written
from envscout.store import Database, deployments, standing
from envscout.verbs import audit
from tests.server.conftest import Server

DEPLOYMENTS = "/api/v1/deployments"
WHO = Principal("ci", "recorder", "acme")


def test_what_comes_meanwhile_is_done_together() -> None:
    goes_on, parts = threading.Event(), []

    def do(asked: Sequence[int]) -> list[int | Exception]:
        parts.append(list(asked))
        goes_on.wait(30)
        return [ValueError(str(each)) if each == 3 else each * 2 for each in asked]

    async def ask() -> list[Any]:
        gathering = Gathering(do)
        first = asyncio.create_task(gathering.ask(0))
        while not parts:
            await asyncio.sleep(0)
        others = [asyncio.create_task(gathering.ask(each)) for each in range(1, MOST + 3)]
        await asyncio.sleep(0)
        goes_on.set()
        return list(await asyncio.gather(first, *others, return_exceptions=True))

    answers = asyncio.run(ask())
    assert [len(each) for each in parts] == [1, MOST, 2]
    assert isinstance(answers.pop(3), ValueError)
    assert answers == [each * 2 for each in range(MOST + 3) if each != 3]


def test_what_fails_as_a_whole_fails_for_each_and_the_next_goes_on() -> None:
    def do(asked: Sequence[int]) -> list[int | Exception]:
        if 0 in asked:
            raise StoreError("gone")
        return list(asked)

    async def ask() -> list[Any]:
        gathering = Gathering(do)
        failed = await asyncio.gather(gathering.ask(0), gathering.ask(1), return_exceptions=True)
        return [*failed, await gathering.ask(2)]

    first, second, third = asyncio.run(ask())
    assert isinstance(first, StoreError)
    assert isinstance(second, StoreError)
    assert third == 2


def _row(answer: Any) -> Route:
    return Route("POST", "/", "mark", "record", answer, int, "tag", body=int, together=answer)


def _writes(database: Database, *bodies: int, key: str = "") -> list[Write]:
    return [
        Write(Asked(WHO, database, {}, None, each, {}), keyed(WHO, key or f"key {each}", b"%d" % each), 1)
        for each in bodies
    ]


def _marking(failure: Exception) -> Any:
    def answer(asked: Sequence[Asked]) -> list[int]:
        for each in asked:
            standing.mark_services(each.database.connection, [(1, each.body)])
            if each.body == 2:
                raise failure
        return [each.body for each in asked]

    return answer


def _marks(database: Database) -> list[int]:
    with database.read() as connection:
        return [each.number for each in standing.marked(connection, "slot", 1, 100)]


def test_one_that_fails_is_undone_alone(database: Database) -> None:
    row = _row(_marking(ZeroDivisionError()))
    answers = written(row, database, _writes(database, 1, 2, 3))
    assert isinstance(answers.pop(1), ZeroDivisionError)
    assert answers == [(200, b"1"), (200, b"3")]
    assert _marks(database) == [1, 3]
    # What failed is kept under no key, what did not is not done again.
    again = written(_row(lambda asked: [each.body * 10 for each in asked]), database, _writes(database, 1, 2, 3))
    assert again == [(200, b"1"), (200, b"20"), (200, b"3")]


def test_a_connection_that_is_lost_is_lost_for_all(database: Database) -> None:
    answers = written(_row(_marking(StoreLost("gone"))), database, _writes(database, 1, 2, 3))
    assert [type(each) for each in answers] == [StoreLost] * 3
    assert _marks(database) == []


def test_a_key_that_comes_twice_at_once_is_answered_once(database: Database) -> None:
    row = _row(lambda asked: [each.body + len(_marks(each.database)) for each in asked])
    same, other = _writes(database, 1, 1, key="k"), _writes(database, 2, key="k")
    answers = written(row, database, [*same, *other])
    assert answers[:2] == [(200, b"1")] * 2
    assert isinstance(answers[2], Exception)


@pytest.mark.parametrize("busy", [True, False])
def test_each_of_many_clients_gets_its_own_answer(server: Server, *, busy: bool) -> None:
    kinds = ("fine", "refused", "unreadable", "keyed", "list")

    def ask(number: int) -> tuple[str, int, Any]:
        kind = kinds[number % len(kinds)]
        body: Any = {
            "organization": "shop", "environment": f"env-{number % 3}", "service": f"service-{number % 7}",
            "digest": f"sha256:{number % 11:064x}", "unindexed": kind != "refused", "commit": str(number),
        }  # fmt: skip
        if kind == "refused":
            body["digest"] = "sha256:" + "f" * 64
        if kind == "unreadable":
            body["action"] = "start"
        if kind == "list":
            body = [body, {**body, "service": "-"}]
        key = {"Idempotency-Key": f"key {number // 10}"} if kind == "keyed" else {}
        if kind == "keyed":
            body.update(commit=f"keyed {number // 10}", environment="env-9", service="x", digest="sha256:" + "0" * 64)
        answer = requests.post(server.address + DEPLOYMENTS, json=body, headers=key, timeout=60)
        return kind, answer.status_code, answer.json()

    with ThreadPoolExecutor(50) as clients, Database(server.place) as database:
        if busy:
            with database.write():
                asked = [clients.submit(ask, number) for number in range(100)]
                threading.Event().wait(0.5)
        else:
            asked = [clients.submit(ask, number) for number in range(100)]
        answers = [each.result() for each in asked]
        assert Counter((kind, status) for kind, status, _ in answers) == {
            ("fine", 200): 20, ("refused", 404): 20, ("unreadable", 400): 20, ("keyed", 200): 20, ("list", 200): 20,
        }  # fmt: skip
        lists = [told for kind, _, told in answers if kind == "list"]
        assert all((told["recorded"] + told["unchanged"], told["refused"]) == (1, 1) for told in lists)
        with database.read() as connection:
            scopes = [deployments.Scope("shop", f"env-{number}") for number in (0, 1, 2, 9)]
            kept = Counter(event.commit for scope in scopes for event in deployments.events(connection, scope))
        told = {str(number) for number in range(100) if kinds[number % 5] in ("fine", "list")}
        assert kept == Counter({*told, *(f"keyed {number}" for number in range(10))})
        assert not audit.verify(database).faults
        entries = audit.listed(database)
        assert len({each.request_id for each in entries}) == len(entries) == 70

"""The images of the fleet, and what runs where, told to a server as its clients do; and how fast that goes."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec
import requests

from envscout.store import Database
from envscout.store.deployments import Scope
from envscout.verbs import ask

CLIENTS = 4
AT_ONCE = 5_000
_FIELDS = ("organization", "environment", "service", "digest", "reference")
_here = threading.local()
T = TypeVar("T")


def images(fleet: Path, addresses: Sequence[str], headers: dict[str, str]) -> str:
    """Upload the inventory of every image; return how fast that went."""
    with Database(fleet) as database:
        (count,) = database.connection.execute("SELECT count(*) FROM image").fetchone()

        def told(number: int) -> int:
            image, inventory = ask.inventory(_database(fleet), number)
            _post(addresses[number % len(addresses)], "inventories", {"image": image, "inventory": inventory}, headers)
            return len(inventory.packages)

        return _timed("images uploaded", told, range(1, count + 1))


def deployments(fleet: Path, addresses: Sequence[str], headers: dict[str, str]) -> str:
    """Record what runs; return how fast that went."""
    with Database(fleet) as database:
        parts = list(_recordings(database))

    def told(part: list[dict[str, str]]) -> int:
        _post(addresses[0], "deployments", part, headers)
        return len(part)

    return _timed(f"parts of {AT_ONCE:,} recordings", told, parts)


def _recordings(database: Database) -> Iterator[list[dict[str, str]]]:
    rows: list[dict[str, str]] = []
    for environment in ask.environments(database, Scope()):
        for each in ask.running(database, Scope(environment.organization, environment.name)):
            fields = msgspec.to_builtins(each.deployment)
            rows.append({name: fields[name] for name in _FIELDS})
    for begin in range(0, len(rows), AT_ONCE):
        yield rows[begin : begin + AT_ONCE]


def _timed(what: str, told: Callable[[T], int], parts: Iterable[T]) -> str:
    start = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        counts = list(clients.map(told, parts))
    seconds = time.perf_counter() - start
    rates = f"{len(counts) / seconds:,.1f}/s, {sum(counts) / seconds:,.0f} rows/s"
    return f"{len(counts):,} {what} by {CLIENTS} clients in {seconds:.1f} s: {rates}"


def _database(fleet: Path) -> Database:
    """Return the fleet, opened by each thread for itself."""
    if not hasattr(_here, "database"):
        _here.database = Database(fleet)
    opened: Database = _here.database
    return opened


def _post(address: str, what: str, body: object, headers: dict[str, str]) -> None:
    session = _here.__dict__.setdefault("session", requests.Session())
    all_headers = {"Content-Type": "application/json", **headers}
    answer = session.post(f"{address}/api/v1/{what}", data=msgspec.json.encode(body), headers=all_headers, timeout=300)
    if answer.status_code >= 300:
        raise SystemExit(f"{what}: {answer.status_code} {answer.text[:500]}")
    refused = answer.json().get("refused")
    if refused:
        raise SystemExit(f"{what}: {refused} refused: {answer.text[:500]}")

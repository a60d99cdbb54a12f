"""A process that delivers is killed in the middle, again and again: nothing is lost, and what is told again says so."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from envscout.store import Database, Place
from envscout.verbs import deliver
from envscout.verbs.news import match
from tests.network.server import Handler, Received, receiving
from tests.notify.sending import appeared, happen, listen

COUNT, KILLS, LEASE = 300, 4, 300 * 1_000_000
AT_ONCE = 100

PROGRAM = """
import sys
from pathlib import Path
from envscout.store import Database
from envscout.verbs import deliver, news
place, at = sys.argv[1], int(sys.argv[2])
with Database(place if "://" in place else Path(place)) as database:
    news.match(database, at)
    deliver.due(database, at)
"""


def test_a_delivering_process_that_is_killed_loses_nothing(
    place: Callable[[str], Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVSCOUT_HOME", str(tmp_path))
    monkeypatch.setenv("ENVSCOUT_ALLOW_PRIVATE_ADDRESSES", "127.0.0.1")
    enough = threading.Event()

    def answer(handler: Handler, _request: Received) -> None:
        if len(server.received) % 60 == 0:
            enough.set()
        handler.reply()

    where, at = place("store"), 10**12
    with receiving(answer) as server:
        with Database(where) as database:
            listen(database, server.url)
            for first in range(0, COUNT, AT_ONCE):
                happen(database, [appeared(number, at=1) for number in range(first, first + AT_ONCE)])
                match(database, at)
        for _ in range(KILLS):
            enough.clear()
            worker = subprocess.Popen([sys.executable, "-c", PROGRAM, str(where), str(at)], env={**os.environ})
            assert enough.wait(60)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            at += LEASE
        with Database(where) as database:
            match(database, at)
            while deliver.due(database, at).next_due:
                at += LEASE
            rows = deliver.listed(database, most=10_000)
        assert Counter(each.state for each in rows) == {"sent": COUNT}
        seen = Counter((each.headers["webhook-id"], each.body) for each in server.received)
    # Each event came under one identity. Told again was only what nobody could know to have arrived.
    assert {identity for identity, _ in seen} == {each.identity for each in rows}
    assert len(seen) == COUNT
    assert sum(seen.values()) - COUNT <= KILLS * deliver.UNNOTED

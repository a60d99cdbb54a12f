"""Workers on PostgreSQL: a real server, several workers, and processes that are killed."""

import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from envscout.config import Settings
from envscout.store import Database, now, requests, tasks
from envscout.verbs import progress, queue
from envscout.work.postgresql import STALLED, Shared
from envscout.work.task import PROMPT, Task, Work
from tests.servers.postgresql import Server

SECONDS = 60.0
HOUR = 3600.0


def wait(until: Callable[[], object]) -> None:
    """Return when something is so; fail if it never is."""
    end = time.monotonic() + SECONDS
    while not until():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


@pytest.fixture
def place(postgresql: Server) -> str:
    made = postgresql.make()
    Database(made).close()
    return made


@pytest.fixture
def start(place: str) -> Iterator[Callable[..., Shared]]:
    begun: list[Shared] = []

    def begin(*table: Task, name: str = "one", concurrency: int = 2) -> Shared:
        engine = Shared(place, Settings({}), name, table, concurrency)
        begun.append(engine)
        engine.start()
        assert engine.is_working.wait(SECONDS)
        return engine

    yield begin
    for each in begun:
        assert each.stop(SECONDS)


def take(work: Work) -> bool:
    """Take one image of the queue."""
    claim = queue.take(work.database, work.worker)
    if claim is None:
        return False
    # Its digest says who did it.
    queue.done(work.database, claim, work.worker)
    return True


def indexing(run: Callable[[Work], bool] = take, lanes: int = 1, seconds: float = HOUR) -> Task:
    return Task("index", "take what waits", run, seconds, 10, ("index_request",), lanes)


def ended(place: str) -> list[str]:
    with Database(place) as database:
        return [each.digest for each in queue.requested(database, state="indexed", most=1000)]


def ask(place: str, *names: str) -> None:
    with Database(place) as database:
        queue.ask(database, names)


def test_what_any_process_writes_calls_the_task(place: str, start: Callable[..., Shared]) -> None:
    start(indexing())
    ask(place, "myorg/myapp:v1")
    wait(lambda: ended(place))


def test_what_is_not_committed_yet_is_not_missed(place: str, start: Callable[..., Shared]) -> None:
    start(indexing())
    with Database(place) as database, database.write():
        requests.ask(database.connection, "", "", "docker.io/myorg/a:v1", "", 1, now())
        time.sleep(1.5)
        assert not ended(place)
    wait(lambda: ended(place))


def test_three_workers_share_the_work_and_do_nothing_twice(place: str, start: Callable[..., Shared]) -> None:
    seen: Counter[int] = Counter()

    def slowly(work: Work) -> bool:
        claim = queue.take(work.database, work.worker)
        if claim is None:
            return False
        seen[claim.request_id] += 1
        time.sleep(0.05)
        queue.done(work.database, claim, work.worker)
        return True

    for name in ("one", "two", "three"):
        start(indexing(slowly, lanes=4), name=name)
    ask(place, *(f"myorg/myapp:v{number}" for number in range(40)))
    wait(lambda: len(ended(place)) == 40)
    assert set(seen.values()) == {1}
    assert len(set(ended(place))) > 1


def test_what_is_due_is_done_once_however_many_workers_there_are(place: str, start: Callable[..., Shared]) -> None:
    runs = []

    def note(work: Work) -> bool:
        runs.append(work.worker)
        return False

    for name in ("one", "two", "three"):
        start(Task("tick", "note", note, 1.0, 90), name=name)
    began = time.monotonic()
    wait(lambda: len(runs) >= 4)
    assert len(runs) <= time.monotonic() - began + 3


def test_short_tasks_do_not_wait_for_long_ones(place: str, start: Callable[..., Shared]) -> None:
    done = []

    def hang(work: Work) -> bool:
        work.stop.wait(SECONDS)
        return False

    def quick(work: Work) -> bool:
        done.append(1)
        return False

    start(indexing(hang, lanes=8), Task("news", "quick", quick, HOUR, PROMPT, ("index_request",)), concurrency=1)
    ask(place, "myorg/myapp:v1")
    wait(lambda: done)


def test_a_task_that_fails_is_shown_and_holds_up_no_other(place: str, start: Callable[..., Shared]) -> None:
    def fail(work: Work) -> bool:
        raise ValueError("something nobody thought of")

    start(Task("broken", "fail", fail, HOUR, 90, ("index_request",)), indexing())
    ask(place, "myorg/myapp:v1")
    wait(lambda: ended(place))
    with Database(place) as database:
        # The one may end before it is written down that the other failed.
        wait(lambda: [each for each in progress.progress(database).tasks if each.name == "broken" and each.problem])
        broken = next(each for each in progress.progress(database).tasks if each.name == "broken")
        assert (broken.name, broken.state) == ("broken", "failing")
        assert "something nobody thought of" in broken.problem


def test_workers_heal_when_their_connections_are_cut(
    place: str, start: Callable[..., Shared], postgresql: Server
) -> None:
    start(indexing())
    name = place.split("/")[3].partition("?")[0]
    for number in range(3):
        postgresql.ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        ask(place, f"myorg/myapp:v{number}")
        wait(lambda count=number: len(ended(place)) == count + 1)  # type: ignore[misc]


KILLED = textwrap.dedent("""
    import sys, threading
    from envscout.config import Settings
    from envscout.verbs import queue
    from envscout.work.postgresql import Shared
    from envscout.work.task import Task

    def hang(work):
        if queue.take(work.database, work.worker):
            print("begun", flush=True)
            threading.Event().wait()
        return False

    table = (Task("index", "hang", hang, 3600, 10, ("index_request",)),)
    Shared(sys.argv[1], Settings({}), "killed", table, 1).start()
    threading.Event().wait()
""")


def test_what_a_killed_worker_had_begun_is_taken_over(
    place: str, start: Callable[..., Shared], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(place, "myorg/myapp:v1")
    killed = subprocess.Popen([sys.executable, "-c", KILLED, place], stdout=subprocess.PIPE, text=True)
    with killed:
        ask(place, "myorg/myapp:v2")
        assert killed.stdout
        wait(lambda: _began(place))
        ask(place, "myorg/myapp:v3")
        assert killed.stdout.readline() == "begun\n"
        killed.send_signal(signal.SIGKILL)
    start(indexing(seconds=2))
    assert STALLED < SECONDS
    wait(lambda: ended(place) == ["one"] * 3)


def _began(place: str) -> bool:
    with Database(place) as database, database.read() as connection:
        return bool(tasks.workers(connection, now()))

"""The engine of the embedded store: real threads, a real file, and processes that are killed."""

import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from envscout.config import Settings
from envscout.store import Database, now, tasks
from envscout.verbs import progress, queue
from envscout.work.embedded import Embedded
from envscout.work.task import Task, Work

SECONDS = 20.0
HOUR = 3600.0


def wait(until: Callable[[], object]) -> None:
    """Return when something is so; fail if it never is."""
    end = time.monotonic() + SECONDS
    while not until():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    Database(tmp_path / "store.db").close()
    return tmp_path / "store.db"


@pytest.fixture
def start(file: Path) -> Iterator[Callable[..., Embedded]]:
    begun: list[Embedded] = []

    def begin(*table: Task, name: str = "one", concurrency: int = 2) -> Embedded:
        engine = Embedded(file, Settings({}), name, table, concurrency)
        begun.append(engine)
        engine.start()
        return engine

    yield begin
    for each in begun:
        assert each.stop(SECONDS)


def take(work: Work) -> bool:
    """Take one image of the queue."""
    claim = queue.take(work.database, work.worker)
    if claim is None:
        return False
    queue.done(work.database, claim, "sha256:" + "0" * 64)
    return True


def indexing(run: Callable[[Work], bool] = take, lanes: int = 1) -> Task:
    return Task("index", "take what waits", run, HOUR, 10, ("index_request",), lanes)


def ended(file: Path) -> int:
    with Database(file) as database:
        return len(queue.requested(database, state="indexed", most=1000))


def ask(file: Path, *names: str) -> None:
    with Database(file) as database:
        queue.ask(database, names)


def test_what_any_process_writes_calls_the_task(file: Path, start: Callable[..., Embedded]) -> None:
    engine = start(indexing())
    assert engine.is_working.wait(SECONDS)
    line = "from envscout.verbs import queue; from envscout.store import Database; from pathlib import Path; import sys"
    line += "; queue.ask(Database(Path(sys.argv[1])), ['myorg/myapp:v1'])"
    subprocess.run([sys.executable, "-c", line, str(file)], check=True)
    wait(lambda: ended(file) == 1)


def test_a_queue_is_drained_without_another_call(file: Path, start: Callable[..., Embedded]) -> None:
    ask(file, *(f"myorg/myapp:v{number}" for number in range(50)))
    start(indexing(lanes=4), concurrency=4)
    wait(lambda: ended(file) == 50)


def test_a_task_that_finds_nothing_writes_nothing(file: Path, start: Callable[..., Embedded]) -> None:
    engine = start(indexing())
    wait(lambda: _state(file).ended)
    with Database(file) as database:
        before = tasks.changes(database.connection)
        time.sleep(0.3)
        assert tasks.changes(database.connection) == before
    assert engine.stop(SECONDS)


def test_a_task_that_fails_is_shown_and_tried_again(file: Path, start: Callable[..., Embedded]) -> None:
    runs = []

    def fail(work: Work) -> bool:
        runs.append(now())
        if len(runs) < 3:
            raise ValueError("something nobody thought of")
        return False

    start(Task("index", "fail", fail, 0.2, 10))
    wait(lambda: _state(file).failures)
    assert "something nobody thought of" in _state(file).problem
    wait(lambda: len(runs) >= 3 and _state(file).failures == 0)


def test_one_task_that_fails_holds_up_no_other(file: Path, start: Callable[..., Embedded]) -> None:
    def fail(work: Work) -> bool:
        raise RuntimeError("always")

    start(Task("broken", "fail", fail, 0.1, 90, ("index_request",)), indexing())
    ask(file, "myorg/myapp:v1")
    wait(lambda: ended(file) == 1)


def test_a_long_task_ends_at_its_next_safe_point(file: Path, start: Callable[..., Embedded]) -> None:
    begun = threading.Event()

    def long(work: Work) -> bool:
        begun.set()
        work.stop.wait(SECONDS)
        return work.is_over

    engine = start(Task("long", "wait", long, HOUR, 10))
    assert begun.wait(SECONDS)
    with Database(file) as database:
        wait(lambda: progress.progress(database).tasks)
        assert [each.state for each in progress.progress(database).tasks] == ["running"]
    assert engine.stop(SECONDS)
    with Database(file) as database:
        assert progress.progress(database).workers == ()


def test_of_two_processes_one_works_and_the_other_takes_over(file: Path, start: Callable[..., Embedded]) -> None:
    first = start(indexing(), name="first")
    assert first.is_working.wait(SECONDS)
    second = start(indexing(), name="second")
    ask(file, "myorg/myapp:v1")
    wait(lambda: ended(file) == 1)
    assert not second.is_working.is_set()
    assert first.stop(SECONDS)
    ask(file, "myorg/myapp:v2")
    wait(lambda: ended(file) == 2)
    assert second.is_working.is_set()


KILLED = textwrap.dedent("""
    import sys, threading
    from pathlib import Path
    from envscout.config import Settings
    from envscout.verbs import queue
    from envscout.work.embedded import Embedded
    from envscout.work.task import Task

    def hang(work):
        if queue.take(work.database, work.worker):
            print("begun", flush=True)
            threading.Event().wait()
        return False

    table = (Task("index", "hang", hang, 3600, 10, ("index_request",)),)
    Embedded(Path(sys.argv[1]), Settings({}), "killed", table, 1).start()
    threading.Event().wait()
""")


def test_what_a_killed_process_had_begun_is_taken_over(file: Path, start: Callable[..., Embedded]) -> None:
    ask(file, "myorg/myapp:v1")
    killed = subprocess.Popen([sys.executable, "-c", KILLED, str(file)], stdout=subprocess.PIPE, text=True)
    with killed:
        assert killed.stdout
        assert killed.stdout.readline() == "begun\n"
        start(indexing())
        assert ended(file) == 0
        killed.send_signal(signal.SIGKILL)
        wait(lambda: ended(file) == 1)


def _state(file: Path) -> tasks.State:
    with Database(file) as database, database.read() as connection:
        return tasks.state(connection, "index")

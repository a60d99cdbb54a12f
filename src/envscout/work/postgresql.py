"""Work on a store that machines share: procrastinate hands each task to one worker at a time, whichever is free.

A job says only "look at the queue of this task"; what is to be done is in the store's own tables. So a job may be lost,
come twice or late: nothing depends on it but how soon.
"""

import asyncio
import contextlib
import importlib.metadata
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import procrastinate
from procrastinate import exceptions
from procrastinate.jobs import DeleteJobCondition, Status
from procrastinate.schema import SchemaManager
from procrastinate.worker import Worker

from envscout.config import Settings
from envscout.errors import EnvscoutError
from envscout.store import Database, jobs, now, tasks
from envscout.work.attempt import attempt
from envscout.work.pool import Pool
from envscout.work.task import PROMPT, Task, Work

_log = logging.getLogger(__name__)
# What it says at INFO is a line for each job, and there are many a minute.
logging.getLogger("procrastinate").setLevel(logging.WARNING)
BEAT = 5.0
STALLED = tasks.ALIVE / 1_000_000
"""Seconds without a sign of life after which a worker's jobs are given to others."""
RUN = 30.0
_PAUSE = 2.0
_PROMPT_THREADS = 3
_QUEUES = ("prompt", "long")


class Shared:
    """One worker among any number: a thread with a loop of its own, and threads that do the tasks."""

    def __init__(self, place: str, settings: Settings, worker: str, table: Sequence[Task], concurrency: int) -> None:
        self._place = place
        self._settings = settings
        self.worker = worker
        self._table = table
        self._concurrency = max(1, concurrency)
        self._pool = Pool(place)
        self._stop = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._main, name="work", daemon=True)
        self.is_working = threading.Event()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, seconds: float) -> bool:
        """Have every task end at its next safe point; return whether all did in so many seconds."""
        self._stop.set()
        with contextlib.suppress(RuntimeError):
            if self._loop and self._ending:
                self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _main(self) -> None:
        asyncio.run(self._work())

    async def _work(self) -> None:
        """Work until told to stop, whatever the database does meanwhile."""
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        with ThreadPoolExecutor(self._concurrency + _PROMPT_THREADS + 1, thread_name_prefix="work") as threads:
            self._loop.set_default_executor(threads)
            while not self._stop.is_set():
                try:
                    await self._session()
                except (EnvscoutError, exceptions.ProcrastinateException, OSError) as error:
                    _log.warning("work halts", extra={"problem": str(error)})
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._ending.wait(), _PAUSE)
            with contextlib.suppress(EnvscoutError):
                await asyncio.to_thread(self._leave)
        self._pool.close()

    async def _session(self) -> None:
        """Work for as long as the database is there."""
        schema = await asyncio.to_thread(self._install)
        app = self._app(schema)
        async with app.open_async():
            workers = [self._listen(app, queue) for queue in _QUEUES]
            running: list[asyncio.Task[None]] = [asyncio.create_task(_run(each)) for each in workers]
            running.append(asyncio.create_task(self._beat(app)))
            self.is_working.set()
            assert self._ending
            ending = asyncio.create_task(self._ending.wait())
            try:
                # Whichever ends first, the others end with it; all begin anew unless this process is to stop.
                await asyncio.wait([*running, ending], return_when=asyncio.FIRST_COMPLETED)
            finally:
                for worker in workers:
                    worker.stop()  # type: ignore[no-untyped-call]
                running[-1].cancel()
                ending.cancel()
                ended = await asyncio.gather(*running, ending, return_exceptions=True)
        for each in ended:
            if isinstance(each, Exception):
                raise each

    def _install(self) -> str:
        """Make what procrastinate needs, and have the tables call the tasks."""
        version = importlib.metadata.version("procrastinate")
        files = Path(SchemaManager.get_migrations_path()).glob("*.sql")
        changes = {each.name: each.read_text(encoding="utf-8") for each in files}
        callers = [
            jobs.Caller(table, task.name, _queue(task), task.priority, task.lanes)
            for task in self._table
            for table in task.tables
        ]
        with self._pool.open() as database:
            schema = jobs.install(database, version, SchemaManager.get_schema(), changes, callers)
        self._arrive()
        return schema

    def _app(self, schema: str) -> procrastinate.App:
        """Return an application whose tasks are those of the table."""
        connector = procrastinate.PsycopgConnector(
            conninfo=self._place,
            kwargs={"options": f'-c search_path="{schema}"', "fallback_application_name": "envscout work"},
            min_size=1,
            max_size=6,
            timeout=10.0,
            reconnect_timeout=10.0,
        )
        app = procrastinate.App(connector=connector, periodic_defaults={"max_delay": 60.0})
        for task in self._table:
            job = app.task(name=task.name, queue=_queue(task), priority=task.priority)(self._job(app, task))
            for lane in range(1, task.lanes + 1):
                name = f"{task.name}/{lane}"
                app.periodic_registry.register_task(
                    job, _cron(task.seconds), name, {"lock": name, "queueing_lock": name, "task_kwargs": {"lane": lane}}
                )
        return app

    def _listen(self, app: procrastinate.App, queue: str) -> Worker:
        return Worker(
            app,
            queues=[queue],
            name=f"{self.worker}/{queue}",
            concurrency=_PROMPT_THREADS if queue == "prompt" else self._concurrency,
            fetch_job_polling_interval=1.0,
            delete_jobs=DeleteJobCondition.ALWAYS,
            install_signal_handlers=False,
            update_heartbeat_interval=BEAT,
            stalled_worker_timeout=STALLED,
        )

    def _job(self, app: procrastinate.App, task: Task) -> Callable[..., Awaitable[None]]:
        async def job(timestamp: int, lane: int = 1) -> None:
            if await asyncio.to_thread(self._run, task, timestamp == 0) and not self._stop.is_set():
                name = f"{task.name}/{lane}"
                with contextlib.suppress(exceptions.AlreadyEnqueued):
                    again = app.configure_task(task.name, lock=name, queueing_lock=name)
                    await again.defer_async(timestamp=0, lane=lane)

        return job

    def _run(self, task: Task, called: bool) -> bool:
        """Do some of a task, in a thread; return whether more is left."""
        deadline = time.monotonic() + RUN
        try:
            with self._pool.open() as database:
                work = Work(database, self._settings, self.worker, self._stop, deadline)
                return attempt(task, work, called=called)
        except EnvscoutError as error:
            _log.warning("task waits", extra={"task": task.name, "problem": error.cause})
            self._pool.close()
            # Nobody calls a second time for what was called for.
            self._stop.wait(_PAUSE)
            return True

    async def _beat(self, app: procrastinate.App) -> None:
        """Show that this worker lives, and give away the jobs of those that do not."""
        while True:
            await asyncio.to_thread(self._arrive)
            for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
                # The queue is in the store, and will be looked at again; the job itself holds nothing.
                with contextlib.suppress(exceptions.ConnectorException):
                    await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
                with contextlib.suppress(exceptions.AlreadyEnqueued):
                    again = app.configure_task(job.task_name, lock=job.lock, queueing_lock=job.queueing_lock)
                    await again.defer_async(timestamp=0, lane=job.task_kwargs.get("lane", 1))
                _log.warning("job taken over", extra={"task": job.task_name})
            await app.job_manager.prune_stalled_workers(STALLED * 2)
            await asyncio.sleep(BEAT)

    def _arrive(self) -> None:
        with self._pool.open() as database, database.translated():
            # Outside a transaction: a writer that takes long must not make others look dead.
            tasks.arrive(database.connection, self.worker, now())

    def _leave(self) -> None:
        with Database(self._place) as database, database.write() as connection:
            tasks.leave(connection, self.worker)


async def _run(worker: Worker) -> None:
    await worker.run()  # type: ignore[no-untyped-call]


def _queue(task: Task) -> str:
    return "prompt" if task.priority >= PROMPT else "long"


def _cron(seconds: float) -> str:
    """Return when a task is due, with a sixth field for seconds; nobody waits for less than the smallest part."""
    if seconds < 60:
        return f"* * * * * */{max(1, int(seconds))}"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"*/{minutes} * * * *"
    return f"17 */{min(23, max(1, minutes // 60))} * * *"

"""Watch a registry: look through it, hear its events, index what is new, and remember it.

What is noticed goes into a queue in the store first, and workers take it from there: whatever is killed, nothing that
was noticed is lost, and nothing is indexed twice.
"""

import random
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Protocol

import msgspec

from envscout import images
from envscout.errors import EnvscoutError, NotFound, StoreError
from envscout.images.credentials import Credentials
from envscout.model import Image
from envscout.names.reference import Reference
from envscout.store import Database, Place, now, repositories, watching
from envscout.store import images as stored_images
from envscout.store.watching import Queued, Sighting
from envscout.watch.looking import look
from envscout.watch.receiver import receiving
from envscout.watch.registries import Selection, Watched, wants_repository, wants_tag

MAX_ATTEMPTS = 5
GRACE = 30.0
"""Seconds that an image being read is waited for when the watching ends; it is read again at the next start."""

_SECOND = 1_000_000
_MAX_PAUSE = 3600.0


class Plan(msgspec.Struct, frozen=True):
    """How a registry is watched.

    interval: seconds between looks. all_images: also what was there before the watching began. once: one look, until
    all that it found is dealt with. contents: look into the images, else keep their digests alone. secret: of events.
    """

    selection: Selection
    interval: float = 60
    workers: int = 3
    all_images: bool = False
    once: bool = False
    dry_run: bool = False
    contents: bool = True
    secret: str = ""
    credentials: Credentials | None = None


class Told(msgspec.Struct, frozen=True):
    """What happened. event: `indexed`, `recorded` (its digest alone), `would-index`, `failed`, `looked`, `listening`.

    image: its reference with digest. packages, fresh: as `index` says. message: for people. count: tags that were
    looked at, or the port that is listened on.
    """

    event: str
    image: str = ""
    digest: str = ""
    platform: str = ""
    packages: int | None = None
    fresh: bool = False
    message: str = ""
    count: int = 0


class Known(Protocol):
    """An image whose content is known."""

    @property
    def image_id(self) -> int:
        """Return its number."""

    @property
    def image(self) -> Image:
        """Return it."""

    @property
    def packages(self) -> int:
        """Return how many packages it has."""

    @property
    def fresh(self) -> bool:
        """Return whether it was read just now."""


Index = Callable[[Database, Reference], Known]
"""Looks into an image."""


def watch(
    place: Place,
    watched: Watched,
    plan: Plan,
    *,
    index: Index,
    tell: Callable[[Told], None],
    stop: threading.Event,
) -> int:
    """Watch a registry until `stop` is set, or once; return how many failures there were.

    place: of the store. index: called by several threads. tell: likewise, but one at a time. Raises UsageError,
    StoreError, and, where it looks only once, what kept it from looking.
    """
    watcher = _Watcher(place, watched, plan, index, tell, stop)
    with Database(place) as database, database.alone(f"watch-{watched.host.translate(_UNFIT)}"):
        watcher.run(database)
    return watcher.failures


_UNFIT = {ord(each): "_" for each in ":[]/"}


class _Watcher:
    """The state of the watching of one registry."""

    def __init__(
        self,
        place: Place,
        watched: Watched,
        plan: Plan,
        index: Index,
        tell: Callable[[Told], None],
        stop: threading.Event,
    ) -> None:
        self.failures = 0
        self._place = place
        self._watched = watched
        self._plan = plan
        self._index = index
        self._say = tell
        self._stop = stop
        self._lock = threading.Lock()
        self._taking = threading.Lock()
        self._busy: set[int] = set()
        self._news = threading.Event()
        self._done = threading.Event()
        self._told: dict[tuple[str, str], str] | None = None

    def run(self, database: Database) -> None:
        """Look and hear until the end."""
        workers = [threading.Thread(target=self._work, name=f"watch-{n}", daemon=True) for n in range(self._workers)]
        with ExitStack() as stack:
            if self._watched.port >= 0 and not self._plan.dry_run:
                port = stack.enter_context(receiving(self._watched, self._plan.secret, self._keep))
                self._tell(Told("listening", message=f"Events are received on port {port}", count=port))
            for worker in workers:
                worker.start()
            try:
                self._look_on(database)
            finally:
                self._done.set()
                self._news.set()
        for worker in workers:
            worker.join(None if self._plan.once and not self._stop.is_set() else GRACE)

    @property
    def _workers(self) -> int:
        return 0 if self._plan.dry_run else self._plan.workers

    def _look_on(self, database: Database) -> None:
        """Look, wait, and look again; longer after each failure in a row."""
        failed = 0
        while not self._stop.is_set():
            try:
                failed = 0 if self._look(database) else failed + 1
            except EnvscoutError as error:
                if self._plan.once:
                    raise
                self._fail(error, self._watched.host)
                failed += 1
            if self._plan.once:
                return
            pause = min(self._plan.interval * 2**failed, max(_MAX_PAUSE, self._plan.interval))
            self._stop.wait(pause * (1 + (random.random() / 4 if failed else 0)))  # noqa: S311

    def _look(self, database: Database) -> bool:
        """Look through the registry once; return whether it was there to the end."""
        host, plan = self._watched.host, self._plan
        with database.read() as connection:
            has_begun = plan.all_images or watching.has_begun(connection, host)
            known = watching.known(connection, host, now(), all_images=plan.all_images)
        known.update(self._told or {})
        found = look(
            self._watched,
            plan.selection,
            known,
            credentials=plan.credentials,
            at_once=plan.workers,
            stop=self._stop,
        )
        for error in found.failures:
            self._fail(error, host)
        if self._stop.is_set():
            return True
        news = self._enabled(database, found.news)
        is_first = not has_begun and self._told is None
        if plan.dry_run:
            self._foretell(news, is_first=is_first)
        elif not (is_first and found.is_cut):
            self._note(database, news, is_first=is_first)
        message = f"{found.tags} tags, {0 if is_first else len(news)} of them to be indexed"
        if is_first:
            message += "; what is pushed from now on will be, and --all-images takes these as well"
        if found.is_cut:
            message += "; the rest was not asked for: too much failed, or there is too much"
        self._tell(Told("looked", message=message, count=found.tags))
        return not found.is_cut

    def _note(self, database: Database, news: Sequence[Sighting], *, is_first: bool) -> None:
        host, at = self._watched.host, now()
        with database.write() as connection:
            if not is_first:
                watching.enqueue(connection, host, news, at, all_images=self._plan.all_images)
            watching.begin(connection, host, news if is_first else (), at)
        self._news.set()

    def _foretell(self, news: Sequence[Sighting], *, is_first: bool) -> None:
        self._told = {**(self._told or {}), **{(each.repository, each.tag): each.digest for each in news}}
        for each in () if is_first else news:
            self._tell(Told("would-index", self._reference(each, each.digest).canonical, each.digest))

    def _enabled(self, database: Database, news: Sequence[Sighting]) -> list[Sighting]:
        """Return what is of repositories that nobody switched off."""
        with database.read() as connection:
            switches = repositories.switches(connection)
        return [each for each in news if switches.get(f"{self._watched.host}/{each.repository}", True)]

    def _keep(self, told: Sequence[Sighting]) -> bool:
        """Queue what an event tells of; False where there is no room. Called by the receiver's threads."""
        selection, host = self._plan.selection, self._watched.host
        wanted = [
            each
            for each in told
            if wants_repository(self._watched, selection, each.repository) and wants_tag(selection, each.tag)
        ]
        if not wanted or self._stop.is_set():
            return not wanted
        with Database(self._place) as database:
            wanted = self._enabled(database, wanted)
            with database.write() as connection:
                if watching.queued(connection, host) + len(wanted) > watching.MAX_QUEUED:
                    return False
                watching.enqueue(connection, host, wanted, now(), anew=True)
        self._news.set()
        return True

    def _work(self) -> None:
        """Deal with one image after the other, until there are none and none will come."""
        with Database(self._place) as database:
            while not self._stop.is_set():
                # Asked before looking for work, so that what was queued last is not missed.
                is_last = self._done.is_set()
                try:
                    one = self._take(database)
                    if one:
                        self._deal(database, one)
                    elif is_last:
                        return
                    else:
                        self._news.wait(1.0)
                        self._news.clear()
                except StoreError as error:
                    self._fail(error, str(self._place))
                    self._stop.wait(5.0)

    def _take(self, database: Database) -> Queued | None:
        with self._taking:
            # Copied before anything is read: who is done in between is in the copy, or out of what is read.
            busy = frozenset(self._busy)
            with database.read() as connection:
                one = watching.due(connection, self._watched.host, now(), busy)
            if one:
                self._busy.add(one.watch_id)
            return one

    def _deal(self, database: Database, one: Queued) -> None:
        reference = self._reference(one, one.digest)
        try:
            told, digest, image_id = self._index_it(database, reference, one)
        except StoreError:
            raise
        except Exception as error:
            # One image that shows a mistake of ours must not end the watching of all others.
            known = error if isinstance(error, EnvscoutError) else EnvscoutError(f"A mistake of envscout: {error!r}.")
            self._fail(known, reference.canonical)
            self._put_off(database, one, known)
        else:
            with database.write() as connection:
                repositories.see(connection, reference.repository, one.tag, image_id, one.seen)
                watching.settle(connection, one, digest, "indexed")
            self._tell(told)
        finally:
            self._busy.discard(one.watch_id)

    def _index_it(self, database: Database, reference: Reference, one: Queued) -> tuple[Told, str, int]:
        """Index an image; return what to tell, the digest that its tag led to, and its number."""
        if not self._plan.contents:
            image = images.resolve(reference, credentials=self._plan.credentials)
            with database.write() as connection:
                image_id = stored_images.put_unindexed(connection, image)
            packages, fresh = None, True
        else:
            known = self._index(database, reference)
            image_id, image, packages, fresh = known.image_id, known.image, known.packages, known.fresh
        digest = one.digest or image.index_digest or image.digest
        event = "indexed" if self._plan.contents else "recorded"
        exact = self._reference(one, digest).canonical
        return Told(event, exact, image.digest, image.platform, packages, fresh), digest, image_id

    def _put_off(self, database: Database, one: Queued, error: EnvscoutError) -> None:
        """Try an image again later, unless it is gone or was tried often enough."""
        with database.write() as connection:
            if isinstance(error, NotFound) or one.attempts + 1 >= MAX_ATTEMPTS:
                watching.settle(connection, one, one.digest, "failed", error.cause)
            else:
                pause = min(5.0 * 4**one.attempts, _MAX_PAUSE) * (1 + random.random() / 2)  # noqa: S311
                watching.postpone(connection, one, now() + int(pause * _SECOND))

    def _reference(self, one: Queued | Sighting, digest: str) -> Reference:
        """Return an image of the watched registry, and of no other, whatever was told."""
        return Reference(
            prefix="registry",
            host=self._watched.host,
            path=one.repository,
            tag=one.tag,
            digest=digest,
            tag_typed=True,
            host_typed=True,
        )

    def _fail(self, error: EnvscoutError, where: str) -> None:
        with self._lock:
            self.failures += 1
        self._tell(Told("failed", where, message=f"{error.cause} {error.next_step}".strip()))

    def _tell(self, told: Told) -> None:
        with self._lock:
            self._say(told)

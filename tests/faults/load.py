"""Clients that record and ask without a pause, and write down what they were told."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from zlib import crc32

import requests

ORGANIZATION = "acme"
ENVIRONMENTS = ("staging", "production")
SERVICES = 6
PAUSE = 0.02
TIMEOUT = 70.0
"""Seconds: between a failure and the next try; a server may wait for a lock as long."""

Ask = Callable[[requests.Session, str, "Recording"], requests.Response]


class Recording(NamedTuple):
    """A write that a client asks for. key: tells it from every other one, and is kept in the history."""

    key: str
    environment: str
    service: str
    digest: str


class Log:
    """What clients were told. A recording without an answer may have been kept or not, but not twice."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.acknowledged: dict[str, Recording] = {}
        self.unanswered: dict[str, Recording] = {}
        self.wrong: list[str] = []
        self.failures: Counter[str] = Counter()
        self.answered = 0

    def acknowledge(self, done: Recording) -> None:
        """Note that a client was told that a recording is kept."""
        with self._lock:
            self.acknowledged[done.key] = done
            self.unanswered.pop(done.key, None)

    def begin(self, wanted: Recording) -> None:
        """Note that a client asks."""
        with self._lock:
            self.unanswered[wanted.key] = wanted

    def fail(self, why: str) -> None:
        """Note a failure of a kind that a client tries again after."""
        with self._lock:
            self.failures[why] += 1

    def blame(self, what: str) -> None:
        """Note an answer that no fault excuses."""
        with self._lock:
            self.wrong.append(what)


class Load:
    """Clients of several servers, each a thread; use in a `with` block, which ends when all have their last answer."""

    def __init__(
        self,
        addresses: Sequence[str],
        headers: Mapping[str, str],
        digests: Sequence[str],
        chance: random.Random,
        clients: int = 4,
        pause: float = PAUSE,
    ) -> None:
        self.log = Log()
        self._addresses, self._headers, self._digests = addresses, headers, digests
        self._pause = pause
        self._stopped, self._abandoned = threading.Event(), threading.Event()
        run = chance.getrandbits(32)
        self._threads = [
            threading.Thread(target=self._work, args=(f"{run:x}-{number}", random.Random(run + number)), daemon=True)
            for number in range(clients)
        ]

    def __enter__(self) -> "Load":
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self, patience: float = 30.0) -> None:
        """Begin nothing new; give what was begun some seconds to be answered."""
        self._stopped.set()
        deadline = time.monotonic() + patience
        for each in self._threads:
            each.join(max(0.0, deadline - time.monotonic()))
        self._abandoned.set()
        for each in self._threads:
            each.join(TIMEOUT + 5)
            assert not each.is_alive(), "a client still waits for an answer"

    def await_count(self, count: int, seconds: float = 60.0) -> None:
        """Wait until so many more recordings were acknowledged."""
        wanted = len(self.log.acknowledged) + count
        deadline = time.monotonic() + seconds
        while len(self.log.acknowledged) < wanted:
            assert time.monotonic() < deadline, f"nothing is acknowledged any more: {self.log.failures}"
            time.sleep(0.02)

    def _work(self, name: str, chance: random.Random) -> None:
        with requests.Session() as session:
            session.trust_env = False
            session.headers.update(self._headers)
            number = 0
            while not self._stopped.is_set():
                number += 1
                environment, service = (
                    chance.choice(ENVIRONMENTS),
                    f"{ORGANIZATION}/service-{chance.randrange(SERVICES)}",
                )
                wanted = Recording(f"{name}-{number}", environment, service, chance.choice(self._digests))
                self.log.begin(wanted)
                while not self._abandoned.is_set() and not self._record(session, chance, wanted):
                    self._question(session, chance)
                    time.sleep(chance.uniform(0.05, 0.2))
                self._question(session, chance)
                time.sleep(self._pause * chance.uniform(0.5, 1.5))

    def _record(self, session: requests.Session, chance: random.Random, wanted: Recording) -> bool:
        """Ask for a recording, of any of the servers, always with the same key; return whether that is settled."""
        answer = self._asked(session, chance, *form(wanted), {"Idempotency-Key": wanted.key})
        if answer is None:
            return False
        if answer.status_code == 200:
            self.log.acknowledge(wanted)
            return True
        if answer.status_code in (408, 409, 425, 429) or answer.status_code >= 500:
            self.log.fail(f"{answer.status_code} {answer.text[:300]}")
            return False
        self.log.blame(f"record: {answer.status_code} {answer.text[:300]}")
        return True

    def _question(self, session: requests.Session, chance: random.Random) -> None:
        scope = {"organization": ORGANIZATION, "environment": chance.choice(ENVIRONMENTS)}
        answer = self._asked(session, chance, "operations/ask.running", {"scope": scope}, {})
        if answer is None:
            return
        if answer.status_code in (200, 404):
            self.log.answered += 1
        elif answer.status_code >= 500 or answer.status_code == 429:
            self.log.fail(f"{answer.status_code} {answer.text[:300]}")
        else:
            self.log.blame(f"running: {answer.status_code} {answer.text[:300]}")

    def _asked(
        self, session: requests.Session, chance: random.Random, path: str, data: Any, headers: Mapping[str, str]
    ) -> requests.Response | None:
        address = f"{chance.choice(self._addresses)}/api/v1/{path}"
        try:
            return session.post(address, json=data, headers=dict(headers), timeout=TIMEOUT)
        except requests.RequestException as error:
            self.log.fail(type(error).__name__)
            return None


def document(wanted: Recording) -> dict[str, Any]:
    """Return a recording as the operation takes it."""
    return {"event": {**deployment(wanted), "action": "record", "at": 0}}


def deployment(wanted: Recording) -> dict[str, Any]:
    """Return a recording as a deployment, of which a server records those that wait together."""
    return {
        "organization": ORGANIZATION,
        "environment": wanted.environment,
        "service": wanted.service,
        "digest": wanted.digest,
        "reference": f"{wanted.service}@{wanted.digest}",
        "actor": "load",
        "source": "ci",
        "commit": wanted.key,
    }


_FORMS = (("operations/record.record", document), ("deployments", deployment), ("deployments", deployment))


def form(wanted: Recording) -> tuple[str, dict[str, Any]]:
    """Return the path and the body by which a recording is asked for: always the same for a key."""
    path, data = _FORMS[crc32(wanted.key.encode()) % len(_FORMS)]
    return path, data(wanted)

"""Names for answers, made of the question and of how far what it rests on has come, before anything is looked up."""

import threading
from hashlib import blake2b
from typing import Literal

import msgspec

from envscout import __version__
from envscout.access.principal import Principal
from envscout.store import Database
from envscout.store.generations import Generations, age, generations

Rests = Literal["", "environment", "ran", "images", "known"]
"""What an answer rests on: what runs in one environment, or anywhere; what is in any image; or what is known alone."""


class Subject(msgspec.Struct, frozen=True):
    """What a question is about."""

    rests: Rests
    organization: str = ""
    environments: tuple[str, ...] = ()
    max_age: int = 7


def name_of(database: Database, principal: Principal, subject: Subject, question: bytes) -> str:
    """Return the name that an answer has now. One of the same name is the same, for all of the same scope."""
    with database.translated():
        connection = database.connection
        found = [generations(connection, subject.organization, each) for each in subject.environments or ("",)]
        past = age(connection, database.memory, found[0].known, subject.max_age)
    parts = (
        __version__,
        principal.organization,
        principal.environment,
        [_rested(each, subject.rests) for each in found],
        past,
        question,
    )
    return blake2b(msgspec.msgpack.encode(parts), digest_size=15).hexdigest()


def _rested(found: Generations, rests: Rests) -> object:
    return {
        "environment": (found.known, found.environments),
        "ran": (found.known, found.ran),
        "images": (found.known, found.ran, found.images),
        "known": (found.known,),
    }[rests]


class Kept(msgspec.Struct, frozen=True):
    """An answer as it is sent. is_packed: by gzip."""

    body: bytes
    media_type: str
    link: str = ""
    is_packed: bool = False


class Answers:
    """Answers by name, those that were asked for last, in a bounded number of bytes. For all threads of a process."""

    def __init__(self, most: int = 16 << 20) -> None:
        self._most = most
        self._held = 0
        self._kept: dict[str, Kept] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Kept | None:
        """Return an answer, None where it is not kept."""
        with self._lock:
            found = self._kept.pop(name, None)
            if found is None:
                return None
            self._kept[name] = found
            return found

    def put(self, name: str, answer: Kept) -> None:
        """Keep an answer, for as long as there is room."""
        size = len(answer.body) + 500
        with self._lock:
            if size > self._most // 8 or name in self._kept:
                return
            self._kept[name] = answer
            self._held += size
            while self._held > self._most:
                gone = self._kept.pop(next(iter(self._kept)))
                self._held -= len(gone.body) + 500


def matches(header: str, name: str) -> bool:
    """Tell whether an If-None-Match names an answer: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2."""
    return header.strip() == "*" or any(
        each.strip().removeprefix("W/").strip('"').removesuffix("-gzip") == name for each in header.split(",")
    )

"""Searching bytes that go by: in blocks that overlap, so that nothing is missed and memory stays bounded.

The same bytes in other pieces give the same. Time grows with the bytes alone: an anchor is found by a plain search,
and what is tried there has a bound.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import msgspec

from envscout.inventory.embedded import checks, places
from envscout.inventory.embedded.form import ANYWHERE, EXAMPLE, MAX_MATCH, NEAR, SETTINGS, TEXT, Form
from envscout.inventory.embedded.forms import FORMS
from envscout.model import Problem

BLOCK = 4 << 20
HEAD = 1 << 13
"""Bytes in which a NUL says that this is no text."""

MAX_HITS = 200
"""Secrets of one file."""
MAX_PLACES = 200_000
"""Places of one file where one kind of secret may begin; more are not tried."""

_REGEXES = {form.id: re.compile(form.pattern, re.M) for form in FORMS}
_ANCHORS = {form.id: re.compile(b"|".join(map(re.escape, form.anchors))) for form in FORMS if len(form.anchors) > 1}


class Hit(msgspec.Struct, frozen=True, array_like=True):
    """One secret in one file or text. at: its offset. identity: the same for the same secret in one run."""

    kind: str
    title: str
    certainty: str
    at: int
    line: int
    starts: str
    length: int
    fingerprint: str
    identity: bytes


class Sought(msgspec.Struct, frozen=True, array_like=True):
    """What one file holds, and what of it was not looked at."""

    hits: tuple[Hit, ...] = ()
    problems: tuple[Problem, ...] = ()


class Search:
    """One file or text as it goes by.

    key: makes identities. settings: it is the configuration of an image. block: bytes looked at together, more than
    MAX_MATCH + 2 * NEAR.
    """

    def __init__(self, path: str, key: bytes, *, settings: bool = False, block: int = BLOCK) -> None:
        self._size = block
        self._path = path
        self._key = key
        self._settings = settings or path.rpartition("/")[2].startswith(".env")
        self._buffer = bytearray()
        self._base = 0
        self._from = 0
        self._line = 1
        self._forms: Sequence[Form] | None = None
        self._is_text = True
        self._tried = dict[str, int]()
        self._found: list[tuple[int, int, bool, Hit]] = []
        self._left_out = ""

    def feed(self, piece: bytes | memoryview) -> None:
        """Take the next piece."""
        self._buffer += piece
        while len(self._buffer) >= self._size:
            self._block(bytes(self._buffer[: self._size]), is_last=False)

    def done(self) -> Sought:
        """Return what was found, in the order it lies."""
        self._block(bytes(self._buffer), is_last=True)
        strong = [(low, high) for low, high, weak, _ in self._found if not weak]
        hits = [hit for low, high, weak, hit in self._found if not (weak and _meets(low, high, strong))]
        said = (Problem("secrets-left-out", self._left_out, self._path),) if self._left_out else ()
        return Sought(tuple(sorted(hits, key=lambda hit: (hit.at, hit.kind))), said)

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Return where the secrets begin and end, those that are told by another, too; to be asked when all is done."""
        return sorted((low, high) for low, high, _, _ in self._found)

    def _block(self, data: bytes, *, is_last: bool) -> None:
        """Look for what begins in a block; what begins near its end is left to the next one, which holds it whole."""
        if self._forms is None:
            self._is_text = b"\0" not in data[:HEAD]
            self._forms = [form for form in _forms(self._wheres()) if not form.names or form.reads(self._path)]
        low = self._from - self._base
        high = len(data) if is_last else len(data) - MAX_MATCH - NEAR
        present = cache(data.__contains__)
        for form in self._forms:
            for start, end, text, certainty in self._matches(form, data, low, high, present):
                self._note(form, data, (start, end), text, certainty)
        keep = max(high - NEAR, 0)
        self._from = self._base + high
        self._line += data.count(b"\n", 0, keep)
        self._base += keep
        del self._buffer[:keep]

    def _wheres(self) -> tuple[str, ...]:
        if not self._is_text:
            return (ANYWHERE,)
        return (ANYWHERE, TEXT, SETTINGS) if self._settings else (ANYWHERE, TEXT)

    def _matches(
        self, form: Form, data: bytes, low: int, high: int, present: Callable[[bytes], bool]
    ) -> Iterator[tuple[int, int, bytes, str]]:
        """Yield where a secret begins and ends, the secret, and how certain its own form is."""
        if form.needs and not present(form.needs):
            return
        regex = _REGEXES[form.id]
        tries = (
            (regex.match(data, at) for at in self._places(form, data, low, high))
            if form.anchors
            else regex.finditer(data, low)
        )
        for match in tries:
            if match and match.start() < high and (certainty := form.check(data, match)):
                group = "s" if "s" in regex.groupindex else 0
                yield (*match.span(group), match[group], certainty)

    def _places(self, form: Form, data: bytes, low: int, high: int) -> Iterator[int]:
        for at in _anchored(form, data, low):
            if at >= high:
                return
            self._tried[form.id] = self._tried.get(form.id, 0) + 1
            if self._tried[form.id] > MAX_PLACES:
                self._left_out = f"More than {MAX_PLACES:,} places look like secrets; not all were looked at."
                return
            yield at

    def _note(self, form: Form, data: bytes, span: tuple[int, int], text: bytes, certainty: str) -> None:
        if len(self._found) >= MAX_HITS:
            self._left_out = self._left_out or f"More than {MAX_HITS} secrets; the others are not listed."
            return
        is_example = checks.is_made_up(form, text) or places.is_example(
            self._path, chosen=form.chosen, is_text=self._is_text
        )
        digest = "" if form.chosen else hashlib.sha256(form.id.encode() + b"\0" + text).hexdigest()[:16]
        hit = Hit(
            kind=form.id,
            title=form.title,
            certainty=EXAMPLE if is_example else certainty,
            at=self._base + span[0],
            line=self._line + data.count(b"\n", 0, span[0]) if self._is_text else 0,
            starts=text[: min(form.public, 4)].decode("ascii", "backslashreplace"),
            length=0 if form.chosen else len(text),
            fingerprint=digest,
            identity=hashlib.blake2b(form.id.encode() + b"\0" + text, key=self._key, digest_size=16).digest(),
        )
        self._found.append((self._base + span[0], self._base + span[1], form.weak, hit))


def _anchored(form: Form, data: bytes, low: int) -> Iterator[int]:
    """Yield where an anchor begins. Of several ones `re` takes the beginning they share, and searches for that."""
    if len(form.anchors) > 1:
        yield from (match.start() for match in _ANCHORS[form.id].finditer(data, low))
        return
    at = data.find(form.anchors[0], low)
    while at >= 0:
        yield at
        at = data.find(form.anchors[0], at + 1)


@cache
def _forms(wheres: tuple[str, ...]) -> tuple[Form, ...]:
    return tuple(form for form in FORMS if form.where in wheres)


def _meets(low: int, high: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < high and low < end for start, end in spans)

"""Which files are executables worth a look while they go by, and what each of them says in the end.

An executable may be larger than memory: it is read in pieces, of which nothing but bounded parts is kept.
"""

from collections.abc import Callable

import msgspec

from envscout.inventory.executables import elf, macho, package_note, pe, programs
from envscout.inventory.executables.auditable import Auditable
from envscout.inventory.executables.finder import Finder
from envscout.inventory.executables.go import Go
from envscout.inventory.executables.layout import HEAD as LAYOUT
from envscout.inventory.executables.layout import Layout
from envscout.inventory.executables.package_note import PackageNote
from envscout.inventory.executables.packed import Packed, is_packed
from envscout.inventory.executables.program_search import Programs
from envscout.inventory.executables.window import Span, Window
from envscout.inventory.record import Reading, merged

HEAD = 64
"""Bytes of a file's beginning that `probe` needs at most."""

MIN_SIZE = 16 << 10
"""Bytes below which no executable is looked at: no program that says anything about itself is as small."""

_FIRST = frozenset(magic[0] for magic in (elf.MAGIC, pe.MAGIC, macho.FAT, *macho.ORDERS))


class Probe:
    """One executable as it goes by, in consecutive pieces of any size."""

    def __init__(self, path: str, size: int, read: Callable[[bytes, int], Layout]) -> None:
        self._path = path
        self._size = size
        self._read = read
        self._head = b""
        self._window = Window()
        self._finders: tuple[Finder, ...] | None = None

    def feed(self, piece: bytes | memoryview) -> None:
        """Take the next piece; the first one is the beginning of the file."""
        data = bytes(piece)
        if self._finders is None:
            self._head += data
            if len(self._head) < LAYOUT:
                return
            data = self._begin()
        self._show(data)

    def done(self) -> bytes:
        """Return the Reading of the whole file, encoded as `keeping.pack` does; b"" where it says nothing."""
        reading = self.reading()
        return msgspec.msgpack.encode(reading) if reading != Reading() else b""

    def reading(self) -> Reading:
        """Return what the whole file says."""
        if self._finders is None:
            self._show(self._begin())
        return merged([finder.done() for finder in self._finders or ()])

    def _begin(self) -> bytes:
        """Choose what to look for by the beginning of the file; return what went by of it."""
        head, self._head = self._head, b""
        self._finders = _finders(self._path, head[:LAYOUT], self._read, self._size)
        return head

    def _show(self, data: bytes) -> None:
        self._window.move(data)
        for finder in self._finders or ():
            finder.feed(self._window)


class Slices(Probe):
    """A file that holds the same program for several processors (macOS), each read as a program of its own."""

    def __init__(self, path: str, size: int) -> None:
        super().__init__(path, size, macho.read)
        self._programs: list[tuple[Span, Probe]] = []
        self._at = 0

    def reading(self) -> Reading:
        """Return what the programs say, once where they say the same."""
        super().reading()
        both = merged([program.reading() for _, program in self._programs])
        return Reading(tuple(dict.fromkeys(both.records)), tuple(dict.fromkeys(both.problems)))

    def _begin(self) -> bytes:
        head, self._head = self._head, b""
        self._finders = ()
        for low, high in macho.slices(head):
            self._programs.append(((low, high), Probe(self._path, high - low, macho.read)))
        return head

    def _show(self, data: bytes) -> None:
        for (low, high), program in self._programs:
            if low < self._at + len(data) and self._at < high:
                program.feed(data[max(low - self._at, 0) : high - self._at])
        self._at += len(data)


def probe(path: str, head: bytes, size: int) -> Probe | None:
    """Return what reads a file of this path and size while it goes by, None for a file that is not worth it.

    head: the first HEAD bytes of the file, or all of a smaller one.
    """
    if size < MIN_SIZE or not head or head[0] not in _FIRST:
        return None
    if head.startswith(elf.MAGIC):
        return Probe(path, size, elf.read) if elf.is_program(head) else None
    if head.startswith(pe.MAGIC):
        return Probe(path, size, pe.read)
    if head.startswith(macho.FAT):
        return Slices(path, size) if macho.is_fat(head) else None
    return Probe(path, size, macho.read) if head[:4] in macho.ORDERS else None


def _finders(path: str, head: bytes, read: Callable[[bytes, int], Layout], size: int) -> tuple[Finder, ...]:
    if is_packed(head):
        return (Packed(path),)
    layout = read(head, size)
    known = programs.of(path)
    found: tuple[Finder, ...] = (Go(path, layout), Auditable(path, layout))
    if known:
        found = (*found, Programs(path, size, known))
    note = package_note.find(head) if head.startswith(elf.MAGIC) else b""
    return (*found, PackageNote(path, note)) if note else found

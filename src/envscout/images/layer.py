"""One pass over one layer: what it adds, replaces and removes. It knows nothing of the layers below.

Rules: OCI image specification, "Image Layer Filesystem Changeset"
(https://github.com/opencontainers/image-spec/blob/main/layer.md). Layers may arrive in any order, so what a layer hides
is kept as hashes of paths, eight bytes each, the same in every process: what one layer does can be kept for later.
"""

import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from contextlib import closing
from hashlib import blake2b

import msgspec

from envscout.images.chunks import ChunkReader, DamagedError
from envscout.images.compression import plain
from envscout.images.contents import HEAD, Budget, Interest, Problems
from envscout.images.digest import Hashing
from envscout.images.paths import MAX_PATH, PathEscapeError, ancestors, normalised
from envscout.images.side_by_side import ahead
from envscout.images.tar import DIRECTORY, FILE, HARD_LINK, SPARSE, SYMLINK, Entry, Walker
from envscout.model import Problem

MAX_SYMLINKS = 200_000
MAX_WORK = 5_000_000
"""Names looked at, over and over, to find those below a directory that was replaced by what is none."""

# Entries whose memory is taken from the budget at a time, and bytes that one takes: hashes while they are sorted.
_ENTRIES = 1 << 16
_ENTRY = 48
# Bytes that a name in a table takes beside its text.
_NAME = 200

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_RESERVED = ".wh..wh."
_READABLE = frozenset({FILE, SPARSE})
_SPARSE = "The file is sparse, and where its bytes lie makes no sense; it is not read."
_NAMELESS = frozenset({".wh.", ".wh..", ".wh..."})
_ESCAPE = "The path leaves the image or is too long; it is not read."


class LayerContents(msgspec.Struct, frozen=True):
    """What one layer does.

    files: wanted paths with what is kept of their bytes, None where something without readable bytes lies there now (a
    directory, a device, a file that is too large). extras: by the path of a link, the same for what it leads to, read
    by its name. links: symbolic links, all of them, since a wanted path may lead through any; wanted_links: those that
    are wanted themselves. hard_links: wanted paths that are another name of a path whose bytes this pass did not keep.
    entries, directories, whiteouts, opaques: sorted hashes of the paths that are no directories, that are, that are
    removed, and of directories whose lower contents vanish.
    diff_id: digest of the plain bytes, "" unless asked for, or where damage kept us from their end. is_whole: nothing
    was damaged or left out; only such a layer may be remembered.
    """

    files: dict[str, bytes | None] = {}
    extras: dict[str, dict[str, bytes | None]] = {}
    links: dict[str, str] = {}
    wanted_links: frozenset[str] = frozenset()
    hard_links: dict[str, str] = {}
    entries: "array[int]" = array("q")
    directories: "array[int]" = array("q")
    whiteouts: "array[int]" = array("q")
    opaques: "array[int]" = array("q")
    problems: tuple[Problem, ...] = ()
    diff_id: str = ""
    is_whole: bool = True


_number = struct.Struct("<q").unpack


def hashed(path: str) -> int:
    """Return the hash of a path as layers hold it: the first eight bytes of its BLAKE2b digest, signed."""
    return _number(blake2b(path.encode("utf-8", "surrogatepass"), digest_size=8).digest())[0]  # type: ignore[no-any-return]


def contains(hashes: "array[int]", value: int) -> bool:
    """Return whether a sorted array holds a value."""
    at = bisect_left(hashes, value)
    return at < len(hashes) and hashes[at] == value


def scan(
    stored: Iterable[bytes], interest: Interest, budget: Budget, *, where: str = "", with_diff_id: bool = False
) -> LayerContents:
    """Read a layer from its stored bytes (gzip, zstd or plain) to the end.

    Damage becomes a Problem, and what came before it is kept. Errors of the source itself pass through, as does
    DigestMismatch from a verifying iterator: that is why damage does not stop the reading.
    """
    source = ChunkReader(stored)
    hashing = Hashing(plain(_rest(source))) if with_diff_id else None
    scanner = _Scanner(interest, budget, where)
    with closing(ahead(hashing or plain(_rest(source)))) as chunks:
        reader = ChunkReader(chunks)
        try:
            scanner.run(Walker(reader))
        except DamagedError as damage:
            scanner.damaged(damage)
        is_whole = _drained(reader, scanner)
    source.drain()
    return scanner.done(hashing.digest() if hashing and is_whole else "")


def _drained(reader: ChunkReader, scanner: "_Scanner") -> bool:
    """Take what follows the tar's end, or its damage; return whether the plain bytes were all there."""
    try:
        reader.drain()
    except DamagedError as damage:
        scanner.damaged(damage)
        return False
    return reader.is_whole


def _rest(source: ChunkReader) -> Iterable[bytes]:
    """Yield the chunks of a reader that may be drained by another hand afterwards."""
    while chunk := source.chunk():
        yield chunk


class _Scanner:
    """The growing result of one pass."""

    def __init__(self, interest: Interest, budget: Budget, where: str) -> None:
        self.problems = Problems()
        self._interest = interest
        self._wanted = interest.kind
        self._budget = budget
        self._where = where
        self._files: dict[str, bytes | None] = {}
        self._links: dict[str, str] = {}
        self._wanted_links: set[str] = set()
        self._hard_links: dict[str, str] = {}
        self._entries = array("q")
        self._directories = array("q")
        self._whiteouts = array("q")
        self._opaques = array("q")
        self._above: set[str] = set()
        self._work = MAX_WORK
        self._is_whole = True

    def damaged(self, damage: DamagedError) -> None:
        """Note that a part of the layer cannot be read."""
        self._is_whole = False
        self.problems.add(damage.code, damage.message, self._where)

    def _takes(self, size: int) -> None:
        """Take memory for what a layer does beside the bytes it keeps. Raises DamagedError where there is none left."""
        if refusal := self._budget.keeps(size):
            raise DamagedError(f"{refusal} The rest of the layer is not read.", "layer-too-large")

    def _remembers(self, path: str) -> None:
        """Note that a path is wanted, and the directories above it."""
        self._takes(_NAME + len(path))
        for above in reversed(ancestors(path)):
            if above in self._above:
                break
            self._takes(_NAME + len(above))
            self._above.add(above)

    def _left_out(self, reason: str, path: str) -> None:
        self._is_whole = False
        self.problems.add("file-too-large", reason, path)

    def run(self, walker: Walker) -> None:
        """Take in every entry of a tar stream."""
        for number, entry in enumerate(walker):
            if not number % _ENTRIES:
                self._takes(_ENTRIES * _ENTRY if number else 0)
            try:
                path = normalised(entry.name)
            except PathEscapeError:
                self.problems.add("path-escape", _ESCAPE, entry.name[:200])
                continue
            if _WHITEOUT in path and self._is_whiteout(path):
                continue
            if entry.kind == DIRECTORY or not path:
                self._directory(path)
                continue
            self._entries.append(hashed(path))
            if path in self._links:
                del self._links[path]
            if path in self._above:
                self._forget_below(path)
            if entry.kind == SYMLINK:
                self._symlink(path, entry.link)
            elif self._wanted(path):
                self._wanted_entry(path, entry, walker)
            else:
                self._other_entry(path, entry, walker)

    def done(self, diff_id: str) -> LayerContents:
        """Return the frozen result."""
        return LayerContents(
            files=self._files,
            links=self._links,
            wanted_links=frozenset(self._wanted_links),
            hard_links=self._hard_links,
            entries=array("q", sorted(self._entries)),
            directories=array("q", sorted(self._directories)),
            whiteouts=array("q", sorted(self._whiteouts)),
            opaques=array("q", sorted(self._opaques)),
            problems=self.problems.done(self._where),
            diff_id=diff_id,
            is_whole=self._is_whole,
        )

    def _is_whiteout(self, path: str) -> bool:
        directory, _, name = path.rpartition("/")
        if not name.startswith(_WHITEOUT):
            return False
        if name == _OPAQUE:
            self._opaques.append(hashed(directory))
            self._directory(directory)
        elif name in _NAMELESS:
            self.problems.add("path-escape", "The whiteout names no file.", path)
        elif not name.startswith(_RESERVED):
            hidden = name[len(_WHITEOUT) :]
            self._whiteouts.append(hashed(f"{directory}/{hidden}" if directory else hidden))
        return True

    def _directory(self, path: str) -> None:
        """A directory replaces what is no directory; whatever a wanted path was, it has no bytes now."""
        self._directories.append(hashed(path))
        self._links.pop(path, None)
        if path in self._files or self._wanted(path):
            self._takes(_NAME + len(path))
            self._files[path] = None
            self._hard_links.pop(path, None)

    def _forget_below(self, path: str) -> None:
        """What is no directory has nothing below it, whatever this layer said earlier."""
        self._work -= len(self._files) + len(self._links) + len(self._hard_links)
        if self._work < 0:
            raise DamagedError("The layer replaces too many directories by what is none.", "layer-too-large")
        below = path + "/"
        for found in (self._files, self._links, self._hard_links):
            for hidden in [other for other in found if other.startswith(below)]:
                del found[hidden]
        self._above = {above for other in self._files for above in ancestors(other)}

    def _symlink(self, path: str, target: str) -> None:
        if not target or len(target) > MAX_PATH:
            self.problems.add("bad-link", "The symbolic link has no target, or one that is too long.", path)
        elif len(self._links) >= MAX_SYMLINKS:
            self.problems.add(
                "too-many-links", f"More than {MAX_SYMLINKS:,} symbolic links; this one is not read.", path
            )
        else:
            self._takes(2 * _NAME + len(path) + len(target))
            self._links[path] = target
            self._files.pop(path, None)
            self._hard_links.pop(path, None)
            if self._wanted(path):
                self._wanted_links.add(path)
            return
        if self._wanted(path):
            self._files[path] = None

    def _wanted_entry(self, path: str, entry: Entry, walker: Walker) -> None:
        # Until its bytes are here the path has none: damage must not let a lower layer's bytes shine through.
        self._files[path] = None
        self._hard_links.pop(path, None)
        self._remembers(path)
        if entry.kind in _READABLE:
            self._files[path] = self._body(path, entry, walker)
        elif entry.kind == HARD_LINK:
            self._hard_link(path, entry.link)

    def _body(self, path: str, entry: Entry, walker: Walker) -> bytes | None:
        if entry.holes < 0:
            self.problems.add("sparse-file", _SPARSE, path)
            return None
        refusal = self._budget.refuses(entry.size, entry.holes)
        if not refusal:
            with self._budget.holding(entry.size):
                kept = self._interest.reduce(path, walker.body())
            refusal = self._budget.keeps(len(kept))
            if not refusal:
                return kept
        self._left_out(refusal, path)
        return None

    def _other_entry(self, path: str, entry: Entry, walker: Walker) -> None:
        """Look into a file whose name says nothing, as far as its first bytes promise something."""
        if path in self._files:
            del self._files[path]
        kept = b""
        if entry.kind in _READABLE:
            kept = self._look_into(path, entry, walker)
        elif entry.kind == HARD_LINK:
            kept = self._probed(entry.link)
        if kept and (refusal := self._budget.keeps(len(kept))):
            self._left_out(refusal, path)
        elif kept:
            self._files[path] = kept
            self._remembers(path)

    def _look_into(self, path: str, entry: Entry, walker: Walker) -> bytes:
        probe = self._interest.probe(path, walker.head(HEAD), entry.size)
        if not probe:
            return b""
        if entry.holes < 0:
            self.problems.add("sparse-file", _SPARSE, path)
            return b""
        if entry.holes and (refusal := self._budget.fills(entry.holes)):
            self._left_out(refusal, path)
            return b""
        for piece in walker.body_pieces():
            probe.feed(piece)
        return probe.done()

    def _probed(self, name: str) -> bytes:
        """Return what a probe kept of the file that a hard link leads to."""
        try:
            target = normalised(name)
        except PathEscapeError:
            return b""
        return b"" if self._wanted(target) else self._files.get(target) or b""

    def _reads_alike(self, one: str, other: str) -> bool:
        """Return whether the same bytes tell the same under two names: those of a JAR do not."""
        return self._wanted(one) == self._wanted(other) and one.rpartition("/")[2] == other.rpartition("/")[2]

    def _hard_link(self, path: str, name: str) -> None:
        try:
            target = normalised(name)
        except PathEscapeError:
            self.problems.add("path-escape", "The hard link leads out of the image; it is not read.", path)
            return
        if target in self._files and target != path and self._reads_alike(target, path):
            self._files[path] = self._files[target]
            return
        del self._files[path]
        if target in self._links:
            self._links[path] = self._links[target]
            self._wanted_links.add(path)
        else:
            self._hard_links[path] = target

"""Bundles of advisories: made of what a store holds, brought as files or through a registry, opened to be applied."""

import contextlib
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from envscout.advisories.batch import PARSER
from envscout.advisories.bundles import keys, signing, trusting
from envscout.advisories.bundles.following import shown
from envscout.advisories.bundles.manifest import MAX_FILE, MAX_PASSED, MEDIA_TYPE, Entry, Holds, Manifest
from envscout.advisories.bundles.reading import Bundle
from envscout.advisories.bundles.writing import Writer
from envscout.errors import FeedError, SourceError, UsageError
from envscout.images.artifacts import Part, pull_file, push_artifact
from envscout.names import address, moment
from envscout.names.reference import Reference, parse
from envscout.store import Connection, Database, bundling, feeds
from envscout.store.feeds import Status

REGISTRY = "oci://"
_GENERATION = re.compile(r"[0-9]{1,18}")
_CREATED = "org.opencontainers.image.created"


class Since(msgspec.Struct, frozen=True):
    """What a bundle is to continue from. known: its feeds, and the content of facts; None where that is unknown."""

    generation: int
    known: Mapping[str, str] | None = None


class Made(msgspec.Struct, frozen=True):
    """A bundle that was made. size: bytes of its file; digest: of the artifact, "" where it is a file."""

    place: str
    manifest: Manifest
    size: int
    signed_by: str
    digest: str = ""


def since(database: Database, text: str, key: Path | None = None) -> Since:
    """Read what a bundle is to continue from: the file of an earlier one, or its generation.

    key: that the next one is signed with. A file must be signed with it, too: what it says of facts is said again.
    Raise UsageError, FeedError.
    """
    if _GENERATION.fullmatch(text) and not Path(text).exists():
        return Since(int(text))
    check = signing.alone(key) if key else signing.anybody
    with Bundle(Path(text), check) as bundle, database.read() as connection:
        manifest = bundle.manifest
        if manifest.sequence != bundling.sequence(connection):
            raise UsageError(f"{text} was made of another store", "continue from a bundle that was made of this one")
    return Since(manifest.generation, {each.name: each.content for each in manifest.feeds})


def create(
    database: Database,
    place: str,
    *,
    after: Since | None = None,
    names: Sequence[str] = (),
    key: Path | None = None,
    every: int = 0,
    anew: bool = False,
) -> Made:
    """Make a bundle of what the store holds, as a file or an artifact in a registry (oci://...).

    after: hold only what changed since. names: of feeds, all by default. key: to sign with. every: microseconds within
    which the next one is promised. anew: begin a sequence of its own, for a store that is a copy. The same state gives
    the same bytes. Raise UsageError, FeedError, SourceError.
    """
    if anew and after:
        raise UsageError("nothing is continued by a new sequence", "make its first bundle without --since")
    sign = signing.signer(key) if key else None
    signed_by = keys.fingerprint(sign(b"")[0]) if sign else ""
    target = _reference(place) if place.startswith(REGISTRY) else None
    sequence = bundling.new_name() if anew else _named(database)
    with tempfile.TemporaryDirectory(prefix="envscout-") as folder:
        path = Path(folder, "bundle") if target else Path(place)
        with database.read() as connection, Writer(Path(folder)) as writer:
            chosen = _chosen(connection, names)
            generation = max(each.run.at for each in chosen)
            start = _start(connection, after, generation)
            for each in chosen:
                _add(connection, writer, each, start, after)
            passed = bundling.passed(connection, start, generation, MAX_PASSED) if start else ()
            head = Manifest(sequence, generation, start, PARSER.decode(), every, (), passed)
            manifest = writer.write(path, head, sign)
        made = Made(place, manifest, writer.size, signed_by, _pushed(target, path, manifest) if target else "")
    if anew:
        # Not before: while nothing was published under the new name, what was under the old one can be continued.
        with database.write() as connection:
            bundling.rename_sequence(connection, sequence)
    return made


def _named(database: Database) -> str:
    with database.write() as connection:
        return bundling.name_sequence(connection)


def _pushed(target: Reference, path: Path, manifest: Manifest) -> str:
    """Push a bundle; return the digest of the artifact. Raise SourceError."""
    notes = {_CREATED: moment.show(manifest.as_of)}
    return push_artifact(target, MEDIA_TYPE, [Part(f"{MEDIA_TYPE}+zstd", path.read_bytes())], annotations=notes)


def _chosen(connection: Connection, names: Sequence[str]) -> list[Status]:
    """Return the feeds that are meant, each read by the parser of today. Raise UsageError, FeedError."""
    there = {each.name: each for each in feeds.status(connection)}
    unknown = sorted(set(names) - there.keys())
    if unknown:
        raise UsageError(f"no feed {unknown[0]!r} was ever applied", f"there are: {', '.join(there) or 'none'}")
    chosen = [there[name] for name in sorted(set(names) or there)]
    if not chosen:
        raise FeedError("the store holds no feed", "run `envscout db update` first")
    for each in chosen:
        state = feeds.state_of(connection, each.name)
        if each.kind == "osv" and state and state.digest and state.digest.partition(":")[0] != PARSER.decode():
            raise FeedError(f"{each.name} was read by an older version", "run `envscout db update` first")
    return chosen


def _start(connection: Connection, after: Since | None, generation: int) -> int:
    """Return the generation to continue from, 0 for none. Raise UsageError, FeedError."""
    if after is None:
        return 0
    if not bundling.was_applied_at(connection, after.generation):
        raise UsageError(
            f"the store never was at generation {after.generation}, or no longer knows", "make a full bundle"
        )
    if after.generation >= generation:
        raise FeedError(
            f"nothing was fetched since generation {shown(after.generation)}", "run `envscout db update` first"
        )
    return after.generation


def _add(connection: Connection, writer: Writer, each: Status, start: int, after: Since | None) -> None:
    """Add a feed; whole, where the earlier bundle cannot have held it."""
    number = each.run.feed_id
    known = after.known if after else None
    is_new = each.name not in known if known is not None else bundling.first_run(connection, number) > start
    begin = 0 if is_new else start
    source = address.shown(each.location)
    run = each.run
    entry = Entry(each.name, each.kind, source, run.as_of, run.records, max(0, run.newest), begin)  # type: ignore[arg-type]
    problems: tuple[Holds, Iterable[Any]] = ("problems", bundling.problems(connection, number))
    if entry.kind != "osv":
        whole = msgspec.structs.replace(entry, since=0)
        content = known.get(each.name, "") if known else ""
        writer.facts(whole, entry, content, [(entry.kind, bundling.facts(connection, entry.kind)), problems])
    elif begin:
        changed = bundling.records(connection, number, begin)
        writer.feed(entry, [("records", changed), ("gone", bundling.gone(connection, number, begin)), problems])
    else:
        writer.feed(entry, [("records", bundling.records(connection, number)), problems])


@contextlib.contextmanager
def opened(place: str, trust: Iterable[Path], *, unsigned: bool = False) -> Iterator[Bundle]:
    """Open a bundle, a file or an artifact in a registry, that one of the trusted keys signed.

    unsigned: one without a signature will do. Raise FeedError where it is not to be believed, or was made by a version
    that reads records otherwise; SourceError.
    """
    check = signing.believing(trusting.trusted(trust), unsigned=unsigned)
    with tempfile.TemporaryDirectory(prefix="envscout-") as folder:
        path = Path(place)
        if place.startswith(REGISTRY):
            path = Path(folder, "bundle")
            with path.open("xb") as file:
                pull_file(_reference(place), MEDIA_TYPE, file, MAX_FILE)
        with Bundle(path, check) as bundle:
            reader = bundle.manifest.reader
            if reader != PARSER.decode():
                raise FeedError(
                    f"the bundle was made by a version that reads records otherwise ({reader[:20]}, here "
                    f"{PARSER.decode()})",
                    "use the same version of envscout on both sides",
                )
            yield bundle


def moments(database: Database) -> dict[str, int]:
    """Return of when each feed is that was applied, by name, in microseconds."""
    with database.read() as connection:
        return {each.name: each.run.as_of for each in feeds.status(connection)}


def _reference(place: str) -> Reference:
    reference = parse(f"registry://{place.removeprefix(REGISTRY)}")
    if not reference.repository:
        raise SourceError(f"{place} names no repository", "write oci://HOST/REPOSITORY:TAG")
    return reference


def keygen(path: Path) -> tuple[Path, str]:
    """Make a key to sign with; return where the public one is, and its fingerprint. Raise UsageError."""
    return keys.make(path)

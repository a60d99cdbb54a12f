"""Bundles of policies in registries: published, pulled, and kept by digest for when the registry is out of reach."""

import hashlib
import os
from pathlib import Path, PurePosixPath

import msgspec

from envscout.errors import AccessDenied, SourceError, UsageError
from envscout.images.artifacts import Limits, Part, pull_artifact, push_artifact
from envscout.names.reference import Reference, parse
from envscout.policies.decoding import MAX_FILE
from envscout.policies.policy import Policy
from envscout.policies.reading import read

TYPE = "application/vnd.envscout.policies.v1"
TITLE = "org.opencontainers.image.title"
MAX_FILES = 64
_LIMITS = Limits(MAX_FILES, MAX_FILES * MAX_FILE)
_MEDIA = {".json": "application/json"}


class Pulled(msgspec.Struct, frozen=True):
    """A bundle: names and bytes of its files. cached: why the copy at hand had to do, "" where it was not needed."""

    digest: str
    files: tuple[tuple[str, bytes], ...]
    cached: str = ""


class Published(msgspec.Struct, frozen=True):
    """What was published. digest: of the manifest, "" where nothing was sent. policies: of all files."""

    digest: str
    policies: tuple[Policy, ...]


def publish(place: str, files: tuple[tuple[str, bytes], ...], *, dry_run: bool = False) -> Published:
    """Store files of policies in a registry, each checked first. Raise UsageError, SourceError, AccessDenied."""
    reference = _registry(place)
    found: dict[str, Policy] = {}
    if len(files) > MAX_FILES:
        raise UsageError(f"{len(files)} files are more than a bundle holds", f"publish at most {MAX_FILES}")
    for name, data in files:
        for each in read(data, name):
            if each.id in found:
                raise UsageError(f"{name}: {each.id} is in another of the files, too", "give one of them another id")
            found[each.id] = each
    names = [PurePosixPath(name).name for name, _ in files]
    if len(set(names)) < len(names):
        raise UsageError("two of the files have the same name", "rename one")
    parts = [
        Part(_MEDIA.get(PurePosixPath(name).suffix, "application/yaml"), data, {TITLE: name})
        for name, (_, data) in zip(names, files, strict=True)
    ]
    return Published("" if dry_run else push_artifact(reference, TYPE, parts), tuple(found.values()))


def pull(folder: Path, place: str) -> Pulled:
    """Return a bundle, from the registry where that answers. folder: of the copies. Raise SourceError, NotFound.

    A reference with a digest asks no registry for what is at hand.
    """
    reference = _registry(place)
    known = _kept(folder, reference.digest)
    if known:
        return known
    note = folder / f"{hashlib.sha256(reference.canonical.encode()).hexdigest()}.ref"
    try:
        artifact = pull_artifact(reference, TYPE, _LIMITS)
    except AccessDenied:
        raise
    except SourceError as error:
        kept = _kept(folder, _text(note))
        if kept is None:
            raise
        return msgspec.structs.replace(kept, cached=error.cause)
    files = tuple((_title(part, f"file {number}"), part.data) for number, part in enumerate(artifact.parts))
    found = Pulled(artifact.digest, files)
    _write(folder / _name(found.digest), msgspec.json.encode(found))
    _write(note, found.digest.encode())
    return found


def _title(part: Part, otherwise: str) -> str:
    """Return what a file is called; whoever published it chose the name."""
    return "".join(each for each in part.annotations.get(TITLE, "") if each.isprintable())[:100] or otherwise


def _registry(place: str) -> Reference:
    reference = parse(place)
    if reference.prefix not in ("image", "registry"):
        raise UsageError(f"{place} is no place in a registry", "name it as registry://HOST/REPOSITORY:TAG")
    return reference


def _name(digest: str) -> str:
    return f"{digest.replace(':', '-')}.json"


def _kept(folder: Path, digest: str) -> Pulled | None:
    """Return the copy of a bundle, None where there is none that can be read."""
    if not digest:
        return None
    try:
        found = msgspec.json.decode((folder / _name(digest)).read_bytes(), type=Pulled)
    except (OSError, msgspec.DecodeError, ValueError):
        return None
    return found if found.digest == digest else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")[:200]
    except OSError:
        return ""


def _write(path: Path, data: bytes) -> None:
    """Keep a copy, whole or not at all; that it cannot be kept is no reason not to answer."""
    part = path.with_name(f".{path.name}-{os.urandom(4).hex()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part.write_bytes(data)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)

"""Putting artifacts into an OCI layout on disk. Readers see the old index.json or the new one, never half of either."""

import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from envscout.errors import NotFound, SourceError
from envscout.images import digest as digests
from envscout.images import manifest as manifests
from envscout.images import referring
from envscout.images.manifest import REF_NAME, Descriptor, Index
from envscout.images.storage import DirectoryStorage, read_all
from envscout.names.reference import Reference


def store(reference: Reference, blobs: Sequence[bytes], manifest: bytes, entry: Descriptor) -> None:
    """Write blobs and a manifest into a layout, and name the manifest in index.json. Raises SourceError, NotFound."""
    folder = Path(reference.location)
    if not (folder / "index.json").is_file():
        raise NotFound(f"{folder} is no OCI layout: it has no index.json.", "Name the folder that holds index.json.")
    try:
        with _alone(folder):
            for place in (folder / "blobs", folder / "blobs" / "sha256"):
                if place.is_symlink():
                    raise SourceError(f"{place} leads elsewhere.", "Write to a layout that has folders of its own.")
            for data in (*blobs, manifest):
                _write(folder / "blobs" / digests.of(data).replace(":", "/"), data)
            index = read_all(DirectoryStorage(folder), "index.json", manifests.MAX_MANIFEST)
            _write(folder / "index.json", _listing(index, entry, reference.tag), anew=True)
    except OSError as error:
        raise SourceError(f"{folder} cannot be written: {error.strerror}.", "Check whose folder it is.") from error


def _listing(data: bytes, entry: Descriptor, tag: str) -> bytes:
    """Return index.json with an entry that replaces what had its tag, or its digest without one."""
    manifests.decode(data, Index, "index.json")
    document: dict[str, Any] = msgspec.json.decode(data)
    new = referring.written(entry)
    if tag:
        new["annotations"] = {**new.get("annotations", {}), REF_NAME: tag}
    kept = [each for each in document["manifests"] if _name(each) != _name(new)]
    return msgspec.json.encode({**document, "manifests": [*kept, new]})


def _name(entry: dict[str, Any]) -> str:
    return str((entry.get("annotations") or {}).get(REF_NAME, "") or entry.get("digest", ""))


def _write(path: Path, data: bytes, *, anew: bool = False) -> None:
    if path.exists() and not anew:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".envscout-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other writers of ours out of a layout."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

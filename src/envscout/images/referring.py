"""The list of what refers to a manifest, where it is kept as an index of its own. Pure.

Rules: OCI distribution specification 1.1, "Referrers Tag Schema"; OCI image specification 1.1, image-index.md.
"""

from typing import Any

import msgspec

from envscout.errors import LimitExceeded, SourceError
from envscout.images import manifest as manifests
from envscout.images.manifest import MAX_MANIFEST, MAX_MANIFESTS, OCI_INDEX, Descriptor


class _Listed(msgspec.Struct, frozen=True):
    digest: str = ""


class _List(msgspec.Struct, frozen=True, rename="camel"):
    manifests: tuple[_Listed, ...]
    media_type: str = OCI_INDEX


def tag(subject: str) -> str:
    """Return the tag under which the list for a manifest is kept: `sha256-...`, cut so that it is a tag."""
    algorithm, _, value = subject.partition(":")
    return f"{algorithm[:32]}-{value[:64]}"


def lists(data: bytes, digest: str, subject: str) -> bool:
    """Return whether a list, b"" for none, has an entry. Raises SourceError for what is no index."""
    return bool(data) and any(entry.digest == digest for entry in _read(data, subject).manifests)


def added(data: bytes, entry: Descriptor, subject: str) -> bytes:
    """Return a list, b"" for none, with one entry more; all else in it stays. Raises SourceError, LimitExceeded.

    What is no index is not written over: somebody may have given a tag of that name to an image.
    """
    document: dict[str, Any] = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}
    if data:
        if len(_read(data, subject).manifests) >= MAX_MANIFESTS:
            raise LimitExceeded(f"More than {MAX_MANIFESTS:,} artifacts refer to {subject}.", "Delete some.")
        document = msgspec.json.decode(data)
    document["manifests"].append(written(entry))
    found = msgspec.json.encode(document)
    if len(found) > MAX_MANIFEST:
        raise LimitExceeded(f"The list of what refers to {subject} is full.", "Delete some.")
    return found


def written(entry: Descriptor) -> dict[str, Any]:
    """Return a descriptor as JSON has it, without what it does not say."""
    return {key: value for key, value in msgspec.to_builtins(entry).items() if value not in (None, "", {})}


def _read(data: bytes, subject: str) -> _List:
    where = f"what stands under {tag(subject)}"
    found = manifests.decode(data, _List, where)
    if found.media_type != OCI_INDEX:
        raise SourceError(f"{where} is {found.media_type[:100]!r} and no list of referrers.", "Remove that tag.")
    return found

"""The list of all that is attached to an image, of every kind, without reading the documents.

Signatures alone (cosign's `.sig` tags, Notary's) are left out: they say nothing about an image but who signed it.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from envscout.errors import NotFound, SourceError
from envscout.images.attestations import UNSAID, Artifact, Blobs, Search, kind_of
from envscout.images.manifest import Descriptor
from envscout.model import Problem

MAX_ARTIFACTS = 256
"""Manifests of what is attached that are read for one list."""
MAX_LISTED = 1_000


class Hung(msgspec.Struct, frozen=True):
    """One attached document. type: its predicate type or, for what is no statement, its media type; "" if unsaid.

    digest, size: of the document. manifest: digest of the manifest that has it as a layer. subject: digest of what it
    is attached to. place: `index`, `referrer` or `tag`. kind: a word of attestations.py, "" for any other.
    """

    type: str
    kind: str
    media_type: str
    digest: str
    size: int
    place: str
    subject: str
    manifest: str


class Listing(msgspec.Struct, frozen=True):
    """What hangs on an image, the nearest first, and what could not be read of it."""

    entries: tuple[Hung, ...]
    problems: tuple[Problem, ...]


def hung(blobs: Blobs, subjects: Sequence[str], listed: Iterable[Descriptor]) -> Listing:
    """Return what hangs on manifests, each document once per place, and what could not be read.

    subjects, listed: as for `attestations.attached`.
    """
    search = Search(blobs, (), MAX_ARTIFACTS)
    found: dict[tuple[str, str], Hung] = {}
    for one in _all(search, subjects, tuple(listed)):
        if len(found) >= MAX_LISTED and (one.digest, one.manifest) not in found:
            message = f"More than {MAX_LISTED:,} documents are attached to the image; the others are not listed."
            search.problems.append(Problem("cut-list", message))
            break
        found.setdefault((one.digest, one.manifest), one)
    return Listing(tuple(found.values()), tuple(search.problems))


def _all(search: Search, subjects: Sequence[str], listed: Sequence[Descriptor]) -> Iterator[Hung]:
    for subject in subjects:
        places = (
            ("index", search.in_index(subject, listed)),
            ("referrer", search.referring(subject)),
            ("tag", search.cosigned(subject)),
        )
        for place, artifacts in places:
            yield from _of(search, place, subject, artifacts)


def _of(search: Search, place: str, subject: str, artifacts: Iterator[Artifact]) -> Iterator[Hung]:
    try:
        for artifact in artifacts:
            for layer in artifact.layers:
                kind, said = kind_of(layer, artifact.annotations)
                yield Hung(
                    type="" if kind == UNSAID else said,
                    kind="" if kind == UNSAID else kind,
                    media_type=layer.media_type,
                    digest=layer.digest,
                    size=layer.size,
                    place=place,
                    subject=subject,
                    manifest=artifact.digest,
                )
    except (SourceError, NotFound) as error:
        search.fail(error, subject)

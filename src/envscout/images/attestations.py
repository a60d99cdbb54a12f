"""Documents attached to an image: SBOMs, provenance and VEX, put beside it by its builder or by somebody else.

Places: BuildKit's attestation manifests in the image's own index
(https://docs.docker.com/build/metadata/attestations/attestation-storage/); OCI 1.1 referrers, or the tag that stands in
for them (distribution specification 1.1, "Listing Referrers"); cosign's tags `sha256-....att` and `.sbom`.
Every byte is verified against its digest; no signature is. Whoever may push to a repository may attach there: what an
attestation says is a claim and no proof.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol

import msgspec

from envscout.errors import LimitExceeded, NotFound, SourceError
from envscout.images import digest as digests
from envscout.images import manifest as manifests
from envscout.images import referring
from envscout.images.manifest import Descriptor, Index
from envscout.model import Problem

SBOM = "sbom"
PROVENANCE = "provenance"
VEX = "vex"
UNSAID = "unsaid"
"""A statement whose manifest does not say about what."""

MAX_DOCUMENT = 64 << 20
MAX_TOTAL = 128 << 20
MAX_DOCUMENTS = 16
MAX_FETCHES = 64

_REFERENCE = "vnd.docker.reference.digest"
_STATEMENTS = frozenset({"application/vnd.in-toto+json", "application/vnd.dsse.envelope.v1+json"})
_BUNDLE = "application/vnd.dev.sigstore.bundle"
_SBOMS = frozenset({
    "application/spdx+json", "application/vnd.spdx+json", "text/spdx", "text/spdx+json", "application/vnd.cyclonedx",
    "application/vnd.cyclonedx+json", "application/vnd.cyclonedx+xml", "application/vnd.syft+json",
})  # fmt: skip
_PREDICATES = (
    ("https://spdx.dev/Document", SBOM),
    ("https://cyclonedx.org/bom", SBOM),
    ("https://syft.dev/bom", SBOM),
    ("https://slsa.dev/provenance/", PROVENANCE),
    ("https://openvex.dev/ns", VEX),
    ("https://cyclonedx.org/vex", VEX),
    ("https://docs.oasis-open.org/csaf/", VEX),
)
# What is attached as it is, without a statement around it.
_VEXES = frozenset({"application/openvex+json", "application/vnd.openvex+json", "application/vnd.cyclonedx.vex+json",
                    "application/csaf+json", "application/vnd.csaf+json"})  # fmt: skip
# Of these every document counts, wherever it hangs: a newer one elsewhere may take back what an older one says.
_ALL_COUNT = frozenset({VEX})
# How BuildKit, cosign and Sigstore's bundles call the type of what they hold.
_PREDICATE_KEYS = ("in-toto.io/predicate-type", "predicateType", "dev.sigstore.bundle.predicateType")
# What hangs on images in numbers and holds neither.
_SIGNATURES = ("application/vnd.dev.cosign.artifact.sig", "application/vnd.cncf.notary")
_COSIGN = (".att", ".sbom")


class Attestation(msgspec.Struct, frozen=True):
    """One document, as stored. kind: a word above. type: its predicate type, else its media type.

    place: `index`, `referrer` or `tag`. subject: the digest of the manifest that it is attached to.
    """

    kind: str
    type: str
    place: str
    subject: str
    data: bytes


class Attached(msgspec.Struct, frozen=True):
    """What hangs on an image, the nearest first, and what could not be read of it."""

    documents: tuple[Attestation, ...] = ()
    problems: tuple[Problem, ...] = ()


class Blobs(Protocol):
    """A place that gives bytes for digests and knows what refers to them."""

    def manifest(self, digest: str) -> bytes:
        """Return a manifest's bytes, not verified. Raises SourceError, NotFound."""

    def blob(self, digest: str) -> Iterator[bytes]:
        """Yield a blob's bytes, not verified. Raises SourceError, NotFound."""

    def referrers(self, digest: str) -> list[Descriptor]:
        """Return what refers to a manifest. Raises NotFound where nobody keeps account of that, SourceError."""

    def tagged(self, name: str) -> bytes:
        """Return the manifest of a tag. Raises SourceError, NotFound."""


class Artifact(msgspec.Struct, frozen=True, rename="camel"):
    """A manifest that need not be of an image. digest: its own."""

    digest: str = ""
    layers: tuple[Descriptor, ...] = ()
    subject: Descriptor | None = None
    annotations: dict[str, str] | None = None


def attached(
    blobs: Blobs, subjects: Sequence[str], listed: Iterable[Descriptor], kinds: Collection[str], everywhere: bool = True
) -> Attached:
    """Return documents of these kinds: those of the first place that has any of a kind, but all that are VEX.

    subjects: digests of the image's manifest and of its index, the nearer one first. listed: attestation manifests of
    the index. everywhere: look at referrers and tags, too. What cannot be read becomes a Problem.
    """
    search = Search(blobs, kinds)
    listed = tuple(listed)
    for subject in subjects:
        search.look("index", subject, search.in_index(subject, listed))
        if everywhere and not search.is_complete:
            search.look("referrer", subject, search.referring(subject))
        if everywhere and not search.is_complete:
            search.look("tag", subject, search.cosigned(subject))
        if search.is_complete:
            break
    return Attached(tuple(search.documents), tuple(search.problems))


class Search:
    """The state of one search, with what it may still fetch."""

    def __init__(self, blobs: Blobs, kinds: Collection[str], fetches: int = MAX_FETCHES) -> None:
        self.documents: list[Attestation] = []
        self.problems: list[Problem] = []
        self._blobs = blobs
        self._kinds = frozenset(kinds)
        self._bound = self._fetches = fetches
        self._left = MAX_TOTAL

    @property
    def is_complete(self) -> bool:
        """Return whether there is a document of each kind."""
        return not self._lacking

    @property
    def _lacking(self) -> frozenset[str]:
        return self._kinds - ({document.kind for document in self.documents} - _ALL_COUNT)

    def look(self, place: str, subject: str, artifacts: Iterator[Artifact]) -> None:
        """Take the documents of a place; the first failure there ends the look."""
        lacking = self._lacking
        try:
            for artifact in artifacts:
                for layer in artifact.layers:
                    kind, type_ = kind_of(layer, artifact.annotations)
                    if kind in lacking or (kind == UNSAID and lacking):
                        self._take(kind, type_, place, subject, layer)
        except (SourceError, NotFound) as error:
            self.fail(error, subject)

    def in_index(self, subject: str, listed: Iterable[Descriptor]) -> Iterator[Artifact]:
        """Yield the attestation manifests of a manifest."""
        for entry in listed:
            if (entry.annotations or {}).get(_REFERENCE) == subject:
                yield from self._artifact(entry.digest)

    def referring(self, subject: str) -> Iterator[Artifact]:
        """Yield the manifests that refer to a manifest, from the registry's account or the tag in place of it."""
        try:
            found = self._blobs.referrers(subject)
        except NotFound:
            found = self._fallback(subject)
        except SourceError as error:
            found = self._fallback(subject)
            if not found:
                self.fail(error, subject)
        for entry in found:
            if (entry.artifact_type or "").startswith(_SIGNATURES):
                continue
            for artifact in self._artifact(entry.digest):
                if artifact.subject and artifact.subject.digest == subject:
                    yield msgspec.structs.replace(
                        artifact, annotations={**(entry.annotations or {}), **(artifact.annotations or {})}
                    )

    def cosigned(self, subject: str) -> Iterator[Artifact]:
        """Yield the manifests under cosign's tags."""
        for ending in _COSIGN:
            data = self._tagged(subject, ending)
            if data:
                yield _decoded(data, digests.of(data), _tag(subject, ending))

    def _fallback(self, subject: str) -> list[Descriptor]:
        data = self._tagged(subject, "")
        return list(manifests.decode(data, Index, _tag(subject, "")).manifests) if data else []

    def _tagged(self, subject: str, ending: str) -> bytes:
        self._count()
        try:
            return self._blobs.tagged(_tag(subject, ending))
        except NotFound:
            return b""

    def _artifact(self, digest: str) -> Iterator[Artifact]:
        """Yield a manifest, or take note that it cannot be read: one that is damaged does not hide the others."""
        self._count()
        try:
            data = digests.verify(self._blobs.manifest(digests.checked(digest)), digest)
            artifact = _decoded(data, digest, digest)
        except LimitExceeded:
            raise
        except (SourceError, NotFound) as error:
            self.fail(error, digest)
        else:
            yield artifact

    def _take(self, kind: str, type_: str, place: str, subject: str, layer: Descriptor) -> None:
        self._count()
        if len(self.documents) >= MAX_DOCUMENTS:
            raise LimitExceeded(f"More than {MAX_DOCUMENTS} documents are attached.", "")
        digest = digests.checked(layer.digest)
        try:
            chunks = digests.verified(self._blobs.blob(digest), digest, layer.size)
            data = manifests.joined(chunks, min(MAX_DOCUMENT, self._left), digest)
        except (SourceError, NotFound) as error:
            self.fail(error, digest)
            return
        self._left -= len(data)
        self.documents.append(Attestation(kind, type_, place, subject, data))

    def _count(self) -> None:
        self._fetches -= 1
        if self._fetches < 0:
            raise LimitExceeded(f"More than {self._bound} parts are attached.", "")

    def fail(self, error: SourceError | NotFound, where: str) -> None:
        """Take note of what could not be read."""
        message = f"What is attached to the image could not be read: {error.cause}"
        self.problems.append(Problem("unread-attestation", message, where))


def _decoded(data: bytes, digest: str, where: str) -> Artifact:
    return msgspec.structs.replace(manifests.decode(data, Artifact, where), digest=digest)


def kind_of(layer: Descriptor, around: dict[str, str] | None) -> tuple[str, str]:
    """Return what a layer holds, "" for something else, and the type that says so. around: of its manifest."""
    media_type = layer.media_type.partition(";")[0].strip().lower()
    if media_type in _SBOMS or media_type in _VEXES:
        return SBOM if media_type in _SBOMS else VEX, media_type
    if media_type not in _STATEMENTS and not media_type.startswith(_BUNDLE):
        return "", media_type
    notes = {**(around or {}), **(layer.annotations or {})}
    said = next((notes[key] for key in _PREDICATE_KEYS if notes.get(key)), "")
    if not said:
        return UNSAID, media_type
    return next((kind for prefix, kind in _PREDICATES if said.startswith(prefix)), ""), said


def _tag(subject: str, ending: str) -> str:
    return referring.tag(subject) + ending

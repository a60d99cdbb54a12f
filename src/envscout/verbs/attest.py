"""Attach documents to images, list what is attached, and read it. Signatures are neither made nor checked."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from envscout.errors import EnvscoutError, NotFound, SourceError, UsageError
from envscout.images import Credentials, given
from envscout.images.attachments import Attachments
from envscout.model import Image, Problem
from envscout.names.reference import Reference, parse
from envscout.sbom import statement as statements

if TYPE_CHECKING:
    from envscout.images.attestation_list import Hung
    from envscout.images.manifest import Descriptor

PREDICATE_TYPE = "in-toto.io/predicate-type"
MAX_PEEK = 4 << 20
"""Bytes of a document that is opened to learn its type."""
MAX_PEEKS = 16


class Attestations(msgspec.Struct, frozen=True):
    """What is attached to one image."""

    image: Image
    entries: "tuple[Hung, ...]"
    problems: tuple[Problem, ...]


class Added(msgspec.Struct, frozen=True):
    """One document that was attached. digest: of its manifest; subject: of what it hangs on."""

    image: str
    subject: str
    predicate_type: str
    digest: str


def listing(
    reference: Reference,
    *,
    platform: str = "",
    archive_ref: str = "",
    predicate_types: Sequence[str] = (),
    repository: str = "",
) -> Attestations:
    """Return what hangs on an image of a registry or layout, of all types or of these.

    repository: where else it may hang, as `attach`. Raises SourceError, NotFound, UsageError.
    """
    with Attachments(reference, platform, archive_ref, repository) as attached:
        return _listed(attached, predicate_types)


def fetch(
    reference: Reference,
    digest: str = "",
    *,
    platform: str = "",
    archive_ref: str = "",
    predicate_types: Sequence[str] = (),
    repository: str = "",
    predicate_only: bool = False,
) -> bytes:
    """Return the one statement that is meant, out of its envelopes, or only its predicate.

    digest: of the document or of its manifest, "" for the only one (of these types). What is no statement is returned
    as it is. Raises NotFound, UsageError where several are meant, SourceError.
    """
    with Attachments(reference, platform, archive_ref, repository) as attached:
        found = _listed(attached, predicate_types)
        one = _only(found, digest, reference)
        data = attached.read(one)
    statement = statements.statement(data)
    if statement is None:
        return data
    return statement.predicate if predicate_only else statement.data


def attach(
    reference: Reference,
    document: bytes,
    *,
    predicate_type: str = "",
    repository: str = "",
    annotations: Mapping[str, str] | None = None,
) -> Added:
    """Attach a statement, or a predicate as a statement about the image, and return where it hangs.

    predicate_type: needed unless the document says so itself. repository: another one to hold it. Raises SourceError
    where a statement speaks of another image, UsageError where the type is not known.
    """
    from envscout.images.artifacts import Part, described, push_artifact

    root = described(reference, _login(reference))
    statement = statements.statement(document)
    if statement:
        if predicate_type and predicate_type != statement.predicate_type:
            raise UsageError(
                f"The statement is a {statement.predicate_type}, not a {predicate_type}.", "Leave out --predicate-type."
            )
        subject, media_type = _named(reference, root, statement.subjects), statement.media_type
        predicate_type = statement.predicate_type
    else:
        predicate_type = predicate_type or statements.told_type(document)
        if not predicate_type:
            raise UsageError(
                "The document does not say what type of predicate it is.",
                "Say it: --predicate-type https://slsa.dev/provenance/v1, for example.",
            )
        subject, media_type = root, statements.STATEMENT
        document = statements.make(document, predicate_type, reference.repository, root.digest)
    notes = {PREDICATE_TYPE: predicate_type}
    place = _place(reference, repository)
    digest = push_artifact(
        place,
        media_type,
        [Part(media_type, document, notes)],
        subject=subject,
        annotations={**notes, **(annotations or {})},
        credentials=_login(place),
    )
    return Added(reference.familiar, subject.digest, predicate_type, digest)


def _login(reference: Reference) -> Credentials | None:
    """Return what variables give for the registry of an image or repository that a user named."""
    return given(reference.host) if reference.host else None


def _place(reference: Reference, repository: str) -> Reference:
    """Return where an attachment goes: beside the image, without a tag."""
    place = parse(repository) if repository else reference
    if repository and (place.is_located or place.tag_typed or place.digest):
        raise UsageError(f"{repository!r} is no repository of a registry.", "Write HOST/REPOSITORY, without a tag.")
    return msgspec.structs.replace(place, tag="", digest="", tag_typed=False)


def _named(reference: Reference, root: "Descriptor", subjects: Iterable[str]) -> "Descriptor":
    """Return what a statement speaks of: what the reference leads to or, for an index, one of its images."""
    from envscout.images.artifacts import described

    named = set(subjects)
    if root.digest in named:
        return root
    for digest in _members(reference, root):
        if digest in named:
            exact = msgspec.structs.replace(reference, tag="", tag_typed=False, digest=digest)
            return described(exact, _login(reference))
    about = ", ".join(sorted(named)[:3]) or "nothing"
    raise SourceError(
        f"The statement speaks of {about}, not of {reference.familiar} ({root.digest}).",
        "Attach it to the image that it was made for.",
    )


def _members(reference: Reference, root: "Descriptor") -> tuple[str, ...]:
    from envscout.images.artifacts import members

    exact = msgspec.structs.replace(reference, tag="", tag_typed=False, digest=root.digest)
    return members(exact, _login(reference))


def _listed(attached: Attachments, predicate_types: Sequence[str]) -> Attestations:
    listing = attached.listing()
    entries, problems, peeks = [], list(listing.problems), MAX_PEEKS
    for each in listing.entries:
        one = each
        if not one.type and one.size <= MAX_PEEK and peeks:
            peeks -= 1
            try:
                found = statements.statement(attached.read(one, MAX_PEEK))
                one = msgspec.structs.replace(one, type=found.predicate_type if found else "")
            except EnvscoutError as error:
                problems.append(Problem("unread-attestation", error.cause, one.digest))
        if not predicate_types or one.type in predicate_types:
            entries.append(one)
    return Attestations(attached.image, tuple(entries), tuple(problems))


def _only(found: Attestations, digest: str, reference: Reference) -> "Hung":
    meant = [each for each in found.entries if not digest or digest in (each.digest, each.manifest)]
    if not meant:
        why = f" ({found.problems[0].message.rstrip('.')})" if found.problems else ""
        raise NotFound(
            f"No such attestation is attached to {reference.familiar}{why}.", "`envscout attestation list` shows them."
        )
    if len({each.digest for each in meant}) > 1:
        shown = ", ".join(f"{each.digest} ({each.type or 'unknown'})" for each in meant[:5])
        raise UsageError(f"{len(meant)} attestations are meant: {shown}.", "Name one by its digest.")
    return meant[0]

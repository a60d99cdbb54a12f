"""`envscout attestation`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from envscout.cli import options
from envscout.cli.session import Session
from envscout.cli.show.table import inert
from envscout.errors import NotFound, UsageError

if TYPE_CHECKING:
    from envscout.images.attestation_list import Hung
    from envscout.verbs.attest import Attestations

F = TypeVar("F", bound=Callable[..., Any])

_UNVERIFIED = (
    "Signatures are not checked yet, so nothing is said about who made an attestation.",
    "Leave the flag out, or verify with cosign: `cosign verify-attestation`.",
)
_WHERE = {"index": "in the index", "referrer": "referrer", "tag": "cosign's tag"}


def _repository(command: F) -> F:
    """Add --referrer-repository."""
    text = "Another repository of a registry that holds what is attached."
    return click.option("--referrer-repository", default="", metavar="REPOSITORY", help=text)(command)


def _types(command: F) -> F:
    """Add --predicate-type as a filter."""
    return options.many("--predicate-type", "Only attestations of these predicate types.")(command)


@click.group()
def command() -> None:
    """List what is attached to an image, read it, and attach more.

    Attestations are statements about an image: SBOMs, provenance, VEX, scans, anything. Whoever may push to the
    repository may attach them. Signatures are neither made nor checked.
    """


@command.command("list")
@click.argument("image")
@click.option("--format", "form", type=click.Choice(("list", "json")), default="list", show_default=True, help="Form.")
@_types
@_repository
@options.org
@options.platform
@options.ref
@options.output
def list_(
    image: str,
    form: str,
    predicate_type: tuple[str, ...],
    referrer_repository: str,
    org: str,  # noqa: ARG001
    platform: str,
    ref: str,
    output: str,
) -> None:
    """List what is attached to an image and to the index that it is in, of every type.

    \b
    envscout attestation list registry://registry.example/myorg/myapp:v1.2.3
    envscout attestation list myorg/myapp:v1.2.3 --predicate-type https://spdx.dev/Document --format json

    Shown are builders' attestations in the image's index, referrers, and what cosign keeps under its tags. An image
    without a prefix is looked for in its registry: an engine keeps no attestations.
    """
    from envscout.names.reference import parse
    from envscout.verbs import attest

    with Session() as session, options.to_output(output):
        found = attest.listing(
            parse(image),
            platform=platform,
            archive_ref=ref,
            predicate_types=predicate_type,
            repository=referrer_repository,
        )
        options.tell(form, "attestations", _document(found), _lines(found))
        for problem in found.problems:
            session.warn(f"{problem.code}: {problem.message}")
        if not found.entries:
            session.warn("nothing is attached" + (" of this type" if predicate_type else ""))


@command.command()
@click.argument("image")
@click.argument("digest", default="")
@click.option("--predicate", is_flag=True, help="Write the predicate alone, without the statement around it.")
@_types
@_repository
@click.option("--verify", is_flag=True, help="Check the signature. Refused: this is not done yet.")
@click.option("--key", default="", metavar="KEY", help="The key to check with. Refused, as --verify is.")
@click.option("--skip-tlog", is_flag=True, help="Check without a transparency log. Refused, as --verify is.")
@options.org
@options.platform
@options.ref
@options.output
def get(image: str, digest: str, org: str, output: str, **flags: Any) -> None:  # noqa: ARG001
    """Write one attestation of an image, out of its envelopes: the only one, of a type, or with a digest.

    \b
    envscout attestation get myorg/myapp:v1.2.3 --predicate-type https://slsa.dev/provenance/v1
    envscout attestation get myorg/myapp:v1.2.3 --predicate-type https://spdx.dev/Document --predicate -o app.spdx.json

    DIGEST is one that `attestation list` shows. Each byte is compared with its digest; signatures are not checked.
    """
    from envscout.names.reference import parse
    from envscout.verbs import attest

    if flags["verify"] or flags["key"] or flags["skip_tlog"]:
        raise UsageError(*_UNVERIFIED)
    with Session(), options.to_output(output):
        data = attest.fetch(
            parse(image),
            digest,
            platform=flags["platform"],
            archive_ref=flags["ref"],
            predicate_types=flags["predicate_type"],
            repository=flags["referrer_repository"],
            predicate_only=flags["predicate"],
        )
        text = data.decode("utf-8", "backslashreplace").removesuffix("\n")
        # A file gets what is there; a terminal would obey it.
        click.echo("\n".join(map(inert, text.split("\n"))) if sys.stdout.isatty() else text)


@command.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE [IMAGE...]")
@options.many("--file", "The documents to attach: statements, or predicates of one type.")
@click.option(
    "--predicate-type",
    default="",
    metavar="TYPE",
    help="The type of the predicates, where they do not tell themselves.",
)
@click.option("--referrer", is_flag=True, help="Attach as a referrer. This is always done: the image stays as it is.")
@_repository
@options.org
def add(
    images: tuple[str, ...],
    file: tuple[str, ...],
    predicate_type: str,
    referrer: bool,  # noqa: ARG001
    referrer_repository: str,
    org: str,  # noqa: ARG001
) -> None:
    """Attach documents to images in a registry or an OCI layout, without changing the images.

    \b
    envscout attestation add --file app.spdx.json myorg/myapp:v1.2.3
    envscout attestation add --file scan.json --predicate-type https://example.com/scan/v1 myorg/myapp:v1.2.3

    A predicate is put into an in-toto statement about what the image's name leads to; SPDX, CycloneDX and OpenVEX tell
    their type themselves. A statement is attached as it is, if it speaks of the image. A registry that keeps no account
    of referrers gets a list of them under the tag that OCI names for that. Nothing is signed.
    """
    from envscout.names.reference import parse
    from envscout.verbs import attest

    if not file:
        raise UsageError("There is nothing to attach.", "Name documents: --file FILE.")
    documents = [(each, _read(each)) for each in file]
    with Session() as session:
        for image in images:
            for name, data in documents:
                try:
                    added = attest.attach(
                        parse(image), data, predicate_type=predicate_type, repository=referrer_repository
                    )
                except UsageError as error:
                    raise UsageError(f"{name}: {error.cause}", error.next_step) from error
                session.say(f"{added.predicate_type} attached to {added.image} ({added.subject})")
                click.echo(added.digest)


def _read(path: str) -> bytes:
    """Return a document to attach. Raise NotFound, UsageError."""
    from envscout.images.attestations import MAX_DOCUMENT

    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_DOCUMENT + 1)
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
    if len(data) > MAX_DOCUMENT:
        raise UsageError(f"{path} is larger than {MAX_DOCUMENT >> 20} MiB.", "Attach a smaller document.")
    return data


def _document(found: "Attestations") -> dict[str, Any]:
    return {
        "image": {
            "digest": found.image.digest,
            "index_digest": found.image.index_digest,
            "platform": found.image.platform,
        },
        "attestations": [msgspec.to_builtins(each) for each in found.entries],
        "problems": [msgspec.to_builtins(each) for each in found.problems],
    }


def _lines(found: "Attestations") -> list[str]:
    from envscout.cli.show.table import table

    rows = [
        (each.type or "unknown", each.digest, f"{max(each.size, 0):,}", _place(each, found)) for each in found.entries
    ]
    return table(("Type", "Digest", "Bytes", "Attached"), rows) if rows else []


def _place(each: "Hung", found: "Attestations") -> str:
    of = "the index" if each.subject == found.image.index_digest != "" else found.image.platform or "the image"
    return f"{_WHERE[each.place]}, of {of}"

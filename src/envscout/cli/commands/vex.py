"""`envscout vex`."""

import contextlib
from typing import TYPE_CHECKING

import click
import msgspec

from envscout.cli import options
from envscout.cli.session import Session
from envscout.errors import NotFound, SourceError, UsageError

if TYPE_CHECKING:
    from envscout.model import Indexed
    from envscout.names.reference import Reference

_UNVERIFIED = (
    "Signatures are not checked yet, so nothing is said about who made a document.",
    "Leave the flag out, or verify with cosign: `cosign verify-attestation --type openvex`.",
)


def _indexed(session: Session, reference: "Reference", platform: str, ref: str) -> "Indexed":
    """Return the image as its registry has it, with all that is attached; else as it is at hand."""
    from envscout.cli.indexing import index_shown

    if reference.prefix == "image":
        there = msgspec.structs.replace(reference, prefix="registry")
        with contextlib.suppress(SourceError, NotFound):
            return index_shown(session, there, platform=platform, archive_ref=ref)
    return index_shown(session, reference, platform=platform, archive_ref=ref)


@click.group()
def command() -> None:
    """Read what the publishers of an image say of its vulnerabilities."""


@command.command()
@click.argument("image")
@click.option("--verify", is_flag=True, help="Check signatures. Refused: this is not done yet.")
@click.option("--key", default="", metavar="KEY", help="The key to check with. Refused, as --verify is.")
@click.option("--skip-tlog", is_flag=True, help="Check without a transparency log. Refused, as --verify is.")
@options.org
@options.platform
@options.ref
@options.output
def get(image: str, verify: bool, key: str, skip_tlog: bool, org: str, platform: str, ref: str, output: str) -> None:  # noqa: ARG001
    """Write all VEX that is in an image or attached to it as one OpenVEX document.

    \b
    envscout vex get registry.example.com/myorg/myapp:v1.2.3
    envscout vex get --output app.vex.json oci-dir://build/image

    Documents in OpenVEX, CSAF and CycloneDX are merged; each statement keeps its time, and its notes tell who says so
    and where. Everybody's statements are written, whoever is heeded elsewhere; where several speak of one product, the
    newest counts. An image without a prefix is looked for in its registry first: an engine keeps no attestations.
    Signatures are not checked.
    """
    from envscout import vex
    from envscout.names.reference import parse
    from envscout.verbs.vex import hung

    if verify or key or skip_tlog:
        raise UsageError(*_UNVERIFIED)
    with Session() as session, options.to_output(output):
        reference = parse(image)
        indexed = _indexed(session, reference, platform, ref)
        said = session.call(hung, indexed.image_id)
        for problem in said.problems:
            session.warn(problem.message)
        if not said.statements:
            raise NotFound(
                f"there is no VEX in or at {reference.familiar}", "`envscout attestation list` shows what there is"
            )
        options.document(vex.write(said.statements, said.author, said.at))

"""`envscout push`."""

from typing import TYPE_CHECKING, Any

import click
import msgspec

from envscout.cli import options
from envscout.cli.session import Session
from envscout.errors import UsageError

if TYPE_CHECKING:
    from envscout.model import Indexed
    from envscout.names.reference import Reference

_REMOTE = ("registry", "oci-dir")
_AUTHOR = "org.opencontainers.image.authors"
_CREATED = "org.opencontainers.image.created"


@click.command()
@click.argument("image")
@click.option("--sbom", is_flag=True, help="Attach the list of packages to the image, in its registry or layout.")
@click.option(
    "--format",
    "form",
    type=click.Choice(("spdx", "cyclonedx")),
    default="spdx",
    show_default=True,
    help="The form of what --sbom attaches.",
)
@click.option("--author", default="", metavar="NAME", help="Who made the SBOM; kept beside it.")
@click.option("--timestamp", default="", metavar="TIME", help="When the SBOM was made; kept beside it.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--secrets", is_flag=True, help="Search all layers for secrets of known kinds, and list them.")
@options.org
@options.platform
@options.ref
@options.output
def command(image: str, output: str, org: str, **flags: Any) -> None:  # noqa: ARG001
    """Look into an image and keep what is in it; with --sbom, attach that to the image as well.

    \b
    envscout push myorg/myapp:v1.2.3
    envscout push --sbom registry.example/myorg/myapp:v1.2.3
    envscout push --sbom --format cyclonedx --author "CI of myorg" --dry-run registry.example/myorg/myapp:v1.2.3

    Nothing leaves this machine without --sbom: the inventory goes into the store. With --sbom the image is read from
    its registry, not from the engine, and the list hangs on its manifest as an in-toto statement that nobody signed.

    With --secrets its layers and its configuration are searched for secrets of known kinds, which are listed by their
    place and never shown, kept or attached. Finding some does not fail the command.
    """
    from envscout.cli.indexing import index_shown, search_shown
    from envscout.names.reference import parse

    notes = _notes(flags["author"], flags["timestamp"])
    if notes and not flags["sbom"]:
        raise UsageError("--author and --timestamp are kept beside an SBOM.", "Add --sbom.")
    reference = _place(parse(image), sbom=flags["sbom"])
    with Session() as session, options.to_output(output):
        if flags["dry_run"]:
            _tell(session, reference, flags)
            return
        indexed = index_shown(session, reference, platform=flags["platform"], archive_ref=flags["ref"])
        click.echo(indexed.image.digest)
        if flags["secrets"]:
            from envscout.cli.show.embedded import section

            where = {"platform": flags["platform"], "archive_ref": flags["ref"]}
            for line in section(search_shown(session, reference, indexed, **where).secrets):
                click.echo(line)
        if flags["sbom"]:
            click.echo(_attach(session, reference, indexed, flags["form"], notes))


def _place(reference: "Reference", *, sbom: bool) -> "Reference":
    """Return where the image is read from: what an SBOM is attached to has to be what it was made of."""
    if not sbom:
        return reference
    place = msgspec.structs.replace(reference, prefix="registry") if reference.prefix == "image" else reference
    if place.prefix not in _REMOTE:
        raise UsageError(
            f"Nothing can be attached to {place.prefix}://.", "Push the image to a registry first, and name it there."
        )
    return place


def _notes(author: str, timestamp: str) -> dict[str, str]:
    """Return the annotations of the SBOM. Raise UsageError for a time that is none."""
    notes = {_AUTHOR: author} if author else {}
    if timestamp:
        from envscout.names import moment
        from envscout.store import now

        notes[_CREATED] = moment.show(moment.parse(timestamp, now()))
    return notes


def _tell(session: Session, reference: "Reference", flags: dict[str, Any]) -> None:
    from envscout import images

    found = images.resolve(reference, platform=flags["platform"], archive_ref=flags["ref"])
    what = f"{reference.familiar} ({found.digest}, {found.platform or 'no platform'})"
    session.say(f"Would look into {what}, unless it is known already")
    if flags["secrets"]:
        session.say("Would search all of its layers and its configuration for secrets of known kinds")
    if flags["sbom"]:
        session.say(f"Would attach its packages as {flags['form']} to {reference.repository or reference.location}")
    click.echo(found.digest)


def _attach(session: Session, reference: "Reference", indexed: "Indexed", form: str, notes: dict[str, str]) -> str:
    from envscout import sbom
    from envscout.verbs import ask, attest

    image, inventory = session.call(ask.inventory, indexed.image_id)
    write = sbom.write_spdx if form == "spdx" else sbom.write_cyclonedx
    exact = msgspec.structs.replace(reference, tag="", tag_typed=False, digest=image.digest)
    added = attest.attach(exact, write(image, inventory, reference.familiar), annotations=notes)
    session.say(f"{added.predicate_type} attached to {reference.familiar} ({added.subject})")
    for problem in inventory.problems:
        session.warn(f"{problem.code}: {problem.message}")
    return added.digest

"""`envscout sbom`."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

import click

from envscout.cli import asking, options
from envscout.cli.session import Session

if TYPE_CHECKING:
    from envscout.model import Image, Inventory, Package


_FROM = {True: "base image", False: "image", None: ""}


@click.command()
@click.argument("image", default="", metavar="[IMAGE]")
@click.option("--secrets", is_flag=True, hidden=True, help="Search all layers for secrets of known kinds as well.")
@options.platform
@options.ref
@options.sbom_source
@options.many("--only-package-type", "With --format list: only packages of a type (deb, apk, npm, pypi, ...).")
@options.form("json", "list", "cyclonedx", "spdx")
@options.output
def command(
    image: str,
    secrets: bool,
    platform: str,
    ref: str,
    sbom_source: str,
    only_package_type: tuple[str, ...],
    form: str,
    output: str,
) -> None:
    """Write the packages of an image as a list or as a document, from any source that an image comes from.

    \b
    envscout sbom --format list nginx:1.27
    envscout sbom --format cyclonedx --output nginx.cdx.json nginx:1.27
    envscout sbom --format spdx sbom://made-by-others.xml

    Documents have everything that is known of the packages, `json` all of it in our own form; CycloneDX is written in
    version 1.6, SPDX in 2.3.

    With --secrets, all layers and the configuration are searched for secrets of known kinds, also what a later layer
    removed. They are told by their place, never shown; `list` and `json` have them, other documents have no place.
    """
    from envscout import sbom
    from envscout.cli.indexing import index_shown, search_shown
    from envscout.names.reference import parse
    from envscout.verbs import ask

    with Session() as session, options.to_output(output):
        reference = parse(image or asking.built_last(session))
        indexed = index_shown(session, reference, platform=platform, archive_ref=ref, sbom_source=sbom_source)
        described, inventory = session.call(ask.inventory, indexed.image_id)
        searched = search_shown(session, reference, indexed, platform=platform, archive_ref=ref) if secrets else None
        base = session.call(ask.base_of, described)
        if form == "list":
            from envscout.cli.show.cves import base_image
            from envscout.findings.base import brought

            if base:
                session.say(f"Base image: {base_image(base)}")
            _list(inventory.packages, only_package_type, brought(described, base))
            if searched:
                from envscout.cli.show.embedded import section

                for line in section(searched.secrets):
                    click.echo(line)
        else:
            writers: dict[str, Callable[[Image, Inventory, str], bytes]] = {
                "json": partial(sbom.write, base=base, secrets=searched.secrets if searched else None),
                "cyclonedx": sbom.write_cyclonedx,
                "spdx": sbom.write_spdx,
            }
            if searched and form == "json":
                import msgspec

                from envscout.verbs.embedded import masked

                met = tuple(dict.fromkeys((*inventory.problems, *searched.problems)))
                described, inventory = masked(described), msgspec.structs.replace(inventory, problems=met)
            elif searched:
                session.warn("--secrets is for --format list and json: this document has no place for them")
            click.echo(writers[form](described, inventory, reference.familiar).decode(), nl=False)
            if only_package_type:
                session.warn("--only-package-type is for --format list: the document has the packages of all types")
        if form != "json":
            for problem in inventory.problems:
                session.warn(f"{problem.code}: {problem.message}")


def _list(packages: Iterable["Package"], types: tuple[str, ...], from_base: Callable[[str], bool | None]) -> None:
    from envscout.cli.show.table import table

    rows = [
        (each.name, each.version, each.type, _FROM[from_base(each.layer)], each.owner.partition("@")[0])
        for each in packages
        if not types or each.type in types
    ]
    for line in table(("Name", "Version", "Type", "From", "Owned by"), rows):
        click.echo(line)

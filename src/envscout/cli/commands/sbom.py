"""`envscout sbom`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from envscout.cli import options
from envscout.cli.session import Session

if TYPE_CHECKING:
    from envscout.model import Package


@click.command()
@click.argument("image")
@options.platform
@options.ref
@options.sbom_source
@options.many("--only-package-type", "With --format list: only packages of a type (deb, apk, npm, pypi, ...).")
@options.form("json", "list", "cyclonedx", "spdx")
@options.output
def command(
    image: str, platform: str, ref: str, sbom_source: str, only_package_type: tuple[str, ...], form: str, output: str
) -> None:
    """Write the packages of an image as a list or a document, from any source that `cves` takes.

    \b
    envscout sbom --format list nginx:1.27
    envscout sbom --format cyclonedx --output nginx.cdx.json nginx:1.27
    envscout sbom --format spdx sbom://made-by-others.xml
    """
    from envscout import sbom
    from envscout.cli.indexing import index_shown
    from envscout.names.reference import parse
    from envscout.verbs import ask

    writers = {"json": sbom.write, "cyclonedx": sbom.write_cyclonedx, "spdx": sbom.write_spdx}
    with Session() as session, options.to_output(output):
        reference = parse(image)
        indexed = index_shown(session, reference, platform=platform, archive_ref=ref, sbom_source=sbom_source)
        described, inventory = ask.inventory(session.database, indexed.image_id)
        if form == "list":
            _list(inventory.packages, only_package_type)
        else:
            click.echo(writers[form](described, inventory, reference.familiar).decode(), nl=False)
            if only_package_type:
                session.warn("--only-package-type is for --format list: the document has the packages of all types")
        if form != "json":
            for problem in inventory.problems:
                session.warn(f"{problem.code}: {problem.message}")


def _list(packages: Iterable["Package"], types: tuple[str, ...]) -> None:
    from envscout.cli.show.table import table

    rows = [
        (each.name, each.version, each.type, each.owner.partition("@")[0])
        for each in packages
        if not types or each.type in types
    ]
    for line in table(("Name", "Version", "Type", "Owned by"), rows):
        click.echo(line)

"""`envscout sbom`."""

import click

from envscout.cli import options
from envscout.cli.session import Session


@click.command()
@click.argument("image")
@options.platform
@options.ref
@options.many("--only-package-type", "With --format list: only packages of a type (deb, apk, npm, pypi, ...).")
@options.form("json", "list")
@options.output
def command(image: str, platform: str, ref: str, only_package_type: tuple[str, ...], form: str, output: str) -> None:
    """List the packages of an image, from any source that `cves` takes."""
    from envscout.cli.indexing import index_shown
    from envscout.cli.show.table import table
    from envscout.names.reference import parse
    from envscout.sbom import write
    from envscout.verbs import ask

    with Session() as session, options.to_output(output):
        reference = parse(image)
        indexed = index_shown(session, reference, platform=platform, archive_ref=ref)
        described, inventory = ask.inventory(session.database, indexed.image_id)
        if form == "json":
            click.echo(write(described, inventory, reference.familiar).decode())
            return
        rows = [
            (each.name, each.version, each.type, each.owner.partition("@")[0])
            for each in inventory.packages
            if not only_package_type or each.type in only_package_type
        ]
        for line in table(("Name", "Version", "Type", "Owned by"), rows):
            click.echo(line)
        for problem in inventory.problems:
            session.warn(f"{problem.code}: {problem.message}")

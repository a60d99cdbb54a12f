"""`envscout explain`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
import msgspec

from envscout.cli import asking, options, suppressing
from envscout.cli.session import CHECK, CROSS, Session

if TYPE_CHECKING:
    from envscout.verbs.ask import ImageReport
    from envscout.verbs.explain import Explanation

_SIGNS = {"affected": (CROSS, "red"), "not-affected": (CHECK, "green"), "unknown": ("?", "yellow")}
_WORDS = {"affected": "affected", "not-affected": "not affected", "unknown": "unknown"}


@click.command()
@click.argument("vulnerability", metavar="CVE")
@click.argument("image", default="", metavar="[IMAGE|REPOSITORY]")
@click.option("--env", "environment", default=None, metavar="ENV", help="Explain what runs in an environment.")
@options.org
@options.platform
@options.ref
@options.sbom_source
@options.at
@click.option("--service", default="", metavar="NAME", help="With --env: the service, where no repository names it.")
@suppressing.flags
@options.form("text", "json")
@options.output
def command(vulnerability: str, image: str, environment: str | None, form: str, output: str, **flags: Any) -> None:
    """Show why a vulnerability is in an image, why it is not, or why nobody can tell.

    \b
    envscout explain CVE-2023-5363 nginx:1.27
    envscout explain CVE-2023-5363 --env production myorg/myapp

    Every installed package that a record of the vulnerability speaks of is laid beside the versions that it names.
    """
    from envscout.verbs.explain import explain

    with Session() as session, options.to_output(output):
        asked = asking.question(session, flags, flags["at"])
        images = asking.of_subject(session, image, environment, asked, flags).images
        found = [(each, explain(session.database, each.image_id, vulnerability, asked.known_at)) for each in images]
        if form == "json":
            options.document({"schema": "envscout/explain/1", "images": [_document(*each) for each in found]})
            return
        for each in found:
            for line in _lines(*each):
                click.echo(line)


def _document(image: "ImageReport", found: "Explanation") -> dict[str, Any]:
    from envscout.cli.show import documents

    return {
        "query": found.query,
        "vulnerabilities": found.names,
        "answer": found.answer(image.coverage),
        "image": documents.image(image),
        "packages": [msgspec.structs.asdict(each) for each in found.reasonings],
        "ecosystems": found.ecosystems,
    }


def _lines(image: "ImageReport", found: "Explanation") -> Iterator[str]:
    from envscout.cli.show.cves import coverage
    from envscout.cli.show.table import inert

    answer = found.answer(image.coverage)
    where = f" in {image.deployment.environment}" if image.deployment else ""
    sign, colour = _SIGNS[answer]
    said = f"{_WORDS[answer]} by" if answer != "unknown" else "unknown whether it is affected by"
    title = f"  {sign} {image.reference}{where}: {said} {', '.join(found.names) or found.query}"
    yield from ("", click.style(inert(title), fg=colour))
    for each in found.reasonings:
        sign, colour = _SIGNS[each.answer]
        yield from ("", click.style(inert(f"    {sign} {each.name} {each.version}: {_WORDS[each.answer]}"), fg=colour))
        yield inert(f"      {each.purl}")
        yield inert(f"      {each.advisory} ({each.feed}) names {each.range or 'no versions'}")
        yield inert(f"      {each.why}")
    yield ""
    if not found.names:
        yield inert(f"    No record of the store knows {found.query}: `envscout db status` shows what it holds")
    elif not found.reasonings:
        yield "    No record of it names a package of this image"
    if found.ecosystems:
        yield inert(f"    Records of it speak of {', '.join(found.ecosystems)}")
    yield from coverage(image.coverage)

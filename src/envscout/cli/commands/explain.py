"""`envscout explain`."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from envscout.cli import asking, options, suppressing
from envscout.cli.session import CHECK, CROSS, NOTE, Session

if TYPE_CHECKING:
    from envscout.cli.show.statements import Said
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

    Every installed package that a record of the vulnerability speaks of is laid beside the versions that it names, and
    compared by the rules of its ecosystem. Where no package is, what the records speak of is told. Exceptions and VEX
    statements that suppress it are named; it is affected for all that. So are those that do not, and why: they are of
    another image or version, have ended, or a newer one says otherwise.
    """
    from envscout.verbs import ask, explain

    with Session() as session, options.to_output(output):
        names = session.call(explain.meant, vulnerability)
        # Only what is asked about is looked for: an image may have thousands of others.
        flags["only_cve_id"] = names or (vulnerability.strip(),)
        asked = asking.question(session, flags, flags["at"])
        images = asking.of_subject(session, image, environment, asked, flags).images
        found = [
            (
                each,
                session.call(explain.explain, each.image_id, vulnerability, names, asked.known_at),
                session.call(ask.said_of, each, names, asked),
            )
            for each in images
        ]
        if form == "json":
            options.document({"schema": "envscout/explain/1", "images": [_document(*each) for each in found]})
            return
        for told in found:
            for line in _lines(*told):
                click.echo(line)


def _document(image: "ImageReport", found: "Explanation", said: "Said") -> dict[str, Any]:
    from envscout.cli.show import documents, statements

    return {
        "query": found.query,
        "vulnerabilities": found.names,
        "answer": found.answer(image.coverage),
        "image": documents.image(image),
        "packages": [msgspec.structs.asdict(each) for each in found.reasonings],
        "ecosystems": [each.ecosystem for each in found.spoken],
        "spoken_of": [msgspec.structs.asdict(each) for each in found.spoken],
        "findings": [documents.finding(image, each) for each in image.findings],
        "suppressed": [documents.finding(image, each) for each in image.suppressed],
        "statements": statements.document(said),
    }


def _lines(image: "ImageReport", found: "Explanation", said: "Said") -> Iterator[str]:
    from envscout.cli.show import statements
    from envscout.cli.show.cves import coverage
    from envscout.cli.show.table import inert

    answer = found.answer(image.coverage)
    where = f" in {image.deployment.environment}" if image.deployment else ""
    sign, colour = _SIGNS[answer]
    word = f"{_WORDS[answer]} by" if answer != "unknown" else "unknown whether it is affected by"
    title = f"  {sign} {image.reference}{where}: {word} {', '.join(found.names) or found.query}"
    yield from ("", click.style(inert(title), fg=colour))
    for each in found.reasonings:
        sign, colour = _SIGNS[each.answer]
        yield from ("", click.style(inert(f"    {sign} {each.name} {each.version}: {_WORDS[each.answer]}"), fg=colour))
        yield inert(f"      {each.purl}")
        yield inert(f"      {each.advisory} ({each.feed}) names {each.range or 'no versions'}")
        yield inert(f"      {each.why}")
        if each.state:
            yield inert(f"      {each.state}")
    yield from map(inert, _suppressed(image))
    yield from map(inert, statements.lines(said))
    yield ""
    if not found.names:
        yield inert(f"    No record of the store knows {found.query}: `envscout db status` shows what it holds")
    yield from map(inert, _spoken(found))
    yield from coverage(image.coverage)


def _suppressed(image: "ImageReport") -> Iterator[str]:
    for each in image.suppressed:
        said = each.suppression
        if said is not None:
            source = f"{said.source} {said.where}".strip()
            words = ": ".join(filter(None, (said.kind, said.justification or said.why)))
            yield ""
            yield f"    {NOTE} {each.package.name} {each.package.version} is SUPPRESSED by {source}"
            yield f"      {words}{f', by {said.who}' if said.who else ''}"


def _spoken(found: "Explanation") -> Iterator[str]:
    """Say which ecosystems records speak of in vain, and whether the image has anything of them."""
    from envscout.cli.show.size import many

    for each in found.spoken:
        if each.held and not each.met:
            named, held = f"{_few(each.packages)} in {each.ecosystem}", many(each.held, "package", "packages")
            yield f"    Records of it name {named}; the image holds {held} of it, none called so"
    away = [each.ecosystem for each in found.spoken if not each.held]
    if away:
        also = "also " if len(away) < len(found.spoken) else ""
        yield f"    Records of it {also}speak of {_few(away)}; the image holds no package of these"


def _few(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


_NAMED = 12

"""`envscout db bundle`: advisories for where nothing can be fetched."""

import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from envscout.cli import options
from envscout.cli.session import Session
from envscout.errors import UsageError
from envscout.names import moment

if TYPE_CHECKING:
    from envscout.advisories.bundles.manifest import Entry
    from envscout.verbs.advisory_bundle import Made
    from envscout.verbs.update.ready import FeedResult

_EVERY = re.compile(r"(\d{1,4})(h|d|w)", re.ASCII)
_HOURS = {"h": 1, "d": 24, "w": 168}
_HOUR = 3_600_000_000


@click.group()
def bundle() -> None:
    """Carry advisories to where nothing can be fetched: signed, incremental, as files or through a registry."""


@bundle.command()
@click.argument("target", metavar="FILE|oci://REF")
@click.option(
    "--since",
    default="",
    metavar="FILE|GENERATION",
    help="Hold only what changed since an earlier bundle of this store.",
)
@click.option("--feed", "feeds", multiple=True, metavar="NAME", help="Hold this feed, not all; may be repeated.")
@click.option("--key", default="", metavar="FILE", help="Private Ed25519 key to sign with; the setting bundle_key.")
@click.option("--every", default="", metavar="TIME", help="Promise the next one within this time: 12h, 1d, 1w.")
@click.option("--new-sequence", "anew", is_flag=True, help="Publish from here on as another store: this one is a copy.")
@options.form("text", "json")
def create(target: str, since: str, feeds: tuple[str, ...], key: str, every: str, anew: bool, form: str) -> None:
    """Make a bundle of the advisories that the store holds.

    \b
    envscout db bundle create monday.bundle --key publisher --every 1d
    envscout db bundle create tuesday.bundle --since monday.bundle --key publisher --every 1d
    envscout db bundle create oci://registry.example.com/security/advisories:full --key publisher

    Without --since it is full. The same state of the store gives the same bytes. A copy of a store has its name: if
    both are to publish, make one bundle of one of them with --new-sequence; where bundles of the other one were
    applied, it takes over with --allow-other.
    """
    from envscout.verbs import advisory_bundle

    with Session() as session:
        key = key or session.settings.text("bundle_key")
        after = advisory_bundle.since(session.database, since) if since else None
        path = Path(key).expanduser() if key else None
        made = advisory_bundle.create(
            session.database, target, after=after, names=feeds, key=path, every=_microseconds(every), anew=anew
        )
    if not made.signed_by:
        Session.warn("it is not signed: where it is applied it is refused, unless --insecure-unsigned is passed")
    options.tell(form, "advisory-bundle", _document(made), _lines(made))


def _microseconds(text: str) -> int:
    if not text:
        return 0
    found = _EVERY.fullmatch(text.strip())
    if not found or not int(found[1]):
        raise UsageError(f"{text[:64]!r} is no time between two bundles", "write 12h, 1d or 1w")
    return int(found[1]) * _HOURS[found[2]] * _HOUR


def _document(made: "Made") -> dict[str, object]:
    manifest = made.manifest
    return {
        "place": made.place,
        "digest": made.digest or None,
        "bytes": made.size,
        "signed_by": made.signed_by or None,
        "sequence": manifest.sequence,
        "generation": manifest.generation,
        "since": manifest.since or None,
        "as_of": moment.show(manifest.as_of),
        "every_seconds": manifest.every // 1_000_000 or None,
        "feeds": [_feed(each) for each in manifest.feeds],
    }


def _feed(each: "Entry") -> dict[str, object]:
    return {
        "name": each.name,
        "kind": each.kind,
        "source": each.source,
        "as_of": moment.show(each.as_of),
        "records": each.records,
        "since": each.since or None,
        "bytes": sum(part.packed for part in each.parts),
    }


def _lines(made: "Made") -> list[str]:
    manifest = made.manifest
    what = f"since {manifest.since}" if manifest.since else "full"
    lines = [
        f"    {each.name}: {each.records} records, {sum(part.packed for part in each.parts):,} bytes"
        for each in manifest.feeds
    ]
    lines.append(f"Generation: {manifest.generation} ({what}), of {moment.show(manifest.as_of)}")
    lines.append(f"Written: {made.place}, {made.size:,} bytes")
    lines += [f"Digest: {made.digest}"] if made.digest else []
    return lines + ([f"Signed by: {made.signed_by}"] if made.signed_by else [])


@bundle.command()
@click.argument("source", metavar="FILE|oci://REF")
@click.option(
    "--trust", multiple=True, metavar="FILE", help="Public key to believe; may be repeated; the setting bundle_trust."
)
@click.option("--allow-older", is_flag=True, help="Go back to an older full bundle.")
@click.option("--allow-other", is_flag=True, help="Let a full bundle of another store take over.")
@click.option("--insecure-unsigned", is_flag=True, help="Apply a bundle that nobody signed.")
@options.form("text", "json")
def apply(
    source: str, trust: tuple[str, ...], allow_older: bool, allow_other: bool, insecure_unsigned: bool, form: str
) -> None:
    """Bring the advisories to the state that a bundle holds.

    \b
    envscout db bundle apply full.bundle --trust publisher.pub
    envscout db bundle apply oci://registry.internal/security/advisories:full --trust publisher.pub

    Every byte is checked first. As with `db update`, all of it is applied or nothing, and what lost a fifth of its
    records is not applied. The same again changes nothing; an older one, and one before which another is missing, are
    refused. `db status` shows the age of what was fetched, not of the bundle's arrival.
    """
    from envscout.verbs import advisory_bundle
    from envscout.verbs.update.believing import bounds_of
    from envscout.verbs.update.bringing import Brought
    from envscout.verbs.update.run import update

    with Session() as session:
        places = trust or tuple(filter(None, re.split(r"\s*,\s*", session.settings.text("bundle_trust"))))
        keys = [Path(each).expanduser() for each in places]
        show = session.status()
        with advisory_bundle.opened(source, keys, unsigned=insecure_unsigned) as found:
            results = update(
                session.database,
                (),
                lambda _used: (),
                lambda what, done, total: show(f"{what} {done}/{total}" if total else what),
                bounds=bounds_of(session.settings),
                brought=Brought(found, allow_older, allow_other),
            )
            state = moment.show(found.manifest.as_of)
    _tell(results, form)
    session.say(f"the advisories are of {state}")
    _fail(results)


def _tell(results: "list[FeedResult]", form: str) -> None:
    from envscout.cli.show.update import told

    options.tell(
        form,
        "update",
        [msgspec.to_builtins(each) for each in results],
        [told(each) for each in results if not each.error],
    )


def _fail(results: "list[FeedResult]") -> None:
    """Tell what was not applied, what has one cause once. Raise FeedError where anything was not."""
    from envscout.errors import FeedError

    causes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in results:
        if each.error:
            causes[each.error, each.next_step].append(each.name)
    told = [(f"{', '.join(names)}: {cause}", step) for (cause, step), names in causes.items()]
    for text, _ in told[:-1]:
        Session.warn(text)
    if told:
        raise FeedError(told[-1][0], told[-1][1] or "the feeds not named were applied")


@bundle.command()
@click.argument("file", metavar="FILE")
def keygen(file: str) -> None:
    """Make a key to sign bundles with: FILE, and FILE.pub for those who apply them.

    \b
    envscout db bundle keygen publisher

    Keys of OpenSSH (`ssh-keygen -t ed25519`, without a passphrase) and PEM files work as well.
    """
    from envscout.verbs import advisory_bundle

    public, fingerprint = advisory_bundle.keygen(Path(file).expanduser())
    Session.say(f"{file} signs; {public} is trusted where bundles are applied")
    click.echo(fingerprint)

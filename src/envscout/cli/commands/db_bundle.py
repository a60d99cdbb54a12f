"""`envscout db bundle`: advisories for where nothing can be fetched."""

import re
from pathlib import Path

import click
import msgspec

from envscout.cli import options
from envscout.cli.session import Session
from envscout.errors import UsageError

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
    help="Hold only what changed since an earlier bundle of this store; a file must be signed with --key, if given.",
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
    from envscout.cli.show import advisory_bundle as show
    from envscout.verbs import advisory_bundle

    with Session() as session:
        key = key or session.settings.text("bundle_key")
        path = _path(key) if key else None
        after = advisory_bundle.since(session.database, since, path) if since else None
        made = advisory_bundle.create(
            session.database, target, after=after, names=feeds, key=path, every=_microseconds(every), anew=anew
        )
    if not made.signed_by:
        Session.warn("it is not signed: where it is applied it is refused, unless --insecure-unsigned is passed")
    options.tell(form, "advisory-bundle", show.document(made), show.lines(made))


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise UsageError(f"{text[:200]} names no home that is known", "write the whole path") from error


def _microseconds(text: str) -> int:
    if not text:
        return 0
    found = _EVERY.fullmatch(text.strip())
    if not found or not int(found[1]):
        raise UsageError(f"{text[:64]!r} is no time between two bundles", "write 12h, 1d or 1w")
    return int(found[1]) * _HOURS[found[2]] * _HOUR


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

    Every byte is checked first: of a bundle that cannot be read to its end, nothing is applied. A feed that the bundle
    cannot bring forward (what is here is newer, or a bundle in between is missing), and one that lost a fifth of its
    records or grew tenfold, stays as it is and is named; the others are applied at once. The same again changes
    nothing. `db status` shows the age of what was fetched, not of the bundle's arrival.
    """
    from envscout.cli.show import advisory_bundle as show
    from envscout.cli.show.update import told
    from envscout.verbs import advisory_bundle
    from envscout.verbs.update.believing import bounds_of
    from envscout.verbs.update.bringing import Brought
    from envscout.verbs.update.run import update

    with Session() as session:
        places = trust or tuple(filter(None, re.split(r"\s*,\s*", session.settings.text("bundle_trust"))))
        keys = [_path(each) for each in places]
        status = session.status()
        with advisory_bundle.opened(source, keys, unsigned=insecure_unsigned) as found:
            results = update(
                session.database,
                (),
                lambda _used: (),
                lambda what, done, total: status(f"{what} {done}/{total}" if total else what),
                bounds=bounds_of(session.settings),
                brought=Brought(found, allow_older, allow_other),
            )
        moments = advisory_bundle.moments(session.database)
    lines = [told(each) for each in results if not each.error]
    options.tell(form, "update", [msgspec.to_builtins(each) for each in results], lines)
    if lines:
        session.say(show.applied(results, moments))
    refusals = show.refusals(results)
    for warning in (*show.left(results, moments), *(each.cause for each in refusals[:-1])):
        session.warn(warning)
    if refusals:
        raise refusals[-1]


@bundle.command()
@click.argument("file", metavar="FILE")
def keygen(file: str) -> None:
    """Make a key to sign bundles with: FILE, and FILE.pub for those who apply them.

    \b
    envscout db bundle keygen publisher

    Keys of OpenSSH (`ssh-keygen -t ed25519`, without a passphrase) and PEM files work as well.
    """
    from envscout.verbs import advisory_bundle

    public, fingerprint = advisory_bundle.keygen(_path(file))
    Session.say(f"{file} signs; {public} is trusted where bundles are applied")
    click.echo(fingerprint)

"""From what somebody typed to the page that they mean."""

import re

import msgspec

from envscout.errors import EnvscoutError
from envscout.server.asking import Asked
from envscout.server.pages.address import href
from envscout.server.pages.page import Page
from envscout.server.pages.vulnerability import Prefix
from envscout.store.deployments import EnvironmentRow, Scope
from envscout.verbs.locate import Located

_DIGEST = re.compile(r"(sha256:)?[0-9a-f]{64}", re.ASCII)
_MOST = 25


class Hit(msgspec.Struct, frozen=True):
    """Something that has such a name: what kind of thing, its name, and its page."""

    kind: str
    name: str
    address: str


class Search(msgspec.Struct, frozen=True):
    """What was found."""

    query: str
    hits: tuple[Hit, ...]


def search(asked: Asked) -> Search:
    """Find what has a name."""
    text, org = asked.query.q.strip(), asked.query.org
    return Search(text, tuple(dict.fromkeys(_hits(asked, text, org))) if text else ())


def _hits(asked: Asked, text: str, org: str) -> list[Hit]:
    found: list[Hit] = []
    if _DIGEST.fullmatch(text):
        digest = text if text.startswith("sha256:") else f"sha256:{text}"
        found.append(Hit("image", digest, href("images", digest, org=org)))
    rows: list[EnvironmentRow] = asked.perform("ask.environments", scope=Scope(org))
    found += [
        Hit("environment", row.name, href("environments", row.name, org=row.organization))
        for row in rows if text.lower() in row.name.lower()
    ]  # fmt: skip
    for kind, prefix in (
        ("vulnerabilities", text.upper()),
        ("packages", text),
        ("services", text),
        ("references", text),
    ):
        names = asked.perform("known.names", kind=kind, prefix=prefix)
        found += [_hit(kind, name, org) for name in names[:_MOST]]
    seen = {each.name for each in found}
    found += [_hit("vulnerabilities", name, org) for name in _meant(asked, text) if name not in seen]
    # What holds the text in its middle takes longer to find.
    return found or [_hit("packages", name, org) for name in _similar(asked, text, org)]


def _meant(asked: Asked, text: str) -> tuple[str, ...]:
    """Return the vulnerabilities that any advisory calls so, though no name begins with it."""
    try:
        found: tuple[str, ...] = asked.perform("explain.meant", query=text)
    except EnvscoutError:
        return ()
    return found


def _similar(asked: Asked, text: str, org: str) -> tuple[str, ...]:
    try:
        found: Located = asked.perform("locate.where", query=text, scope=Scope(org))
    except EnvscoutError:
        return ()
    return found.similar


_KINDS = {
    "vulnerabilities": ("vulnerability", ("vulnerabilities",)),
    "packages": ("package", ("packages",)),
}


def _hit(kind: str, name: str, org: str) -> Hit:
    if kind in _KINDS:
        word, path = _KINDS[kind]
        return Hit(word, name, href(*path, name, org=org))
    if kind == "services":
        return Hit("service", name, href("promotion", org=org, q=name))
    return Hit("image", name, href("images", org=org, q=name))


PAGES = (Page("/search", "search", "", search, Prefix),)

"""What `--from PATH` holds, and where feeds are by default. Names feeds; reads no record."""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote, urlsplit

import msgspec

from envscout.advisories import sniff
from envscout.advisories.members import json_files
from envscout.errors import FeedError
from envscout.names import ecosystem as ecosystems
from envscout.names.address import shown

OSV_BASE = "https://osv-vulnerabilities.storage.googleapis.com"
EPSS_URL = "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"
KEV_URL = "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"

_SUFFIXES = (".gz", ".json", ".jsonl", ".csv", ".zip")
_PATTERNS = (".zip", ".jsonl", ".jsonl.gz", ".json.gz", ".csv", ".csv.gz")
_KINDS = {
    sniff.ZIP: "osv",
    sniff.OSV: "osv",
    sniff.OSV_LINES: "osv",
    **{k: k for k in (sniff.EPSS, sniff.KEV, sniff.CVE)},
}
_SHAPES = "an OSV zip or JSON file, EPSS scores, the KEV catalog, or CVE metadata"


class Feed(msgspec.Struct, frozen=True):
    """One source of facts. name: `osv:PyPI`, `epss`, ...; kind: osv, epss, kev or cve; location: path or URL.

    The same name means the same feed, wherever it is fetched from: what a feed no longer holds is withdrawn.
    """

    name: str
    kind: str
    location: str


def default_feeds(
    names: Iterable[str], osv_base: str = OSV_BASE, epss_url: str = EPSS_URL, kev_url: str = KEV_URL
) -> tuple[Feed, ...]:
    """Return the public feeds for some ecosystems: one zip each, for all releases of a distribution, then EPSS and KEV.

    Layout: https://google.github.io/osv.dev/data/#data-dumps
    """
    bases = sorted({name.partition(":")[0] for name in names} - {""})
    zips = (Feed(f"osv:{base}", "osv", f"{osv_base.rstrip('/')}/{quote(base)}/all.zip") for base in bases)
    return (*zips, Feed("epss", "epss", epss_url), Feed("kev", "kev", kev_url))


def identify(path: Path, location: str = "") -> Feed:
    """Return what one file is. location: where it came from, if not from path.

    Raises FeedError where it is nothing we know.
    """
    kind = _KINDS.get(sniff.shape(path))
    if kind is None:
        raise FeedError(f"{shown(location) or path} is no feed", f"pass {_SHAPES}, or a directory of them")
    place = location or str(path.resolve())
    return Feed(_name(place) if kind == "osv" else kind, kind, place)


def _name(place: str) -> str:
    """Name an OSV feed: after its ecosystem where it lies at `<Ecosystem>/all.zip`, else after its file and place."""
    path = PurePosixPath(unquote(urlsplit(place).path) if "://" in place else Path(place).as_posix())
    if path.name == "all.zip" and ecosystems.scheme(path.parent.name) is not None:
        return f"osv:{path.parent.name}"
    return _unique(_stem(path.name), place)


def _stem(name: str) -> str:
    while name.endswith(_SUFFIXES):
        name = name.rpartition(".")[0]
    return name or "feed"


def _unique(stem: str, place: str) -> str:
    return f"osv:{stem}-{blake2b(place.encode(errors='surrogateescape'), digest_size=4).hexdigest()}"


def discover(path: Path) -> tuple[Feed, ...]:
    """Return the feeds that a file or directory holds, by name. Loose OSV JSON files of a directory are one feed.

    Raises FeedError where there is none, and where two files are the same feed.
    """
    if not path.exists():
        raise FeedError(f"{path} does not exist", f"pass {_SHAPES}, or a directory of them")
    found = list(_in_directory(path)) if path.is_dir() else [identify(path)]
    if not found:
        raise FeedError(f"{path} holds no feed", f"pass {_SHAPES}, or a directory of them")
    return once(found)


def _in_directory(top: Path) -> Iterator[Feed]:
    for pattern in _PATTERNS:
        for path in sorted(top.rglob(f"*{pattern}")):
            if path.is_file() and not path.is_symlink() and sniff.shape(path):
                yield identify(path)
    shapes = {shape: path for path in json_files(top) if (shape := sniff.shape(path))}
    if sniff.OSV in shapes:
        place = str(top.resolve())
        yield Feed(_unique(top.resolve().name or "root", place), "osv", place)
    yield from (identify(path) for shape, path in shapes.items() if shape != sniff.OSV)


def once(feeds: Iterable[Feed]) -> tuple[Feed, ...]:
    """Return feeds by name. Raises FeedError where two places are the same feed."""
    by_name: dict[str, Feed] = {}
    for feed in feeds:
        other = by_name.setdefault(feed.name, feed)
        if other.location != feed.location:
            raise FeedError(
                f"{shown(other.location)} and {shown(feed.location)} are both the feed {feed.name}", "pass one of them"
            )
    return tuple(by_name[name] for name in sorted(by_name))

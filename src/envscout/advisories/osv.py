"""One OSV record -> one Advisory with ranges of byte keys (https://ossf.github.io/osv-schema/). Pure, and the hot path.

What cannot be used of a record travels with it as Problems:
malformed-record      only its ids and ranges could be read
unknown-ecosystem     we have no version order for the ecosystem
unusable-name         a package has a longer name than any that is ever listed
unkeyable-range       a bound has no place in the order: the whole range is left out
unkeyable-version     listed versions have no place in the order
empty-range           a range ends before it begins
git-range             a package is described by commits alone
no-versions           a package is named without any version
no-stream             versions of modular rpms, and the title names no stream: the package is left out
bug-fix               the record announces a bug fix and no vulnerability: its ranges are left out
Packages of which a range or every version is missing for such a reason are `Advisory.unassessed`.
"""

from datetime import datetime

from envscout.advisories import identity, intervals, vendor, wire
from envscout.advisories.intervals import Interval
from envscout.advisories.meaning import Keys, Meaning, of_ecosystem
from envscout.errors import FeedError
from envscout.model import Advisory, Problem, Range
from envscout.names import bounds, modules
from envscout.versions import HIGHEST, LOWEST

_DETAILS = 65_536
_SUMMARY = 1_000
_REFERENCES = 30
_URL = 2_000
_FROM_THE_START = wire.Event(introduced="0")
_DISTRIBUTION_SCHEMES = frozenset({"deb", "rpm", "apk", "alpm"})
_UNASSESSED = frozenset({"no-stream", "no-versions", "unkeyable-range", "unkeyable-version"})


class _Reading:
    """What one record says of packages. commits: those that a block describes by commits alone."""

    __slots__ = ("commits", "problems", "ranges", "title", "unassessed", "where")

    def __init__(self, where: str, title: str) -> None:
        self.where = where
        self.title = title
        self.ranges: list[Range] = []
        self.problems: list[Problem] = []
        self.unassessed: list[tuple[str, str]] = []
        self.commits: list[tuple[str, str]] = []

    def problem(self, code: str, message: str) -> None:
        self.problems.append(Problem(code, message, self.where))

    def missing(self) -> tuple[tuple[str, str], ...]:
        """Return the packages of which something could not be expressed; commits beside ranges are no loss."""
        if not self.commits:
            return tuple(dict.fromkeys(self.unassessed)) if self.unassessed else ()
        ranged = {(one.ecosystem, one.name) for one in self.ranges}
        return tuple(dict.fromkeys([*self.unassessed, *(pair for pair in self.commits if pair not in ranged)]))


class NotARecordError(FeedError):
    """Bytes that are no OSV record."""


def parse(data: bytes) -> Advisory:
    """Read one OSV record.

    Withdrawn records come without ranges. Raises NotARecordError.
    """
    try:
        record, fault = wire.decode(data)
    except (ValueError, RecursionError) as error:
        raise NotARecordError(f"not an OSV record: {error}", "tell the publisher of the feed") from error
    return _advisory(record, fault)


def _advisory(record: wire.Record, fault: str) -> Advisory:
    reading = _Reading(record.id, record.summary or "")
    if fault:
        reading.problem("malformed-record", f"only its ids and ranges were read: {fault}")
    blocks = record.affected or ()
    found = identity.names(record, _of_distribution(blocks))
    if identity.is_bug_fix(record, found):
        reading.problem("bug-fix", "it announces a bug fix and names no vulnerability")
    elif not record.withdrawn:
        for block in blocks:
            _read(block, reading)
    return Advisory(
        id=record.id,
        aliases=found.aliases,
        upstream=found.upstream,
        published=_micros(record.published),
        modified=_micros(record.modified),
        withdrawn=bool(record.withdrawn),
        summary=(record.summary or "")[:_SUMMARY],
        details=(record.details or "")[:_DETAILS],
        severity=vendor.word_of_record(record),
        vectors=vendor.vectors(record),
        score=vendor.bare_score(record),
        cwes=_cwes(record),
        references=_references(record),
        ranges=_distinct(reading.ranges),
        problems=tuple(reading.problems),
        unassessed=reading.missing(),
    )


def _of_distribution(blocks: list[wire.Affected] | tuple[()]) -> bool:
    if not blocks or blocks[0].package is None:
        return False
    known = of_ecosystem(blocks[0].package.ecosystem)
    return known is not None and known.scheme in _DISTRIBUTION_SCHEMES


def _micros(moment: datetime | None) -> int:
    # Go records carry the year 1 where they have no date.
    if moment is None or moment.year < 1970:
        return 0
    return round(moment.timestamp() * 1_000_000)


def _cwes(record: wire.Record) -> tuple[str, ...]:
    ids = record.database_specific.cwe_ids if record.database_specific is not None else None
    if not isinstance(ids, list):
        return ()
    return tuple(cwe for cwe in ids[:50] if isinstance(cwe, str) and cwe.startswith("CWE-") and len(cwe) <= 16)


def _references(record: wire.Record) -> tuple[str, ...]:
    if not record.references:
        return ()
    urls = [reference.url for reference in record.references[:_REFERENCES]]
    return tuple([url for url in urls if url.startswith("http") and len(url) <= _URL and "\n" not in url])


def _distinct(ranges: list[Range]) -> tuple[Range, ...]:
    """Drop ranges of the same package with the same bounds; the first one with a fix stays."""
    if len(ranges) < 2:
        return tuple(ranges)
    seen: dict[tuple[str, str, bytes, bytes], Range] = {}
    for one in ranges:
        place = (one.ecosystem, one.name, one.lo, one.hi)
        if place not in seen or (one.fixed and not seen[place].fixed):
            seen[place] = one
    return tuple(seen.values())


def _read(block: wire.Affected, into: _Reading) -> None:
    """Append the ranges of one `affected` block, and what of it could not be used."""
    package = block.package
    if package is None:
        into.problem("no-package", "it names no package, only a repository")
        return
    meaning = of_ecosystem(package.ecosystem) if len(package.ecosystem) <= bounds.MAX_ECOSYSTEM else None
    if meaning is None:
        into.problem("unknown-ecosystem", f"no version order is known for {package.ecosystem}")
        return
    if len(package.name) > bounds.MAX_NAME:
        into.problem("unusable-name", f"no package has a name of {len(package.name)} characters: {package.name:.100}")
        return
    name = meaning.spelling[package.name]
    word = vendor.word_of_block(block)
    fixed = _single_fix(block)
    if fixed is not None and (hi := meaning.keys[fixed] if fixed else HIGHEST) is not None:
        _add([Interval(LOWEST, hi, "", fixed, fixed)], name, meaning, word, into)
        return
    before = len(into.problems)
    _add(_intervals(block, meaning.keys, f"{package.ecosystem} {name}", into), name, meaning, word, into)
    codes = {problem.code for problem in into.problems[before:]}
    if codes & _UNASSESSED:
        into.unassessed += [(target, name) for target in meaning.targets]
    elif "git-range" in codes:
        into.commits += [(target, name) for target in meaning.targets]


def _add(found: list[Interval], name: str, meaning: Meaning, word: str, into: _Reading) -> None:
    """Append intervals as ranges of a package, for each name and ecosystem that it is matched in."""
    for lo, hi, low, high, fix in found:
        for each in _names(name, fix or high, meaning, into):
            for target in meaning.targets:
                into.ranges.append(Range(target, each, lo, hi, low, high, fix, word))


def _names(name: str, bound: str, meaning: Meaning, into: _Reading) -> tuple[str, ...]:
    """Return what a package is matched as, up to a bound: a modular rpm within its streams."""
    if meaning.scheme != "rpm" or not modules.is_modular(bound):
        return (name,)
    streams = modules.named(into.title)
    if not streams:
        into.problem("no-stream", f"{name} {bound}: its title does not name the module's stream")
        into.unassessed += [(target, name) for target in meaning.targets]
    return tuple(modules.within(stream, name) for stream in streams)


def _single_fix(block: wire.Affected) -> str | None:
    """Return the fix ("" if there is none yet) where a block says only "everything below it", as nearly all do."""
    spans = block.ranges
    if spans is None or len(spans) != 1 or block.versions or spans[0].type == "GIT":
        return None
    events = spans[0].events
    if not events or len(events) > 2 or events[0] != _FROM_THE_START:
        return None
    if len(events) == 1:
        return ""
    last = events[1]
    if last.introduced or last.last_affected or last.limit or last.fixed == "0":
        return None
    return last.fixed or None


def _intervals(block: wire.Affected, keys: Keys, package: str, into: _Reading) -> list[Interval]:
    found: list[Interval] = []
    ordered = [span for span in block.ranges or () if span.type != "GIT" and span.events]
    for span in ordered:
        found += _of_span(span, keys, package, into)
    if block.versions:
        singles, unkeyable = intervals.of_versions(block.versions, keys.__getitem__, found)
        found += singles
        if unkeyable:
            text = (
                f"{package}: {len(unkeyable)} listed versions have no place in the order, such as {unkeyable[0]!r:.100}"
            )
            into.problem("unkeyable-version", text)
    elif not ordered:
        _nothing_said(block, package, into)
    return found


def _of_span(span: wire.Span, keys: Keys, package: str, into: _Reading) -> list[Interval]:
    events = span.events or ()
    try:
        found = intervals.of_events(events, keys.__getitem__)
    except intervals.UnkeyableError as error:
        into.problem("unkeyable-range", f"{package}: the bound {error.args[0]!r:.100} has no place in the order")
        return []
    if not found and not any(event.fixed == "0" for event in events):
        into.problem("empty-range", f"{package}: a range ends before it begins")
    return found


def _nothing_said(block: wire.Affected, package: str, into: _Reading) -> None:
    if any(span.type == "GIT" for span in block.ranges or ()):
        into.problem("git-range", f"{package}: only commits are named, and commits have no order")
    else:
        into.problem("no-versions", f"{package}: no version is named")

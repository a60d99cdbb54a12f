"""Bundles of advisories that were made or applied, for people and programs."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from envscout.advisories.bundles.manifest import Entry
from envscout.errors import FeedError
from envscout.names import moment
from envscout.verbs.advisory_bundle import Made
from envscout.verbs.update.ready import FeedResult


def document(made: Made) -> dict[str, object]:
    """Return a bundle that was made, for programs."""
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


def _feed(each: Entry) -> dict[str, object]:
    return {
        "name": each.name,
        "kind": each.kind,
        "source": each.source,
        "as_of": moment.show(each.as_of),
        "records": each.records,
        "since": each.since or None,
        "bytes": sum(part.packed for part in each.parts),
    }


def lines(made: Made) -> list[str]:
    """Return a bundle that was made, for people."""
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


def applied(results: Sequence[FeedResult], moments: Mapping[str, int]) -> str:
    """Return of when the advisories are now that were applied; some were.

    moments: of the feeds that are there, by name, microseconds.
    """
    of = [moments[each.name] for each in results if not each.error]
    what = "the advisories are" if len(of) == len(results) else "what was applied is"
    return f"{what} of {moment.show(min(of))}"


def left(results: Sequence[FeedResult], moments: Mapping[str, int]) -> Iterator[str]:
    """Yield of when those are that were left as they were."""
    names: dict[int, list[str]] = defaultdict(list)
    for each in results:
        if each.error:
            names[moments.get(each.name, 0)].append(each.name)
    for at, some in sorted(names.items()):
        yield f"left as it was, of {moment.show(at)}: {', '.join(some)}" if at else f"not there: {', '.join(some)}"


def refusals(results: Sequence[FeedResult]) -> list[FeedError]:
    """Return why feeds were not applied, what has one cause once."""
    causes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in results:
        if each.error:
            causes[each.error, each.next_step].append(each.name)
    return [
        FeedError(f"{', '.join(names)}: {cause}", step or "the feeds not named were applied")
        for (cause, step), names in causes.items()
    ]

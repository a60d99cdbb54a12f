"""What services are vulnerable to, by numbers alone: no finding is made, no name looked up."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial, reduce
from operator import and_, or_
from typing import Any

import msgspec
from pyroaring import BitMap

from envscout.environments.difference import Levels, Side, count, union
from envscout.findings import base as basing
from envscout.findings import coverage as covering
from envscout.findings.evidence import brought_together, by_package
from envscout.findings.grade import Rated, grades
from envscout.findings.heeding import Desk, Heed
from envscout.findings.merge import merge
from envscout.findings.products import met
from envscout.findings.select import Selection, select
from envscout.model import LEVELS, Coverage, Distribution, Finding, Lapse, Problem
from envscout.store import Connection, exceptions, feeds, findings, images, now, summaries, vex
from envscout.store.deployments import Running
from envscout.store.summaries import Asked, Kind, Known, Marks, Summary


class Question(msgspec.Struct, frozen=True):
    """What is to be answered how. known_at: moment of knowledge, None = now. max_age: of feeds, in days.

    heed: whose statements about what does not count are heeded.
    """

    selection: Selection = Selection()
    known_at: int | None = None
    max_age: int = 7
    heed: Heed = Heed()

    @property
    def moment(self) -> int:
        """Return the moment that the answer is for."""
        return now() if self.known_at is None else self.known_at


def sets_of(known: Iterable[Known]) -> set[int]:
    return {set_id for image in known for set_id, _ in image.sets}


def grade(
    hits: Iterable[tuple[Any, int, str, int]], rows: Mapping[int, Iterable[tuple[Any, ...]]]
) -> Mapping[Any, Mapping[int, int]]:
    return grades(hits, {number: [Rated(*row) for row in each] for number, each in rows.items()})


class Images:
    """What some images have. All of it is looked up once, set by set; an image is put together when it is asked for."""

    def __init__(self, connection: Connection, known: Mapping[int, Known], question: Question) -> None:
        self.known = known
        self.question = question
        meant = {id_: findings.resolve(connection, id_) for id_ in question.selection.cve_ids}
        names = [name for each in meant.values() for name in each]
        self.chosen = question.selection.of(names) if meant else question.selection
        self.unheard = [id_ for id_, each in meant.items() if not each]
        self._connection = connection
        self._asked = Asked(grade, _kind(self.chosen), question.known_at, _takes(self.chosen))
        self.summaries = summaries.summaries(connection, sets_of(known.values()), grade)
        # What bears on coverage is the same in most sets: numbers for it are compared in no time.
        kinds: dict[object, int] = {}
        self.alike = {
            set_id: kinds.setdefault((each.held, each.unkeyable, each.doubts), len(kinds))
            for set_id, each in self.summaries.items()
        }
        self.coverages: dict[object, Coverage] = {}
        self._sets = self._of_sets()
        self._only = _only(connection, self.chosen)
        self.severities = frozenset(LEVELS[word] for word in self.chosen.severities)
        self._inside = {each: self._brought(each) for each in known} if self.chosen.base is not None else {}

    def _of_sets(self) -> Mapping[int, Marks]:
        if self._asked.known_at is None and self._asked.takes is None:
            return {set_id: summaries.opened(each, self._asked.kind) for set_id, each in self.summaries.items()}
        return summaries.marks(self._connection, self.summaries, self._asked)

    def _brought(self, image_id: int) -> Callable[[str], bool | None]:
        image = images.get(self._connection, image_id).image
        return basing.brought(image, basing.choose(image.bases, images.bases(self._connection, image)))

    def found(self, image_ids: Iterable[int], severities: Iterable[int]) -> Levels:
        """Return what any of some images has in the severities that count."""
        levels = union([each for image_id in image_ids for each in self._marks(image_id)], severities)
        return levels if self._only is None else tuple(each & self._only for each in levels)

    def _marks(self, image_id: int) -> list[Marks]:
        """Return what there is in an image, in as many pieces as there are."""
        image = self.known[image_id]
        counted = [set_id for set_id, layer in image.sets if self.counts(image_id, layer)]
        if image.twofold:
            return [summaries.marks_by_url(self._connection, counted, self._asked)]
        return [self._sets[set_id] for set_id in counted if set_id in self._sets]

    def counts(self, image_id: int, layer: str) -> bool:
        """Tell whether what lies in a layer of an image is asked for."""
        return self.chosen.base is None or self.chosen.takes(self._inside[image_id](layer))

    def is_baseless(self, image_id: int) -> bool:
        """Tell whether what the base image brought is asked for and not known, where something is vulnerable."""
        return self.chosen.base is not None and any(
            self._inside[image_id](layer) is None and self.summaries[set_id].marks
            for set_id, layer in self.known[image_id].sets
        )


class Said:
    """What exceptions and VEX say of images; the vulnerabilities that they name are looked at finding by finding."""

    def __init__(self, connection: Connection, found: Sequence[Running], asked: Images) -> None:
        question = asked.question
        image_ids = {each.image_id for each in found}
        self._connection = connection
        self._asked = asked
        self._desk = Desk(
            question.heed,
            exceptions.standing(connection, question.known_at),
            vex.of_images(connection, image_ids, question.known_at),
            partial(findings.resolve, connection),
            now(),
        )
        self.problems = self._desk.problems
        self.lapses: dict[Lapse, None] = {}
        spoken = {each for name in self._desk.names for each in findings.resolve(connection, name)}
        if _is_beyond_numbers(asked.chosen):
            everything = reduce(or_, asked.found(image_ids, LEVELS.values()))
            spoken |= set(summaries.names(connection, everything).values())
        self._numbers = summaries.numbers(connection, spoken)
        self._every = BitMap(self._numbers.values())
        self._found: dict[int, tuple[Finding, ...]] = {}
        if spoken:
            matches, self._places = findings.about(connection, image_ids, spoken, question.known_at)
            self._matches = by_package(matches)

    def corrected(self, running: Iterable[Running], levels: Levels, selection: Selection) -> Levels:
        """Return what counts of what was found in some images. selection: of findings, as it was for the levels."""
        if not self._every:
            return levels
        counted: list[list[int]] = [[] for _ in levels]
        for each in running:
            for finding in self._counted(each, selection):
                counted[finding.level].append(self._numbers[finding.vulnerability])
        return tuple((held - self._every) | BitMap(numbers) for held, numbers in zip(levels, counted, strict=True))

    def _counted(self, running: Running, selection: Selection) -> tuple[Finding, ...]:
        number = running.image_id
        if number not in self._places:
            return ()
        image = images.get(self._connection, number).image
        ran = running.deployment
        page = self._desk.page(number, met(image, ran.reference, ran, self._asked.question.heed.organization))
        counted, _, lapses = page.split(select(self._findings(number), selection), self._asked.question.moment)
        self.lapses |= dict.fromkeys(lapses)
        return counted

    def _findings(self, number: int) -> tuple[Finding, ...]:
        if number not in self._found:
            places = ((place, None) for place in self._places[number] if self._asked.counts(number, place.layer))
            self._found[number] = merge(brought_together(places, self._matches))
        return self._found[number]


def by_service(found: Iterable[Running]) -> dict[str, list[Running]]:
    """Return what runs, service by service."""
    held: dict[str, list[Running]] = {}
    for each in found:
        held.setdefault(each.deployment.service, []).append(each)
    return held


def side(running: Sequence[Running], asked: Images, said: Said, trusted: Mapping[int, bool]) -> Side:
    image_ids = dict.fromkeys(each.image_id for each in running)
    found = asked.found(image_ids, asked.severities or LEVELS.values())
    return Side(
        references=tuple(dict.fromkeys(each.deployment.reference for each in running)),
        digests=tuple(dict.fromkeys(each.deployment.digest for each in running)),
        found=said.corrected(running, found, asked.chosen),
        known=all(trusted[image_id] for image_id in image_ids),
    )


def left_out(found: Sequence[Running], asked: Images, said: Said) -> int:
    """Return how many vulnerabilities a filter of severities left out because nobody has rated them."""
    if not asked.severities or LEVELS["unspecified"] in asked.severities:
        return 0
    unrated = msgspec.structs.replace(asked.chosen, severities=frozenset({"unspecified"}))
    levels = asked.found(dict.fromkeys(each.image_id for each in found), [LEVELS["unspecified"]])
    return count(said.corrected(found, levels, unrated))


_TOLD_BY_NUMBERS = frozenset(
    {"severities", "fixed", "unfixed", "packages", "types", "cve_ids", "kev", "epss_score", "epss_percentile", "base"}
)
"""What may be asked of findings without looking at each."""


def _is_beyond_numbers(chosen: Selection) -> bool:
    plain = Selection()
    return any(
        getattr(chosen, field) != getattr(plain, field)
        for field in Selection.__struct_fields__
        if field not in _TOLD_BY_NUMBERS
    )


def _kind(chosen: Selection) -> Kind:
    return "fixed" if chosen.fixed else "unfixed" if chosen.unfixed else "any"


def _takes(chosen: Selection) -> Callable[[str, str], bool] | None:
    if not chosen.packages and not chosen.types:
        return None
    return lambda type_, name: (
        (not chosen.types or type_ in chosen.types)
        and (not chosen.packages or any(pattern.search(name) for pattern in chosen.packages))
    )


def _only(connection: Connection, chosen: Selection) -> BitMap | None:
    """Return the vulnerabilities that are asked for by what is known of them alone; None for all."""
    asked: list[BitMap] = []
    if chosen.kev:
        asked.append(summaries.exploited(connection))
    if chosen.by_epss:
        asked.append(summaries.likely(connection, chosen.epss_score, chosen.epss_percentile))
    if chosen.cve_ids:
        meant = {name for id_ in chosen.cve_ids for name in findings.resolve(connection, id_)}
        asked.append(BitMap(summaries.numbers(connection, meant).values()))
    return reduce(and_, asked) if asked else None


def lacking(connection: Connection, question: Question) -> list[str]:
    asked = {"kev": question.selection.kev, "epss": question.selection.by_epss}
    there = feeds.kinds(connection, question.known_at) if any(asked.values()) else set()
    return [kind for kind, filtered in asked.items() if filtered and kind not in there]


def coverages(connection: Connection, image_ids: Iterable[int], asked: Images) -> dict[int, Coverage]:
    """Say of each image how far its answer can be trusted; what is alike is looked at once."""
    known_feeds = feeds.coverage(connection, asked.question.known_at)
    by_image: dict[int, Coverage] = {}
    for image_id in image_ids:
        image = asked.known[image_id]
        key = (
            image.indexed,
            image.distribution,
            image.problems,
            frozenset([asked.alike[each] for each, _ in image.sets]),
        )
        found = asked.coverages.get(key)
        if found is None:
            sets = [asked.summaries[set_id] for set_id, _ in image.sets]
            found = asked.coverages[key] = _coverage(image, sets, known_feeds, asked.question)
        by_image[image_id] = found
    return by_image


def _coverage(image: Known, sets: Sequence[Summary], known_feeds: Mapping[str, int], question: Question) -> Coverage:
    held = {pair for each in sets for pair in each.held}
    unkeyable = {one for each in sets for one in each.unkeyable}
    return covering.assess(
        image.indexed,
        msgspec.json.decode(image.distribution, type=Distribution) if image.distribution else None,
        msgspec.json.decode(image.problems, type=tuple[Problem, ...]),
        [findings.Count(*pair, 1, sum(one[:2] == pair for one in unkeyable)) for pair in sorted(held)],
        known_feeds,
        question.moment,
        question.max_age,
        sorted({one for each in sets for one in each.doubts}),
    )

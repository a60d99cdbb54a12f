"""Why is a vulnerability in an image, or why not?"""

from collections import Counter

import msgspec

from envscout.errors import InvalidReference
from envscout.findings.explain import Answer, Candidate, Doubt, Reasoning, Spoken, reason, spoken
from envscout.model import Coverage
from envscout.store import Database, findings

MAX_QUERY = 200

# What these mean for the vulnerability in question is among the reasonings.
_TOLD_HERE = frozenset({"unassessable-advisory", "unkeyable-version", "unspecified-severity"})


class Explanation(msgspec.Struct, frozen=True):
    """names: the vulnerabilities that were meant, () where no record knows them. spoken: what records speak of."""

    query: str
    names: tuple[str, ...]
    reasonings: tuple[Reasoning, ...]
    spoken: tuple[Spoken, ...] = ()

    def answer(self, coverage: Coverage) -> Answer:
        """Return the answer for the whole image, as far as what is known of it can be trusted."""
        answers = {each.answer for each in self.reasonings}
        if "affected" in answers:
            return "affected"
        is_complete = all(each.code in _TOLD_HERE for each in coverage.reasons)
        return "not-affected" if is_complete and self.names and "unknown" not in answers else "unknown"


def meant(database: Database, query: str) -> tuple[str, ...]:
    """Return the vulnerabilities that are meant, () where no record knows them. Raise InvalidReference."""
    query = query.strip()
    if not query or len(query) > MAX_QUERY:
        raise InvalidReference("no vulnerability is named", "name one, such as CVE-2021-44228")
    with database.read() as connection:
        return findings.resolve(connection, query)


def explain(
    database: Database, image_id: int, query: str, names: tuple[str, ...], known_at: int | None = None
) -> Explanation:
    """Lay everything that is known of some vulnerabilities beside an image. query: what they were called."""
    with database.read() as connection:
        found = findings.explained(connection, image_id, names, known_at)
        held: Counter[str] = Counter()
        for count in findings.counts(connection, [image_id]).get(image_id, ()):
            held[count.ecosystem] += count.packages
    candidates = (Candidate(*row[:15], *map(bool, row[15:])) for row in found.candidates)
    reasonings = reason(candidates, (Doubt(*row) for row in found.doubts))
    return Explanation(query, names, reasonings, spoken(found.spoken, held, reasonings))

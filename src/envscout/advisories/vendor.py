"""How severe a vendor says it is: the words, vectors and bare scores of an OSV record. Pure.

Where the words stand: `severity[]` of a type that is no CVSS (Ubuntu), `database_specific.severity` (GHSA),
`ecosystem_specific.urgency` (Debian), the start of the summary (AlmaLinux: "Moderate: pam security update").
"""

import re
from collections.abc import Iterable

from envscout.advisories.wire import Affected, Record, Severity, Specific

_OPENING = re.compile(r"(critical|important|moderate|low):", re.IGNORECASE | re.ASCII)
_VECTOR = re.compile(r"[A-Za-z0-9:./()]{1,250}", re.ASCII)
_NUMBER = (str, int, float)
_LONGEST = 32
_VECTORS = 8


def word_of_block(block: Affected) -> str:
    """Return the vendor's word for one package, lower case, "" if there is none."""
    if block.severity is None and block.ecosystem_specific is None and block.database_specific is None:
        return ""
    return (
        _of_specific(block.ecosystem_specific)
        or _of_specific(block.database_specific)
        or _of_severities(block.severity or ())
    )


def word_of_record(record: Record) -> str:
    """Return the vendor's word for a whole record, lower case, "" if there is none."""
    word = _of_specific(record.database_specific) or _of_severities(record.severity or ())
    if word or not record.summary:
        return word
    opening = _OPENING.match(record.summary)
    return opening[1].lower() if opening else ""


def _of_specific(specific: Specific | None) -> str:
    if specific is None:
        return ""
    return _word(specific.severity) or _word(specific.urgency) or _word(specific.ubuntu_priority)


def _of_severities(severities: Iterable[Severity]) -> str:
    words = (_word(one.score) for one in severities if not (one.type or "").startswith("CVSS"))
    return next(filter(None, words), "")


def _word(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        return ""
    word = value.strip().lower()
    return word if word[:1].isalpha() and not word.startswith("cvss:") else ""


def vectors(record: Record) -> tuple[str, ...]:
    """Return the CVSS vectors of a record and of its packages: version 4 first, then 3.1, 3.0 and 2."""
    texts = _texts(record)
    if not texts:
        return ()
    found = dict.fromkeys(filter(generation, texts))
    return tuple(sorted(found, key=generation, reverse=True)[:_VECTORS])


def _texts(record: Record) -> list[str]:
    found: list[object] = [one.score for one in record.severity] if record.severity else []
    for block in record.affected or ():
        if block.severity:
            found += [one.score for one in block.severity]
        if block.database_specific is not None and block.database_specific.cvss is not None:
            found.append(block.database_specific.cvss)
    return [text for text in found if isinstance(text, str)] if found else []


def generation(text: str) -> str:
    """Return the version of a CVSS vector such as "3.1" (version 2 vectors do not name it), "" for other text."""
    if _VECTOR.fullmatch(text) is None:
        return ""
    if text.startswith("CVSS:"):
        return text[5:8]
    return "2.0" if text.lstrip("(").startswith("AV:") else ""


def bare_score(record: Record) -> float | None:
    """Return a CVSS base score stated without a vector (RubySec, some vendors' `severity[]`), None if there is none."""
    if record.severity is None and record.database_specific is None:
        return None
    stated = [record.database_specific.cvss_v3_score] if record.database_specific is not None else []
    stated += [one.score for one in record.severity or () if (one.type or "").startswith("CVSS")]
    return next((score for value in stated if (score := _score(value)) is not None), None)


def _score(value: object) -> float | None:
    if not isinstance(value, _NUMBER) or (isinstance(value, str) and (len(value) > _LONGEST or value[:1] in "CA(")):
        return None
    try:
        score = float(value)
    except ValueError:
        return None
    return score if 0 <= score <= 10 else None

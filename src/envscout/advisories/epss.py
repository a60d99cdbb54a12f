"""EPSS scores: CSV with a comment line (https://www.first.org/epss/data_stats).

#model_version:v2026.01.01,score_date:2026-11-23T00:00:00+0000
cve,epss,percentile
CVE-1999-0001,0.01297,0.85914
"""

import re
from typing import IO

from envscout.advisories.facts import Epss, Facts, Faults, lines, moment
from envscout.errors import FeedError
from envscout.names.vulnerability import is_cve

_DATE = re.compile(r"score_date:([^,\s]+)")
_COLUMNS = ["cve", "epss", "percentile"]


def parse(stream: IO[bytes]) -> Facts[Epss]:
    """Read the scores from an unpacked stream; a row that makes no sense is a Problem. Raises FeedError."""
    rows: list[Epss] = []
    faults = Faults()
    as_of = 0
    headed = False
    for number, line in lines(stream):
        text = line.decode("utf-8", "replace").strip()
        if text.startswith("#"):
            dated = _DATE.search(text)
            as_of = moment(dated[1]) if dated else as_of
        elif not headed:
            headed = _is_header(text)
        elif (row := _row(text)) is not None:
            rows.append(row)
        else:
            faults.add(f"{text[:80]!r} is no CVE id with two numbers from 0 to 1", f"line {number}")
    if not rows:
        raise FeedError("the EPSS feed holds no scores", "fetch the feed again")
    return Facts(tuple(rows), faults.close(), as_of)


def _is_header(text: str) -> bool:
    if text.lower().split(",")[:3] != _COLUMNS:
        raise FeedError(f"not EPSS scores: the first row is {text[:80]!r}", "pass the CSV file that FIRST publishes")
    return True


def _row(text: str) -> Epss | None:
    cve, _, numbers = text.partition(",")
    score, _, rest = numbers.partition(",")
    try:
        row = Epss(cve, float(score), float(rest.partition(",")[0]))
    except ValueError:
        return None
    return row if 0 <= row.score <= 1 and 0 <= row.percentile <= 1 and is_cve(cve) else None

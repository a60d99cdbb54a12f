"""Metadata of CVEs, for severities and descriptions that advisories lack: our own format, one JSON object per line.

    {"id": "CVE-2024-3094", "published": "2024-03-29", "description": "...",
     "cvss": {"cvssV3_1": ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0]},
     "cwe": ["CWE-506"], "ubuntu_priority": "critical"}

id is a CVE id; everything else may be missing or null. published: YYYY-MM-DD. cvss: any key -> [vector, base
score]; the vector tells its version. Other keys (src, ssvc, kev, ...) are not read.
"""

from typing import IO, Any

import msgspec

from envscout.advisories.facts import CveMeta, Facts, Faults, day, lines
from envscout.advisories.vendor import generation
from envscout.errors import FeedError
from envscout.names.vulnerability import is_cve

_DESCRIPTION = 16_384


class _Line(msgspec.Struct):
    id: str
    published: str | None = None
    description: str | None = None
    cvss: dict[str, Any] | None = None
    cwe: list[str] | None = None
    ubuntu_priority: str | None = None


_line = msgspec.json.Decoder(_Line)


def parse(stream: IO[bytes]) -> Facts[CveMeta]:
    """Read the lines of an unpacked stream; a line that makes no sense is a Problem. Raises FeedError."""
    rows: dict[str, CveMeta] = {}
    faults = Faults()
    for number, text in lines(stream):
        try:
            line = _line.decode(text)
        except (ValueError, RecursionError) as error:
            faults.add(str(error), f"line {number}")
            continue
        if is_cve(line.id):
            rows[line.id] = _row(line)
        else:
            faults.add(f"{line.id[:80]!r} is no CVE id", f"line {number}")
    if not rows:
        raise FeedError("the CVE metadata holds no CVE", "pass JSON lines of CVE metadata")
    return Facts(tuple(rows.values()), faults.close())


def _row(line: _Line) -> CveMeta:
    vector, score = _newest(line.cvss or {})
    return CveMeta(
        cve=line.id,
        published=day(line.published or ""),
        description=(line.description or "")[:_DESCRIPTION],
        vector=vector,
        score=score,
        priority=(line.ubuntu_priority or "").strip().lower()[:32],
        cwes=tuple(cwe for cwe in (line.cwe or ())[:50] if cwe.startswith("CWE-") and len(cwe) <= 16),
    )


def _newest(given: dict[str, Any]) -> tuple[str, float | None]:
    pairs = [pair for value in given.values() if (pair := _pair(value)) is not None]
    return max(pairs, key=lambda pair: generation(pair[0]), default=("", None))


def _pair(value: Any) -> tuple[str, float | None] | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    vector, score = value
    if not isinstance(vector, str) or not generation(vector):
        return None
    usable = isinstance(score, int | float) and 0 <= score <= 10
    return vector, float(score) if usable else None

"""What many endpoints take: moments, filters, pages."""

from typing import Annotated

import msgspec

from envscout.findings.select import Selection, selection
from envscout.names import moment
from envscout.server.asking import Asked
from envscout.server.etag import Rests, Subject
from envscout.server.pagination import Cursor, Limit
from envscout.store import now
from envscout.store.deployments import Scope

Name = Annotated[str, msgspec.Meta(max_length=200)]
At = Annotated[str, msgspec.Meta(max_length=64, description="A moment: 2026-10-01, 2026-10-01T12:00:00Z, or 7d ago.")]
Org = Annotated[str, msgspec.Meta(max_length=200, description="The organization; empty: any.")]
Age = Annotated[
    int, msgspec.Meta(ge=1, le=3_650, description="A feed older than this, in days, makes answers partial.")
]


class Moment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of whom, and when."""

    org: Org = ""
    at: At = ""


class Paged(Moment, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The same, page by page."""

    limit: Limit = 100
    cursor: Cursor = ""


class Filters(Paged, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which vulnerabilities are asked for, by the command line's names."""

    only_severity: tuple[Name, ...] = ()
    only_fixed: bool = False
    only_unfixed: bool = False
    only_package_type: tuple[Name, ...] = ()
    only_cve_id: tuple[Name, ...] = ()
    only_cisa_kev: bool = False
    epss_score: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    epss_percentile: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    known_at: At = ""
    max_age: Age = 7


def moment_of(text: str) -> int | None:
    """Return a moment as it was asked for, None for now. Raise UsageError."""
    return moment.parse(text, now()) if text else None


def scope(asked: Asked, service: str = "") -> Scope:
    """Return what a question is about."""
    at = moment_of(asked.query.at)
    return Scope(asked.query.org, asked.path.get("environment", ""), service, at=at)


def chosen(query: Filters) -> Selection:
    """Return which findings are asked for. Raise UsageError."""
    return selection(
        severities=query.only_severity,
        fixed=query.only_fixed,
        unfixed=query.only_unfixed,
        types=query.only_package_type,
        cve_ids=query.only_cve_id,
        kev=query.only_cisa_kev,
        epss_score=query.epss_score,
        epss_percentile=query.epss_percentile,
    )


def is_moving(*texts: str) -> bool:
    """Tell whether a moment is told as how long ago: it is another one each time."""
    return any(text and "-" not in text for text in texts)


def about(asked: Asked, rests: Rests, *environments: str) -> Subject | None:
    """Return what an answer rests on, None where it rests on the clock."""
    query = asked.query
    if is_moving(getattr(query, "at", ""), getattr(query, "known_at", "")):
        return None
    return Subject(rests, getattr(query, "org", ""), environments, getattr(query, "max_age", 7))

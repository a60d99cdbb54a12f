"""Numbers that people report: exposure, how long things take to be mended, what took too long, what is not known."""

import msgspec

from envscout.model import Counted
from envscout.server.asking import Asked
from envscout.server.pages.page import Page, Table
from envscout.verbs.count import LIMITS

SECTION = "Reports"
_DAY = 86_400_000_000


class Reports(msgspec.Struct, frozen=True):
    """limits: days after which a severity should be gone."""

    environments: tuple[Counted, ...]
    limits: tuple[tuple[str, int], ...]


def reports(asked: Asked) -> Reports:
    """Tell the numbers of all environments."""
    found: list[Counted] = asked.perform("count.listed", organization=asked.query.org)
    return Reports(tuple(each for each in found if each.numbers), tuple(LIMITS.items()))


def _table(asked: Asked) -> Table:
    head = ("organization", "environment", "severity", "open", "mean_days_open", "mean_days_exposed", "closed_90_days",
            "mean_days_to_remediate", "over_limit", "unknown_services", "services")  # fmt: skip
    rows = (
        (each.organization, each.environment, one.severity, one.open, _mean(one.open_for, one.open),
         _mean(one.exposed_for, one.open), one.closed, _mean(one.closed_after, one.closed), one.breaches,
         each.numbers.unknown_services, each.numbers.services)
        for each in reports(asked).environments if each.numbers
        for one in each.numbers.remedies
    )  # fmt: skip
    return Table("report", head, rows)


def _mean(whole: int, count: int) -> float | None:
    return round(whole / count / _DAY, 2) if count else None


PAGES = (Page("/reports", "reports", SECTION, reports, table=_table),)

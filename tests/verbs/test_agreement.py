"""`cves`, `where` and `explain` say the same of every finding, whatever exceptions and VEX say, now and in the past."""

import random
from typing import Any

from envscout.findings.heeding import Heed
from envscout.model import Finding, Suppression
from envscout.store import Database, now
from envscout.store.deployments import Scope
from envscout.verbs import ask
from envscout.verbs.locate import where
from tests.verbs.test_whole import ENVIRONMENTS, chance, except_some, fleet, statements

__all__ = ("chance", "fleet")


def _who(said: Suppression | None) -> tuple[str, str, str] | None:
    return (said.kind, said.who, said.where) if said else None


def _found(report: ask.Report) -> dict[str, set[Any]]:
    """Return where each vulnerability is, and why it does not count there."""
    found: dict[str, set[Any]] = {}
    for image in report.images:
        ran = image.deployment
        assert ran
        for each in (*image.findings, *image.suppressed):
            place = (ran.service, ran.platform, ran.digest, each.package.purl)
            found.setdefault(each.vulnerability, set()).add((*place, each.fixed_version, _who(each.suppression)))
    return found


def _agrees(finding: Finding, opinions: tuple[Any, ...]) -> bool:
    """Tell whether the opinion that is told to count is the one that did."""
    decisive = [each.statement for each in opinions if each.decides]
    if finding.suppression:
        return [(each.kind, each.who, each.where) for each in decisive] == [_who(finding.suppression)]
    return all(each.kind in ("affected", "under_investigation") for each in decisive)


def test_where_and_explain_say_what_cves_says(fleet: Database, chance: random.Random) -> None:
    cves = [row[0] for row in fleet.connection.execute("SELECT id FROM vulnerability ORDER BY id")]
    before = now()
    except_some(fleet, chance, cves)
    heed = Heed(statements=tuple(statements(chance, cves)))
    for at in (None, before):
        for environment in ENVIRONMENTS:
            scope, question = Scope(environment=environment, at=at), ask.Question(known_at=at, heed=heed)
            report = ask.of_environment(fleet, scope, question)
            found = _found(report)
            for cve in cves:
                spots = {
                    (one.service, one.platform, one.digest, one.purl, one.fixed_version, _who(one.suppression))
                    for one in where(fleet, cve, scope, heed=heed).spots
                    if one.vulnerability == cve
                }
                assert spots == found.get(cve, set()), (cve, environment, at)
            for image in report.images:
                told = ask.said_of(fleet, image, cves, question)
                assert all(_agrees(finding, opinions) for finding, opinions in told)

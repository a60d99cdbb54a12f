"""The answer of `policy test`: what a file holds, and what it would have stopped."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click
import msgspec

from envscout.cli.show.size import many
from envscout.cli.show.table import inert, table
from envscout.model import Deployment
from envscout.names import moment
from envscout.policies.policy import Policy
from envscout.policies.reading import resolved
from envscout.policies.trial import Totals, Trial
from envscout.policies.writing import document as written

if TYPE_CHECKING:
    from envscout.policies.reading import File

_SHOWN = 20
NOTE = "EPSS scores, and what was attached to images where nobody looked then, are not known for the past."


class Tried(msgspec.Struct, frozen=True):
    """Policies tried on promotions. since: of them, None for what runs now. repeated: what was only said again."""

    since: int | None
    trials: tuple[Trial, ...]
    totals: Totals
    repeated: int = 0


def contents(file: "File", name: str) -> dict[str, Any]:
    """Return what a file holds, with all parameters."""
    scopes = [{"environment": scope or None, **written(found)} for scope, found in _scopes(file)]
    return {"file": name, "scopes": [{key: part for key, part in each.items() if key != "schema"} for each in scopes]}


def _scopes(file: "File") -> Iterator[tuple[str, tuple[Policy, ...]]]:
    default = resolved(file.organization, "") if file.organization is not None else None
    if default is not None:
        yield "", default
    for name, section in file.environments.items():
        yield name, resolved(section, name, default)


def described(file: "File") -> Iterator[str]:
    """Return the lines about what a file holds."""
    for scope, policies in _scopes(file):
        yield inert(
            f"  {f'environment {scope}' if scope else 'organization'}: {many(len(policies), 'policy', 'policies')}"
        )
        yield from (inert(f"    {each.id}" + (f" ({each.kind})" if each.kind != each.id else "")) for each in policies)


def document(tried: Tried, file: str) -> dict[str, Any]:
    """Return the document of `policy test --since`."""
    return {
        "schema": "envscout/policy-test/1",
        "file": file,
        "since": None if tried.since is None else moment.show(tried.since),
        "totals": msgspec.structs.asdict(tried.totals),
        "repeated": tried.repeated,
        "note": NOTE,
        "promotions": [_trial(each) for each in tried.trials],
    }


def _trial(each: Trial) -> dict[str, Any]:
    ran: Deployment = each.promoted
    return {
        "at": moment.show(ran.since),
        "organization": ran.organization,
        "environment": ran.environment,
        "service": ran.service,
        "platform": ran.platform or None,
        "reference": ran.reference,
        "digest": ran.digest,
        "actor": ran.actor,
        "run_url": ran.run_url,
        "newly_stopped": each.is_news,
        "no_longer_stopped": each.is_let_go,
        "proposed": msgspec.structs.asdict(each.proposed),
        "present": msgspec.structs.asdict(each.present),
    }


def text(tried: Tried) -> Iterator[str]:
    """Return the lines of the answer for a terminal."""
    sums = tried.totals
    what = "running" if tried.since is None else f"promoted since {moment.show(tried.since)}"
    yield from ("", f"  {many(sums.promotions, 'image', 'images')} {what}")
    yield f"  {sums.passed} pass, {sums.failed} fail, {sums.unknown} unknown: {sums.stopped} would have been stopped"
    let_go = f"{sums.no_longer_stopped} that those stop would pass"
    yield f"  {sums.newly_stopped} of them the policies in force now let pass; {let_go}"
    if tried.repeated:
        yield f"  {many(tried.repeated, 'record', 'records')} of what ran already left out"
    rows = [(name, *(str(count) for count in counts.values())) for name, counts in sums.by_policy.items()]
    yield from ("", *(table(("Policy", "Pass", "Fail", "Unknown"), rows) if rows else ()))
    stopped = sorted((each for each in tried.trials if each.proposed.stopped), key=lambda each: not each.is_news)
    for each in stopped[:_SHOWN]:
        yield from _stopped(each)
    if len(stopped) > _SHOWN:
        yield f"  and {many(len(stopped) - _SHOWN, 'other', 'others')}; --format json lists all"
    yield from ("", f"  {NOTE}") if tried.since is not None else ()


def _stopped(each: Trial) -> Iterable[str]:
    ran = each.promoted
    mark = click.style("newly stopped", fg="red") if each.is_news else "stopped"
    by = f" by {ran.actor}" if ran.actor else ""
    yield from ("", f"  {mark}  {inert(f'{moment.show(ran.since)}  {ran.environment}  {ran.reference}{by}')}")
    yield from (inert(f"      {_SIGN[each.proposed.state]} {reason}") for reason in each.proposed.why)


_SIGN = {"fail": "!", "unknown": "?", "pass": " "}

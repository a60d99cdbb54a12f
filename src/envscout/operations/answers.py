"""What keeps an answer within what is the asker's, for every operation. What is not here, nobody confined may ask."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from envscout.access.principal import Principal

Kind = Literal["arguments", "store", "shared", "whole"]
"""arguments: it follows from the confined arguments. store: the store looks up what its tenant sees. shared: the same
for everybody, as advisories are. whole: it speaks of the whole instance, and is for nobody confined."""

Filter = Callable[[Principal, Any], Any]


class Answer(NamedTuple):
    """by_environment: whether it is confined to an environment, too. only: what is left out of it."""

    kind: Kind
    by_environment: bool = True
    only: Filter | None = None


def _rows(principal: Principal, rows: Any) -> Any:
    return [each for each in rows if principal.environment in ("", each.name)]


def _within(principal: Principal, rows: Any) -> Any:
    return [each for each in rows if principal.environment in ("", each.environment)]


def _exceptions(principal: Principal, found: Any) -> Any:
    rows, moment = found
    if principal.environment:
        rows = [each for each in rows if _holds(principal, each.entry.statement.products)]
    return rows, moment


def _holds(principal: Principal, products: Any) -> bool:
    return all(each.environment in ("", principal.environment) for each in products)


def _proposed(principal: Principal, found: Any) -> Any:
    return [each for each in found if principal.environment in ("", each.wish.environment)]


def _own(principal: Principal, names: Any) -> Any:
    return [each for each in names if principal.organization in ("", each)]


ARGUMENTS, BROAD = Answer("arguments"), Answer("arguments", by_environment=False)
STORE, SHARED, WHOLE = Answer("store", by_environment=False), Answer("shared"), Answer("whole")

ANSWERS: Mapping[str, Answer] = {
    "admit.candidates": ARGUMENTS,
    "ask.base_of": Answer("store"),
    "ask.environments": Answer("arguments", only=_rows),
    "ask.everywhere": ARGUMENTS,
    "ask.feed_status": SHARED,
    "ask.history": ARGUMENTS,
    "ask.inventories": ARGUMENTS,
    "ask.inventory": ARGUMENTS,
    "ask.of_environment": ARGUMENTS,
    "ask.of_image": ARGUMENTS,
    "ask.of_latest": BROAD,
    "ask.of_subjects": ARGUMENTS,
    "ask.running": ARGUMENTS,
    "ask.said_of": ARGUMENTS,
    "audit.listed": BROAD,
    "audit.verify": WHOLE,
    "become.become": ARGUMENTS,
    "become.observe": ARGUMENTS,
    "channels.add": BROAD,
    "channels.add_rule": BROAD,
    "channels.apply": BROAD,
    "channels.export": BROAD,
    "channels.listed": BROAD,
    "channels.listed_rules": BROAD,
    "channels.pause": BROAD,
    "channels.remove": BROAD,
    "channels.remove_rule": BROAD,
    "channels.resume": BROAD,
    "channels.rotate": BROAD,
    "count.judged_by": Answer("arguments", only=_within),
    "count.judged_of": ARGUMENTS,
    "count.last_said": Answer("arguments", only=_within),
    "count.listed": Answer("arguments", only=_within),
    "deliver.listed": BROAD,
    "deliver.resend": BROAD,
    "deliver.test": BROAD,
    "changes.after": ARGUMENTS,
    "changes.between": ARGUMENTS,
    "drift.drift": Answer("arguments", only=_within),
    "exceptions.add": ARGUMENTS,
    "exceptions.approve": ARGUMENTS,
    "exceptions.listed": Answer("store", only=_exceptions),
    "exceptions.propose": ARGUMENTS,
    "exceptions.proposed": Answer("store", only=_proposed),
    "exceptions.refuse": ARGUMENTS,
    "exceptions.remove": ARGUMENTS,
    "exceptions.unknown": SHARED,
    "explain.explain": ARGUMENTS,
    "explain.meant": SHARED,
    "expose.exposed": Answer("arguments", only=_within),
    "expose.ran": Answer("arguments", only=_within),
    "expose.recorded": ARGUMENTS,
    "gate.facts": ARGUMENTS,
    "gate.keep": ARGUMENTS,
    "gate.outlines": ARGUMENTS,
    "gate.refuse": ARGUMENTS,
    "gate.seen": ARGUMENTS,
    "govern.applied": ARGUMENTS,
    "govern.apply": ARGUMENTS,
    "govern.in_force": ARGUMENTS,
    "govern.organizations": Answer("store", only=_own),
    "govern.owners": ARGUMENTS,
    "govern.proposed": ARGUMENTS,
    "govern.text": BROAD,
    "index.keep": Answer("store"),
    "index.known": Answer("store"),
    "index.renew": ARGUMENTS,
    "keep.prune": WHOLE,
    "keep.usage": WHOLE,
    "known.names": Answer("store"),
    "locate.places": ARGUMENTS,
    "locate.versions": ARGUMENTS,
    "locate.where": ARGUMENTS,
    "members.add": BROAD,
    "members.listed": BROAD,
    "members.remove": BROAD,
    "promotions.batches": SHARED,
    "promotions.promotions": ARGUMENTS,
    "promotions.standing": ARGUMENTS,
    "progress.progress": WHOLE,
    "queue.ask": ARGUMENTS,
    "queue.requested": BROAD,
    "recommend.built_on": Answer("store"),
    "recommend.in_use": STORE,
    "recommend.known_tags": Answer("store"),
    "recommend.upgrades": ARGUMENTS,
    "record.enroll": BROAD,
    "record.keep_unindexed": Answer("store"),
    "record.many": ARGUMENTS,
    "record.record": ARGUMENTS,
    "record.remove": ARGUMENTS,
    "refresh.hurry": WHOLE,
    "refresh.release": WHOLE,
    "refresh.status": SHARED,
    "verify.verify": WHOLE,
    "repositories.configure": BROAD,
    "repositories.delete": BROAD,
    "repositories.integrations": BROAD,
    "repositories.known": STORE,
    "repositories.switch": STORE,
    "retain.sweep": WHOLE,
    "tokens.create": ARGUMENTS,
    "tokens.listed": BROAD,
    "tokens.revoke": BROAD,
    "trust.add": ARGUMENTS,
    "trust.listed": BROAD,
    "trust.remove": BROAD,
    "stored.by_digest": Answer("store"),
    "upload.document": Answer("store"),
    "upload.inventory": Answer("store"),
    "vex.hung": ARGUMENTS,
    "whole.briefs": ARGUMENTS,
    "whole.environments": ARGUMENTS,
    "whole.names": SHARED,
}
"""Operation -> what keeps its answer within what is the asker's."""


def only(principal: Principal, name: str, result: Any) -> Any:
    """Return what of an answer is for the asker."""
    answer = ANSWERS.get(name)
    if answer is None or answer.only is None or not (principal.organization or principal.environment):
        return result
    return answer.only(principal, result)

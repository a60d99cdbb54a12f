"""What is asked on somebody's behalf, confined to what is theirs. What is not theirs looks like what does not exist.

Arguments are looked through by the names of their fields: RULES says what is done with those that name somebody's
things, FREE which ones mean nothing of anybody's (or are looked up by the store as its tenant sees it). An argument
that neither names is one nobody thought about: nobody who is confined may have that operation done.
"""

import functools
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from envscout.access.principal import Principal
from envscout.errors import NotAllowed, NotFound
from envscout.operations.answers import ANSWERS
from envscout.operations.signature import signature
from envscout.store import Database, exceptions, images, proposals

Rule = Callable[["Asker", Any], Any]


class Asker:
    """Somebody, and the store as they see it."""

    def __init__(self, database: Database, principal: Principal) -> None:
        self.database = database
        self.principal = principal

    def organization(self, name: str | None) -> str | None:
        """Return the organization that is meant. Raise NotFound for another one than theirs."""
        own = self.principal.organization
        if not own or name == own:
            return name
        if name:
            raise NotFound(f"there is no organization {name[:200]!r}", f"this is for {own} alone")
        return own

    def environment(self, name: str | None) -> str | None:
        """Return the environment that is meant. Raise NotFound for another one than theirs."""
        own = self.principal.environment
        if not own or name == own:
            return name
        if name:
            raise NotFound(f"there is no environment {name[:200]!r}", f"this is for {own} alone")
        return own

    def image(self, number: int) -> int:
        """Return the number of an image. Raise NotFound for one that they do not see."""
        with self.database.read() as connection:
            if not 0 < number < 2**63 or not images.is_seen(connection, number):
                raise NotFound(f"there is no image {number}", "name it by its digest, or by where it runs")
        return number

    def exception(self, number: int) -> int:
        """Return the number of an exception. Raise NotAllowed for one that is made for more than what is theirs."""
        if self.principal.organization and 0 < number < 2**63:
            with self.database.read() as connection:
                found = exceptions.entries(connection, number=number, removed=True)
            for product in found[0].statement.products if found else ():
                if product.organization != self.principal.organization:
                    raise NotAllowed(f"exception {number} holds for everybody", "ask who runs this server")
                self._within(number, product.environment)
        return number

    def proposal(self, number: int) -> int:
        """Return the number of an exception that is asked for. Raise NotFound for one that is not theirs."""
        own = self.principal
        if (own.organization or own.environment) and 0 < number < 2**62:
            with self.database.read() as connection:
                found = proposals.listed(connection, number, every=True)
            if not found or own.environment not in ("", found[0].environment):
                raise NotFound(f"nobody asked for an exception {number}", "`envscout exception asked` shows what waits")
        return number

    def _within(self, number: int, environment: str) -> None:
        if self.principal.environment not in ("", environment):
            raise NotFound(f"there is no exception {number}", "`envscout exception list --all` shows all there were")

    def actor(self, said: str) -> str:
        """Return who acts: as was made out; where nobody had to say who they are, as they say."""
        return said if self.principal.subject == "local" else self.principal.subject

    def beside(self, said: str) -> str:
        """Return who acts as a pipeline says, and beside it as was made out: the one is claimed, the other checked."""
        subject = self.principal.subject
        if subject == "local":
            return said
        return subject if said in ("", subject, subject.rpartition(":")[2]) else f"{said} ({subject})"

    def value(self, name: str, value: Any) -> Any:
        """Return an argument, or a part of one, confined."""
        rule = RULES.get(name)
        if rule is not None:
            return rule(self, value)
        if type(value) in _free_types():
            return value
        if isinstance(value, msgspec.Struct):
            return self._struct(value)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*map(self.value, value._fields, value))
        if isinstance(value, list | tuple | frozenset | set):
            return type(value)(self.value("", each) for each in value)
        return value

    def _struct(self, value: msgspec.Struct) -> msgspec.Struct:
        changed = {}
        for field in value.__struct_fields__:
            old = getattr(value, field)
            rule = RULES.get(f"{type(value).__name__}.{field}")
            new = rule(self, old) if rule else self.value(field, old)
            if new is not old:
                changed[field] = new
        return msgspec.structs.replace(value, **changed) if changed else value


def _each(rule: Rule) -> Rule:
    return lambda asker, values: type(values)(rule(asker, each) for each in values)


def _subjects(asker: Asker, subjects: Any) -> Any:
    return [(asker.image(number), text, asker.value("", target)) for number, text, target in subjects]


RULES: Mapping[str, Rule] = {
    "organization": Asker.organization,
    "environment": Asker.environment,
    "image_id": Asker.image,
    "image_ids": _each(Asker.image),
    "actor ": Asker.actor,
    "Event.actor": Asker.beside,
    "Origin.actor": Asker.beside,
    "ask.of_subjects.subjects": _subjects,
    "exceptions.approve.number": Asker.proposal,
    "exceptions.refuse.number": Asker.proposal,
    "exceptions.remove.number": Asker.exception,
}
"""Name of a field, or of one as NOUN.NAME, or of an argument as OPERATION.NAME -> what is done with it.

`actor `: an argument, not a field.
"""

FREE = frozenset((
    "as_of", "attestations", "cause", "critical", "detail", "found", "high", "image", "low", "medium", "places",
    "tagged", "total", "type_", "unassessed", "unspecified", "vulnerabilities", "vulnerability", "where", "who",
    "action", "actor", "advisories_of", "after", "anchor", "archive_ref", "at", "at_version", "audience", "authors",
    "base_name", "by_epss", "claims", "commit", "config_digest", "created", "cve_ids", "cvss", "data", "digest",
    "expires", "explicit", "exploited", "host", "in_use", "index_digest", "issuer", "justification", "key", "kind",
    "known_at", "level", "location", "max_age", "message", "mode", "moment", "moments", "most", "name", "names",
    "other", "owner", "packages", "parameters", "path", "pattern", "pattern_flags", "platform", "platforms",
    "predicate_type", "prefix", "problems", "purl", "query", "reader", "reason", "reference", "references", "registry",
    "repositories", "repository", "role", "run_url", "said", "search", "service", "services", "severities", "shown",
    "since", "source", "statements", "subject", "tag", "text", "token", "tool", "tools", "type", "types", "unless",
    "until", "user", "value", "version", "versions", "wanted", "members.remove.number", "tokens.revoke.number",
    "trust.remove.number", "whole.names.numbers", "Channel.address", "Terms.weekday", "Terms.quiet", "Terms.zone",
    "Terms.budget", "Rule.channel", "Rule.environments", "Rule.kinds", "Rule.causes", "Rule.severity",
    "deliver.test.channel", "deliver.listed.state", "deliver.listed.before", "deliver.resend.message_id",
    "audit.listed.before", "changes.between.kinds",
    "queue.ask.urgency", "queue.requested.state", "queue.requested.before", "retain.sweep.days",
))  # fmt: skip
"""Names of texts and numbers that name nothing of anybody's, or what the store looks up as its tenant sees it."""

FREE_TYPES: tuple[str, ...] = (
    "model:Image", "model:Inventory", "model:Package", "model:Finding", "model:Statement", "model:Problem",
    "model:BaseImage", "model:Layer", "model:Distribution", "findings.select:Selection", "findings.coverage:Coverage",
    "policies.reading:File", "names.reference:Reference",
)  # fmt: skip
"""Nouns that the asker brings along: what is in them is theirs, and names nothing in the store."""


@functools.cache
def _free_types() -> frozenset[Any]:
    from importlib import import_module

    pairs = (each.split(":") for each in FREE_TYPES)
    return frozenset(getattr(import_module(f"envscout.{module}"), name) for module, name in pairs)


def confined(database: Database, principal: Principal, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of an operation, confined to what is the principal's. Raise NotFound, NotAllowed."""
    if principal.organization or principal.environment:
        _check(principal, name)
    asker = Asker(database, principal)
    whole = signature(name).arguments(**arguments)
    # What was not said means something, too: often all that there is.
    return {field: asker.value(_named(name, field), getattr(whole, field)) for field in whole.__struct_fields__}


def _named(operation: str, field: str) -> str:
    if field == "actor":
        return "actor "
    whole = f"{operation}.{field}"
    return whole if whole in RULES else field


def _check(principal: Principal, name: str) -> None:
    """Refuse somebody confined what nobody confined may do. Raise NotAllowed."""
    answer = ANSWERS.get(name)
    if answer is None or answer.kind == "whole" or unclassified(name):
        raise NotAllowed(f"{name} is for the whole instance", "ask who runs this server")
    if principal.environment and not answer.by_environment:
        raise NotAllowed(f"{name} is not confined to one environment", "use a token without --env")


@functools.cache
def unclassified(name: str) -> frozenset[str]:
    """Return the texts and numbers in the arguments of an operation that no table names."""
    arguments = signature(name).arguments
    hints = typing.get_type_hints(arguments)
    return frozenset(
        each for field, type_ in hints.items() for each in _leaves(name, field, type_) if not _is_known(each)
    )


def _is_known(leaf: str) -> bool:
    field = leaf.rpartition(".")[2]
    return leaf in RULES or leaf in FREE or field in RULES or field in FREE


def _leaves(owner: str, field: str, type_: Any, seen: tuple[Any, ...] = ()) -> Iterator[str]:
    """Yield OWNER.FIELD of each text or number in a type."""
    if type_ in _free_types() or type_ in seen or f"{owner}.{field}" in RULES:
        return
    if type_ in (str, int, bytes):
        yield f"{owner}.{field}"
    elif isinstance(type_, type) and (issubclass(type_, msgspec.Struct) or hasattr(type_, "_fields")):
        for name, inner in typing.get_type_hints(type_).items():
            yield from _leaves(type_.__name__, name, inner, (*seen, type_))
    elif typing.get_origin(type_) is not typing.Literal:
        for inner in typing.get_args(type_):
            if not isinstance(inner, types.EllipsisType | list):
                yield from _leaves(owner, field, inner, seen)

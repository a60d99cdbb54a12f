"""Policies: which are in force where, where they come from, what was ever applied; files looked at, and applied."""

from collections.abc import Sequence
from html import escape
from typing import Any

import msgspec

from envscout.environments.origin import Origin
from envscout.errors import UsageError
from envscout.formats.markup import Markup
from envscout.formats.words import fingerprint
from envscout.names import moment
from envscout.policies.force import Applied, Effective, in_force
from envscout.policies.kinds import KINDS
from envscout.policies.policy import Policy
from envscout.policies.writing import as_yaml
from envscout.server.asking import Asked
from envscout.server.pages.page import Form, Page, Shown, Table
from envscout.server.pages.settings import Listed, Moment, Org, Part, Word, done, part
from envscout.store.deployments import Scope
from envscout.verbs import govern

FILE = "the file"
"""How a file is called that was typed in; messages say what is wrong in it."""


class InForce(msgspec.Struct, frozen=True):
    """What is in force somewhere. environment: "" for the organization."""

    organization: str
    environment: str
    effective: Effective


class Which(Listed, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One scope. organization, environment: of whom and where it is in force."""

    organization: Org = ""
    environment: Word = ""


class Told(msgspec.Struct, frozen=True):
    """A policy. parameters: name and value in words."""

    policy: Policy
    title: str
    parameters: tuple[tuple[str, str], ...]


class Whole(msgspec.Struct, frozen=True):
    """All about one scope. file: the same as a file that can be applied. history: what was applied for it."""

    here: InForce
    policies: tuple[Told, ...]
    file: str
    history: Part


class Digest(Moment, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file that was applied."""

    organization: Org = ""
    digest: Word = ""


class Text(msgspec.Struct, frozen=True):
    """A file as it was applied."""

    digest: str
    text: str


class Offer(Moment, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """For whom a file is to be written."""

    organization: Org = ""
    environment: Word = ""


class Offered(msgspec.Struct, frozen=True):
    """What can be chosen. organizations: that have an environment. file: what the form holds at first."""

    organizations: tuple[str, ...]
    organization: str
    environment: str
    file: Markup


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The form, as it is typed. seen: what the plan that was shown is known by, "" where none was."""

    organization: str = ""
    environment: str = ""
    file: str = ""
    seen: str = ""
    org: str = ""


class Plan(msgspec.Struct, frozen=True):
    """What a file would change. stale: whether that is another thing than was shown before."""

    organization: str
    environment: str
    steps: Sequence[govern.Step]
    file: Markup
    seen: str
    stale: bool


def _scopes(asked: Asked) -> list[InForce]:
    """Return what is in force in each organization and environment that anybody ever heard of."""
    organization = asked.query.org
    if asked.principal.environment:
        # They are not told what was applied for the organization, but what of it is in force for them.
        return [_scope(asked, asked.principal.organization, asked.principal.environment)]
    applied: list[Applied] = asked.perform("govern.applied", organization=organization)
    there = asked.perform("ask.environments", scope=Scope(organization))
    places = {(each.organization, each.name) for each in there}
    places |= {(each.organization, each.environment) for each in applied}
    places |= {(each, "") for each, _ in places}
    standing: dict[str, list[Applied]] = {}
    for each in govern.standing(applied):
        standing.setdefault(each.organization, []).append(each)
    return [InForce(owner, name, in_force(standing.get(owner, ()), name)) for owner, name in sorted(places)]


def _scope(asked: Asked, organization: str, environment: str) -> InForce:
    found = asked.perform("govern.in_force", organization=organization, environment=environment)
    return InForce(organization, environment, found)


def listed(asked: Asked) -> Part:
    """List where policies are in force."""
    return part(_scopes(asked), lambda each: (each.organization, each.environment), asked.query)


def _table(asked: Asked) -> Table:
    head = ("organization", "environment", "policy", "kind", "weight", "on_unknown", "parameters", "source", "digest")
    rows = (
        (
            scope.organization, scope.environment, each.policy.id, each.policy.kind, each.policy.weight,
            each.policy.on_unknown, "; ".join(f"{name}: {value}" for name, value in each.parameters),
            scope.effective.source, scope.effective.digest,
        )
        for scope in _scopes(asked)
        for each in map(_told, scope.effective.policies)
    )  # fmt: skip
    return Table("policies", head, rows)


def _told(policy: Policy) -> Told:
    config: dict[str, Any] = msgspec.to_builtins(policy.config)
    kind = KINDS.get(policy.kind)
    title = policy.title or (kind.title if kind else policy.kind)
    return Told(policy, title, tuple((name.replace("_", " "), _value(value)) for name, value in config.items()))


def _value(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "not set"}[value]
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def whole(asked: Asked) -> Whole:
    """Tell all about one scope."""
    query: Which = asked.query
    organization = query.organization or query.org or asked.principal.organization
    found = _scope(asked, organization, query.environment)
    history = asked.perform("govern.applied", organization=organization, environment=query.environment)
    return Whole(
        found,
        tuple(map(_told, found.effective.policies)),
        as_yaml(found.effective.policies),
        part(history, lambda each: (-each.at, each.digest), query),
    )


def _history_table(asked: Asked) -> Table:
    query: Which = asked.query
    organization = query.organization or query.org
    found = asked.perform("govern.applied", organization=organization, environment=query.environment)
    return Table("policy-history", _HISTORY, map(_cells, found))


_HISTORY = ("organization", "environment", "at", "actor", "source", "digest", "file", "extends", "policies")


def _cells(each: Applied) -> tuple[str | int, ...]:
    return (
        each.organization, each.environment, moment.show(each.at), each.actor, each.source, each.digest, each.file,
        each.section.extends, len(each.section.policies),
    )  # fmt: skip


def text(asked: Asked) -> Text:
    """Show a file as it was applied."""
    query: Digest = asked.query
    found = asked.perform("govern.text", digest=query.digest, organization=query.organization or query.org)
    return Text(query.digest, found)


def offer(asked: Asked) -> Offered:
    """Return what the form holds at first: what is in force."""
    query: Offer = asked.query
    names = tuple(asked.perform("govern.organizations"))
    organization = query.organization or query.org or asked.principal.organization or (names[0] if names else "")
    found = _scope(asked, organization, query.environment).effective
    return Offered(names, organization, query.environment, _exact(as_yaml(found.policies)))


def apply(asked: Asked) -> "str | Shown":
    """Show what a file changes; put it in force if exactly that was shown before."""
    fields: Wanted = asked.body
    if not fields.file.strip():
        raise UsageError("the file is empty", "paste a policy file; `policies: []` asks for none")
    organization = fields.organization.strip() or asked.principal.organization
    if not organization:
        raise UsageError("no organization is named", "say for which organization the policies are")
    given = govern.Given(fields.file.encode(), FILE, organization, fields.environment.strip())
    said = Origin("dashboard", actor=asked.principal.subject)
    steps = asked.perform("govern.apply", given=given, said=said, dry_run=True)
    seen = fingerprint(fields.file, organization, given.environment, *(each.before.digest for each in steps))
    if fields.seen != seen:
        plan = Plan(organization, given.environment, steps, _exact(fields.file), seen, bool(fields.seen))
        return Shown("policy_plan", "Policies", plan)
    made = asked.perform("govern.apply", given=given, said=said)
    return done("/policies", fields, "applied" if any(each.written for each in made) else "unchanged")


def _exact(words: str) -> Markup:
    """Return a text as a form sends it again: nothing in it may be made visible, as it would come back so."""
    return Markup(escape(words))


_APPLY = Page("/policies/apply", "policy_apply", "Policies", offer, Offer, "operate")
PAGES = (
    Page("/policies", "policies", "Policies", listed, Listed, table=_table),
    Page("/policies/scope", "policy_scope", "Policies", whole, Which, table=_history_table),
    Page("/policies/file", "policy_file", "Policies", text, Digest),
    _APPLY,
)
FORMS = (Form(_APPLY.path, Wanted, "operate", apply, _APPLY),)

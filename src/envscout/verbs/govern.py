"""Policies of organizations and environments: put in force, asked for, told of any moment."""

import hashlib
from collections.abc import Iterable

import msgspec

from envscout.environments.origin import Origin
from envscout.errors import NotFound, UsageError
from envscout.policies.changes import Change, changes
from envscout.policies.force import Applied, Effective
from envscout.policies.force import in_force as resolve
from envscout.policies.policy import Policy
from envscout.policies.reading import File, Section, parse
from envscout.policies.writing import stored
from envscout.store import Connection, Database, deployments, now
from envscout.store import policies as stored_policies
from envscout.store.policies import AppliedRow


class Step(msgspec.Struct, frozen=True):
    """What a file does to one scope. environment: "" for the organization. written: whether the section is another."""

    organization: str
    environment: str
    before: Effective
    after: Effective
    changes: tuple[Change, ...]
    written: bool


class Given(msgspec.Struct, frozen=True):
    """A file to put in force: its bytes and name. environment: the one that all of it is for, "" as the file says."""

    data: bytes
    name: str
    organization: str
    environment: str = ""


def apply(database: Database, given: Given, said: Origin, *, dry_run: bool = False) -> tuple[Step, ...]:
    """Put what a file says in force, all of it or nothing; return what that changes. Raise UsageError.

    A scope whose section is what it was is left alone. dry_run: change nothing.
    """
    try:
        text = given.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{given.name} is not written in UTF-8", "save it as UTF-8") from error
    sections = _sections(parse(given.data, given.name), given)
    digest = f"sha256:{hashlib.sha256(given.data).hexdigest()}"
    if dry_run:
        with database.read() as connection:
            return _steps(connection, sections, given, _Row(digest, now(), said, given.name))
    with database.write() as connection:
        at = max(now(), stored_policies.last_moment(connection) + 1)
        steps = _steps(connection, sections, given, _Row(digest, at, said, given.name))
        rows = [_row(each.after.applied) for each in steps if each.written and each.after.applied]
        stored_policies.put(connection, rows, text)
        return steps


class _Row(msgspec.Struct, frozen=True):
    """What all sections of one application have in common."""

    digest: str
    at: int
    said: Origin
    file: str


def _sections(file: File, given: Given) -> dict[str, Section]:
    """Return what is to be in force for which environment, "" for the organization."""
    if given.environment:
        if file.environments:
            raise UsageError(
                f"{given.name} says itself which environments it is for",
                "leave --env out, or the `environments` of the file",
            )
        if file.organization is None:
            raise UsageError(f"{given.name} holds no policies", "write `policies:` into it; `[]` asks for none")
        return {given.environment: file.organization}
    found = {"": file.organization} if file.organization is not None else {}
    found |= file.environments
    if not found:
        raise UsageError(
            f"{given.name} holds no policies", "write `policies:` or `environments:` into it; `[]` asks for none"
        )
    return found


def _steps(connection: Connection, sections: dict[str, Section], given: Given, shared: _Row) -> tuple[Step, ...]:
    new = {
        environment: Applied(
            organization=given.organization,
            environment=environment,
            at=shared.at,
            digest=shared.digest,
            section=section,
            file=shared.file,
            actor=shared.said.actor,
            source=shared.said.source,
            commit=shared.said.commit,
            run_url=shared.said.run_url,
        )
        for environment, section in sections.items()
    }
    steps = []
    for environment, applied in new.items():
        there = _standing(connection, given.organization, environment, None)
        old = {each.environment: each for each in there}
        before = resolve(there, environment)
        after = resolve((old | {key: new[key] for key in ("", environment) if key in new}).values(), environment)
        written = environment not in old or stored(old[environment].section) != stored(applied.section)
        steps.append(
            Step(given.organization, environment, before, after, changes(before.policies, after.policies), written)
        )
    return tuple(steps)


def _row(applied: Applied) -> AppliedRow:
    fields = msgspec.structs.asdict(applied)
    return AppliedRow(document=stored(fields.pop("section")), **fields)


def _applied(row: AppliedRow) -> Applied:
    fields = msgspec.structs.asdict(row)
    return Applied(section=msgspec.json.decode(fields.pop("document"), type=Section), **fields)


def _standing(connection: Connection, organization: str, environment: str, at: int | None) -> list[Applied]:
    return [_applied(row) for row in stored_policies.standing(connection, organization, environment, at)]


def in_force(database: Database, organization: str, environment: str = "", at: int | None = None) -> Effective:
    """Return the policies that were in force in an environment ("" for the organization) at a moment; None: now.

    Its `digest` is the same as long as the policies are: what changed between two moments shows by it.
    """
    with database.read() as connection:
        return resolve(_standing(connection, organization, environment, at), environment)


def applied(
    database: Database, organization: str = "", environment: str | None = None, at: int | None = None
) -> list[Applied]:
    """Return what was ever put in force, the newest first. organization: "" for all; environment: None for all."""
    with database.read() as connection:
        return [_applied(row) for row in stored_policies.applied(connection, organization, environment, at)]


def standing(applied: Iterable[Applied]) -> list[Applied]:
    """Return of what was ever put in force, the newest first, what stands: one of each scope, in their order."""
    found: dict[tuple[str, str], Applied] = {}
    for each in applied:
        found.setdefault((each.organization, each.environment), each)
    return [found[scope] for scope in sorted(found)]


def text(database: Database, digest: str, organization: str = "") -> str:
    """Return a file as it was applied, by (the beginning of) its digest. Raise NotFound, UsageError."""
    start = digest.lower() if digest.startswith("sha256:") else f"sha256:{digest.lower()}"
    with database.read() as connection:
        found = stored_policies.texts(connection, start, organization)
    if not found:
        raise NotFound(
            f"nothing was applied whose digest begins with {digest[:80]}", "`envscout policy list --history`"
        )
    if len(found) > 1:
        raise UsageError(f"several files begin with {digest[:80]}", "write more of the digest")
    return found[0][1]


def organizations(database: Database) -> list[str]:
    """Return the organizations that have an environment or policies."""
    with database.read() as connection:
        named = {each.organization for each in deployments.environments(connection, deployments.Scope())}
        return sorted(named | {each.organization for each in stored_policies.applied(connection)})


def owners(database: Database, scope: deployments.Scope) -> list[str]:
    """Return the organizations whose environment is meant where none is named.

    Those that run the service there; where none does, all that recorded into an environment of that name, or put
    policies in force for it; none where nobody ever heard of it.
    """
    with database.read() as connection:
        running = {each.deployment.organization for each in deployments.running(connection, scope)}
        if running:
            return sorted(running)
        rows = deployments.environments(connection, deployments.Scope(scope.organization))
        applied = stored_policies.applied(connection, scope.organization, scope.environment)
        recorded = {row.organization for row in rows if row.name == scope.environment}
        return sorted(recorded | {each.organization for each in applied})


def proposed(database: Database, file: File, organization: str, environment: str) -> tuple[Policy, ...]:
    """Return what would be in force in an environment if a file were applied."""
    with database.read() as connection:
        there = {each.environment: each for each in _standing(connection, organization, environment, None)}
    said = {"": file.organization} if file.organization is not None else {}
    said |= {environment: file.environments[environment]} if environment in file.environments else {}
    new = {name: Applied(organization, name, 0, "", section) for name, section in said.items()}
    if "" in new and environment not in new:
        # What the file says of all is meant for this one, too, whatever was applied for it.
        there.pop(environment, None)
    return resolve((there | new).values(), environment).policies

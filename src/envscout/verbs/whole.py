"""What every service of an environment is vulnerable to, by numbers alone: no finding is made, no name looked up."""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from envscout.environments.difference import Side
from envscout.environments.naming import EVERY, Naming
from envscout.errors import NotFound
from envscout.findings import coverage as covering
from envscout.model import Coverage, Lapse, Problem
from envscout.standing.briefing import Briefing
from envscout.standing.numbers import (
    Images,
    Question,
    Said,
    by_service,
    coverages,
    grade,
    lacking,
    left_out,
    sets_of,
    side,
)
from envscout.store import Connection, Database, deployments, summaries
from envscout.store.deployments import Running, Scope

__all__ = ["Brief", "Question", "Whole", "briefs", "environments", "names"]


class Whole(msgspec.Struct, frozen=True):
    """What an environment runs by service, and how far that can be trusted; what runs beside one another is one.

    lapses: exceptions that have ended. problems: what of VEX documents could not be used, or was not heeded.
    """

    environment: str
    services: Mapping[str, Side]
    coverage: Coverage
    lapses: tuple[Lapse, ...] = ()
    problems: tuple[Problem, ...] = ()


class Brief(msgspec.Struct, frozen=True):
    """The same in short."""

    environment: str
    services: Mapping[str, Side]
    coverage: Coverage


def environments(
    database: Database,
    asked: Sequence[tuple[Scope, Question]],
    wanted: Naming = EVERY,
) -> list[Whole]:
    """Answer for everything wanted that runs in environments. Raise NotFound where nothing does."""
    with database.read() as connection:
        running = [
            [each for each in deployments.running(connection, scope) if wanted(each.deployment)] for scope, _ in asked
        ]
        for (scope, _), found in zip(asked, running, strict=True):
            if not found:
                raise _nothing(scope)
        known = summaries.images(connection, {each.image_id for found in running for each in found})
        missing = summaries.missing(connection, sets_of(known.values()))
    if missing:
        summaries.fill(database, missing, grade)
    with database.read() as connection:
        images = {
            question: Images(connection, known, question) for question in dict.fromkeys(each for _, each in asked)
        }
        return [
            _answer(connection, scope.environment, found, images[question])
            for (scope, question), found in zip(asked, running, strict=True)
        ]


def _nothing(scope: Scope) -> NotFound:
    return NotFound(
        f"nothing runs in environment {scope.environment}",
        f"`envscout environment history {scope.environment}` shows what was recorded, `envscout environment` lists all",
    )


def names(database: Database, numbers: Collection[int]) -> dict[int, str]:
    """Return what vulnerabilities are called."""
    with database.read() as connection:
        return summaries.names(connection, numbers)


def briefs(database: Database, asked: Sequence[tuple[Scope, Question]]) -> list[Brief]:
    """Answer in short for environments: the same services and coverage as `environments`. Raise NotFound.

    Of what runs now and is not filtered, what was found before is kept in memory, and only services that changed since
    are looked at again.
    """
    return [_brief(database, scope, question) for scope, question in asked]


def _brief(database: Database, scope: Scope, question: Question) -> Brief:
    if scope != Scope(scope.organization, scope.environment) or question != _plain(question):
        (whole,) = environments(database, [(scope, question)])
        return Brief(whole.environment, whole.services, whole.coverage)
    with database.memory.alone((scope, question, database.connection.tenant)):
        with database.read() as connection:
            found = Briefing(connection, database.memory, scope, question)
            if not found.running:
                raise _nothing(scope)
            missing = found.missing()
            if not missing:
                return Brief(scope.environment, *found.told(connection))
        # It takes some memory while it is made, and no less time for several at once.
        with database.memory.alone("summing up"):
            summaries.fill(database, missing, grade)
        with database.read() as connection:
            return Brief(scope.environment, *found.told(connection))


def _plain(question: Question) -> Question:
    return Question(max_age=question.max_age, heed=question.heed)


def _answer(connection: Connection, name: str, found: Sequence[Running], asked: Images) -> Whole:
    trust = coverages(connection, dict.fromkeys(each.image_id for each in found), asked)
    said = Said(connection, found, asked)
    blurred = covering.combine([covering.lacking(lacking(connection, asked.question)), covering.unheard(asked.unheard)])
    trusted = {
        number: blurred.state != "unknown" and each.state != "unknown" and not asked.is_baseless(number)
        for number, each in trust.items()
    }
    services = {service: side(running, asked, said, trusted) for service, running in by_service(found).items()}
    more = (
        blurred,
        covering.left_out(left_out(found, asked, said)),
        covering.without_base(each.deployment.reference for each in found if asked.is_baseless(each.image_id)),
    )
    return Whole(name, services, covering.combine([*trust.values(), *more]), tuple(said.lapses), said.problems)

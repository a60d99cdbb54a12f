"""Policies that users write themselves, in CEL: https://cel.dev, https://github.com/google/cel-spec.

The library bounds the steps of an expression (10,000 of `all`, `exists`, `filter` and `map` for one evaluation, 32
levels of nesting, regular expressions in linear time); here its length, the number of evaluations and the processor
time of a policy are bounded. What it builds is not: `["x"].map(s, s + s)` forty times over would be a terabyte. So an
expression that could build something is evaluated in a process of its own, and ends with it. An expression reads data,
and can reach nothing else.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import msgspec

from envscout.errors import UsageError
from envscout.model import LEVELS, Violation
from envscout.policies import subjects
from envscout.policies.apart import apart
from envscout.policies.decoding import printable
from envscout.policies.facts import CONTENT, Facts, Judgement, doubts, lacks

MAX_EXPRESSION = 4_096
MAX_EVALUATIONS = 200_000
MAX_SECONDS = 10.0
TRY_SECONDS = 2
"""Of processor time, to try an expression on the one specimen: who sends a file of many has others wait for all."""
MAX_MEMORY = 1 << 30
"""Bytes that evaluating a policy may take."""
_TOLD = 5
# What makes one value of several, or does something for each: all else takes no more than what it is asked about.
_BUILDS = re.compile(r"\+|\b(all|exists|exists_one|filter|map)\s*\(")
_MISSING = re.compile(r'Key not found in map : "(.*)"')


class Custom(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of `cel`. expression: true where something is wrong. message: what is. severity: how bad it is."""

    expression: str
    for_each: Literal["finding", "package", "image"] = "finding"
    message: str = ""
    severity: str = ""


class _Scope(NamedTuple):
    """What an expression is asked about, one after the other, and how each is called where it is wrong."""

    variable: str
    each: Callable[[Facts], Iterable[Any]]
    document: Callable[[Any, Facts], dict[str, Any]]
    name: Callable[[Any], str]
    doubts: frozenset[str] | None


_SCOPES = {
    "finding": _Scope(
        "finding",
        lambda facts: facts.findings,
        subjects.finding,
        lambda each: f"{each.severity.upper()} {each.vulnerability} in {each.package.name} {each.package.version}",
        None,
    ),
    # `package` itself is a reserved word of CEL.
    "package": _Scope(
        "pkg",
        lambda facts: facts.packages,
        lambda each, _: subjects.package(each),
        lambda each: f"{each.name} {each.version}",
        CONTENT,
    ),
    "image": _Scope("image", lambda facts: (facts,), lambda each, _: subjects.image(each), lambda _: "", frozenset()),
}
_ALL = {"findings": None, "packages": CONTENT}
"""The lists that an expression may name, and for which reasons they may lack something (None: for any)."""

_FACTS = {"kev": lacks("the catalog of known exploited vulnerabilities"), "epss": lacks("EPSS scores")}
"""Fields of findings that say nothing of any where the store does not have their feed."""


def check(config: Custom) -> None:
    """Try an expression. Raise ValueError with what is wrong and where; UsageError where CEL is not installed."""
    if not config.expression.strip() or len(config.expression) > MAX_EXPRESSION:
        raise ValueError(f"expression has to have 1 to {MAX_EXPRESSION:,} characters")
    if config.severity and config.severity.lower() not in LEVELS:
        raise ValueError(f"no such severity: {config.severity}")
    compiled = _compiled(config.expression, config.for_each)
    tried = _within_bounds(config, lambda: _tried(compiled, config), TRY_SECONDS)
    if tried is None:
        raise ValueError(f"expression: {_too_much()}")
    word, value = map(str, tried)
    if word == "ERROR":
        _refuse_misspelt(value, config.expression)
    elif word != "BOOL":
        raise ValueError(f"expression is no condition: it gives {word.lower()}, not true or false")


def _within_bounds(
    config: Custom, work: Callable[[], Iterable[object]], seconds: int = int(MAX_SECONDS) + 5
) -> list[object] | None:
    """Return what work with an expression yields, None where it takes too much."""
    if not _BUILDS.search(config.expression):
        return list(work())
    # Between two evaluations the time is looked at here: this is for one that does not end.
    return apart(work, seconds, MAX_MEMORY)


def _too_much() -> str:
    return (
        f"it took more than {MAX_EVALUATIONS:,} evaluations, {MAX_SECONDS:.0f} seconds of processor time or"
        f" {MAX_MEMORY >> 20:,} MiB of memory"
    )


def _tried(compiled: Any, config: Custom) -> Iterator[str]:
    """Yield what an expression gives of the specimen: the type and the value."""
    answer = compiled.eval(data=_bound(config, subjects.SPECIMEN, _specimen(config)))
    yield answer.type().name().upper()
    yield str(answer.value())[:MAX_EXPRESSION]


def _specimen(config: Custom) -> dict[str, Any]:
    scope = _SCOPES[config.for_each]
    return scope.document(next(iter(scope.each(subjects.SPECIMEN))), subjects.SPECIMEN)


def _refuse_misspelt(error: str, expression: str) -> None:
    """Refuse a field that nothing has; whatever else fails on the specimen may be right for real data."""
    missing = _MISSING.search(error)
    field = missing and re.search(rf"(?<!labels)\.({re.escape(missing[1])})\b", expression)
    if field:
        line = expression.count("\n", 0, field.start(1)) + 1
        column = field.start(1) - expression.rfind("\n", 0, field.start(1))
        raise ValueError(
            f"expression, {line}:{column}: there is no field {field[1]!r}; `has(...)` asks for what may lack"
        )


@lru_cache(maxsize=1_000)
def _compiled(expression: str, each: str) -> Any:
    try:
        from cel_expr_python import cel
    except ImportError as error:
        raise UsageError(
            "policies of kind `cel` need a library that is not installed", "pip install 'envscout[cel]'"
        ) from error
    record, text = cel.Type("map<string, dyn>"), cel.Type.STRING
    names = {_SCOPES[each].variable: record, "image": record, "environment": text, "now": cel.Type.TIMESTAMP}
    lists = {name: cel.Type("list<map<string, dyn>>") for name in (_ALL if each == "image" else ())}
    try:
        return cel.NewEnv(variables={**names, **lists}).compile(expression)
    except RuntimeError as error:
        known = ", ".join((*names, *lists))
        raise ValueError(f"expression: {_plain(str(error))} (known are {known})") from error


def _plain(error: str) -> str:
    """Return what the library says without its own words around it: `1:3: Syntax error: ...`."""
    first = error.removeprefix("INVALID_ARGUMENT: ").removeprefix("ERROR: ").removeprefix("<input>:").splitlines()[0]
    return printable(re.sub(r" \(in container ''\)|, expecting .*| expecting \{.*", "", first))


def custom(facts: Facts, config: Custom) -> Judgement:
    """Judge by an expression: what it is true for is wrong; where it cannot be evaluated, nobody knows."""
    scope = _SCOPES[config.for_each]
    found: list[Violation] = []
    failed: list[str] = []
    for name, answer in _answers(facts, config, scope):
        if answer is True:
            found.append(_violation(config, name))
        elif answer is not False:
            failed.append(f"{name}: {answer}" if name else str(answer))
    reasons = [f"The expression could not be evaluated: {each}" for each in failed[:_TOLD]]
    if len(failed) > _TOLD:
        reasons.append(f"The expression could not be evaluated {len(failed) - _TOLD} more times.")
    return Judgement(tuple(found), (*_doubts(facts, config, scope), *reasons), f"{len(found)} deviations")


def _doubts(facts: Facts, config: Custom, scope: _Scope) -> tuple[str, ...]:
    """Return why what the expression is about may not be all: of an image, as far as it names the lists."""
    found = doubts(facts, scope.doubts)
    for name, codes in _ALL.items():
        if config.for_each == "image" and re.search(rf"\b{name}\b", config.expression):
            found += doubts(facts, codes)
    found += tuple(
        reason
        for kind, reason in _FACTS.items()
        if config.for_each != "package" and kind not in facts.kinds and re.search(rf"\b{kind}\b", config.expression)
    )
    unread = () if facts.is_indexed or found else ("The image was not indexed: what it is is not known.",)
    return (*dict.fromkeys(found), *unread)


def _answers(facts: Facts, config: Custom, scope: _Scope) -> Iterator[tuple[str, object]]:
    """Yield what each thing is called, and True, False, or why the expression says neither."""
    compiled = _compiled(config.expression, config.for_each)
    found = _within_bounds(config, lambda: _asked(compiled, facts, config, scope))
    return iter(msgspec.convert(found, list[tuple[str, bool | str]]) if found is not None else [("", _too_much())])


def _asked(compiled: Any, facts: Facts, config: Custom, scope: _Scope) -> Iterator[tuple[str, object]]:
    end = time.thread_time() + MAX_SECONDS
    shared = _bound(config, facts, {})
    for count, each in enumerate(scope.each(facts)):
        if count >= MAX_EVALUATIONS or time.thread_time() > end:
            yield "", _too_much()
            return
        yield scope.name(each), _evaluated(compiled, {**shared, scope.variable: scope.document(each, facts)})


def _evaluated(compiled: Any, data: dict[str, Any]) -> object:
    try:
        answer = compiled.eval(data=data)
    except RuntimeError as error:
        return _plain(str(error))
    value = answer.value()
    if isinstance(value, bool):
        return value
    return _plain(str(value)) if answer.type().name().upper() == "ERROR" else "it gives neither true nor false"


def _bound(config: Custom, facts: Facts, each: dict[str, Any]) -> dict[str, Any]:
    """Return what the variables of an expression stand for."""
    lists: dict[str, Any] = {}
    if config.for_each == "image":
        named = [name for name in _ALL if re.search(rf"\b{name}\b", config.expression)]
        if "findings" in named:
            lists["findings"] = [subjects.finding(one, facts) for one in facts.findings]
        if "packages" in named:
            lists["packages"] = [subjects.package(one) for one in facts.packages]
    now = datetime.fromtimestamp(facts.now // 1_000_000, UTC)
    lists |= {name: [] for name in _ALL if config.for_each == "image" and name not in lists}
    shared = {"image": subjects.image(facts), "environment": facts.environment, "now": now, **lists}
    return {**shared, _SCOPES[config.for_each].variable: each} if each else shared


def _violation(config: Custom, name: str) -> Violation:
    said = " ".join(config.message.split())[:500] or f"`{' '.join(config.expression.split())[:100]}`"
    level = f"{config.severity.upper()} " if config.severity else ""
    return Violation(f"{level}{said}: {name}" if name else f"{level}{said}", config.expression)

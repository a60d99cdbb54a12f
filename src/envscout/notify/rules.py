"""Which news somebody wants to hear of. Pure."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

import msgspec

from envscout.errors import UsageError
from envscout.model import LEVELS, NEWS_CAUSES, NEWS_KINDS, News

QUIET_KINDS = frozenset({"deployed", "undeployed", "deescalated"})
"""Kinds that are told of only where a rule names them."""

MAX_PATTERNS = 100


class Rule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What news go to a channel; everything that is asked for must hold.

    environments, services: patterns (`prod*`), () for all. kinds: () for all but QUIET_KINDS. severity: at least.
    causes: () for any; `deployment` alone means what new packages brought, not what advisories changed. fixable, kev,
    epss (0 to 1, at least): of a vulnerability; what is not known of it does not hold. Severity, fixable, kev and epss
    are asked of news about vulnerabilities alone.
    """

    name: str
    channel: str
    environments: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    severity: str = ""
    fixable: bool = False
    kev: bool = False
    epss: float = 0.0


def checked(rule: Rule) -> Rule:
    """Return a rule whose words all have a meaning. Raise UsageError."""
    _words("kind", rule.kinds, NEWS_KINDS)
    _words("cause", rule.causes, NEWS_CAUSES)
    _words("severity", (rule.severity,) if rule.severity else (), tuple(LEVELS))
    if not 0 <= rule.epss <= 1:
        raise UsageError(f"an EPSS score of {rule.epss:g} does not exist", "give one from 0 to 1, such as 0.1")
    if len(rule.environments) + len(rule.services) > MAX_PATTERNS:
        raise UsageError(f"the rule has more than {MAX_PATTERNS} patterns", "use patterns such as prod*")
    return rule


def _words(what: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    for word in given:
        if word not in known:
            raise UsageError(f"{word[:80]!r} is no {what} of news", f"known are: {', '.join(known)}")


def matches(rule: Rule, organization: str, news: News) -> bool:
    """Tell whether news are for a rule of an organization ("": of the whole instance)."""
    return is_near(rule, organization, news) and is_asked_for(rule, news)


def is_asked_for(rule: Rule, news: News) -> bool:
    """Tell the same of news that come from where the rule looks."""
    return (
        (news.kind in rule.kinds if rule.kinds else news.kind not in QUIET_KINDS)
        and (not rule.causes or news.cause in rule.causes)
        and _fits(rule.services, news.service)
        and (not news.vulnerability or _is_grave(rule, news))
    )


def is_near(rule: Rule, organization: str, news: News) -> bool:
    """Tell whether news come from where a rule looks: the same for all news of an environment."""
    return (not organization or news.organization in ("", organization)) and _fits(rule.environments, news.environment)


def _fits(patterns: tuple[str, ...], name: str) -> bool:
    """Tell whether a name is one of those that patterns mean. What concerns all, "", concerns each of them."""
    return not patterns or not name or any(fnmatchcase(name, pattern) for pattern in patterns)


def _is_grave(rule: Rule, news: News) -> bool:
    facts = news.facts
    return (
        (not rule.severity or _level(news.severity) >= _level(rule.severity))
        and (not rule.fixable or facts.fixable)
        and (not rule.kev or facts.kev)
        and (not rule.epss or (facts.epss is not None and facts.epss >= rule.epss))
    )


def _level(word: str, levels: Mapping[str, int] = LEVELS) -> int:
    return levels.get(word, 0)


def is_urgent(news: News) -> bool:
    """Tell whether news may wake people: a critical vulnerability that is known to be exploited."""
    return news.severity == "critical" and news.facts.kev and news.direction != "better"

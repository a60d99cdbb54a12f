"""What happened that somebody may want to hear of, one thing at one place."""

from typing import Literal, get_args

import msgspec

NewsKind = Literal[
    "deployed", "undeployed", "appeared", "escalated", "deescalated", "resolved", "gate-failed", "unknown-coverage",
    "feed-trouble", "feed-recovered", "drift", "exception-expiring", "exception-ended",
]  # fmt: skip
"""deployed, undeployed: an image came to run in a slot, or no longer runs there. appeared, escalated, deescalated,
resolved: a vulnerability of what runs there; it is worse or better where severity, KEV or EPSS changed. gate-failed: a
policy kept something out. unknown-coverage: what runs there cannot be answered for. drift: what runs is not what was
recorded."""

NEWS_KINDS: tuple[str, ...] = get_args(NewsKind)

NewsCause = Literal[
    "", "deployment", "advisory", "kev", "epss", "severity", "fix", "exception", "vex", "feed", "policy"
]
"""What made it happen. deployment: other packages run, or run in another place. advisory: a record came, changed or was
withdrawn. kev, epss, severity, fix: that of the vulnerability changed. exception, vex: somebody said something."""

NEWS_CAUSES: tuple[str, ...] = tuple(filter(None, get_args(NewsCause)))


class NewsFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What else is known of it.

    about: what it concerns beside place and vulnerability: a feed, a policy, an exception. text: in words. before: the
    severity it had. epss: 0 to 1, None if unknown. fixable: a fixed version is known. packages: package URLs. until:
    microseconds, when it ends. actor, commit, run_url: of the deployment. url: more about it, for people.
    """

    about: str = ""
    text: str = ""
    before: str = ""
    kev: bool = False
    epss: float | None = None
    fixable: bool = False
    packages: tuple[str, ...] = ()
    until: int | None = None
    actor: str = ""
    commit: str = ""
    run_url: str = ""
    url: str = ""


class News(msgspec.Struct, frozen=True):
    """One thing that happened. "" where something does not apply; organization "": it concerns all of them.

    at: microseconds. severity: a word of LEVELS or "". direction: for whoever runs it.
    """

    kind: NewsKind
    at: int
    organization: str = ""
    environment: str = ""
    service: str = ""
    vulnerability: str = ""
    severity: str = ""
    digest: str = ""
    reference: str = ""
    direction: Literal["", "worse", "better"] = ""
    cause: NewsCause = ""
    facts: NewsFacts = NewsFacts()

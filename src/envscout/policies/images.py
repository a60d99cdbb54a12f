"""Policies about what an image is built on and how it runs."""

import re
from fnmatch import fnmatchcase
from typing import Annotated

import msgspec

from envscout.errors import InvalidReference
from envscout.model import Violation
from envscout.names import moment
from envscout.names.reference import parse
from envscout.policies.facts import Facts, Judgement, doubts

_DAY = 86_400_000_000
_ROOT = re.compile(r"(root|0+)(:.*)?", re.S)


class Approved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of `approved-base-images`: patterns of names, where `*` stands for anything.

    allowed_distros_only: no distribution whose support has ended. allowed_distros: `debian`, `debian:12` or
    `debian:bookworm`, () for all that are supported.
    """

    allowed_base_images: tuple[str, ...] = ("*",)
    allowed_distros_only: bool = True
    allowed_distros: tuple[str, ...] = ()


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


class Age(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of `maximum-image-age` and `maximum-advisory-age`."""

    days: Annotated[int, msgspec.Meta(ge=0, le=36_500)] = 90


def approved_base(facts: Facts, config: Approved) -> Judgement:
    """Judge by the name of the base image, and by the distribution: whether it still gets fixes, and is allowed."""
    wrong, doubtful = _distribution(facts, config)
    base = facts.base
    if config.allowed_base_images == ("*",):
        return Judgement(wrong, doubtful)
    if base is None or not base.name:
        return Judgement(wrong, (*doubtful, "What the image was built on is not known: build with provenance."))
    if any(_fits(base.name, pattern) for pattern in config.allowed_base_images):
        return Judgement(wrong, doubtful, base.name)
    said = f"the base image {base.name} is not approved"
    allowed = ", ".join(config.allowed_base_images)
    return Judgement((*wrong, Violation(said, f"approved: {allowed}", "build on one of them")), doubtful, base.name)


def _distribution(facts: Facts, config: Approved) -> tuple[tuple[Violation, ...], tuple[str, ...]]:
    """Return what is wrong with the distribution, and why that may not be known."""
    wrong = tuple(
        Violation(reason.message, remediation="build on a supported release")
        for reason in facts.coverage.reasons
        if config.allowed_distros_only and reason.code in ("end-of-life", "unsupported-distribution")
    )
    wanted = config.allowed_distros_only or config.allowed_distros
    doubtful = doubts(facts, {"not-indexed", "unknown-distribution"} if wanted else {"not-indexed"})
    if not config.allowed_distros:
        return wrong, doubtful
    if facts.distribution is None:
        return wrong, (*doubtful, "Which distribution the image holds is not known.")
    there = facts.distribution
    names = [f"{there.id}:{word}" for word in (there.version, there.codename) if word] + [there.id]
    allowed = [re.sub(r"[ :-]+", ":", each.strip().lower()) for each in config.allowed_distros]
    if any(fnmatchcase(name.lower(), each) for name in names for each in allowed):
        return wrong, doubtful
    said = f"the distribution {names[0]} is not allowed"
    return (*wrong, Violation(said, f"allowed: {', '.join(config.allowed_distros)}", "build on one of them")), doubtful


def _fits(name: str, pattern: str) -> bool:
    """Tell whether a name fits, as written or in full: `node:24` is `docker.io/library/node:24`."""
    try:
        full = parse(name).canonical
    except InvalidReference:
        full = name
    return any(fnmatchcase(each, pattern) for each in (name, full, full.partition("@")[0]))


def fresh_base(facts: Facts, _: Nothing) -> Judgement:
    """Judge by whether the base image's name stands for another image by now."""
    base = facts.base
    if base is None or not base.name or not base.digest:
        return Judgement((), ("Which base image was used is not known by name and digest: build with provenance.",))
    if not facts.newest_base:
        return Judgement((), (f"Which image {base.name} is by now is not known: record or index it.",))
    if base.digest in facts.newest_base:
        return Judgement((), (), base.name)
    said = f"{base.name} is another image by now"
    detail = f"built on {base.digest}, now {facts.newest_base[0]}"
    return Judgement((Violation(said, detail, "rebuild the image"),), (), base.name)


def non_root(facts: Facts, _: Nothing) -> Judgement:
    """Judge by the user that the image's configuration names."""
    if not facts.is_indexed and not facts.image.config_digest:
        return Judgement((), ("The image's configuration is not known: it was not read.",))
    user = facts.image.user
    if user and not _ROOT.fullmatch(user):
        return Judgement(result=f"USER {user}")
    said = f"it runs as root (USER {user})" if user else "it runs as root: no USER is set"
    return Judgement((Violation(said, remediation="set a USER other than root in the Dockerfile"),))


def image_age(facts: Facts, config: Age) -> Judgement:
    """Judge by when the image was created, as its configuration says."""
    created = moment.told(facts.image.created)
    if created is None:
        return Judgement((), ("When the image was created is not known.",))
    if created - facts.now > _DAY:
        return Judgement((), ("The image says that it was created in the future: its age is not known.",))
    days = (facts.now - created) // _DAY
    if days <= config.days:
        return Judgement(result=f"{days} days")
    said = f"it was created {days} days ago"
    return Judgement((Violation(said, f"at most {config.days}", "rebuild the image"),), (), f"{days} days")


def advisory_age(facts: Facts, config: Age) -> Judgement:
    """Judge by how old the oldest advisories are that the answer rests on."""
    if facts.advisories_of is None:
        return Judgement((), ("The answer rests on no advisories: run `envscout db update`.",))
    if facts.advisories_of - facts.now > _DAY:
        return Judgement((), ("The advisories are dated in the future: their age is not known.",))
    # Of what has no advisories at all nobody can say how old they are.
    missing = doubts(facts, {"no-feed"})
    days = (facts.now - facts.advisories_of) // _DAY
    if days <= config.days:
        return Judgement((), missing, f"{days} days")
    said = f"the advisories are {days} days old"
    return Judgement((Violation(said, f"at most {config.days}", "run `envscout db update`"),), missing, f"{days} days")

"""Policies as a user chooses them on the command line, and what they say of an image."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from envscout.cli.session import Session
from envscout.errors import InvalidReference, UsageError

if TYPE_CHECKING:
    from envscout.model import Finding, Verdict
    from envscout.policies.policy import Policy
    from envscout.verbs.ask import ImageReport, Report

_ATTESTED = "supply-chain-attestations"


class Subject(msgspec.Struct, frozen=True):
    """What is judged. as_of: moment of its advisories. named: as the user named it.

    running: findings of what runs in the target, None where nothing does.
    """

    report: "ImageReport"
    as_of: int | None = None
    named: str = ""
    running: "tuple[Finding, ...] | None" = None


def policies(flags: dict[str, Any]) -> "Sequence[Policy]":
    """Return the policies that are in force."""
    from envscout.policies.policy import standard
    from envscout.policies.reading import read

    found = [each for path in flags["policy_file"] for each in read(_content(path), path)]
    if not flags["policy_file"]:
        path = flags["policy_config"]
        found = list(read(_content(path), path, extends=True) if path else standard())
    elif flags["policy_config"]:
        raise UsageError(
            "--policy-config changes the standard policies, --policy-file replaces them", "use one of them"
        )
    chosen = flags["only_policy"]
    missing = set(chosen) - {each.id for each in found}
    if missing:
        there = ", ".join(each.id for each in found)
        raise UsageError(f"no policy is called {', '.join(sorted(missing))}", f"there are {there}")
    return [each for each in found if not chosen or each.id in chosen]


def _content(path: str) -> bytes:
    from envscout.policies.reading import MAX_FILE

    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_FILE + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "check the path") from error


def one_of(session: Session, report: "Report") -> "ImageReport":
    """Return the image that is judged, and say so where several run beside one another."""
    judged = report.images[0]
    if len(report.images) > 1:
        others = ", ".join(each.reference for each in report.images[1:])
        session.warn(f"several images run there; {judged.reference} is judged, not {others}")
    return judged


def judge(
    session: Session, subject: Subject, chosen: "Sequence[Policy]", flags: dict[str, Any]
) -> "tuple[Verdict, ...]":
    """Return what policies say of an image. flags: platform and ref, as for opening it."""
    from envscout.policies.policy import judge as judge_by
    from envscout.verbs import gate

    report = subject.report
    attested = _attested(subject, flags) if any(each.kind == _ATTESTED for each in chosen) else None
    answered = gate.Answered(report.image_id, report.findings, report.coverage, report.base, subject.as_of)
    return judge_by(chosen, gate.facts(session.database, answered, subject.running, attested))


def _attested(subject: Subject, flags: dict[str, Any]) -> tuple[str, ...] | None:
    """Return what is attached to the judged image, None where nobody can tell."""
    from envscout.names.reference import parse
    from envscout.verbs import gate

    ran = subject.report.deployment
    try:
        reference = parse(f"{ran.reference.partition('@')[0]}@{ran.digest}" if ran else subject.named)
    except InvalidReference:
        # What was recorded from a place on disk is not to be found again by its digest.
        return None
    return gate.attestations(reference, platform=flags["platform"], archive_ref=flags["ref"])

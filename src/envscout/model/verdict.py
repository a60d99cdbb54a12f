"""A policy's answer about an image."""

from typing import Literal

import msgspec

VerdictState = Literal["pass", "fail", "unknown"]


class Violation(msgspec.Struct, frozen=True):
    """One way in which an image does not meet a policy. remediation: what to do about it, "" if nobody knows."""

    message: str
    detail: str = ""
    remediation: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """policy: its id. result: in a few words. reasons: why it is unknown. blocks: whether a gate must not open for it.

    weight: how much it counts in the health score, 0 for not at all.
    """

    policy: str
    title: str
    state: VerdictState
    result: str = ""
    violations: tuple[Violation, ...] = ()
    reasons: tuple[str, ...] = ()
    weight: int = 0
    blocks: bool = False

"""Somebody says that a vulnerability does not count, or that it does: an exception of ours or a VEX statement."""

import msgspec

ACCEPTED, FALSE_POSITIVE = "accepted-risk", "false-positive"
KINDS = (ACCEPTED, FALSE_POSITIVE)
"""What an exception of ours may be."""

NOT_AFFECTED, FIXED, AFFECTED, IN_DOUBT = "not_affected", "fixed", "affected", "under_investigation"
STATUSES = (NOT_AFFECTED, FIXED, AFFECTED, IN_DOUBT)
"""What a VEX statement may say, in OpenVEX's words."""

SUPPRESSING = frozenset({ACCEPTED, FALSE_POSITIVE, NOT_AFFECTED, FIXED})

JUSTIFICATIONS = (
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
)
"""Why something is not affected: https://github.com/openvex/spec, "Status Justifications"."""


class Product(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a statement is about; an empty field asks for nothing.

    organization, environment, service: where it runs. repository: with its registry, `docker.io/library/nginx`, and a
    tag of it. digest: `sha256:...` of the image's manifest, its index or its configuration. platform: `linux/arm64`, or
    the architecture alone. packages: package URLs (with or without version), or patterns of names such as `openssl*`;
    () for everything in the image.
    """

    organization: str = ""
    environment: str = ""
    service: str = ""
    repository: str = ""
    tag: str = ""
    digest: str = ""
    platform: str = ""
    packages: tuple[str, ...] = ()


class Statement(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody says of one vulnerability in some products.

    source: `exception` or `vex`. kind: one of KINDS or of STATUSES. names: of the vulnerability. who: owner or author.
    at: when it was said, 0 if that is not known. until: the moment at which it ends, None for never; on_fix, on_kev: it
    ends as soon as a fixed version is known, or the vulnerability is known to be exploited. Moments: microseconds since
    1970 UTC. where: the id of the exception or of the document. place: how it came to us: `store`, `location`, `image`
    or `attached`.
    """

    source: str
    kind: str
    names: tuple[str, ...]
    products: tuple[Product, ...] = ()
    who: str = ""
    why: str = ""
    justification: str = ""
    at: int = 0
    until: int | None = None
    on_fix: bool = False
    on_kev: bool = False
    where: str = ""
    place: str = ""


class Lapse(msgspec.Struct, frozen=True):
    """An exception that would still speak of a finding, had it not ended.

    cause: `expired` (at the moment until), `fix-known` or `known-exploited`; detail: the fixed version, or since when.
    """

    where: str
    vulnerability: str
    who: str
    cause: str
    until: int | None = None
    detail: str = ""

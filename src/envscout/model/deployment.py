"""What runs where: events as they were told, and the intervals they add up to."""

from collections.abc import Mapping

import msgspec


class Event(msgspec.Struct, frozen=True):
    """Somebody said what runs in a slot (organization, environment, service, platform) from a moment on.

    action: `record` supersedes what the slot held, `add` keeps it beside (canary), `remove` ends the digest, or
    everything in the slot where digest is "". platform: as asked for, "" = the service as a whole. at: microseconds.
    source: cli, ci, kubernetes, compose or api. actor, commit, run_url: "" where nobody said.
    """

    organization: str
    environment: str
    service: str
    action: str
    at: int
    platform: str = ""
    digest: str = ""
    reference: str = ""
    actor: str = ""
    source: str = "cli"
    commit: str = ""
    run_url: str = ""


class Deployment(msgspec.Struct, frozen=True):
    """One image in one slot from since until (exclusive; None while it runs). Metadata of the event that began it."""

    organization: str
    environment: str
    service: str
    platform: str
    digest: str
    reference: str
    since: int
    until: int | None = None
    actor: str = ""
    source: str = ""
    commit: str = ""
    run_url: str = ""


Seen = Mapping[str, Mapping[str, int]]
"""Name -> digest -> when it was seen last, microseconds. A name has a tag, `docker.io/library/nginx:1.25`, unless the
image was named by its digest: then no tag was pulled."""

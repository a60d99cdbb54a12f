"""One entry of the audit log."""

import msgspec

GENESIS = "0" * 64


class Entry(msgspec.Struct, frozen=True):
    """Somebody changed something, or was refused it. number: from 1, without gaps. at: microseconds.

    organization: whose it is, "" for the whole instance's. outcome: `done`, `refused` or `failed`.
    """

    number: int
    at: int
    actor: str
    role: str
    organization: str
    operation: str
    target: str
    request_id: str
    outcome: str
    previous: str = GENESIS
    hash: str = ""

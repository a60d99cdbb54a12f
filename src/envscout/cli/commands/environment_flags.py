"""The flags of `envscout environment`, whatever its form."""

import msgspec


class Flags(msgspec.Struct, frozen=True):
    """The flags of one call."""

    org: str
    service: str
    platform: str
    at: str
    add: bool
    no_index: bool
    ref: str
    sbom_source: str
    commit: str
    run_url: str
    actor: str
    form: str

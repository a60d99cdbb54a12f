"""The flags of `envscout environment`, by its forms."""

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


class Sources(msgspec.Struct, frozen=True):
    """What `environment sync` reads, and how. env_file, profile: of Compose files."""

    compose: tuple[str, ...]
    kubernetes: tuple[str, ...]
    docker: bool
    file: tuple[str, ...]
    env_file: tuple[str, ...]
    profile: tuple[str, ...]
    partial: bool
    dry_run: bool

"""Images to judge, made of little."""

from datetime import UTC, datetime

from envscout.model import (
    Affected,
    BaseImage,
    Coverage,
    Distribution,
    Epss,
    Finding,
    Image,
    Kev,
    Package,
    PackageRef,
    Reason,
)
from envscout.policies.facts import Facts, Running

DAY = 86_400_000_000
NOW = round(datetime(2026, 11, 24, tzinfo=UTC).timestamp()) * 1_000_000
BASE = BaseImage("node:24", "sha256:" + "b" * 64, 2, "provenance")


def finding(
    name: str = "CVE-2024-0001",
    severity: str = "critical",
    fixed: str | None = "2.0",
    type_: str = "deb",
    days: int = 100,
    aliases: tuple[str, ...] = (),
    kev: bool = False,
    epss: float | None = None,
) -> Finding:
    """Return a finding in `openssl` 1.0, published some days ago."""
    return Finding(
        name,
        PackageRef(f"pkg:{type_}/openssl@1.0", "openssl", "1.0", type_),
        severity,
        "Debian",
        Affected("<2.0"),
        aliases=aliases,
        fixed_version=fixed,
        published=NOW - days * DAY,
        kev=Kev("2024-01-01") if kev else None,
        epss=None if epss is None else Epss(epss, epss),
    )


def package(name: str, *licenses: str) -> Package:
    """Return a package under some licences."""
    return Package("pypi", name, "1.0", f"pkg:pypi/{name}@1.0", licenses=licenses)


def unknown(*codes: str) -> Coverage:
    """Return a coverage that lacks something."""
    return Coverage("unknown", tuple(Reason(code, f"It is {code}.") for code in codes))


def facts(
    *findings: Finding,
    packages: tuple[Package, ...] = (),
    coverage: Coverage = Coverage(),  # noqa: B008
    base: BaseImage | None = BASE,
    newest_base: tuple[str, ...] = (BASE.digest,),
    running: tuple[Finding, ...] | Running | None = (),
    attestations: tuple[str, ...] | None = ("https://spdx.dev/Document", "https://slsa.dev/provenance/v1"),
    kinds: frozenset[str] = frozenset({"kev", "epss"}),
    advisories_of: int | None = NOW - DAY,
    user: str = "app",
    created: str = "2026-11-01T00:00:00Z",
    is_indexed: bool = True,
    distribution: Distribution | None = Distribution("debian", "12", "bookworm"),  # noqa: B008
    environment: str = "production",
) -> Facts:
    """Return an image that meets every policy, but for what is said."""
    image = Image(
        "sha256:" + "a" * 64, "linux/amd64", config_digest="sha256:c" if is_indexed else "", created=created, user=user
    )
    return Facts(
        image,
        findings,
        packages,
        coverage,
        NOW,
        base,
        newest_base,
        Running(running) if isinstance(running, tuple) else running,
        attestations,
        kinds,
        advisories_of,
        is_indexed,
        distribution,
        environment,
    )

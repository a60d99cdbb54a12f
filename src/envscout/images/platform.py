"""Platforms: `os/architecture[/variant]`, compared as container runtimes compare them."""

import platform as host

from envscout.errors import UsageError

# https://github.com/containerd/platforms: database.go, normalizeArch
_ARCHITECTURES = {
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "aarch64": ("arm64", ""),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
    "armv7l": ("arm", "v7"),
    "armv6l": ("arm", "v6"),
    "i386": ("386", ""),
    "i686": ("386", ""),
}
_DEFAULT_VARIANTS = {"arm64": "v8", "arm": "v7", "amd64": "v1"}
# Only these variants go without saying; linux/arm says which.
_UNSAID = frozenset({("arm64", "v8"), ("amd64", "v1")})


def named(system: str, architecture: str, variant: str = "") -> str:
    """Return `linux/arm64` for the parts an index or a configuration gives, "" where it gives none."""
    if not system or not architecture:
        return ""
    architecture, implied = _ARCHITECTURES.get(architecture.lower(), (architecture.lower(), ""))
    variant = variant.lower() or implied
    said = variant and (architecture, variant) not in _UNSAID
    return f"{system.lower()}/{architecture}" + (f"/{variant}" if said else "")


def parse(text: str) -> str:
    """Return a platform as typed, in its normal form. Raises UsageError."""
    parts = text.strip().split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise UsageError(f"{text!r} is no platform.", "Write it as OS/ARCHITECTURE[/VARIANT], for example linux/arm64.")
    return named(*parts)


def local() -> str:
    """Return linux on this machine's architecture: containers are linux wherever they run."""
    return named("linux", host.machine() or "amd64")


def matches(wanted: str, offered: str) -> bool:
    """Return whether an offered platform serves a wanted one; an unnamed variant is the usual one."""
    return bool(offered) and _full(wanted) == _full(offered)


def _full(platform: str) -> tuple[str, str, str]:
    system, _, rest = platform.partition("/")
    architecture, _, variant = rest.partition("/")
    return system, architecture, variant or _DEFAULT_VARIANTS.get(architecture, "")

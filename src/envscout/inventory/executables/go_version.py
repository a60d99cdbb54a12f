"""Which version a Go program is of, and which version of Go it was made with, by rule.

The main module's version is what the build information says, with these exceptions. Where it says `(devel)`, nothing,
or a `v0.0.0-...` that Go made up from a commit without tags, the version is what the linker was told to write into a
variable (`-ldflags "-X main.version=1.2.3"`), if it was told one that looks like a version:

1. The variable is called as in _NAMES; an earlier name wins over a later one.
2. A variable of package `main` or of the main module wins over one of another module, and that counts only if it is of
   the same host and owner: `k8s.io/component-base/version.gitVersion` for `k8s.io/kubernetes`.
3. Where the flags are not told (`-trimpath` hides them), what the linker wrote can still be found beside the version
   of Go. The only text there that looks like a version counts, of several that begin alike the shortest.
4. `1.2.3` is written `v1.2.3`, as versions of Go modules are.

A program made without modules names its main package alone. The main module is then what lies before `/cmd/` in its
path, on well-known hosts the repository and the major version behind it: `github.com/caddyserver/caddy/v2`.
"""

import re

from envscout.inventory.executables.go_blob import Build
from envscout.inventory.executables.go_modules import Module, Program

STANDARD, TOOLS = "stdlib", "toolchain"
"""What the Go vulnerability database calls the standard library, and the programs that come with Go."""

_NAMES = (
    "version",
    "buildversion",
    "appversion",
    "gitversion",
    "releaseversion",
    "cliversion",
    "programversion",
    "productversion",
    "versionstring",
    "fullversion",
    "semver",
    "ver",
    "gitdescribe",
    "gitdescription",
    "gittag",
    "buildtag",
    "tag",
)
_RANKS = {name: rank for rank, name in enumerate(_NAMES)}
_ASSIGNMENT = re.compile(r"""-X[=\s]\s*(?:"([^"]*)"|'([^']*)'|(\S+))""")
_LOOKS = re.compile(r"v?([0-9]+\.[0-9]+(?:\.[0-9]+)*(?:[-+.~][0-9A-Za-z][0-9A-Za-z.+~_-]*|(?:rc|beta|alpha)[0-9]*)?)")
_HOSTS = frozenset({"github.com", "gitlab.com", "bitbucket.org", "codeberg.org"})
_FLAGS = "-ldflags"
_MAJOR = re.compile(r"v[0-9]+")
_MADE_UP = "v0.0.0-"
_GO = re.compile(r"(?:devel )?go([0-9]+\.[0-9]+(?:\.[0-9]+)?)(?:(rc|beta|alpha)([0-9]+)|-([0-9]{8}[0-9A-Za-z.-]*))?")


def of_go(version: str) -> str:
    """Return the version of Go as the Go vulnerability database orders it, "" if a text names none.

    `go1.21.5` is 1.21.5 whatever a distributor or `X:` experiments add to it, `go1.21rc2` is 1.21.0-rc.2. What comes
    before a release is older than it: `devel go1.22-4ae33bb...` and the snapshot `go1.22-20231128-RC02`.
    """
    found = _GO.match(version)
    if not found:
        return ""
    number, stage, count, day = found.groups()
    before = f"{stage}.{count}" if stage else "devel" if version.startswith("devel") else day
    if not before:
        return number
    return f"{number}{'.0' * (2 - number.count('.'))}-{before}"


def main_module(program: Program, build: Build) -> Module | None:
    """Return the main module in the version that is in the program, None if the program names no module."""
    if program.main and program.main.version and not program.main.version.startswith(_MADE_UP):
        return program.main
    if program.is_tool:
        return Module(TOOLS, of_go(build.version))
    module = program.main or Module(_repository(program.path))
    if not module.path:
        return None
    flags = program.settings.get(_FLAGS)
    version = _beside(build) if flags is None else _told(flags, module.path)
    return Module(module.path, version) if version else module


def _beside(build: Build) -> str:
    """Return the only version beside that of Go, "" if there is none or they differ."""
    found = sorted({text.removeprefix("v") for text in build.beside} - {of_go(build.version)}, key=len)
    return f"v{found[0]}" if found and all(text.startswith(found[0]) for text in found) else ""


def _repository(path: str) -> str:
    """Return what is likely the module of a package, "" where its path does not tell."""
    parts = path.split("/")
    if parts[0] in _HOSTS:
        size = 4 if len(parts) > 3 and _MAJOR.fullmatch(parts[3]) else 3
        return "/".join(parts[:size]) if len(parts) >= size else ""
    return path.partition("/cmd/")[0] if "." in parts[0] and len(parts) > 1 else ""


def _told(flags: str, module: str) -> str:
    """Return the version that the linker was told, "" if none."""
    found = []
    for words in _ASSIGNMENT.findall(flags):
        variable, _, value = "".join(words).partition("=")
        package, _, name = variable.rpartition(".")
        looks = _LOOKS.fullmatch(value.strip("\"'"))
        distance = _distance(package, module)
        if looks and distance is not None and name.lower() in _RANKS:
            found.append((distance, _RANKS[name.lower()], package.count("/"), f"v{looks[1]}"))
    return min(found)[3] if found else ""


def _distance(package: str, module: str) -> int | None:
    """Return 0 for a package of the main module, 1 for one of the same owner, None for others."""
    if package == "main" or f"{package}/".startswith(f"{module}/"):
        return 0
    depth = 2 if module.partition("/")[0] in _HOSTS else 1
    return 1 if package.split("/")[:depth] == module.split("/")[:depth] else None

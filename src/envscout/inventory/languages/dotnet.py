"""NuGet packages that a .NET application or shared framework runs: `*.deps.json` (dotnet/sdk, "runtime configuration
files"). A package counts if it brought files for run time (assemblies, native or resource files); packages that only
depend on others or only serve the compiler left nothing in the image. Projects are the application itself.

Advisories on .NET itself name the packages of its runtime, `Microsoft.NETCore.App.Runtime.linux-x64`. So are listed:
the runtime pack that a self-contained application carries, and a shared framework, whose file
`shared/NAME/VERSION/NAME.deps.json` calls it otherwise up to 3.1 (`runtime.linux-x64.NAME/3.1.23-servicing.22122.4`).
Assemblies (`*.dll`) are not looked into.
"""

import re

import msgspec

from envscout.inventory.documents import mapping, of_json
from envscout.inventory.record import Reading, damaged, merged, record

_ASSETS = ("runtime", "native", "runtimeTargets", "resources")
_PLACEHOLDER = "_._"
_PACK = "runtimepack."
_SHARED = re.compile(r"(?:.*/)?shared/([^/]+)/([^/]+)/\1\.deps\.json", re.S)


class _Dependencies(msgspec.Struct):
    targets: object = None
    libraries: object = None


def read(path: str, data: bytes) -> Reading:
    """Return the packages of one application or framework."""
    found = of_json(path, data, _Dependencies)
    if isinstance(found, Reading):
        return found
    libraries = mapping(found.libraries)
    framework = _framework(path, mapping(found.targets))
    deployed = [key for key in _deployed(mapping(found.targets)) if key in libraries and not _same(key, framework)]
    readings = [_library(path, key, mapping(libraries[key]).get("type")) for key in deployed]
    if framework:
        readings.append(record("nuget", framework[0], framework[1], path))
    if not isinstance(found.libraries, dict) or not isinstance(found.targets, dict):
        readings.append(Reading(problems=(damaged(path, "it lacks targets or libraries"),)))
    return merged(readings)


def _framework(path: str, targets: dict[str, object]) -> tuple[str, str] | None:
    """Return the package and the version of a shared framework, None for an application."""
    folder = _SHARED.fullmatch(path)
    platforms = [target.partition("/")[2] for target in targets]
    platform = next(filter(None, platforms), "")
    return (f"{folder[1]}.Runtime.{platform}", folder[2]) if folder and platform else None


def _same(key: str, framework: tuple[str, str] | None) -> bool:
    """Tell whether a library is the framework itself, as either generation calls it."""
    if not framework:
        return False
    name, _, platform = framework[0].partition(".Runtime.")
    return key.rpartition("/")[0] in (framework[0], f"runtime.{platform}.{name}")


def _deployed(targets: dict[str, object]) -> list[str]:
    """Return the keys, `NAME/VERSION`, of libraries with files for run time in any target."""
    found = {
        key: None
        for libraries in targets.values()
        for key, library in mapping(libraries).items()
        if any(_files(mapping(library).get(asset)) for asset in _ASSETS)
    }
    return list(found)


def _files(assets: object) -> bool:
    return any(not name.endswith(_PLACEHOLDER) for name in mapping(assets))


def _library(path: str, key: str, kind: object) -> Reading:
    name, _, version = key.rpartition("/")
    if kind == "runtimepack":
        return record("nuget", name.removeprefix(_PACK), version, path)
    return record("nuget", name, version, path) if kind == "package" else Reading()

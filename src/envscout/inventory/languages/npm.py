"""Manifests of npm packages, `package.json` (docs.npmjs.com): installed, vendored, or of an application itself.

Directly in `node_modules/NAME/` lies an installed package, whatever its manifest says of where it came from. Elsewhere
a manifest tells of a package that was copied or unpacked there (`/opt/yarn-v1.22.19`, `next/dist/compiled/ws`) if it
has name and version; not if it is private, which npm refuses to publish, nor if it lies among test data. Manifests of
editors' extensions look the same but name an editor's engine.
"""

import re

import msgspec

from envscout.inventory.documents import mapping, of_json, string, strings
from envscout.inventory.record import Reading, record

MAX_MANIFEST = 16 << 20
"""Bytes of a package.json that is read."""

_TREE = "/node_modules/"
_INSTALLED = re.compile(r"((?:@[^/.][^/]*/)?[^/@.][^/]*)/(?:.*/)?package\.json", re.S)
_ASIDE = re.compile(
    r"(?:\A|/)(?:[^/]*[_-])?(?:tests?|fixtures?|specs?|mocks?|examples?|templates?|demos?|samples?|benchmarks?)_*/",
    re.I,
)


class _Manifest(msgspec.Struct):
    """The fields that are looked at, of whatever type they turn out to be."""

    name: object = None
    version: object = None
    private: object = None
    publisher: object = None
    engines: object = None
    license: object = None
    licenses: object = None


def read(path: str, data: bytes) -> Reading:
    """Return the package one manifest describes.

    One in `node_modules/NAME/` with neither name nor version only configures its folder and is no package; with either
    it is listed, under its own name or that of its folder.
    """
    _, tree, below = f"/{path}".rpartition(_TREE)
    folder = _INSTALLED.fullmatch(below) if tree else None
    installed = bool(folder) and below == f"{folder[1] if folder else ''}/package.json"
    if (tree and not folder) or (not installed and _ASIDE.search(below)):
        return Reading()
    manifest = of_json(path, data, _Manifest, MAX_MANIFEST)
    if isinstance(manifest, Reading):
        return manifest
    name, version = string(manifest.name), string(manifest.version)
    if name and string(manifest.publisher) and mapping(manifest.engines).get("vscode"):
        # Editors: code.visualstudio.com, "Extension Manifest".
        full = f"{string(manifest.publisher)}/{name}"
        return record("vscode-extension", full, version, path, licenses=_licenses(manifest))
    if not (installed and (manifest.name or manifest.version)) and not (name and version and not manifest.private):
        return Reading()
    name = name or (folder[1] if folder else "")
    return record("npm", name, version, path, licenses=_licenses(manifest))


def _licenses(manifest: _Manifest) -> tuple[str, ...]:
    """Return `license`, and the `licenses` of old manifests, as words."""
    old = manifest.licenses if isinstance(manifest.licenses, list) else [manifest.licenses]
    words = [entry.get("type") if isinstance(entry, dict) else entry for entry in (manifest.license, *old)]
    return strings(words)

"""Installed npm packages: `package.json` directly in `node_modules/NAME/` (docs.npmjs.com, package.json)."""

import re

import msgspec

from envscout.inventory.record import Reading, damaged, record

MAX_MANIFEST = 16 << 20
"""Bytes of a package.json that is read."""

_FOLDER = re.compile(r"(?:\A|/)node_modules/((?:@[^/.][^/]*/)?[^/@.][^/]*)/package\.json\Z")


class _Manifest(msgspec.Struct):
    """The fields that are looked at, of whatever type they turn out to be."""

    name: object = None
    version: object = None
    license: object = None
    licenses: object = None


def read(path: str, data: bytes) -> Reading:
    """Return the package one manifest describes.

    A manifest with neither name nor version only configures its folder and is no package; one with either is listed
    under its own name or that of its folder.
    """
    folder = _FOLDER.search(path)
    if not folder:
        return Reading()
    if len(data) > MAX_MANIFEST:
        return Reading(problems=(damaged(path, f"the manifest has {len(data)} bytes"),))
    try:
        manifest = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return Reading(problems=(damaged(path, f"the manifest is no JSON object ({error}); package not listed"),))
    if not manifest.name and not manifest.version:
        return Reading()
    name = manifest.name if isinstance(manifest.name, str) and manifest.name else folder[1]
    version = manifest.version.strip() if isinstance(manifest.version, str) else ""
    return record("npm", name, version, path, licenses=_licenses(manifest))


def _licenses(manifest: _Manifest) -> tuple[str, ...]:
    """Return `license`, and the `licenses` of old manifests, as words."""
    old = manifest.licenses if isinstance(manifest.licenses, list) else [manifest.licenses]
    words = (entry.get("type") if isinstance(entry, dict) else entry for entry in (manifest.license, *old))
    return tuple(word for word in words if isinstance(word, str))

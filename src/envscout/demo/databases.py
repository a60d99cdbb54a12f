"""Package databases as the package managers write them: packages in, files of an image out. Pure.

Formats: deb-control(5) and dpkg(1); https://wiki.alpinelinux.org/wiki/Apk_spec; https://packaging.python.org/specifications/;
npm's manual page package-json(5).
"""

import base64
import hashlib
from collections.abc import Iterable

import msgspec

Files = dict[str, bytes]


class Deb(msgspec.Struct, frozen=True):
    """A Debian package. source: as in `Source:`, "" if it is named like the package; files: what it owns, absolute."""

    name: str
    version: str
    source: str = ""
    files: tuple[str, ...] = ()
    architecture: str = "amd64"


class Apk(msgspec.Struct, frozen=True):
    """An Alpine package. origin: the aport it was built from, "" if it is named like the package."""

    name: str
    version: str
    license: str
    origin: str = ""
    files: tuple[str, ...] = ()


class Wheel(msgspec.Struct, frozen=True):
    """An installed Python distribution; module: its importable folder."""

    name: str
    version: str
    license: str
    module: str


class Npm(msgspec.Struct, frozen=True):
    """An installed npm package; inside: the package in whose node_modules it lies, "" for the application's own."""

    name: str
    version: str
    license: str
    inside: str = ""


def dpkg(packages: Iterable[Deb]) -> Files:
    """Return `var/lib/dpkg/status` and the list of files of each package."""
    ordered = sorted(packages, key=lambda one: one.name)
    files = {"var/lib/dpkg/status": "".join(map(_stanza, ordered)).encode()}
    for one in ordered:
        multi = f":{one.architecture}" if one.name.startswith("lib") else ""
        listed = sorted({parent for path in one.files for parent in _upwards(path)} | set(one.files))
        files[f"var/lib/dpkg/info/{one.name}{multi}.list"] = "".join(f"{path}\n" for path in ["/.", *listed]).encode()
    return files


def apk(packages: Iterable[Apk]) -> Files:
    """Return `lib/apk/db/installed`."""
    return {"lib/apk/db/installed": "".join(map(_apk_entry, sorted(packages, key=lambda one: one.name))).encode()}


def wheels(packages: Iterable[Wheel], folder: str) -> Files:
    """Return the dist-info folders below site-packages and a module for each."""
    files: Files = {}
    for one in packages:
        info = f"{folder}/{one.name.replace('-', '_')}-{one.version}.dist-info"
        module = f"{folder}/{one.module}/__init__.py"
        code = f'__version__ = "{one.version}"\n'.encode()
        files[f"{info}/METADATA"] = (
            f"Metadata-Version: 2.1\nName: {one.name}\nVersion: {one.version}\nLicense: {one.license}\n"
        ).encode()
        files[f"{info}/INSTALLER"] = b"pip\n"
        files[module] = code
        record = f"{one.module}/__init__.py,sha256={_urlsafe(hashlib.sha256(code).digest())},{len(code)}\n"
        files[f"{info}/RECORD"] = record.encode()
    return files


def node_modules(packages: Iterable[Npm], application: str) -> Files:
    """Return the package.json of each package below an application's folder."""
    files: Files = {}
    for one in packages:
        nested = f"{one.inside}/node_modules/" if one.inside else ""
        document = {"name": one.name, "version": one.version, "license": one.license}
        text = msgspec.json.format(msgspec.json.encode(document), indent=2)
        files[f"{application}/node_modules/{nested}{one.name}/package.json"] = text + b"\n"
    return files


def os_release(**fields: str) -> Files:
    """Return `etc/os-release` with the fields given, in capitals (os-release(5))."""
    return {"etc/os-release": "".join(f'{key.upper()}="{value}"\n' for key, value in fields.items()).encode()}


def _stanza(one: Deb) -> str:
    source = f"Source: {one.source}\n" if one.source else ""
    same = "Multi-Arch: same\n" if one.name.startswith("lib") else ""
    return (
        f"Package: {one.name}\nStatus: install ok installed\nPriority: optional\nSection: misc\nInstalled-Size: 1\n"
        f"Maintainer: the envscout demo\nArchitecture: {one.architecture}\n{same}{source}Version: {one.version}\n"
        f"Description: {one.name}, as the envscout demo shows it\n a package entry without the package's files\n\n"
    )


def _upwards(path: str) -> list[str]:
    parts = path.split("/")[1:-1]
    return ["/" + "/".join(parts[: n + 1]) for n in range(len(parts))]


def _apk_entry(one: Apk) -> str:
    lines = [
        f"C:Q1{_sha1(f'{one.name}-{one.version}')}",
        f"P:{one.name}",
        f"V:{one.version}",
        "A:x86_64",
        "S:1024",
        "I:4096",
        f"T:{one.name}, as the envscout demo shows it",
        f"L:{one.license}",
        f"o:{one.origin or one.name}",
        "t:1748600000",
    ]
    folder = None
    for path in sorted(one.files):
        head, _, name = path.strip("/").rpartition("/")
        lines += [f"F:{head}"] if head != folder else []
        folder = head
        lines += [f"R:{name}", "a:0:0:755", f"Z:Q1{_sha1(path)}"]
    return "\n".join(lines) + "\n\n"


def _sha1(text: str) -> str:
    return base64.b64encode(hashlib.sha1(text.encode(), usedforsecurity=False).digest()).decode()


def _urlsafe(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")

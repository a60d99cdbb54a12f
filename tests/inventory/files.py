"""Files of made-up images for the tests of the inventory."""

import os
import tarfile
from hashlib import md5
from pathlib import Path

from envscout.inventory import kind, reduce
from envscout.model import Content, File

DEBIAN = b'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
ALPINE = b'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME="Alpine Linux v3.20"\n'


def file(path: str, *contents: bytes | str) -> File:
    """Return a file that layers `0`, `1`, ... wrote in turn, reduced to what its cataloguer read in it."""
    data = [reduce(path, each.encode() if isinstance(each, str) else each, projects=True) for each in contents]
    return File(path, tuple(Content(str(layer), each) for layer, each in enumerate(data)))


def wanted(path: str) -> bool:
    """Tell whether a cataloguer reads this path."""
    return bool(kind(path, projects=True))


def stanza(name: str, version: str, **fields: str) -> str:
    """Return an installed package's stanza of dpkg's status."""
    more = "".join(f"{key}: {value}\n" for key, value in fields.items())
    return f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n{more}\n"


def sums(**files: bytes) -> str:
    """Return an md5sums file; keyword names stand for paths with `__` for `/`."""
    lines = (f"{md5(data, usedforsecurity=False).hexdigest()}  {name}" for name, data in files.items())
    return "\n".join(lines).replace("__", "/") + "\n"


def bytes_of_archive(archive: Path) -> dict[str, bytes]:
    """Return the wanted files of a root filesystem in a tar archive as they are."""
    found = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            path = member.name.removeprefix("./")
            if member.isreg() and wanted(path):
                stream = tar.extractfile(member)
                assert stream
                found[path] = stream.read()
    return found


def of_archive(archive: Path) -> list[File]:
    """Return the wanted files of a root filesystem in a tar archive."""
    return [file(path, data) for path, data in bytes_of_archive(archive).items()]


def of_folders(*folders: str) -> list[File]:
    """Return the wanted files of this machine's folders (without leading slash)."""
    found = []
    for folder in folders:
        for place, _, names in os.walk(f"/{folder}"):
            for name in names:
                path = Path(place, name)
                if wanted(str(path)[1:]) and path.is_file() and not path.is_symlink():
                    found.append(file(str(path)[1:], path.read_bytes()))
    return found

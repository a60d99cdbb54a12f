"""A program: get files of a package index, of which nothing is run, where pip would get them.

    fetching.py REQUIREMENTS FOLDER

`pip download` does not do: of what is no wheel, it runs the build, and with it code that no hash names. But where the
index is, who may ask it, and by which certificates, only pip knows. Apart from the tests, since asking it leaves traces
in the process.
"""

import hashlib
import re
import sys
import time
from pathlib import Path

from pip._internal.commands.download import DownloadCommand
from pip._internal.models.link import Link
from pip._internal.network.session import PipSession
from pip._internal.network.utils import HEADERS, response_chunks
from pip._internal.utils.hashes import Hashes
from pip._vendor.packaging.specifiers import SpecifierSet

MOST = 100 << 20
"""Bytes of one file."""
SECONDS = 900
"""For all of them."""
_LINE = re.compile(r"^(\S+)==(\S+) \\\n +--hash=sha256:([0-9a-f]{64})$", re.MULTILINE)


def fetch(wanted: Path, into: Path) -> None:
    """Put what a file of requirements names into a new folder, each file under its own name."""
    into.mkdir()
    end = time.monotonic() + SECONDS
    command = DownloadCommand("download", "")
    options, _ = command.parse_args([])
    with command.main_context():
        session = command.get_default_session(options)
        finder = command._build_package_finder(options, session)
        for name, version, digest in _LINE.findall(wanted.read_text()):
            hashes = Hashes({"sha256": [digest]})
            found = finder.find_best_candidate(name, SpecifierSet(f"=={version}"), hashes).best_candidate
            if not found:
                sys.exit(f"{name} {version} was not found in the index that pip uses")
            _download(session, found.link, into / found.link.filename, digest, end)


def _download(session: PipSession, link: Link, path: Path, digest: str, end: float) -> None:
    """Write one file, which has this SHA-256."""
    found = hashlib.sha256()
    response = session.get(link.url_without_fragment, headers=HEADERS, stream=True)
    response.raise_for_status()
    with path.open("xb") as file:
        for chunk in response_chunks(response):
            file.write(chunk)
            found.update(chunk)
            if file.tell() > MOST or time.monotonic() > end:
                sys.exit(f"{path.name} is larger than it may be, or takes longer")
    if found.hexdigest() != digest:
        sys.exit(f"{path.name} is not what its hash names")


if __name__ == "__main__":
    fetch(*map(Path, sys.argv[1:]))

"""Real files to begin with: fixtures of the tests, files of this machine, and images and SBOMs that variables name.

ENVSCOUT_TEST_DATA: a folder with `sboms`, `advisories`, `rootfs`. FUZZ_IMAGES: a folder of OCI layouts. FUZZ_SEEDS: a
folder with a folder of more inputs for each target. None of these is needed, and nothing of them is written elsewhere.
"""

import gzip
import json
import os
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from envscout.images.chunks import ChunkReader, DamagedError
from envscout.images.compression import plain
from envscout.images.paths import PathEscapeError, normalised
from envscout.images.tar import FILE, Walker
from envscout.inventory.executables.probe import HEAD, MIN_SIZE, probe
from envscout.inventory.record import Reading
from envscout.inventory.select import selector
from fuzz.targets import Target, joined, places, targets

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "tests" / "fuzz" / "seeds"
"""Inputs that once failed; one whose name ends in .gz is packed."""

MAX_SEEDS = 80
MAX_SIZE = 96 << 10
_MACHINE = ("etc", "var/lib/dpkg", "usr/lib", "usr/share", "usr/local/lib", "opt", "boot", "lib/modules")
_INVENTORY = ROOT / "tests" / "inventory"
Found = Iterator[tuple[str, bytes]]
"""Names of targets with an input each."""


def kept(name: str) -> dict[str, bytes]:
    """Return the inputs of a target that once failed, by file name."""
    folder = KEPT / name
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    return {
        path.name: gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes() for path in paths
    }


def committed() -> dict[str, list[bytes]]:
    """Return what lies in the repository, for each target; the same in every place and at any time."""
    found: dict[str, list[bytes]] = defaultdict(list)
    for name, data in (*_fixtures(), *_made()):
        found[name].append(data)
    for name in targets():
        found[name] += kept(name).values()
    return found


def gathered(into: Path) -> None:
    """Write all seeds there are into a folder for each target, at most MAX_SEEDS, the more unlike the better."""
    found = committed()
    for name, data in (*_data(), *_images(), *_machine(), *_more()):
        if len(data) <= MAX_SIZE and len(found[name]) < 20 * MAX_SEEDS:
            found[name].append(data)
    for name in targets():
        place = into / name
        place.mkdir(parents=True, exist_ok=True)
        for data in _various(found[name]):
            (place / sha256(data).hexdigest()[:16]).write_bytes(data)


def _various(found: Iterable[bytes]) -> list[bytes]:
    """Choose among inputs: all of a few, else by chance and by size, always the same ones."""
    each = sorted(set(found), key=lambda data: sha256(data).digest())
    small, large = [d for d in each if len(d) <= 8192], [d for d in each if len(d) > 8192]
    return [*small[: MAX_SEEDS * 3 // 4], *large[: MAX_SEEDS // 4]]


def _fixtures() -> Found:
    """Yield the files beside the tests of cataloguers, as what each row of their group finds something in."""
    for path in sorted(_INVENTORY.glob("*/fixtures/**/*")):
        if path.is_file() and path.name not in ("SOURCES.md", "expected.txt"):
            data = path.read_bytes()
            for target in _group(path.relative_to(_INVENTORY).parts[0]):
                yield from _told(target, path.name.partition(".")[0], data)


def _group(name: str) -> list[Target]:
    return [target for target in targets().values() if target.row and target.row.module.split(".")[0] == name]


def _told(target: Target, stem: str, data: bytes) -> Found:
    assert target.row
    for place in places(target.row, stem):
        reading = target.row.read(place, data)
        if reading.records or reading.claims:
            yield target.name, joined(place, data)
            return


def _made() -> Found:
    """Yield inputs that the repository's own code makes: programs, databases, layers and documents."""
    from fuzz import samples

    yield from samples.programs()
    yield from samples.databases()
    yield from samples.layers()
    yield from samples.documents()
    yield from samples.vex()
    yield from samples.secrets()
    yield from samples.texts()
    page = (ROOT / "docs" / "reference" / "policies.md").read_text(encoding="utf-8")
    for text in re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        yield "policies", text.encode()
    yield "policies", b'{"debug":true,"policies":[{"name":"copyleft-license","enabled":false,"weight":0,"config":{}}]}'


def _wanted(path: str, data: bytes) -> Found:
    """Yield a file of an image or of this machine for whoever would read it."""
    row = selector(projects=True).row(path)
    if row:
        yield row.name, joined(path, data)
    elif len(data) >= MIN_SIZE and probe(path, data[:HEAD], len(data)):
        yield "executable", data


def _machine() -> Found:
    counts: dict[str, int] = defaultdict(int)
    for folder in _MACHINE:
        for place, _, names in os.walk(f"/{folder}"):
            for name in names:
                yield from _of_file(Path(place, name), counts)


def _of_file(path: Path, counts: dict[str, int]) -> Found:
    row = selector(projects=True).row(str(path)[1:])
    name = row.name if row else "executable"
    if counts[name] >= 5 * MAX_SEEDS or path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_SIZE:
        return
    for found in _wanted(str(path)[1:], path.read_bytes()):
        counts[name] += 1
        yield found


def _images() -> Found:
    """Yield the wanted files of every layer of some OCI layouts, and the beginnings of their layers."""
    folder = os.environ.get("FUZZ_IMAGES", "")
    for blob in sorted({path.name: path for path in Path(folder).glob("*/blobs/*/*")}.values()) if folder else ():
        with blob.open("rb") as file:
            head = file.read(MAX_SIZE)
        if head.startswith(b"{"):
            yield "manifest", head
            continue
        yield "compression", head
        yield from _layer(blob)


def _layer(blob: Path) -> Found:
    with blob.open("rb") as file:
        try:
            walker = Walker(ChunkReader(plain(iter(lambda: file.read(1 << 20), b""))))
            for entry in walker:
                if entry.kind == FILE and 0 < entry.size <= MAX_SIZE:
                    path = normalised(entry.name)
                    if selector(projects=True).row(path) or entry.size >= MIN_SIZE:
                        yield from _wanted(path, walker.body())
        except (DamagedError, PathEscapeError):
            return


def _data() -> Found:
    folder = Path(os.environ.get("ENVSCOUT_TEST_DATA", "/nonexistent"))
    for archive in sorted(folder.glob("sboms/*.zip")):
        yield from (("sbom-spdx", data) for data in _members(archive, 100))
    for archive in sorted(folder.glob("advisories/*/all.zip")):
        yield from (("osv", data) for data in _members(archive, 20))
    for table in sorted(folder.glob("versions/*.tsv")):
        lines = table.read_bytes().splitlines()[::20]
        yield from (("versions", line.replace(b"\t", b"\n")) for line in lines)


def _members(archive: Path, count: int) -> Iterator[bytes]:
    """Return some members of a zip archive; SPDX documents cut down to a few packages."""
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        for name in names[:: max(len(names) // count, 1)]:
            data = opened.read(name)
            if len(data) > MAX_SIZE and name.endswith(".json"):
                document = json.loads(data)
                document["packages"] = document.get("packages", [])[:20]
                document["relationships"] = document.get("relationships", [])[:40]
                document.pop("files", None)
                data = json.dumps(document).encode()
            yield data


def _more() -> Found:
    folder = os.environ.get("FUZZ_SEEDS", "")
    for path in sorted(Path(folder).glob("*/*")) if folder else ():
        if path.parent.name in targets() and path.is_file():
            yield path.parent.name, path.read_bytes()


def reading(target: Target, data: bytes) -> Reading:
    """Return what a cataloguer says of an input, for tests of the seeds."""
    assert target.row
    path, _, content = data.partition(b"\0")
    return target.row.read(path.decode("utf-8", "backslashreplace"), content)

"""How fast SBOMs become inventories, and inventories SBOMs.

    python bench/sboms.py [--data FOLDER] [--documents N] [--times N]

FOLDER (else ENVSCOUT_TEST_DATA) holds `sboms/*.zip`; N of its documents are read, spread over all of them. With
cyclonedx-python-lib installed, the document of the largest of them is read by it, too.
"""

import argparse
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from measure import Timing, alternate, call, heading, shown, test_data

from envscout import sbom
from envscout.model import Image, Inventory
from envscout.names import purl

WRITERS: dict[str, Callable[[Image, Inventory, str], bytes]] = {
    "json": sbom.write,
    "cyclonedx": sbom.write_cyclonedx,
    "spdx": sbom.write_spdx,
}


def main() -> None:
    """Measure and print."""
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--data", type=Path, help="folder of real data")
    wanted.add_argument("--documents", type=int, default=100, help="documents that are read")
    wanted.add_argument("--times", type=int, default=5, help="runs over all of them")
    options = wanted.parse_args()
    data = test_data(options.data)
    if data is None:
        sys.exit("name a folder of real data: --data FOLDER, or ENVSCOUT_TEST_DATA")
    heading()
    documents = _documents(data, options.documents)
    _print_reading(documents, options.times)
    largest = max(documents, key=lambda document: len(sbom.read(document)[0].packages))
    _print_writing(largest, options.times)


def _documents(data: Path, number: int) -> list[bytes]:
    """Return so many documents, of all archives and sizes."""
    found = []
    for archive in sorted((data / "sboms").glob("*.zip")):
        with zipfile.ZipFile(archive) as zipped:
            found += [zipped.read(name) for name in sorted(zipped.namelist())]
    number = min(number, len(found))
    return [found[index * len(found) // number] for index in range(number)]


def _print_reading(documents: list[bytes], times: int) -> None:
    packages = sum(len(sbom.read(document)[0].packages) for document in documents)

    def run() -> None:
        purl.parse.cache_clear()
        for document in documents:
            sbom.read(document)

    (timing,) = alternate(times, lambda: call(run))
    size = sum(map(len, documents)) / 1e6
    print(f"{len(documents)} documents, {packages:,} packages, {size:.1f} MB: {shown(timing)}")
    print(f"{timing.cpu * 1000 / packages * 100:.2f} ms of CPU per 100 packages")


def _print_writing(document: bytes, times: int) -> None:
    inventory, subject = sbom.read(document)
    print(f"# the largest, {len(inventory.packages):,} packages, in each form")
    print(f"{'form':12}{'bytes':>12}   {'written in':34}   read in")
    for form, writer in WRITERS.items():
        text = writer(subject.image, inventory, subject.reference)
        written, read = alternate(
            times,
            lambda writer=writer: call(lambda: writer(subject.image, inventory, subject.reference)),  # type: ignore[misc]
            lambda text=text: call(lambda: sbom.read(text)),  # type: ignore[misc]
        )
        print(f"{form:12}{len(text):12,}   {shown(written)}   {shown(read)}")
    _print_library(sbom.write_cyclonedx(subject.image, inventory, subject.reference))


def _print_library(text: bytes) -> None:
    try:
        from cyclonedx.model.bom import Bom
    except ImportError:
        print("# cyclonedx-python-lib is not installed")
        return
    timing: Timing = call(lambda: Bom.from_json(json.loads(text)))  # type: ignore[attr-defined]
    print(f"{'cyclonedx, read by cyclonedx-python-lib, once':61}   {shown(timing)}")


if __name__ == "__main__":
    main()

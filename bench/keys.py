"""How fast versions become byte keys, scheme by scheme.

    python bench/keys.py [--data FOLDER] [--times N]

FOLDER (else ENVSCOUT_TEST_DATA) holds `versions/<scheme>.tsv` of lines `left op right`; the versions are taken from
there. Without it, versions are made up in every scheme's plainest form.
"""

import argparse
import statistics
from pathlib import Path

from measure import call, heading, test_data

from envscout.versions import ALIASES, SCHEMES, key


def main() -> None:
    """Measure and print."""
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--data", type=Path, help="folder of real data")
    wanted.add_argument("--times", type=int, default=5, help="runs over all versions")
    options = wanted.parse_args()
    heading()
    data = test_data(options.data)
    print(f"# versions of {'the conformance tables' if data else 'the plainest form'}")
    print(f"{'scheme':12}{'versions':>10}{'keys/s':>12}{'key bytes':>11}{'text bytes':>12}{'no key':>8}")
    for scheme, versions in sorted(_versions(data).items()):
        _print(scheme, versions, options.times)


def _versions(data: Path | None) -> dict[str, list[str]]:
    if data is None:
        made = [f"{major}.{minor}.{patch}" for major in range(10) for minor in range(20) for patch in range(10)]
        return dict.fromkeys(SCHEMES, made)
    found: dict[str, set[str]] = {}
    for table in (data / "versions").glob("*.tsv"):
        scheme = ALIASES.get(table.stem, table.stem)
        if scheme in SCHEMES:
            lines = [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines()[1:]]
            found.setdefault(scheme, set()).update(field for line in lines for field in (line[0], line[-1]) if field)
    return {scheme: sorted(versions) for scheme, versions in found.items()}


def _print(scheme: str, versions: list[str], times: int) -> None:
    keys = [key(scheme, version) for version in versions]
    sizes = [len(each) for each in keys if each is not None]
    rounds = 1 + 20_000 // len(versions)

    def run() -> None:
        for _ in range(rounds):
            for version in versions:
                key(scheme, version)

    seconds = statistics.median(call(run).cpu for _ in range(times)) / rounds
    text = statistics.mean(len(version) for version in versions)
    print(
        f"{scheme:12}{len(versions):10,}{len(versions) / seconds:12,.0f}{statistics.mean(sizes):11.1f}{text:12.1f}"
        f"{len(keys) - len(sizes):8}"
    )


if __name__ == "__main__":
    main()

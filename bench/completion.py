"""How long a shell waits for what it offers behind the cursor, on a store with many vulnerabilities and services.

    python bench/completion.py [--times N] [--cves N] [--services N]

Each row is a whole process, as a shell starts it, beside `python -I -c pass` of the same interpreter. The bar: 100 ms.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from measure import alternate, heading, process, program, ratio, shown

_LINES = (
    "envscout ",
    "envscout cves --only-",
    "envscout cves --env ",
    "envscout cves --env production myorg/",
    "envscout where ",
    "envscout explain CVE-2024-1",
    "envscout cves --only-cve-id CVE-2024-1199",
)


def main() -> None:
    """Make the store, measure, print."""
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--times", type=int, default=30, help="runs of each")
    wanted.add_argument("--cves", type=int, default=20_000, help="vulnerabilities in the store")
    wanted.add_argument("--services", type=int, default=200, help="services in the environment")
    options = wanted.parse_args()
    heading()
    with tempfile.TemporaryDirectory(prefix="envscout-bench-") as folder:
        env = {**os.environ, "ENVSCOUT_HOME": folder, "ENVSCOUT_STORE": str(Path(folder) / "envscout.db")}
        _record(Path(folder), env, options.cves, options.services)
        python, *lines = alternate(
            options.times,
            lambda: process([sys.executable, "-I", "-c", "pass"], env),
            *(lambda line=line: process([program()], _asking(line, env)) for line in _LINES),
        )
        print(f"python -I -c pass                            {shown(python)}")
        for line, took in zip(_LINES, lines, strict=True):
            said = subprocess.run([program()], env=_asking(line, env), capture_output=True, check=True).stdout
            print(f"{line + '_':<44} {shown(took)}   {ratio(took, python)}   {len(said.splitlines()):4} offered")


def _asking(line: str, env: dict[str, str]) -> dict[str, str]:
    return {**env, "_ENVSCOUT_COMPLETE": "zsh", "_ENVSCOUT_LINE": line}


def _record(folder: Path, env: dict[str, str], cves: int, services: int) -> None:
    """Store vulnerabilities, and record an image under many names into an environment."""
    feed = folder / "feed.zip"
    records = [
        {
            "id": f"CVE-{2015 + number % 10}-{10_000 + number // 10}",
            "modified": "2026-01-02T03:04:05Z",
            "affected": [{"package": {"ecosystem": "npm", "name": f"module-{number % 300}"}, "versions": ["1.0.0"]}],
        }
        for number in range(cves)
    ]
    with zipfile.ZipFile(feed, "w") as archive:
        for record in records:
            archive.writestr(f"{record['id']}.json", json.dumps(record))
    components = [{"type": "library", "name": "module-1", "version": "1.4.2", "purl": "pkg:npm/module-1@1.4.2"}]
    document = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components}
    (folder / "image.cdx.json").write_text(json.dumps(document), encoding="utf-8")
    image = f"sbom://{folder / 'image.cdx.json'}"
    subprocess.run([program(), "db", "update", "--from", str(feed)], env=env, check=True, capture_output=True)
    for number in range(services):
        words = ("environment", "production", image, "--org", "myorg", "--service", f"myorg/service-{number:03}")
        subprocess.run([program(), *words], env=env, check=True, capture_output=True)


if __name__ == "__main__":
    main()

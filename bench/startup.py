"""How long a user waits for a command that has little to do, beside a Python that has nothing to do.

    python bench/startup.py [--times N]

Asks `envscout version`, and `envscout cves --env staging myorg/myapp --format json` for an image of 300 packages with
some 200 findings, each against `python -I -c pass` of the same interpreter. The bars: 3 times and 8 times as long.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import alternate, heading, process, program, ratio, shown

_PACKAGES = 300
_FINDINGS = 200
_QUESTION = ("cves", "--env", "staging", "myorg/myapp", "--format", "json")


def main() -> None:
    """Make the record, measure, print."""
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--times", type=int, default=30, help="runs of each")
    options = wanted.parse_args()
    heading()
    with tempfile.TemporaryDirectory(prefix="envscout-bench-") as folder:
        env = {**os.environ, "ENVSCOUT_HOME": folder, "ENVSCOUT_STORE": str(Path(folder) / "envscout.db")}
        _record(Path(folder), env)
        answer = json.loads(subprocess.run([program(), *_QUESTION], env=env, capture_output=True, check=True).stdout)
        python, version, cves = alternate(
            options.times,
            lambda: process([sys.executable, "-I", "-c", "pass"], env),
            lambda: process([program(), "version"], env),
            lambda: process([program(), *_QUESTION], env),
        )
        print(f"python -I -c pass        {shown(python)}")
        print(f"envscout version         {shown(version)}   {ratio(version, python)}   (bar: 3x)")
        found = len(answer["findings"])
        print(f"envscout cves --env      {shown(cves)}   {ratio(cves, python)}   (bar: 8x)   {found} findings")
        print("imports of `cves` that take longest (own time, ms):")
        for took, name in _imports(env):
            print(f"    {took / 1000:7.1f}  {name}")


def _record(folder: Path, env: dict[str, str]) -> None:
    """Record an image of many packages into staging, and advisories about some of them."""
    names = [f"module-{number}" for number in range(_PACKAGES)]
    components = [
        {"type": "library", "name": name, "version": "1.4.2", "purl": f"pkg:npm/{name}@1.4.2"} for name in names
    ]
    document = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components}
    (folder / "image.cdx.json").write_text(json.dumps(document), encoding="utf-8")
    feed = folder / "feed"
    feed.mkdir()
    for number in range(_FINDINGS):
        record = _advisory(number, names[number % _PACKAGES])
        (feed / f"{record['id']}.json").write_text(json.dumps(record), encoding="utf-8")
    image = f"sbom://{folder / 'image.cdx.json'}"
    for command in (
        ("db", "update", "--from", str(feed)),
        ("environment", "staging", image, "--org", "myorg", "--service", "myorg/myapp"),
    ):
        subprocess.run([program(), *command], env=env, check=True, capture_output=True)


def _advisory(number: int, name: str) -> dict[str, object]:
    return {
        "id": f"GHSA-aaaa-bbbb-{number:04}",
        "aliases": [f"CVE-2025-{10_000 + number}"],
        "modified": "2026-01-02T03:04:05Z",
        "published": "2026-01-01T00:00:00Z",
        "summary": f"Prototype pollution in {name}",
        "details": "A crafted object changes the prototype of every other object. " * 10,
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "references": [{"type": "WEB", "url": "https://example.org/advisory"}],
        "affected": [
            {
                "package": {"ecosystem": "npm", "name": name},
                "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "2.0.0"}]}],
            }
        ],
    }


def _imports(env: dict[str, str], count: int = 12) -> list[tuple[int, str]]:
    """Return the modules whose own import takes longest, in microseconds."""
    command = [sys.executable, "-X", "importtime", program(), *_QUESTION]
    said = subprocess.run(command, env=env, capture_output=True, check=True).stderr.decode()
    lines = re.findall(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)$", said, re.MULTILINE)
    return sorted(((int(took), name) for took, name in lines), reverse=True)[:count]


if __name__ == "__main__":
    main()

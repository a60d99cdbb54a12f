"""What the product must say about the sample fleet."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PRODUCTION = {
    "shop/api": "CVE-2023-38545 CVE-2023-44487 CVE-2023-4863 CVE-2023-4911 CVE-2023-5363 CVE-2024-1135 CVE-2024-2961 "
    "CVE-2024-34064 CVE-2024-35195 CVE-2024-37891 CVE-2024-39689 CVE-2024-42005 CVE-2024-45491 CVE-2024-47081 "
    "CVE-2024-6119 CVE-2025-15467 CVE-2025-9230",
    "shop/frontend": "CVE-2021-23337 CVE-2021-44906 CVE-2023-45857 CVE-2023-4863 CVE-2025-15467 CVE-2025-4575 "
    "CVE-2025-9230",
    "shop/worker": "CVE-2023-4863 CVE-2024-23334 CVE-2024-28219 CVE-2025-15467 CVE-2025-4575 CVE-2025-9230",
}
STAGING = {
    "shop/api": "CVE-2024-47081 CVE-2025-15467 CVE-2025-50182 CVE-2025-9230",
    "shop/frontend": "CVE-2024-39338 CVE-2025-15467",
    "shop/worker": "CVE-2023-4863 CVE-2024-28219 CVE-2024-42367 CVE-2025-15467",
}
UNKNOWN = ["shop/probe"]


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("answers")
    env = {**os.environ, "ENVSCOUT_HOME": str(folder / "home")}
    _run(env, "demo", "--keep", str(folder / "kept"))
    return {**env, "ENVSCOUT_STORE": str(folder / "kept" / "envscout.db")}


def _run(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "envscout", *words], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 2), done.stderr
    return done


def _cves(env: dict[str, str], *words: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_run(env, "cves", *words, "--format", "json").stdout)
    return document


@pytest.mark.parametrize(("environment", "expected"), [("production", PRODUCTION), ("staging", STAGING)])
def test_each_service_has_the_vulnerabilities_it_was_made_with(
    env: dict[str, str], environment: str, expected: dict[str, str]
) -> None:
    document = _cves(env, "--env", environment)
    found: dict[str, set[str]] = {}
    for finding in document["findings"]:
        found.setdefault(finding["service"], set()).add(finding["vulnerability"])
    assert found == {service: set(words.split()) for service, words in expected.items()}
    unknown = [one["service"] for one in document["images"] if one["coverage"]["state"] != "complete"]
    assert unknown == UNKNOWN


def test_a_package_that_debian_owns_is_not_asked_about_in_pypi(env: dict[str, str]) -> None:
    found = _cves(env, "--env", "production", "shop/api", "--only-package", "certifi")["findings"]
    assert {(one["package"]["purl"], one["vulnerability"]) for one in found} == {
        ("pkg:pypi/certifi@2023.7.22", "CVE-2024-39689")
    }


def test_a_gate_on_the_unknown_stays_shut(env: dict[str, str]) -> None:
    assert _run(env, "cves", "--env", "production", "--exit-code", "shop/probe").returncode == 2


def test_the_demo_leaves_no_trace(tmp_path: Path) -> None:
    home = {key: value for key, value in os.environ.items() if not key.startswith(("ENVSCOUT_", "XDG_"))}
    _run({**home, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}, "demo")
    assert list(tmp_path.iterdir()) == []

"""The comparison explains or names every package that a peer lists; the measuring measures. No time is judged."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"


def _run(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCH / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _ours(*packages: tuple[str, str, str, str]) -> dict[str, object]:
    keys = ("type", "name", "version", "purl")
    return {"packages": [{**dict(zip(keys, each, strict=True)), "locations": ["a/b"]} for each in packages]}


def _syft(*packages: tuple[str, str, str, str]) -> dict[str, object]:
    keys = ("type", "name", "version", "purl")
    facts = {"locations": [{"path": "/a/b"}], "foundBy": "some-cataloger", "metadata": {}}
    return {"artifacts": [{**dict(zip(keys, each, strict=True)), **facts} for each in packages]}


def _compare(tmp_path: Path, ours: object, peers: object) -> subprocess.CompletedProcess[str]:
    paths = tmp_path / "ours.json", tmp_path / "peers.json"
    for path, document in zip(paths, (ours, peers), strict=True):
        path.write_text(json.dumps(document), encoding="utf-8")
    return _run("inventory_compare.py", *paths)


def test_the_same_package_is_recognised_in_either_spelling(tmp_path: Path) -> None:
    done = _compare(
        tmp_path,
        _ours(
            ("pypi", "typing-extensions", "4.1", "pkg:pypi/typing-extensions@4.1"),
            ("npm", "@a/b", "1.0", "pkg:npm/%40a/b@1.0"),
            ("golang", "golang.org/x/sys", "v0.1.0", "pkg:golang/golang.org/x/sys@v0.1.0"),
            ("deb", "tar", "1:1.2-3", "pkg:deb/debian/tar@1%3A1.2-3"),
        ),
        _syft(
            ("python", "typing_extensions", "4.1", "pkg:pypi/typing-extensions@4.1"),
            ("npm", "@a/b", "1.0", "pkg:npm/%40a/b@1.0"),
            ("go-module", "golang.org/x/sys", "v0.1.0", "pkg:golang/golang.org/x/sys@v0.1.0"),
            ("deb", "tar", "1:1.2-3", "pkg:deb/debian/tar@1:1.2-3?distro=debian-12"),
        ),
    )
    assert done.returncode == 0
    assert [line.split() for line in done.stdout.splitlines()] == [["4", "in", "common"], ["0", "MISSING"]]


def test_what_is_missing_without_a_reason_fails(tmp_path: Path) -> None:
    done = _compare(
        tmp_path,
        _ours(("npm", "a", "1.0", "pkg:npm/a@1.0")),
        _syft(("npm", "b", "2.0", "pkg:npm/b@2.0"), ("npm", "c", "", "pkg:npm/c")),
    )
    assert done.returncode == 1
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["0", "in", "common"],
        ["1", "only", "the", "peer:", "without", "a", "version:", "nothing", "could", "be", "compared"],
        ["1", "only", "ours:", "npm"],
        ["1", "MISSING"],
        ["npm", "b", "2.0", "/a/b", "some-cataloger"],
    ]


def test_trivys_list_is_read_too(tmp_path: Path) -> None:
    component = {
        "name": "tar",
        "version": "1.2-3",
        "purl": "pkg:deb/debian/tar@1.2-3?arch=amd64&epoch=1",
        "properties": [{"name": "aquasecurity:trivy:PkgType", "value": "debian"}],
    }
    peers = {"bomFormat": "CycloneDX", "components": [component, {"name": "debian", "type": "operating-system"}]}
    done = _compare(tmp_path, _ours(("deb", "tar", "1:1.2-3", "pkg:deb/debian/tar@1%3A1.2-3")), peers)
    assert done.returncode == 0, done.stdout


def test_images_are_measured_beside_the_floor_and_as_a_curve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(BENCH))
    import images_pack

    layers = []
    for number in range(5):
        tree = tmp_path / f"tree{number}/app/node_modules/m{number}"
        tree.mkdir(parents=True)
        (tree / "package.json").write_text(json.dumps({"name": f"m{number}", "version": "1.0.0"}))
        (tree / "index.js").write_text("// nothing\n" * 1000 * number)
        layers.append(images_pack.from_tree(tmp_path / f"tree{number}", tmp_path / f"layer{number}", "COPY"))
        images_pack.write_layout(tmp_path / "images" / f"v{number + 1}", "v", layers)
    done = _run("inventory.py", "--images", tmp_path / "images", "--times", "1", "--no-peers", "v2")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    for label in ("floor, layout", "envscout, layout", "envscout, layout, warm", "bare interpreter"):
        assert sum(line.startswith(f"  {label}  ") for line in lines) == 1
    assert [line.split()[0] for line in lines if "MB of new layers" in line] == ["v1", "v2", "v3", "v4", "v5"]
    floor = _run("inventory_floor.py", tmp_path / "images/v5")
    assert floor.stdout == "25\n"

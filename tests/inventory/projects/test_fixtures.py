"""Lock files that tools really wrote, beside what is to be read in them (expected.txt)."""

from pathlib import Path
from types import ModuleType

import pytest

from envscout.inventory import build
from envscout.inventory.projects import (
    beam,
    bun,
    bundler,
    cargo,
    cocoapods,
    composer_lock,
    conan,
    dotnet,
    go_mod,
    gradle,
    haskell,
    julia,
    npm_lock,
    pnpm,
    pom,
    pubspec,
    python_locks,
    renv,
    requirements,
    swift,
    yarn,
)
from envscout.inventory.select import selector
from tests.inventory.files import file
from tests.inventory.fixtures import fixture

HERE = Path(__file__).parent
READERS = {
    "bun/bun.lock": bun,
    "bundler/Gemfile.lock": bundler,
    "cargo/Cargo.lock": cargo,
    "carthage/Cartfile.resolved": swift,
    "cocoapods/Podfile.lock": cocoapods,
    "composer/composer.lock": composer_lock,
    "conan-1/conan.lock": conan,
    "conan-2/conan.lock": conan,
    "go/go.mod": go_mod,
    "gradle/gradle.lockfile": gradle,
    "haskell-cabal/cabal.project.freeze": haskell,
    "haskell-stack/stack.yaml.lock": haskell,
    "julia/Manifest.toml": julia,
    "maven/pom.xml": pom,
    "mix/mix.lock": beam,
    "npm-1/package-lock.json": npm_lock,
    "npm-2/package-lock.json": npm_lock,
    "npm-3/npm-shrinkwrap.json": npm_lock,
    "nuget-central/Directory.Packages.props": dotnet,
    "nuget-config/packages.config": dotnet,
    "nuget-lock/packages.lock.json": dotnet,
    "nuget-project/ClrLoader.csproj": dotnet,
    "pdm/pdm.lock": python_locks,
    "pipenv/Pipfile.lock": python_locks,
    "pnpm-5/pnpm-lock.yaml": pnpm,
    "pnpm-6/pnpm-lock.yaml": pnpm,
    "pnpm-9/pnpm-lock.yaml": pnpm,
    "poetry/poetry.lock": python_locks,
    "pub/pubspec.lock": pubspec,
    "pylock/pylock.toml": python_locks,
    "rebar-empty/rebar.lock": beam,
    "rebar/rebar.lock": beam,
    "renv/renv.lock": renv,
    "requirements/requirements.txt": requirements,
    "swift-1/Package.resolved": swift,
    "swift/Package.resolved": swift,
    "uv-groups/uv.lock": python_locks,
    "uv/uv.lock": python_locks,
    "yarn-1/yarn.lock": yarn,
    "yarn-4/yarn.lock": yarn,
}


def _expected() -> dict[str, list[str]]:
    """Return the lines below each path in expected.txt."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in (HERE / "expected.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            lines.append(line.strip())
        else:
            lines = found.setdefault(line, [])
    return found


def test_every_fixture_has_a_reader_and_an_expectation() -> None:
    files = {str(path.relative_to(HERE / "fixtures")) for path in (HERE / "fixtures").glob("*/*")}
    assert files == READERS.keys() == _expected().keys()


@pytest.mark.parametrize("path", READERS)
def test_a_lock_file_is_read(path: str) -> None:
    module: ModuleType = READERS[path]
    row = selector(projects=True).row(path)
    assert row
    assert row.module == module.__name__.removeprefix("envscout.inventory.")
    reading = module.read(path, fixture("projects", path))
    packages = sorted((found.type, found.name, found.version) for found in reading.records)
    found = [" ".join(package).rstrip() for package in packages]
    assert [*found, *(f"! {problem.code}" for problem in reading.problems)] == _expected()[path]


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("npm-3/npm-shrinkwrap.json", "pkg:npm/%40sindresorhus/is@4.6.0"),
        ("go/go.mod", "pkg:golang/github.com/cpuguy83/go-md2man/v2@v2.0.4"),
        ("gradle/gradle.lockfile", "pkg:maven/com.google.guava/guava@31.1-jre"),
        ("composer/composer.lock", "pkg:composer/composer/ca-bundle@1.3.5"),
        ("swift/Package.resolved", "pkg:swift/github.com/airbnb/swift@1.2.0"),
        ("julia/Manifest.toml", "pkg:julia/JSON@0.21.4?uuid=682c06a0-de6a-54ab-a142-c8b1cf79cde6"),
        ("renv/renv.lock", "pkg:bioconductor/limma@3.50.0"),
    ],
)
def test_packages_are_called_as_their_ecosystem_calls_them(path: str, url: str) -> None:
    found = build([file(path, fixture("projects", path))])
    assert url in {each.purl for each in found.packages}


def test_every_tool_of_npm_tells_the_same_of_one_project() -> None:
    locks = ("npm-1/package-lock.json", "npm-2/package-lock.json", "npm-3/npm-shrinkwrap.json", "bun/bun.lock",
             "pnpm-5/pnpm-lock.yaml", "pnpm-6/pnpm-lock.yaml", "pnpm-9/pnpm-lock.yaml")  # fmt: skip
    expected = _expected()
    assert len({tuple(expected[lock]) for lock in locks}) == 1

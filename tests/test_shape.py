"""The shape of the house: no import circles, one direction, and each power in one place."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
FILES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(SOURCE.rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text(encoding="utf-8"), str(path)) for name, path in FILES.items()}

# Who may import what: a library, and the folders that it stays in.
POWERS = {
    "sqlite3": ("store",),
    "psycopg": ("store.postgresql",),
    "socket": ("images", "advisories.fetch", "watch", "network", "server"),
    "http": ("images", "advisories.fetch", "watch"),
    "urllib.request": ("advisories.fetch",),
    "requests": ("images", "advisories.fetch", "network", "client", "notify"),
    "urllib3": ("images", "advisories.fetch", "network"),
    "docker": ("images",),
    "litestar": ("server",),
    "uvicorn": ("server",),
    "joserfc": ("server",),
    "cryptography": tuple(f"advisories.bundles.{name}" for name in ("keys", "signing", "trusting")),
    "jinja2": ("server.pages",),
    "prometheus_client": ("server",),
    "apprise": ("notify",),
    "standardwebhooks": ("notify",),
    "procrastinate": ("work.postgresql",),
    "opentelemetry": ("work.tracing",),
    "re2": ("operations",),
    "rich": ("cli",),
    "click": ("cli",),
    "pickle": (),
    "marshal": (),
    "shelve": (),
}
PURE = (
    "names",
    "versions",
    "model",
    "inventory",
    "sbom",
    "vex",
    "findings",
    "environments",
    "policies",
    "access",
    "demo",
    "formats",
)
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter"}
HEAVY = {
    "litestar",
    "uvicorn",
    "joserfc",
    "cryptography",
    "apprise",
    "opentelemetry",
    "requests",
    "urllib3",
    "msgspec",
    "rich",
    "sqlite3",
    "psycopg",
    "docker",
    "yaml",
    "cvss",
    "packageurl",
}


@pytest.mark.parametrize("name", FILES)
def test_every_module_says_what_lives_there(name: str) -> None:
    text = FILES[name].read_text(encoding="utf-8")
    assert ast.get_docstring(TREES[name]), f"{name} has no docstring"
    assert len(text.splitlines()) <= 400, f"{name} holds more than one room"


def test_no_import_circles() -> None:
    graph = {name: set(_imports(name)) & FILES.keys() - {name} for name in FILES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


def test_imports_go_the_way_the_architecture_says() -> None:
    done = subprocess.run([Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


@pytest.mark.parametrize(("library", "folders"), POWERS.items())
def test_each_power_stays_in_its_place(library: str, folders: tuple[str, ...]) -> None:
    places = [f"envscout.{folder}" for folder in folders]
    strays = [
        name for name in FILES if any(_within(used, library) for used in _imports(name)) and not _within(name, *places)
    ]
    assert not strays, f"{library} is for {places or 'nobody'}"


def test_rules_do_not_read_the_clock() -> None:
    places = [f"envscout.{folder}" for folder in PURE]
    readers = [
        f"{name}:{call.lineno}"
        for name, tree in TREES.items()
        if _within(name, *places)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and _is_clock(call.func)
    ]
    assert not readers


def test_only_the_command_line_prints() -> None:
    writers = [
        f"{name}:{node.lineno}"
        for name, tree in TREES.items()
        if not _within(name, "envscout.cli")
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id == "print")
        or (isinstance(node, ast.Attribute) and node.attr in {"stdout", "stderr"} and _is_sys(node.value))
    ]
    assert not writers


def test_version_is_answered_without_heavy_libraries() -> None:
    line = "from envscout.cli.entry import main; main()"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", line, "version"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = {row.rpartition("|")[2].strip().split(".")[0] for row in done.stderr.splitlines() if "|" in row}
    assert "envscout" in loaded
    assert not loaded & HEAVY


def _imports(name: str) -> Iterator[str]:
    """Yield the dotted names that a module imports anywhere in it; a member's name only if it is a module of ours."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} uses a relative import; the full name is spelled out here"
            for alias in node.names:
                member = f"{node.module}.{alias.name}"
                yield member if member in FILES or not _within(member, "envscout") else str(node.module)


def _within(name: str, *places: str) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


def _is_clock(func: ast.Attribute) -> bool:
    return func.attr in CLOCKS and isinstance(func.value, ast.Name) and func.value.id in {"time", "datetime", "date"}


def _is_sys(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "sys"

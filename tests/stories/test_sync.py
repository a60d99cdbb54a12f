"""An environment becomes what a file, manifests, an engine or a list say of it, whole or not at all."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from envscout.demo.fleet import Release
from tests.servers.engine import Engine
from tests.servers.program import need
from tests.servers.registry import Registry
from tests.stories.story import Desk, names, rootfs

Find = Callable[[str], Release]
A, B, C = (f"sha256:{digit * 64}" for digit in "abc")


def _list(folder: Path, *lines: str) -> Path:
    place = folder / "images.txt"
    place.write_text("\n".join(lines))
    return place


def _sync(desk: Desk, *words: str | Path, code: int = 0, **env: str) -> Any:
    answer = desk.call("environment", "sync", *words, "--format", "json", **env)
    assert answer.code == code, answer
    return answer.json["sync"]


def _kinds(told: Any) -> dict[str, str]:
    return {each["service"]: each["kind"] for each in told["changes"]}


def _running(desk: Desk, environment: str) -> set[str]:
    return set(desk.ok("environment", environment).lines)


@pytest.fixture
def shop(advised: Desk, registry: Registry, release: Find) -> Desk:
    """Return a desk beside a registry that holds three images."""
    for name, of in (("api:1", "api:2.3.0"), ("api:2", "api:2.4.0"), ("worker:1", "worker:0.9.1")):
        registry.push(release(of).layout, f"shop/{name}", of.partition(":")[2])
    return advised


def test_a_compose_file_is_what_runs(shop: Desk, registry: Registry, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(
        f"services:\n  api:\n    image: {registry.host}/shop/api:${{API:-1}}\n"
        f"  jobs: {{image: '{registry.host}/shop/worker:1'}}\n  more: {{image: '{registry.host}/shop/worker:1'}}\n"
        "  built: {build: .}\n"
    )
    told = _sync(shop, "staging", "--compose", file)
    assert _kinds(told) == {"shop/api": "added", "shop/worker": "added"}
    assert (told["organization"], told["source"]) == ("shop", "compose")
    assert [each["code"] for each in told["notes"]] == ["build-only"]
    assert "CVE-2023-38545" in names(shop.cves("--env", "staging"))
    again = _sync(shop, "staging", "--compose", file)
    assert set(_kinds(again).values()) == {"unchanged"}
    events = shop.ok("environment", "history", "staging", "--format", "json").json["events"]
    assert [each["source"] for each in events] == ["compose", "compose"]

    changed = _sync(shop, "staging", "--compose", file, API="2")
    assert _kinds(changed) == {"shop/api": "changed", "shop/worker": "unchanged"}
    file.write_text(f"services:\n  api: {{image: '{registry.host}/shop/api:2'}}\n")
    assert _kinds(_sync(shop, "staging", "--compose", file)) == {"shop/api": "unchanged", "shop/worker": "removed"}
    assert len(_running(shop, "staging")) == 1


def test_a_folder_is_what_compose_takes_in_it(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(f"services: {{a: {{image: 'shop/a@{A}'}}, b: {{image: 'shop/b@{B}'}}}}")
    (tmp_path / "compose.override.yaml").write_text(f"services: {{b: {{image: 'shop/b@{C}'}}}}")
    _sync(desk, "staging", "--compose", tmp_path, "--no-index")
    assert _running(desk, "staging") == {f"shop/a@{A}", f"shop/b@{C}"}
    (tmp_path / "compose.override.yaml").write_text("services: {b: {profiles: [more]}, a: {depends_on: [b]}}")
    told = _sync(desk, "staging", "--compose", tmp_path, "--no-index", code=1)
    assert _kinds(told) == {"shop/a": "unchanged", "shop/b": "kept"}
    assert "service a needs b, which is of the profile more" in told["problems"][0]["message"]


def test_what_cannot_be_found_stays_and_the_rest_goes_on(shop: Desk, registry: Registry, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    whole = (
        f"services:\n  api: {{image: '{registry.host}/shop/api:1'}}\n"
        f"  jobs:\n    image: {registry.host}/shop/worker:${{JOBS-1}}\n"
    )
    file.write_text(whole)
    _sync(shop, "staging", "--compose", file)
    file.write_text(whole.replace("api:1", "api:2"))
    answer = shop.call("environment", "sync", "staging", "--compose", file, JOBS="gone")
    assert answer.code == 1
    assert f"{file}:4: " in answer.err
    assert "shop/worker:gone" in answer.err
    assert {line.rpartition("@")[0].rpartition("/")[2] for line in _running(shop, "staging")} == {"api:2", "worker:1"}
    # Of what names no image at all, nobody knows what it means: everything stays.
    file.write_text(f"services:\n  api: {{image: '{registry.host}/shop/api:1'}}\n  jobs:\n    image: ${{JOBS}}\n")
    told = _sync(shop, "staging", "--compose", file, code=1)
    assert _kinds(told) == {"shop/api": "changed", "shop/worker": "kept"}
    assert [each["where"] for each in told["problems"]] == [f"{file}:4"]
    assert len(_running(shop, "staging")) == 2


def test_manifests_of_a_pipe_are_what_runs(shop: Desk, registry: Registry, tmp_path: Path) -> None:
    pods = ", ".join(f"{{name: c{number}, image: '{registry.host}/shop/api:{number}'}}" for number in (1, 2))
    text = f"kind: Deployment\nspec: {{template: {{spec: {{containers: [{pods}]}}}}}}\n"
    words = ("environment", "sync", "production", "--kubernetes", "-", "--format", "json")
    answer = shop.spawn(*words, stdin=text.encode())
    assert answer.code == 0, answer
    (change,) = answer.json["sync"]["changes"]
    assert change["kind"] == "added"
    assert len(change["after"]) == 2
    assert len(_running(shop, "production")) == 2
    place = tmp_path / "k8s"
    place.mkdir()
    (place / "all.yaml").write_text(text.replace(f", {{name: c2, image: '{registry.host}/shop/api:2'}}", ""))
    (change,) = _sync(shop, "production", "--kubernetes", place)["changes"]
    assert (change["kind"], len(change["after"])) == ("changed", 1)
    assert len(_running(shop, "production")) == 1


@pytest.fixture
def busy(docker_engine: Engine, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Return what makes an image that can run of a name and starts it; what runs ends with the test."""
    need("busybox")
    started: list[str] = []

    def start(name: str, image: str, *words: str, content: str = "") -> str:
        if content:
            files = {"bin/busybox": Path("/bin/busybox").read_bytes(), "etc/content": content.encode()}
            root = rootfs(tmp_path / content, files)
            (root / "bin/busybox").chmod(0o755)
            packed = subprocess.run(["tar", "-C", root, "-c", "."], check=True, capture_output=True).stdout
            docker_engine.docker("import", "-", image, stdin=packed)
        run = ("run", "--detach", "--network=none", "--name", name, *words, image, "/bin/busybox", "sleep", "600")
        started.append(name)
        return docker_engine.docker(*run).strip()

    yield start
    docker_engine.docker("rm", "--force", *started)


def test_the_containers_of_a_real_engine_are_what_runs(
    advised: Desk, docker_engine: Engine, busy: Callable[..., str]
) -> None:
    def sync() -> dict[str, str]:
        return _kinds(_sync(advised, "laptop", "--docker", "--org", "me", DOCKER_HOST=docker_engine.host))

    assert sync() == {}
    busy("first-1", "sync/first:1", content="one")
    busy("second-1", "sync/second:1", "--label", "com.docker.compose.service=second", content="two")
    busy("second-2", "sync/second:1")
    assert sync() == {"sync/first": "added", "sync/second": "added"}
    before = _running(advised, "laptop")
    docker_engine.docker("stop", "--time=0", "second-2")
    assert set(sync().values()) == {"unchanged"}
    # The name stands for another image by now; what runs is what was started.
    docker_engine.docker("tag", "sync/second:1", "sync/first:1")
    assert sync() == {"sync/first": "unchanged", "sync/second": "unchanged"}
    assert _running(advised, "laptop") == before
    docker_engine.docker("rm", "--force", "first-1")
    busy("first-2", "sync/first:2", content="three")
    assert sync() == {"sync/first": "changed", "sync/second": "unchanged"}
    docker_engine.docker("stop", "--time=0", "first-2", "second-1")
    assert sync() == {"sync/first": "removed", "sync/second": "removed"}
    assert _running(advised, "laptop") == set()


def test_a_dry_run_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    _sync(desk, "staging", "--file", _list(tmp_path, f"shop/a:1@{A}", f"shop/b:1@{B}"), "--no-index")
    before = desk.ok("environment", "history", "staging").out
    told = _sync(desk, "staging", "--file", _list(tmp_path, f"shop/a:2@{C}", f"shop/c@{B}"), "--dry-run")
    assert told["dry_run"] is True
    assert _kinds(told) == {"shop/a": "changed", "shop/b": "removed", "shop/c": "added"}
    assert desk.ok("environment", "history", "staging").out == before
    text = desk.ok("environment", "sync", "staging", "--file", _list(tmp_path, f"shop/a:2@{C}"), "--dry-run").out
    assert "~ shop/a  shop/a:1@sha256:aaaaaaaaaaaa -> shop/a:2@sha256:cccccccccccc" in text
    assert "- shop/b  shop/b:1@sha256:bbbbbbbbbbbb" in text
    assert "staging of shop would have 1 changed, 1 removed" in text


def test_an_empty_source_empties_nothing(desk: Desk, tmp_path: Path) -> None:
    """What was to render the manifests failed, and left nothing."""
    _sync(desk, "staging", "--file", _list(tmp_path, f"shop/a@{A}"), "--no-index")
    empty = _list(tmp_path, "# nothing")
    for words in (("--file", empty), ("--kubernetes", empty), ("--kubernetes", "-")):
        answer = desk.spawn("environment", "sync", "staging", *words, stdin=b"kind: Service\n")
        assert answer.code == 1
        assert "the source names nothing that runs" in answer.refusal
    idle = tmp_path / "compose.yaml"
    idle.write_text("services: {a: {image: 'shop/a', scale: 0}}\n")
    assert _running(desk, "staging") == {f"shop/a@{A}"}
    assert _kinds(_sync(desk, "staging", "--compose", idle)) == {"shop/a": "removed"}
    again = desk.ok("environment", "sync", "staging", "--compose", idle, "--org", "shop")
    assert again.out == "    nothing runs in staging of shop, and that stays so\n"


@pytest.mark.parametrize(
    ("service", "hint"),
    [
        ("image: 'shop/a', profiles: [debug]", "--profile NAME"),
        ("build: .", "an `image`"),
        ("provider: {type: model}", "its program"),
    ],
)
def test_a_source_of_which_nothing_is_known_to_run_empties_nothing(
    desk: Desk, tmp_path: Path, service: str, hint: str
) -> None:
    _sync(desk, "staging", "--file", _list(tmp_path, f"shop/a@{A}"), "--no-index")
    idle = tmp_path / "compose.yaml"
    idle.write_text(f"services: {{a: {{{service}}}}}\n")
    answer = desk.call("environment", "sync", "staging", "--compose", idle)
    assert answer.code == 1
    assert "the source names nothing that runs" in answer.refusal
    assert hint in answer.refusal
    assert "`envscout environment remove`" in answer.refusal
    assert _running(desk, "staging") == {f"shop/a@{A}"}


def test_a_part_removes_nothing(desk: Desk, tmp_path: Path) -> None:
    _sync(desk, "staging", "--file", _list(tmp_path, f"shop/a@{A}", f"shop/b@{B}"), "--no-index")
    told = _sync(desk, "staging", "--file", _list(tmp_path, f"shop/a@{C}"), "--no-index", "--partial")
    assert _kinds(told) == {"shop/a": "changed", "shop/b": "kept"}
    assert _running(desk, "staging") == {f"shop/a@{C}", f"shop/b@{B}"}


def test_what_is_printed_is_what_can_be_read(desk: Desk, tmp_path: Path) -> None:
    _sync(desk, "staging", "--file", _list(tmp_path, f"shop/a:1@{A}", f"shop/a:1@{B}", f"nginx@{C}"), "--no-index")
    listed = desk.ok("environment", "staging").out
    answer = desk.spawn(
        "environment", "sync", "copy", "--file", "-", "--no-index", "--format", "json", stdin=listed.encode()
    )
    assert answer.code == 0, answer
    assert desk.ok("environment", "copy").out == listed


def test_an_environment_of_several_organizations_is_not_guessed(desk: Desk, tmp_path: Path) -> None:
    for each in (f"one/a@{A}", f"two/b@{B}"):
        desk.ok("environment", "staging", each, "--no-index")
    file = _list(tmp_path, f"one/a@{C}")
    answer = desk.call("environment", "sync", "staging", "--file", file, "--no-index")
    assert answer.code == 64
    assert "several organizations have staging: one, two" in answer.refusal
    assert _kinds(_sync(desk, "staging", "--file", file, "--no-index", "--org", "one")) == {"one/a": "changed"}
    assert _running(desk, "staging") == {f"one/a@{C}", f"two/b@{B}"}
    # Whose it is stays, whatever the images are called.
    desk.ok("environment", "remove", "staging", "two/b")
    desk.ok("environment", "only", f"one/a@{A}", "--no-index")
    _sync(desk, "only", "--file", _list(tmp_path, f"three/c@{C}"), "--no-index")
    assert json.loads(desk.ok("environment", "--format", "json").out)["environments"][0]["organization"] == "one"
    assert _running(desk, "only") == {f"three/c@{C}"}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("staging",), "reads one source, and none is named"),
        ((), "takes an environment"),
        (("staging", "--docker", "--file", "x"), "several sources are named: --docker, --file"),
        (("staging", "--docker", "compose.yaml"), "--docker reads no file"),
        (("staging", "--compose", "/nowhere/compose.yaml"), "there is no file /nowhere/compose.yaml"),
        (("staging", "--kubernetes", "/nowhere"), "there is no file /nowhere"),
    ],
)
def test_wrong_usage_is_told(desk: Desk, words: tuple[str, ...], why: str) -> None:
    answer = desk.call("environment", "sync", *words)
    assert answer.code in (1, 64)
    assert why in answer.refusal


def test_names_that_cannot_be_kept_keep_nothing_else_out(desk: Desk, tmp_path: Path) -> None:
    answer = desk.call("environment", "sync", "-x", "--file", _list(tmp_path, f"a/b@{A}"), "--no-index")
    assert answer.code == 64
    answer = desk.call("environment", "sync", "a\nb", "--file", _list(tmp_path, f"a/b@{A}"), "--no-index")
    assert answer.code == 64
    assert "cannot be the name of an environment" in answer.refusal
    assert desk.ok("environment").out == ""

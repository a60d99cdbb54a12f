"""The fixtures themselves: what the other tests stand on."""

import json
import re
import urllib.request
from pathlib import Path

import pytest

from envscout.demo.layout import ImagePlan, IndexPlan, layer, write_layout
from tests.servers import program
from tests.servers.engine import Engine
from tests.servers.registry import Registry


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    arm = ImagePlan((layer({"arch": b"arm64"}, "COPY arch /", "zstd"),), platform="linux/arm64/v8")
    amd = ImagePlan((layer({"a/b": b"amd64"}, "COPY a /a"), layer({"c": b""}, "COPY c /c", "none")))
    write_layout(tmp_path / "layout", {"one": amd, "many": IndexPlan((amd, IndexPlan((arm,))))})
    return tmp_path / "layout"


def test_a_registry_keeps_the_digest_of_what_is_pushed(registry: Registry, layout: Path) -> None:
    assert registry.push(layout, "servers/one:v1", "one") == _digests(layout)["one"]


def test_a_registry_takes_an_index_in_an_index(registry: Registry, layout: Path) -> None:
    assert registry.put(layout, "servers/many:v1", "many") == _digests(layout)["many"]
    with urllib.request.urlopen(f"http://{registry.host}/v2/servers/many/tags/list") as answer:
        assert json.load(answer)["tags"] == ["v1"]


def test_a_registry_with_passwords_takes_the_right_one(registry_basic: Registry, layout: Path) -> None:
    assert registry_basic.push(layout, "servers/one:v1", "one").startswith("sha256:")
    stranger = Registry(registry_basic.host, registry_basic.storage, "alice", "wrong")
    with pytest.raises(RuntimeError, match=r"unauthorized|authentication required"):
        stranger.push(layout, "servers/one:v2", "one")


def test_a_registry_with_tokens_takes_those_of_its_issuer(registry_token: Registry, layout: Path) -> None:
    assert registry_token.push(layout, "servers/one:v1", "one") == _digests(layout)["one"]
    stranger = Registry(registry_token.host, registry_token.storage, "bob", "wrong")
    with pytest.raises(RuntimeError, match=r"unauthorized|authentication required|invalid username"):
        stranger.push(layout, "servers/one:v2", "one")


def test_an_engine_lists_what_was_loaded(docker_engine: Engine, layout: Path) -> None:
    docker_engine.load_layout(layout, "servers/one:v1", "one")
    assert "servers/one:v1" in docker_engine.docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()


def test_a_missing_program_skips_or_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENVSCOUT_REQUIRE_SERVERS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-program"):
        program.need("no-such-program")
    monkeypatch.setenv("ENVSCOUT_REQUIRE_SERVERS", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-program"):
        program.need("no-such-program")


def test_every_program_that_tests_need_is_installed_for_them() -> None:
    installed = set(re.findall(r"([\w.-]+):", (Path(__file__).parent / "install.sh").read_text().partition('"\n')[0]))
    needed = {
        program
        for path in Path(__file__).parents[1].rglob("*.py")
        for words in re.findall(r"\bneed\(([^)]*)\)", path.read_text(encoding="utf-8"))
        for program in re.findall(r'"([^"]+)"', words)
    }
    assert needed - {"no-such-program"} <= installed


def _digests(layout: Path) -> dict[str, str]:
    """Return the digest of each name in a layout."""
    entries = json.loads((layout / "index.json").read_bytes())["manifests"]
    return {entry["annotations"]["org.opencontainers.image.ref.name"]: entry["digest"] for entry in entries}

"""Nothing is named: the image that was built last on this machine is meant."""

from pathlib import Path

import pytest

from envscout.demo.layout import ImagePlan, layer, write_layout
from tests.servers.engine import Engine
from tests.stories.story import OPENSSL_3_0_9, OPENSSL_3_0_11, Desk, debian

AHEAD = "2999-01-0{}T00:00:00Z"
"""No image that another test loads into the engine is as young."""


def _built(engine: Engine, into: Path, name: str, day: int, fixed: bool) -> str:
    files = debian(OPENSSL_3_0_11 if fixed else OPENSSL_3_0_9)
    plan = ImagePlan((layer(files, "ADD . /"),), platform="linux/amd64", created=AHEAD.format(day))
    write_layout(into, {"v1": plan})
    engine.load_layout(into, name, "v1")
    return name


@pytest.mark.parametrize("command", ["cves", "sbom", "quickview", "recommendations"])
def test_the_newest_image_is_meant_where_none_is_named(
    watched: Desk, docker_engine: Engine, tmp_path: Path, command: str
) -> None:
    young = _built(docker_engine, tmp_path / "young", "shop/young:v1", 5, fixed=False)
    _built(docker_engine, tmp_path / "aged", "shop/aged:v1", 4, fixed=True)
    answer = watched.ok(command, "--format", "json", DOCKER_HOST=docker_engine.host)
    assert f"{young}, the one that was built last, is meant" in answer.err
    assert "libssl3@3.0.9-1" in answer.out


def test_compare_takes_it_for_the_analyzed_side(watched: Desk, docker_engine: Engine, tmp_path: Path) -> None:
    aged = _built(docker_engine, tmp_path / "aged", "shop/young:v1", 6, fixed=True)
    watched.record("production", f"local://{aged}", DOCKER_HOST=docker_engine.host)
    _built(docker_engine, tmp_path / "young", "shop/young:v1", 7, fixed=False)
    answer = watched.ok("compare", "--to-env", "production", "--format", "json", DOCKER_HOST=docker_engine.host)
    assert "shop/young:v1, the one that was built last" in answer.err
    assert answer.json["analyzed"]["reference"] == "shop/young:v1"


def test_an_image_without_a_name_is_named_by_its_id(watched: Desk, docker_engine: Engine, tmp_path: Path) -> None:
    name = _built(docker_engine, tmp_path / "nameless", "shop/nameless:v1", 8, fixed=False)
    identity = docker_engine.docker("image", "inspect", "--format", "{{.Id}}", name).strip()
    _built(docker_engine, tmp_path / "instead", name, 3, fixed=True)
    answer = watched.ok("cves", "--format", "json", DOCKER_HOST=docker_engine.host)
    docker_engine.docker("rmi", "--force", identity)
    assert f"{identity}, the one that was built last" in answer.err
    assert answer.json["summary"]["total"] == 1


@pytest.mark.parametrize("command", ["cves", "sbom", "quickview", "recommendations"])
def test_without_an_engine_a_person_is_told_what_to_do(desk: Desk, command: str) -> None:
    answer = desk.call(command, DOCKER_HOST="unix:///nonexistent/docker.sock")
    assert answer.code == 64
    assert "No Docker engine answers" in answer.refusal
    assert "name an image, or --env ENVIRONMENT" in answer.refusal

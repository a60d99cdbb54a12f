"""Who a step is: to a server by what GitHub signs, to registries by name and password; and what it installs."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from envscout.cli.ci.identity import variables
from envscout.cli.ci.inputs import Inputs
from envscout.errors import Unauthenticated
from tests.ci.conftest import World
from tests.ci.github import GitHub
from tests.ci.runner import Runner
from tests.servers.many import Servers, token
from tests.servers.registry import Registry

SERVER = {"ENVSCOUT_SERVER": "https://envscout.example"}


def test_what_github_signs_is_the_token_where_none_was_given(
    github: GitHub, capsys: pytest.CaptureFixture[str]
) -> None:
    found = variables(Inputs({"audience": "our server"}), {**SERVER, **github.signing()}, "cves")
    assert found["ENVSCOUT_TOKEN"] == github.signed
    assert github.audiences == ["our server"]
    assert capsys.readouterr().out == f"::add-mask::{github.signed}\n"


@pytest.mark.parametrize(
    ("given", "environ"),
    [
        ({"token": "mine"}, SERVER),
        ({}, {**SERVER, "ENVSCOUT_TOKEN": "mine"}),
        ({"server": "https://envscout.example", "token": "mine"}, {"ENVSCOUT_TOKEN": "other"}),
    ],
)
def test_a_token_that_was_given_counts_more(github: GitHub, given: dict[str, str], environ: dict[str, str]) -> None:
    found = variables(Inputs(given), {**environ, **github.signing()}, "cves")
    assert (found["ENVSCOUT_TOKEN"], found["ENVSCOUT_SERVER"]) == ("mine", "https://envscout.example")
    assert github.audiences == []


def test_nobody_is_asked_without_a_server(github: GitHub) -> None:
    assert "ENVSCOUT_TOKEN" not in variables(Inputs({}), github.signing(), "cves")
    assert github.audiences == []


def test_a_refusal_is_told(github: GitHub) -> None:
    refused = {**github.signing(), "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "may-not"}
    with pytest.raises(Unauthenticated, match="GitHub signs no word for this job"):
        variables(Inputs({}), {**SERVER, **refused}, "cves")


def test_who_writes_may_be_another_than_who_reads() -> None:
    given = Inputs({"registry-user": "r", "registry-password": "p", "registry-write-user": "w"})
    assert variables(given, {}, "cves")["DOCKER_SCOUT_REGISTRY_USER"] == "r"
    assert variables(given, {}, "push")["DOCKER_SCOUT_REGISTRY_USER"] == "w"


def test_a_server_answers(pushed: Runner, many: Servers, world: World, python: dict[str, str]) -> None:
    place = world.home / "envscout.db"
    asked = {"command": "cves", "environment": "production", "server": many.address(place), **python}
    env = {"ENVSCOUT_HOME": str(pushed.folder / "empty")}
    known = token(place)
    assert "does not know who asks (" in pushed.use(asked, env).told("error")[0]
    ran = pushed.use({**asked, "token": known}, env)
    assert ran.code == 0, ran.log
    assert "CVE" in ran.outputs["cves"]


def test_a_private_registry_is_read_and_written(
    pushed: Runner, registry_basic: Registry, world: World, python: dict[str, str]
) -> None:
    registry_basic.push(Path(world.old.removeprefix("oci-dir://")), "myorg/myapp:v1", "v1")
    image = f"{registry_basic.host}/myorg/myapp:v1"
    asked = {"command": "environment,cves", "image": f"{image}\n{image}", "environment": "staging", **python}
    assert pushed.use(asked).code == 1, "nobody is let in without a name"
    login = {"registry-user": registry_basic.user, "registry-password": registry_basic.password}
    ran = pushed.use({**asked, **login})
    assert ran.code == 0, ran.log
    assert "CVE" in ran.outputs["cves"]
    (pushed.workspace / "scan.json").write_text('{"found": []}')
    added = {"command": "attestation-add", "file": "scan.json", "predicate-type": "https://example.com/scan/v1"}
    names = {name.replace("registry", "registry-write"): value for name, value in login.items()}
    ran = pushed.use({**added, "image": image, "registry-user": "nobody", "registry-password": "x", **names, **python})
    assert ran.code == 0, ran.log
    assert ran.outputs["attestation-add"].startswith("sha256:")


def test_a_version_is_installed_from_an_index(pushed: Runner, tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    _wheel(shelf / "envscout-9.9-py3-none-any.whl", {"envscout/cli/ci/__main__.py": "print('this is 9.9')"})
    programs = tmp_path / "programs"
    (programs / "python3").symlink_to(sys.executable)
    env = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(shelf), "PYTHONPATH": ""}
    ran = pushed.use({"command": "cves", "version": "9.9"}, env)
    assert (ran.code, ran.log.strip()) == (0, "this is 9.9")


def test_a_python_that_is_too_old_is_named(pushed: Runner, tmp_path: Path) -> None:
    old = tmp_path / "programs" / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    ran = pushed.use({"command": "cves"})
    assert ran.code == 1
    assert ran.told("error") == ["python3 is older than 3.11; put a newer one first in PATH (actions/setup-python)"]


def _wheel(path: Path, files: dict[str, str]) -> None:
    about = "envscout-9.9.dist-info"
    wheel = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: envscout\nVersion: 9.9\n")
        archive.writestr(f"{about}/WHEEL", wheel)
        archive.writestr(f"{about}/RECORD", "")
    assert subprocess.run([sys.executable, "-m", "zipfile", "-t", str(path)], check=True, capture_output=True)

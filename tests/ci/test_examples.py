"""The examples do what they say: their shell text is taken out and run beside a registry and a store."""

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.ci.conftest import World
from tests.ci.runner import ROOT, Runner, resolved
from tests.servers.kubernetes import cluster
from tests.servers.kubernetes_asking import work
from tests.servers.program import need, run
from tests.servers.registry import Registry
from tests.stories.story import Answer

EXAMPLES = ROOT / "examples"
POLICIES = "policies: [{id: fixable-vulnerabilities}]"


class Shop(NamedTuple):
    """A registry that holds a good and a bad release of an image, and the variables of a machine that reaches it."""

    repository: str
    env: dict[str, str]
    folder: Path

    def run(self, script: str, *words: str, shell: str = "bash -e", **env: str) -> Answer:
        """Run a script as a pipeline does."""
        argv = [*shell.split(), "-c", script, "script", *words]
        done = subprocess.run(argv, cwd=self.folder, env={**self.env, **env}, capture_output=True, check=False)
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())

    def runs(self, environment: str) -> list[str]:
        """Return what is recorded, without digests."""
        return [line.partition("@")[0] for line in self.run(f"envscout environment {environment}").lines]


@pytest.fixture
def shop(machine: dict[str, str], world: World, registry: Registry, tmp_path: Path) -> Shop:
    for tag, image in (("good", world.new), ("bad", world.old)):
        registry.push(Path(image.removeprefix("oci-dir://")), f"myorg/myapp:{tag}", "v1")
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "policies.yaml").write_text(POLICIES)
    made = Shop(f"{registry.host}/myorg/myapp", machine, folder)
    assert made.run("envscout policy apply -f policies.yaml --org myorg").code == 0
    return made


def _yaml(path: str) -> Any:
    return yaml.safe_load((EXAMPLES / path).read_text(encoding="utf-8"))


def _gitlab() -> tuple[str, str]:
    text = (ROOT / "templates" / "envscout.yml").read_text(encoding="utf-8")
    job = next(iter(yaml.safe_load(text.partition("\n---\n")[2]).values()))
    script = "\n".join(job["script"])
    return f"TASK=gate\n{script}", f"TASK=record\n{script}"


def _circleci() -> tuple[str, str]:
    steps = [each["run"]["command"] for each in _yaml("circleci/config.yml")["jobs"]["deploy"]["steps"]]
    return steps[0], steps[2]


def _jenkins() -> tuple[str, str]:
    steps = re.findall(r"\bsh '(.*?)'", (EXAMPLES / "jenkins" / "Jenkinsfile").read_text())
    return steps[0], steps[2]


def _azure() -> tuple[str, str]:
    steps = [each["script"] for each in _yaml("azure/azure-pipelines.yml")["steps"] if "script" in each]
    return steps[0], steps[2]


def _bitbucket() -> tuple[str, str]:
    steps = _yaml("bitbucket/bitbucket-pipelines.yml")["pipelines"]["custom"]["deploy"][1]["step"]["script"]
    return steps[0], steps[2]


def _tekton() -> tuple[str, str]:
    script = _yaml("tekton/task.yaml")["spec"]["steps"][0]["script"]
    return f"TASK=policy\n{script}", f"TASK=environment\n{script}"


@pytest.mark.parametrize(
    "scripts", [_gitlab, _circleci, _jenkins, _azure, _bitbucket, _tekton], ids=lambda f: f.__name__.strip("_")
)
def test_a_pipeline_asks_and_records(scripts: Callable[[], tuple[str, str]], shop: Shop) -> None:
    gate, record = scripts()
    variables = ("CIRCLE_SHA1", "GIT_COMMIT", "BUILD_SOURCEVERSION", "BITBUCKET_COMMIT")
    good, bad = (
        {
            "IMAGE": f"{shop.repository}:{tag}",
            "REPOSITORY": shop.repository,
            "ENVIRONMENT": "production",
            **dict.fromkeys(variables, tag),
        }
        for tag in ("good", "bad")
    )
    refused = shop.run(gate, shell="sh -e", **bad)
    assert (refused.code, "not met" in refused.err) == (2, True), refused
    passed = shop.run(gate, shell="sh -e", **good)
    assert passed.code == 0, passed
    recorded = shop.run(record, shell="sh -e", **good)
    assert recorded.code == 0, recorded
    assert f"{shop.repository}:good" in shop.runs("production")


def test_the_component_of_gitlab_looks_at_what_runs(shop: Shop) -> None:
    script = _gitlab()[0].replace("TASK=gate", "TASK=scan")
    assert shop.run(script, ENVIRONMENT="production", IMAGE="").code == 2
    assert shop.run(script, ENVIRONMENT="staging", IMAGE="").code == 0
    report = yaml.safe_load((shop.folder / "gl-container-scanning-report.json").read_text())
    assert report["scan"]["type"] == "container_scanning"


def test_the_component_of_gitlab_uses_the_inputs_that_it_declares() -> None:
    head, _, body = (ROOT / "templates" / "envscout.yml").read_text(encoding="utf-8").partition("\n---\n")
    used = set(re.findall(r"\$\[\[ inputs\.([\w-]+) \]\]", body))
    assert used == set(yaml.safe_load(head)["spec"]["inputs"])
    including = yaml.safe_load((EXAMPLES / "gitlab" / ".gitlab-ci.yml").read_text(encoding="utf-8"))["include"]
    assert all(each["inputs"].keys() <= used for each in including)


def _workflow(runner: Runner, name: str, contexts: Mapping[str, Any], python: Mapping[str, str]) -> list[int]:
    """Run the job of a workflow; return the exit codes of the steps that were run."""
    job = next(iter(_yaml(f"github/{name}")["jobs"].values()))
    found = {"github": {**runner.github, "actor": "octocat", "server_url": "", "run_id": "1"}, **contexts}
    env = {key: resolved(value, found) for key, value in job["env"].items()}
    codes: list[int] = []
    for step in job["steps"]:
        if bool(codes and codes[-1]) != (step.get("if") == "failure()"):
            continue
        inside = {**found, "env": env}
        if "uses" in step:
            given = {key: resolved(value, inside) for key, value in step["with"].items()}
            codes.append(runner.use({**given, **python}, env).code)
        else:
            own = {key: resolved(value, inside) for key, value in step.get("env", {}).items()}
            codes.append(runner.shell(step["run"], {**env, **own}, "-e").code)
    return codes


def _contexts(shop: Shop, **more: Any) -> dict[str, Any]:
    secrets = {"REGISTRY_USER": "", "REGISTRY_PASSWORD": "", "SLACK_WEBHOOK": "file:///dev/null"}
    return {"vars": {"ENVSCOUT_SERVER": "", "IMAGE": shop.repository}, "secrets": secrets, **more}


def test_the_workflow_that_deploys(pushed: Runner, shop: Shop, python: dict[str, str]) -> None:
    contexts = _contexts(shop, inputs={"environment": "production"})
    pushed.github["sha"] = "bad"
    assert _workflow(pushed, "deploy.yml", contexts, python) == [2]
    pushed.github["sha"] = "good"
    assert _workflow(pushed, "deploy.yml", contexts, python) == [0, 0, 0]
    assert f"{shop.repository}:good" in shop.runs("production")


def test_the_workflow_that_looks_every_morning(pushed: Runner, shop: Shop, python: dict[str, str]) -> None:
    said = shop.folder / "said"
    for name, text in (("jq", "echo message"), ("curl", f"cat > {said}")):
        program = Path(shop.env["PATH"].partition(":")[0]) / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    assert _workflow(pushed, "env-scan.yml", _contexts(shop, matrix={"environment": "staging"}), python) == [0]
    assert not said.exists()
    assert _workflow(pushed, "env-scan.yml", _contexts(shop, matrix={"environment": "production"}), python) == [2, 0]
    assert said.read_text() == "message\n"


def test_the_workflow_of_a_pull_request(runner: Runner, shop: Shop, python: dict[str, str]) -> None:
    assert shop.run(f"envscout environment production {shop.repository}:good --service myorg/myapp").code == 0
    assert shop.run(f"envscout environment production {shop.repository}:good").code == 0
    for tag, code in (("bad", 2), ("good", 0)):
        runner.github["event"] = {"pull_request": {"head": {"sha": tag}}}  # type: ignore[assignment]
        assert _workflow(runner, "pull-request.yml", _contexts(shop), python) == [code]


def test_a_deployment_of_kubernetes_is_recorded(shop: Shop, tmp_path: Path) -> None:
    need("kubectl")
    script = (EXAMPLES / "post-deploy.sh").read_text()
    with cluster() as server:
        env = {"KUBECONFIG": str(server.kubeconfig(tmp_path))}
        (tmp_path / "myapp.json").write_text(json.dumps(work("Deployment", "myapp", f"{shop.repository}:good")))
        run("kubectl", "apply", "-f", tmp_path / "myapp.json", env={**shop.env, **env})
        answer = shop.run(script, "default", "myapp", "staging", **env)
        assert answer.code == 0, answer
        assert shop.run(script, "default", "nothing", "staging", **env).code != 0
    assert f"{shop.repository}:good" in shop.runs("staging")


COMPOSE = """services:
  # image: not/this
  app:
    image: {repository}:good
  other:
    image: "{repository}/other:good" # quoted
"""


def test_a_compose_file_is_recorded(shop: Shop, registry: Registry, world: World) -> None:
    registry.push(Path(world.new.removeprefix("oci-dir://")), "myorg/myapp/other:good", "v1")
    (shop.folder / "compose.yaml").write_text(COMPOSE.format(repository=shop.repository))
    script = (EXAMPLES / "update-scout-env.sh").read_text()
    answer = shop.run(script, "staging", "compose.yaml")
    assert answer.code == 0, answer
    assert {f"{shop.repository}:good", f"{shop.repository}/other:good"} <= set(shop.runs("staging"))
    assert shop.run(script, "staging", "no-such-file").code != 0
    assert "usage: update-scout-env.sh" in shop.run(script, "staging").err


def test_a_release_of_helm_is_recorded(shop: Shop) -> None:
    text = f"containers:\n      - image: '{shop.repository}:good'\n        name: app\n"
    helm = Path(shop.env["PATH"].partition(":")[0]) / "helm"
    helm.write_text(f'#!/bin/sh\n[ "$*" = "get manifest myapp --namespace shop" ] || exit 1\nprintf "%s" "{text}"\n')
    helm.chmod(0o755)
    script = (EXAMPLES / "helm-post-deploy.sh").read_text()
    answer = shop.run(script, "shop", "myapp", "staging")
    assert answer.code == 0, answer
    assert f"{shop.repository}:good" in shop.runs("staging")
    assert shop.run(script, "shop", "nothing", "staging").code != 0

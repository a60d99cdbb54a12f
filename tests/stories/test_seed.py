"""The article that this program was ordered with: each of its shell lines runs as it stands, through the docker client.

The article itself is not ours to keep. Its text is read beside the folder of test data where that is at hand; a list of
the commands in it stands here, so that the story runs without it.
"""

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from envscout.demo.databases import Deb
from tests.servers.engine import Engine
from tests.servers.kubernetes import Cluster, cluster
from tests.servers.kubernetes_asking import work
from tests.servers.program import need, run
from tests.servers.registry import Registry
from tests.stories.docker_client import Client, Find
from tests.stories.story import HIGH, LOW, Answer, Desk, advisory, debian, feed, layout, names

SHA = "5f1b9c6e0f2d4b7a8c3e1d2f4a6b8c0d1e3f5a7b"
TAG = "v1.2.3"
OLDEST_KUBECTL = 27

# name:tag -> release of the sample fleet.
IMAGES = {
    "myorg/myapp:v1.2.0": "api:2.3.0",
    "myorg/myapp:v1.2.3": "api:2.4.0",
    "myorg/myapp:latest": "api:2.4.0",
    f"myorg/myapp:{SHA}": "api:2.4.0",
    "myorg/frontend:v2.1.0": "frontend:1.5.0",
    "myorg/api:v3.4.2": "api:2.4.0",
    "myorg/worker:v1.8.0": "worker:1.0.0",
    "nginx:1.25": "frontend:1.4.2",
    "postgres:16": "worker:0.9.1",
}


class Block(NamedTuple):
    """A piece of shell. script: the file that it is, "" for lines that are typed, or run by a step of a workflow."""

    text: str
    script: str = ""

    @property
    def lines(self) -> list[str]:
        """Return its commands, each on one line."""
        whole = re.sub(r"\s*\\\n\s*", " ", self.text)
        return [line for line in whole.splitlines() if line.strip() and not line.startswith("#")]


POST_DEPLOY = """#!/bin/bash
NAMESPACE="$1"
DEPLOYMENT="$2"
ENVIRONMENT="$3"
IMAGE=$(kubectl get deployment "$DEPLOYMENT" -n "$NAMESPACE" -o jsonpath='{.spec.template.spec.containers[0].image}')
echo "Recording $IMAGE as deployed to $ENVIRONMENT"
docker scout environment "$ENVIRONMENT" "$IMAGE"
"""
UPDATE = """#!/bin/bash
ENVIRONMENT="$1"
COMPOSE_FILE="$2"
IMAGES=$(grep 'image:' "$COMPOSE_FILE" | awk '{print $2}')
for IMAGE in $IMAGES; do
  echo "Recording $IMAGE in $ENVIRONMENT"
  docker scout environment "$ENVIRONMENT" "$IMAGE"
done
"""
SCAN = (
    "docker scout cves --env {environment} --only-severity critical,high --exit-code myorg/myapp"
    ' || echo "Vulnerabilities found in {environment}"'
)
OURS = (
    Block("docker scout version\ndocker login"),
    Block(
        "docker scout enroll myorg/myapp\n"
        "docker scout environment staging myorg/myapp:v1.2.3\n"
        "docker scout environment production myorg/myapp:v1.2.0"
    ),
    Block(
        "docker scout cves --env production myorg/myapp\n"
        "docker scout cves --env staging myorg/myapp\n"
        "docker scout compare --to-env production --env staging myorg/myapp"
    ),
    Block(f'IMAGE="myorg/myapp:{SHA}"\necho "Deploying $IMAGE to production"'),
    Block(f"docker scout environment production myorg/myapp:{SHA}"),
    Block(POST_DEPLOY, "post-deploy.sh"),
    Block(
        "kubectl apply -f k8s/staging/\n"
        "./post-deploy.sh default myapp staging\n"
        "kubectl apply -f k8s/production/\n"
        "./post-deploy.sh default myapp production"
    ),
    Block(SCAN.format(environment="staging")),
    Block(SCAN.format(environment="production")),
    Block(
        "docker scout environment staging myorg/frontend:v2.1.0\n"
        "docker scout environment staging myorg/api:v3.4.2\n"
        "docker scout environment staging myorg/worker:v1.8.0\n"
        "docker scout environment production myorg/frontend:v2.1.0\n"
        "docker scout environment production myorg/api:v3.4.2\n"
        "docker scout environment production myorg/worker:v1.8.0"
    ),
    Block(UPDATE, "update-scout-env.sh"),
    Block(
        "docker scout policy myorg/myapp:latest --env production\n"
        "docker scout policy myorg/myapp:$TAG --env production --exit-code"
    ),
)

# It needs an account on Docker Hub, and is docker's own; nothing of ours needs it.
LEFT_OUT = {"docker login"}
# Every other line exits with 0: a policy without its data, as the signed provenance of an image, is not met.
CODES = {"docker scout policy myorg/myapp:$TAG --env production --exit-code": 2}


@pytest.fixture(scope="session")
def article(data: Path) -> list[Block]:
    """Return the pieces of shell in the article, in order, or skip."""
    pages = sorted((data.parent / "seed").glob("*.md"))
    if not pages:
        pytest.skip(f"the article is not at hand: no *.md in {data.parent / 'seed'}")
    return [block for page in pages for block in _blocks(page.read_text(encoding="utf-8"))]


def _blocks(text: str) -> Iterator[Block]:
    for kind, body in re.findall(r"^```(bash|yaml)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        if kind == "yaml":
            yield from _runs(body)
            continue
        script = re.match(r"#!.*\n# ([\w.-]+\.sh)\b", body)
        yield Block(body, script[1] if script else "")


def _runs(workflow: str) -> Iterator[Block]:
    """Yield what the steps of a workflow run, for each environment of its matrix, else for production."""
    import yaml

    for job in yaml.safe_load(workflow)["jobs"].values():
        for environment in job.get("strategy", {}).get("matrix", {}).get("environment", ["production"]):
            for step in job["steps"]:
                if "run" in step:
                    yield Block(_substituted(step["run"], environment))


def _substituted(text: str, environment: str) -> str:
    """Return the commands of a step as a runner sees them: an expression stands for the commit, or the environment."""
    return re.sub(r"\$\{\{ *(\S+) *\}\}", lambda found: SHA if found[1] == "github.sha" else environment, text)


@pytest.fixture(scope="session")
def engine(docker_engine: Engine, registry: Registry, release: Find) -> Iterator[Engine]:
    """Return an engine that holds the images that the article names, each pulled from a registry."""
    held = []
    for name, source in IMAGES.items():
        there = release(source)
        registry.push(there.layout, name, there.reference.rpartition(":")[2])
        docker_engine.docker("pull", "--quiet", f"{registry.host}/{name}")
        docker_engine.docker("tag", f"{registry.host}/{name}", name)
        held += [name, f"{registry.host}/{name}"]
    yield docker_engine
    docker_engine.docker("rmi", "--force", *held)


@pytest.fixture
def client(advised: Desk, engine: Engine) -> Client:
    """Return a docker client with the plugin, beside that engine."""
    assert advised.spawn("plugin", "install").code == 0
    return Client(advised, engine.host)


@pytest.fixture
def kubernetes() -> Iterator[Cluster]:
    """Run a cluster for a real kubectl."""
    need("kubectl")
    version = json.loads(run("kubectl", "version", "--client", "--output", "json"))["clientVersion"]
    if int(re.sub(r"\D", "", version["minor"])) < OLDEST_KUBECTL:
        pytest.skip(f"kubectl is older than 1.{OLDEST_KUBECTL}: it has the server's schema sent in another form")
    with cluster() as server:
        yield server


class Shell:
    """A shell in a folder, with the docker client and a cluster within reach."""

    def __init__(self, client: Client, folder: Path, **env: str) -> None:
        self.folder = folder
        self.env = {**client.env, "TAG": TAG, **env}

    def run(self, text: str, *words: str | Path) -> Answer:
        """Run some lines as a step of a workflow does: it ends at the first that fails."""
        argv = ["bash", "-e", "-c", text, "step", *map(str, words)]
        done = subprocess.run(argv, cwd=self.folder, env=self.env, capture_output=True, check=False)
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())

    def keep(self, block: Block) -> None:
        """Write a script as an executable file."""
        (self.folder / block.script).write_text(block.text)
        (self.folder / block.script).chmod(0o755)


@pytest.fixture
def shell(client: Client, kubernetes: Cluster, tmp_path: Path) -> Shell:
    """Return a shell in a folder with the manifests that the article applies."""
    for environment, image in (("staging", "myorg/myapp:v1.2.3"), ("production", "myorg/myapp:v1.2.0")):
        folder = tmp_path / "work" / "k8s" / environment
        folder.mkdir(parents=True)
        (folder / "myapp.yaml").write_text(json.dumps(work("Deployment", "myapp", image)))
    config = kubernetes.kubeconfig(tmp_path)
    return Shell(client, tmp_path / "work", KUBECONFIG=str(config))


@pytest.fixture(params=["our list", "the article"])
def blocks(request: pytest.FixtureRequest) -> Sequence[Block]:
    """Return the commands twice: from the list in this file, and out of the article."""
    if request.param == "our list":
        return OURS
    found: Sequence[Block] = request.getfixturevalue("article")
    return found


def test_our_list_has_every_command_of_the_article(article: list[Block]) -> None:
    said = [block.lines for block in article]
    assert [lines for lines, block in zip(said, article, strict=True) if not block.script] == [
        block.lines for block in OURS if not block.script
    ]
    scripts = {block.script: block.lines for block in article if block.script}
    assert scripts == {block.script: block.lines for block in OURS if block.script}


def test_every_line_of_the_article_runs_as_it_stands(blocks: Sequence[Block], shell: Shell, client: Client) -> None:
    answers: dict[str, Answer] = {}
    for block in blocks:
        if block.script:
            shell.keep(block)
            continue
        # What a step of a workflow sets, the lines behind it may use.
        texts = [block.text] if "IMAGE=" in block.text else [line for line in block.lines if line not in LEFT_OUT]
        for text in texts:
            answers[text] = shell.run(text)
            assert answers[text].code == CODES.get(text, 0), (text, answers[text])
    _the_record(client)
    _the_answers(answers)


def _the_record(client: Client) -> None:
    """See what the commands left behind."""
    assert client.scout("environment").lines == ["production", "staging"]
    running = {
        environment: [line.partition("@")[0] for line in client.scout("environment", environment).lines]
        for environment in ("production", "staging")
    }
    others = ["myorg/api:v3.4.2", "myorg/frontend:v2.1.0", "myorg/worker:v1.8.0"]
    assert sorted(running["staging"]) == sorted(["myorg/myapp:v1.2.3", *others])
    assert sorted(running["production"]) == sorted(["myorg/myapp:v1.2.0", *others])
    history = client.scout("environment", "history", "production", "myorg/myapp").out
    assert [word in history for word in ("v1.2.0", SHA)] == [True, True]


def _the_answers(answers: dict[str, Answer]) -> None:
    """See what the questions were answered."""
    production = answers["docker scout cves --env production myorg/myapp"].out
    staging = answers["docker scout cves --env staging myorg/myapp"].out
    assert "✗ CRITICAL CVE-2023-38545" in production
    assert "CVE-2023-38545" not in staging
    compared = answers["docker scout compare --to-env production --env staging myorg/myapp"].out
    assert compared.index("myorg/myapp:v1.2.3") < compared.index("myorg/myapp:v1.2.0")
    assert "CVE-2023-38545" in compared
    scanned = next(answer for line, answer in answers.items() if "||" in line and "--env production" in line)
    assert scanned.lines[-1] == "Vulnerabilities found in production"
    judged = answers["docker scout policy myorg/myapp:$TAG --env production --exit-code"]
    assert "myorg/myapp:v1.2.3" in judged.out


def test_images_of_a_compose_file(blocks: Sequence[Block], shell: Shell, client: Client) -> None:
    for block in blocks:
        if block.script:
            shell.keep(block)
    (shell.folder / "docker-compose.yml").write_text(
        "services:\n"
        "  web:\n    image: \"nginx:1.25\"\n"
        "  db:\n    image: 'postgres:16'   # a comment\n"
        "  api:\n    image: myorg/api:v3.4.2\n"
    )  # fmt: skip
    done = shell.run("./update-scout-env.sh qa docker-compose.yml")
    assert done.code == 0, done
    recorded = [line.partition("@")[0] for line in client.scout("environment", "qa").lines]
    assert sorted(recorded) == ["myorg/api:v3.4.2", "nginx:1.25", "postgres:16"]


def test_a_variable_that_nobody_set_is_refused_and_the_rest_goes_on(
    blocks: Sequence[Block], shell: Shell, client: Client
) -> None:
    for block in blocks:
        if block.script:
            shell.keep(block)
    (shell.folder / "compose.yml").write_text(
        "services:\n  a:\n    image: myorg/api:${API_TAG}\n  b:\n    image: ${IMAGE:-x}\n  c:\n    image: postgres:16\n"
    )
    done = shell.run("./update-scout-env.sh qa compose.yml")
    assert done.code == 0, done
    assert done.err.count("ERROR ") == 2
    assert "${API_TAG}" in done.err
    assert [line.partition("@")[0] for line in client.scout("environment", "qa").lines] == ["postgres:16"]


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_the_scheduled_scan_and_its_exit_codes(
    blocks: Sequence[Block], shell: Shell, client: Client, tmp_path: Path, environment: str
) -> None:
    (text,) = (block.text for block in blocks if "||" in block.text and f"--env {environment}" in block.text)
    bare = text.partition("||")[0]
    nothing = shell.run(bare)
    assert (nothing.code, nothing.out) == (1, "")
    assert "ERROR " in nothing.err
    client.scout("environment", environment, "myorg/myapp:v1.2.0")
    found = shell.run(bare)
    assert found.code == 2
    assert shell.run(text).lines[-1] == f"Vulnerabilities found in {environment}"
    holes = (advisory("CVE-1", "Debian:sid", "bash", "9", LOW), advisory("CVE-2", "Debian:sid", "dash", "9", HIGH))
    client.scout("db", "update", "--from", feed(tmp_path / "sid", *holes))
    low = layout(tmp_path / "low", debian(Deb("bash", "5.2.15-2+b2", "bash (5.2.15-2)")))
    client.scout("environment", environment, f"oci-dir://{low}", "--org", "myorg", "--service", "myorg/myapp")
    assert names(client.scout("cves", "--env", environment, "myorg/myapp", "--format", "json").json) == {"CVE-1"}
    passed = shell.run(bare)
    assert passed.code == 0, passed
    assert "Vulnerabilities found" not in shell.run(text).out
    if not Desk.remote:  # A server still holds the pages of the file that was there.
        client.desk.store.write_bytes(b"broken " * 1000)
        assert shell.run(bare).code == 1


def test_names_that_the_article_could_have_used(client: Client, registry: Registry) -> None:
    repository = f"{registry.host}/myorg/myapp"
    client.scout("environment", "staging", f"{repository}:v1.2.0")
    (line,) = client.scout("environment", "staging").lines
    digest = line.partition("@")[2]
    forms = (f"{repository}@{digest}", f"{repository}:v1.2.0@{digest}", f"{repository}:latest", repository)
    for form in forms:
        client.scout("environment", "staging", form)
        (line,) = client.scout("environment", "staging").lines
        assert line.startswith(form.partition("@")[0]), form
        if "@" in form:
            assert line.endswith(digest)
    client.scout("environment", "staging", "myorg/myapp")
    assert client.scout("environment", "staging").out.startswith("myorg/myapp:latest@sha256:")


def test_enrolling_and_configuring(client: Client) -> None:
    for name in ("myorg", "myorg/myapp", "myorg", "myorg/myapp"):
        client.scout("enroll", name)
    client.scout("config", "organization", "myorg")
    assert client.scout("config", "organization").lines == ["myorg"]
    client.scout("environment", "staging", "nginx:1.25")
    events = client.scout("environment", "history", "staging", "--format", "json").json["events"]
    assert [each["organization"] for each in events] == ["myorg"]


def test_flags_stand_where_they_like(client: Client) -> None:
    client.scout("environment", "staging", "myorg/myapp:v1.2.3")
    client.scout("environment", "production", "myorg/myapp:v1.2.0")
    orders: tuple[tuple[str, ...], ...] = (
        ("--to-env", "production", "--env", "staging", "myorg/myapp"),
        ("--env", "staging", "--to-env", "production", "myorg/myapp"),
        ("myorg/myapp", "--env=staging", "--to-env=production"),
    )
    told = [_told(client.scout("compare", *words, "--format", "json").json) for words in orders]
    assert told[0] == told[1] == told[2]
    back = _told(
        client.scout("diff", "--to-env", "staging", "--env", "production", "myorg/myapp", "--format", "json").json
    )
    assert back != told[0]
    for words in (
        ("--env", "production", "--exit-code", "myorg/myapp:v1.2.3"),
        ("myorg/myapp:v1.2.3", "--exit-code", "--to-env", "production"),
        ("-e", "myorg/myapp", "--env", "production"),
    ):
        assert client.docker("scout", "policy", *words).code == 2, words
    one = ("policy", "myorg/myapp:v1.2.3", "--env", "production", "--exit-code", "--only-policy")
    assert client.docker("scout", *one, "default-non-root-user").code == 0
    assert client.docker("scout", *one, "fixable-vulnerabilities").code == 2


def _told(document: Any) -> Any:
    """Return a comparison without the moment it was made at."""
    return {name: value for name, value in document.items() if name != "as_of"}

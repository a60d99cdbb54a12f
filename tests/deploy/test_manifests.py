"""What runs in a cluster may do no more than it has to, is told only what it knows, and finds what it asks."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from envscout.cli.program import program
from envscout.config import SETTINGS
from tests.deploy.chart import EVERYTHING, MANIFESTS, Object, containers, documents, manifest, of_kind, pods, template
from tests.servers.fetched import helm
from tests.servers.program import need, run

__all__ = ["helm"]

OTHERS = {"PGPASSWORD", "PGSSLROOTCERT", "DOCKER_CONFIG", "OTEL_SERVICE_NAME", "HTTPS_PROXY"}
"""Variables of libraries, that are no settings."""

SECRET = ("store", "token", "oidc_client_secret")


@pytest.fixture(params=["manifests", "everything"])
def objects(request: pytest.FixtureRequest) -> list[Object]:
    """Return what is installed: the plain manifests, or the chart with every value set."""
    if request.param == "manifests":
        return [each for name in ("namespace", "envscout", "watcher", "autoscaling") for each in manifest(name)]
    return documents(template(request.getfixturevalue("helm"), EVERYTHING))


def test_pods_are_restricted(objects: list[Object]) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted."""
    assert pods(objects).keys() == {"server", "worker", "watcher"}
    for pod in pods(objects).values():
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] == context["runAsGroup"] == context["fsGroup"] == 10_001
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & pod.keys()
        for volume in pod["volumes"]:
            assert volume.keys() - {"name"} <= {"emptyDir", "secret", "configMap"}
    for _, container in containers(objects):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_the_user_and_the_folders_are_those_of_the_image(objects: list[Object]) -> None:
    text = (MANIFESTS.parent / "Containerfile").read_text(encoding="utf-8")
    assert "USER 10001\n" in text
    for _, container in containers(objects):
        mounts = {each["mountPath"] for each in container["volumeMounts"] if not each.get("readOnly")}
        assert mounts == {"/tmp", *re.findall(r"^VOLUME (.*)$", text, re.M)}
    (port,) = re.findall(r"^EXPOSE (\d+)$", text, re.M)
    server = dict(containers(objects))["server"]
    assert [str(each["containerPort"]) for each in server["ports"]] == [port]
    assert int(port) == SETTINGS["listen_port"].default


def test_mounts_are_of_volumes(objects: list[Object]) -> None:
    for pod in pods(objects).values():
        (container,) = pod["containers"]
        assert {each["name"] for each in container["volumeMounts"]} == {each["name"] for each in pod["volumes"]}


def test_every_container_is_bounded(objects: list[Object]) -> None:
    for _, container in containers(objects):
        assert container["resources"]["requests"].keys() >= {"cpu", "memory"}
        assert container["resources"]["limits"].keys() == {"memory", "ephemeral-storage"}


def test_who_answers_is_asked_how_it_is(objects: list[Object]) -> None:
    told = dict(containers(objects))
    probes = {each: told["server"][f"{each}Probe"]["httpGet"] for each in ("startup", "liveness", "readiness")}
    assert {name: (each["path"], each["port"]) for name, each in probes.items()} == {
        "startup": ("/healthz", "http"),
        "liveness": ("/healthz", "http"),
        "readiness": ("/readyz", "http"),
    }
    # Nothing of a worker or a watcher listens: what has ended is begun again, and a rollout waits for what lasts.
    for component in ("worker", "watcher"):
        assert not [name for name in told[component] if name.endswith("Probe")]
        assert of_kind(objects, "Deployment")[f"envscout-{component}"]["spec"]["minReadySeconds"] == 10


def test_what_is_stopped_has_time_to_end(objects: list[Object]) -> None:
    """The server ends requests within 30 seconds, and then tasks."""
    for pod in pods(objects).values():
        assert pod["terminationGracePeriodSeconds"] >= 60


def test_variables_are_settings(objects: list[Object]) -> None:
    known = {f"ENVSCOUT_{name.upper()}" for name in SETTINGS}
    settings = of_kind(objects, "ConfigMap")["envscout"]["data"]
    assert settings.keys() <= known
    secret = {f"ENVSCOUT_{name.upper()}" for name in SECRET} | {"PGPASSWORD"}
    for _, container in containers(objects):
        names = [each["name"] for each in container["env"]]
        assert len(names) == len(set(names))
        assert set(names) <= known | OTHERS
        for each in container["env"]:
            assert (each["name"] in secret) == ("secretKeyRef" in each.get("valueFrom", {}))


def test_commands_are_understood(objects: list[Object]) -> None:
    for _, container in containers(objects):
        command: Any = program
        words = container["args"]
        while hasattr(command, "resolve_command") and words and not words[0].startswith("-"):
            _, command, words = command.resolve_command(command.context_class(command), words)
        command.make_context("envscout", list(words))


def test_only_the_watcher_speaks_to_the_api_server(objects: list[Object]) -> None:
    for each in of_kind(objects, "ServiceAccount").values():
        assert each["automountServiceAccountToken"] is False
    spoken = {name: pod["automountServiceAccountToken"] for name, pod in pods(objects).items()}
    assert spoken == {"server": False, "worker": False, "watcher": True}
    accounts = {pod["serviceAccountName"] for pod in pods(objects).values()}
    assert accounts == of_kind(objects, "ServiceAccount").keys()


def test_the_watcher_may_list_and_watch_and_no_more(objects: list[Object]) -> None:
    assert not of_kind(objects, "Role")
    ((name, role),) = of_kind(objects, "ClusterRole").items()
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["pods", "namespaces", "nodes"], "verbs": ["list", "watch"]}
    ]
    ((_, bound),) = of_kind(objects, "ClusterRoleBinding").items()
    assert bound["roleRef"]["name"] == name
    account = pods(objects)["watcher"]["serviceAccountName"]
    assert bound["subjects"] == [{"kind": "ServiceAccount", "name": account, "namespace": "envscout"}]


def test_there_is_one_watcher(objects: list[Object]) -> None:
    spec = of_kind(objects, "Deployment")["envscout-watcher"]["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_what_chooses_pods_chooses_those_of_one_component(objects: list[Object]) -> None:
    labels = {
        component: of_kind(objects, "Deployment")[f"envscout-{component}"]["spec"]["template"]["metadata"]["labels"]
        for component in pods(objects)
    }

    def chosen(selector: dict[str, str]) -> list[str]:
        return [name for name, each in labels.items() if selector.items() <= each.items()]

    for component in labels:
        spec = of_kind(objects, "Deployment")[f"envscout-{component}"]["spec"]
        assert chosen(spec["selector"]["matchLabels"]) == [component]
        # What a new version changes is no part of what is chosen by.
        assert "app.kubernetes.io/version" not in spec["selector"]["matchLabels"]
        policy = of_kind(objects, "NetworkPolicy")[f"envscout-{component}"]["spec"]
        assert chosen(policy["podSelector"]["matchLabels"]) == [component]
    assert chosen(of_kind(objects, "Service")["envscout"]["spec"]["selector"]) == ["server"]
    for component in ("server", "worker"):
        budget = of_kind(objects, "PodDisruptionBudget")[f"envscout-{component}"]["spec"]
        assert chosen(budget["selector"]["matchLabels"]) == [component]
        scaled = of_kind(objects, "HorizontalPodAutoscaler")[f"envscout-{component}"]["spec"]["scaleTargetRef"]
        assert scaled == {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"envscout-{component}"}
    for monitor in of_kind(objects, "ServiceMonitor").values():
        of_service = of_kind(objects, "Service")["envscout"]["metadata"]["labels"]
        assert monitor["spec"]["selector"]["matchLabels"].items() <= of_service.items()


def test_the_way_to_the_server_is_whole(objects: list[Object]) -> None:
    """Watcher, Service, port of the pod, and the policies on both sides of it."""
    told = dict(containers(objects))
    (service,) = of_kind(objects, "Service").values()
    (port,) = service["spec"]["ports"]
    ports = {each["name"]: each["containerPort"] for each in told["server"]["ports"]}
    assert port["targetPort"] in ports
    (address,) = (each["value"] for each in told["watcher"]["env"] if each["name"] == "ENVSCOUT_SERVER")
    found = re.fullmatch(r"https?://([a-z-]+)(?:\.envscout\.svc)?:(\d+)", address)
    assert found
    assert (found[1], int(found[2])) == (service["metadata"]["name"], port["port"])
    for each in of_kind(objects, "Ingress").values():
        backend = each["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
        assert backend == {"name": service["metadata"]["name"], "port": {"name": port["name"]}}
    policies = of_kind(objects, "NetworkPolicy")
    (rule,) = policies["envscout-server"]["spec"]["ingress"]
    assert [each["port"] for each in rule["ports"]] == list(ports.values())
    watcher = of_kind(objects, "Deployment")["envscout-watcher"]["spec"]["selector"]
    assert {"podSelector": watcher} in rule["from"]
    server = of_kind(objects, "Deployment")["envscout-server"]["spec"]["selector"]
    way = {"to": [{"podSelector": server}], "ports": [{"protocol": "TCP", "port": ports["http"]}]}
    assert way in policies["envscout-watcher"]["spec"]["egress"]


def test_nobody_is_reached_who_does_not_listen(objects: list[Object]) -> None:
    for name, policy in of_kind(objects, "NetworkPolicy").items():
        assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
        assert ("ingress" in policy["spec"]) == (name == "envscout-server")


def test_what_a_cloud_tells_its_machines_is_not_reached_by_http(objects: list[Object]) -> None:
    for name in ("envscout-server", "envscout-worker"):
        for rule in of_kind(objects, "NetworkPolicy")[name]["spec"]["egress"]:
            blocks = [each["ipBlock"] for each in rule.get("to", []) if each["ipBlock"]["cidr"] == "0.0.0.0/0"]
            assert all("169.254.0.0/16" in each["except"] for each in blocks)
            if not rule.get("to"):
                assert {each["port"] for each in rule["ports"]} <= {53, 5432, 6432, 5000}


def test_everything_is_in_one_namespace(objects: list[Object]) -> None:
    wide = {"Namespace", "ClusterRole", "ClusterRoleBinding"}
    assert {each["metadata"].get("namespace") for each in objects if each["kind"] not in wide} == {"envscout"}
    assert all("namespace" not in each["metadata"] for each in objects if each["kind"] in wide)


def test_no_secret_is_written_down(objects: list[Object]) -> None:
    assert not of_kind(objects, "Secret")
    for _, container in containers(objects):
        # Names of Secrets and keys apart, nothing that is told could be one.
        told = [each["value"] for each in container["env"] if "value" in each]
        assert not re.search(r"es_\w|password|://[^/]*@", json.dumps(told))


def test_kubectl_puts_the_manifests_together(tmp_path: Any) -> None:
    need("kubectl")
    built = documents(run("kubectl", "kustomize", MANIFESTS))
    wanted = [*manifest("namespace"), *manifest("envscout")]
    key: Callable[[Object], str] = lambda each: f"{each['kind']} {each['metadata']['name']}"  # noqa: E731
    assert sorted(map(key, built)) == sorted(map(key, wanted))
    for name in ("watcher", "autoscaling"):
        (tmp_path / f"{name}.yaml").write_bytes((MANIFESTS / f"{name}.yaml").read_bytes())
    for each in MANIFESTS.glob("*.yaml"):
        (tmp_path / each.name).write_bytes(each.read_bytes())
    file = tmp_path / "kustomization.yaml"
    text = file.read_text(encoding="utf-8").replace("  # - ", "  - ")
    file.write_text(text.replace("newName: envscout", "newName: registry.example.com/envscout"), encoding="utf-8")
    whole = documents(run("kubectl", "kustomize", tmp_path))
    assert len(whole) == len(built) + len(manifest("watcher")) + len(manifest("autoscaling"))
    assert {each["image"].partition(":")[0] for _, each in containers(whole)} == {"registry.example.com/envscout"}

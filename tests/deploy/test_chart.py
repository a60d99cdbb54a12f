"""The chart, by helm itself: what it becomes, what it refuses, and that the plain manifests are what it becomes.

`make manifests` has the manifests written anew.
"""

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

import envscout
from envscout.config import SETTINGS
from tests.deploy.chart import (
    CHART,
    EVERYTHING,
    MANIFESTS,
    ROOT,
    SCALED,
    SCHEMA,
    VALUES,
    WATCHED,
    Object,
    containers,
    documents,
    of_kind,
    pods,
    template,
)
from tests.servers.fetched import VERSIONS, Schemas, helm
from tests.servers.program import run

__all__ = ["helm"]

BY_CHART = {
    "store",
    "server",
    "server_ca",
    "server_plain",
    "token",
    "oidc_client_secret",
    "listen_port",
    "tls_cert",
    "tls_key",
}
"""Settings that follow from other values, or are secret."""

PAGE = (ROOT / "docs/howto/install.md").read_text(encoding="utf-8")
HEAD = "# Written by `make manifests` from deploy/helm/envscout.\n"
WRITTEN: dict[str, tuple[Object, tuple[str, ...]]] = {
    "envscout": ({}, ()),
    "watcher": (WATCHED, ("watcher",)),
    "autoscaling": (SCALED, ("server-autoscaler", "worker-autoscaler")),
}
"""A file of deploy/kubernetes, and how the chart becomes it: values, and templates where not all."""


def test_helm_finds_no_fault(helm: str) -> None:
    said = run(helm, "lint", "--strict", CHART)
    assert "0 chart(s) failed" in said
    assert "WARNING" not in said


@pytest.mark.parametrize("name", WRITTEN)
def test_the_plain_manifests_are_what_the_chart_becomes(helm: str, name: str) -> None:
    values, only = WRITTEN[name]
    text = template(helm, values, *only)
    file = MANIFESTS / f"{name}.yaml"
    if os.environ.get("ENVSCOUT_WRITE_MANIFESTS"):
        file.write_text(HEAD + re.sub(r"^# Source: .*\n|(?<=\n)\n+(?=---)", "", text, flags=re.M), encoding="utf-8")
    assert documents(file.read_text(encoding="utf-8")) == documents(text), "run `make manifests`"


CHOICES: dict[str, Object] = {
    "default": {},
    "everything": EVERYTHING,
    "watched": WATCHED,
    "scaled": SCALED,
    "open": {"networkPolicy": {"enabled": False}, **WATCHED},
    "watches only": {
        "server": {"enabled": False},
        "worker": {"enabled": False},
        "watcher": {**WATCHED["watcher"], "server": "https://envscout.example.com"},
    },
    "trusts a private CA": {
        "watcher": {
            **WATCHED["watcher"],
            "server": "https://envscout.example.com:8443/team",
            "serverCa": {"existingSecret": "trust"},
        },
    },
    "goes nowhere but by rules of its own": {
        "networkPolicy": {"ports": []},
        "watcher": {**WATCHED["watcher"], "ports": []},
    },
}


@pytest.fixture(scope="module")
def chosen(helm: str) -> dict[str, list[Object]]:
    """Return what the chart becomes by each of the choices."""
    return {name: documents(template(helm, values)) for name, values in CHOICES.items()}


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_it(chosen: dict[str, list[Object]], version: str) -> None:
    schemas = Schemas(version)
    for objects in chosen.values():
        for document in objects:
            # That one is of Prometheus' operator.
            if document["kind"] != "ServiceMonitor":
                schemas.check(document)


def test_the_check_itself_finds_what_is_wrong(helm: str) -> None:
    schemas = Schemas(VERSIONS[-1])
    wrong: list[Callable[[Object], Any]] = [
        lambda each: each["spec"].pop("selector"),
        lambda each: each["spec"].update(replica=2),
        lambda each: each["spec"]["template"]["spec"]["containers"][0].update(arg=[]),
        lambda each: each["spec"].update(replicas="two"),
    ]
    for spoil in wrong:
        deployment = of_kind(documents(template(helm)), "Deployment")["envscout-server"]
        schemas.check(deployment)
        spoil(deployment)
        with pytest.raises(jsonschema.ValidationError):
            schemas.check(deployment)


@pytest.mark.parametrize("choice", CHOICES)
def test_no_value_is_read_that_the_schema_does_not_know(choice: str) -> None:
    jsonschema.Draft7Validator(SCHEMA).validate(CHOICES[choice])


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"settings": {"refresh_minuts": 5}}, "refresh_minuts"),
        ({"settings": {"token": "es_x"}}, "token"),
        ({"settings": {"oidc_client_secret": "x"}}, "oidc_client_secret"),
        ({"env": [{"name": "ENVSCOUT_TOKEN", "value": "es_x"}]}, "env"),
        ({"database": {"password": "x"}}, "password"),
        ({"watcher": {"enabled": True}}, "what this cluster is called"),
        ({"server": {"enabled": False}, **WATCHED}, "there is no server here"),
        ({"watcher": {"server": "http://envscout.example.com"}}, "server"),
        ({"watcher": {"server": "https://es_x@envscout.example.com"}}, "server"),
        *(
            ({"watcher": {"server": f"https://{host}"}}, "server")
            for host in ("a:0", "a:070", "a:65536", "a:99999", "a:123456", "a:", "a:x", "[::1]:0", "::1")
        ),
        ({"watcher": {"namespaces": ["team-a"]}}, "namespaces"),
        ({"watcher": {"env": [{"name": "ENVSCOUT_SERVER_CA", "value": "/ca.crt"}]}}, "env"),
        ({"watcher": {"ports": [0]}}, "ports"),
        ({"watcher": {"serverCa": {"existingSecret": "a", "existingConfigMap": "b"}}}, "serverCa"),
        (
            {"watcher": {**WATCHED["watcher"], "serverCa": {"existingSecret": "a"}}},
            "vouches for a server that speaks TLS",
        ),
        ({"ingress": {"enabled": True}}, "host"),
        ({"worker": {"concurrency": 65}}, "concurrency"),
        ({"replicas": 2}, "replicas"),
    ],
)
def test_a_value_without_meaning_is_refused(helm: str, values: Object, why: str) -> None:
    with pytest.raises(RuntimeError, match=why):
        template(helm, values)


@pytest.mark.parametrize("host", ["a", "a:1", "a:443/b:0", "a.example:65535", "10.0.0.1:8443/", "[fd00::1]:59999"])
def test_an_address_with_a_port_that_there_is_is_taken(host: str) -> None:
    jsonschema.Draft7Validator(SCHEMA).validate({"watcher": {"server": f"https://{host}"}})


def _paths(values: Object, path: str = "") -> Iterator[str]:
    for key, value in values.items():
        whole = f"{path}.{key}" if path else key
        if isinstance(value, dict) and value and key not in ("requests", "limits"):
            yield from _paths(value, whole)
        else:
            yield whole


def _schema_paths(schema: Object, path: str = "") -> Iterator[str]:
    for key, value in schema.get("properties", {}).items():
        whole = f"{path}.{key}" if path else key
        if key not in ("global", "settings") and value.get("properties"):
            yield from _schema_paths(value, whole)
        elif key != "global":
            yield whole


def test_the_schema_knows_the_values_and_the_settings_that_there_are() -> None:
    assert set(_schema_paths(SCHEMA)) == set(_paths(VALUES))
    known = SCHEMA["properties"]["settings"]["properties"]
    assert known.keys() == SETTINGS.keys() - BY_CHART
    assert {name for name, each in known.items() if "integer" in each["type"]} == {
        name for name in known if SETTINGS[name].kind is int
    }


def test_every_value_is_documented() -> None:
    said = set(re.findall(r"`([A-Za-z.]+)`", PAGE))
    assert [path for path in _paths(VALUES) if path not in said] == []


def test_the_values_of_the_page_are_taken(helm: str) -> None:
    schemas = Schemas(VERSIONS[-1])
    examples = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.M | re.S)
    assert len(examples) == 2
    for example in examples:
        for document in documents(template(helm, yaml.safe_load(example))):
            schemas.check(document)


def test_the_chart_is_of_this_version() -> None:
    text = (CHART / "Chart.yaml").read_text(encoding="utf-8")
    assert re.findall(r"^(?:appVersion|version): (.*)$", text, re.M) == [envscout.__version__] * 2


def test_everything_is_heeded(helm: str) -> None:
    """Each value of EVERYTHING leaves its mark."""
    objects = documents(template(helm, EVERYTHING))
    image = f"registry.example.com/envscout@sha256:{'0' * 64}"
    assert {each["image"] for _, each in containers(objects)} == {image}
    deployments = of_kind(objects, "Deployment")
    # What scales by itself is not set back by each upgrade.
    assert "replicas" not in deployments["envscout-server"]["spec"]
    assert "replicas" not in deployments["envscout-worker"]["spec"]
    settings = of_kind(objects, "ConfigMap")["envscout"]["data"]
    assert settings == {
        "ENVSCOUT_PUBLIC_URL": "https://envscout.example.com",
        "ENVSCOUT_PROCESSES": "2",
        "ENVSCOUT_METRICS_OPEN": "1",
    }
    told = dict(containers(objects))
    assert told["worker"]["args"] == ["worker", "--concurrency", "8"]
    assert told["watcher"]["args"] == [
        "watch",
        "kubernetes",
        "--cluster=west",
        "--environment=production",
        "--namespace=kube-*=",
        "--namespace=team-*=staging",
        "--environment-label=example.com/environment",
        "--service-label=app.kubernetes.io/name",
        "--selector=tier in (web,api)",
        "--org=acme",
    ]
    env = {each["name"]: each.get("value") for each in told["watcher"]["env"]}
    assert env["ENVSCOUT_SERVER"] == "https://envscout.envscout.svc:443"
    assert "ENVSCOUT_SERVER_PLAIN" not in env
    assert env["HTTPS_PROXY"] == "http://proxy.example.com:3128"
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert told["server"][name]["httpGet"]["scheme"] == "HTTPS"
    for pod in pods(objects).values():
        assert pod["imagePullSecrets"] == [{"name": "pull"}]
        assert pod["nodeSelector"] == {"kubernetes.io/arch": "arm64"}
    policies = of_kind(objects, "NetworkPolicy")
    assert {"ports": [{"protocol": "TCP", "port": 5000}]} in policies["envscout-worker"]["spec"]["egress"]
    assert {"ports": [{"protocol": "TCP", "port": 5001}]} in policies["envscout-watcher"]["spec"]["egress"]
    monitor = of_kind(objects, "ServiceMonitor")["envscout"]
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"]["endpoints"][0]["tlsConfig"]["serverName"] == "envscout.envscout.svc"
    rule = of_kind(objects, "Ingress")["envscout"]["spec"]
    assert rule["rules"][0]["host"] == rule["tls"][0]["hosts"][0] == "envscout.example.com"


def test_a_cluster_that_only_watches_has_the_watcher_alone(helm: str) -> None:
    objects = documents(template(helm, CHOICES["watches only"]))
    assert [each for each, _ in containers(objects)] == ["watcher"]
    assert {each["kind"] for each in objects} == {
        "ServiceAccount",
        "ClusterRole",
        "ClusterRoleBinding",
        "Deployment",
        "NetworkPolicy",
    }


def _anywhere(objects: list[Object], component: str) -> list[list[int]]:
    """Return the ports of each rule that lets a component out, beside DNS and what is named by its pods."""
    egress = of_kind(objects, "NetworkPolicy")[f"envscout-{component}"]["spec"]["egress"]
    rules = [rule for rule in egress if not any("podSelector" in each for each in rule.get("to", ()))]
    # A rule without ports is one for all of them.
    return [[each["port"] for each in rule["ports"]] for rule in rules[1:]]


def test_the_watcher_is_let_out_to_the_ports_that_it_needs(chosen: dict[str, list[Object]]) -> None:
    found = {
        name: _anywhere(objects, "watcher")
        for name, objects in chosen.items()
        if name not in ("default", "scaled", "open")
    }
    assert found == {
        "watched": [[443, 6443]],
        "watches only": [[443, 6443]],
        "trusts a private CA": [[443, 6443, 8443]],
        "everything": [[443, 16443, 3128], [5001]],
        "goes nowhere but by rules of its own": [],
    }


def test_no_port_is_not_every_port(chosen: dict[str, list[Object]]) -> None:
    assert _anywhere(chosen["goes nowhere but by rules of its own"], "worker") == [[5432]]


@pytest.mark.parametrize(
    ("choice", "source"),
    [
        ("everything", {"configMap": {"name": "trust", "items": [{"key": "bundle.pem", "path": "ca.crt"}]}}),
        ("trusts a private CA", {"secret": {"secretName": "trust", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}),
        ("own TLS", {"secret": {"secretName": "tls", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}),
        ("watched", None),
        ("watches only", None),
    ],
)
def test_the_watcher_believes_who_vouches_for_the_server(helm: str, choice: str, source: Object | None) -> None:
    values = {**CHOICES, "own TLS": {**WATCHED, "tls": {"existingSecret": "tls"}}}[choice]
    watcher = pods(documents(template(helm, values)))["watcher"]
    (container,) = watcher["containers"]
    env = {each["name"]: each.get("value", "") for each in container["env"]}
    mounted = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    volumes = {each.pop("name"): each for each in watcher["volumes"]}
    assert volumes.get("tls") == source
    assert env.get("ENVSCOUT_SERVER_CA") == (f"{mounted['tls']}/ca.crt" if source else None)


def test_changed_settings_make_new_pods(helm: str) -> None:
    before, after = (
        of_kind(documents(template(helm, {"settings": {"refresh_minutes": each}})), "Deployment") for each in (5, 6)
    )
    for name in ("envscout-server", "envscout-worker"):
        marks = [each[name]["spec"]["template"]["metadata"]["annotations"] for each in (before, after)]
        assert marks[0] != marks[1]


def test_two_releases_do_not_meet(helm: str) -> None:
    first, second = (
        {(each["kind"], each["metadata"]["name"]) for each in documents(template(helm, EVERYTHING, release=name))}
        for name in ("envscout", "second")
    )
    assert first & second == set()

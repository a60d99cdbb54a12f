"""The gate at the door of a cluster: AdmissionReviews as API servers send them, and awkward ones, are answered."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from envscout.access.principal import Principal
from envscout.access.roles import Role
from envscout.environments.origin import Origin
from envscout.errors import NotAllowed, UsageError
from envscout.model import Event, Hung, Image, Inventory, Looked
from envscout.operations.performing import perform
from envscout.server.auth import Door
from envscout.store import Database, images, news, now, repositories
from envscout.store.deployments import Scope
from envscout.verbs import admit, become, govern, tokens
from envscout.verbs import ask as views
from tests.server.conftest import Server, serving

API = "/api/v1/admission"
UNKNOWN = f"sha256:{'7' * 64}"

# From https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/, with an object.
DOCUMENTED = """{
  "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
  "request": {
    "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
    "kind": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
    "resource": {"group": "apps", "version": "v1", "resource": "deployments"},
    "subResource": "scale",
    "requestKind": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
    "requestResource": {"group": "apps", "version": "v1", "resource": "deployments"},
    "requestSubResource": "scale",
    "name": "my-deployment", "namespace": "my-namespace", "operation": "UPDATE",
    "userInfo": {"username": "admin", "uid": "014fbff9a07c", "groups": ["system:authenticated", "my-admin-group"],
                 "extra": {"some-key": ["some-value1", "some-value2"]}},
    "object": {"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": {"replicas": 3}},
    "oldObject": {"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": {"replicas": 2}},
    "options": {"apiVersion": "meta.k8s.io/v1", "kind": "UpdateOptions"},
    "dryRun": false
  }
}"""

Ask = Callable[..., dict[str, Any]]


def pod(*images: str) -> dict[str, Any]:
    """Return a pod that runs images."""
    containers = [{"name": f"c{number}", "image": each} for number, each in enumerate(images)]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": containers}}


def review(obj: Any, operation: str = "CREATE", namespace: str = "shop", **more: Any) -> bytes:
    """Return what an API server sends."""
    request = {"uid": "u-1", "operation": operation, "namespace": namespace, "object": obj, **more}
    whole = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    return json.dumps(whole).encode()


@pytest.fixture
def ask(demo_server: Server) -> Ask:
    """Return what asks the gate of production and tells the response, whose form is checked."""

    def ask(
        obj: Any,
        *,
        mode: str = "deny",
        failing: str = "closed",
        env: str = "production",
        wait: str = "10s",
        **more: Any,
    ) -> dict[str, Any]:
        answer = demo_server("POST", f"{API}/{env}/{mode}/{failing}?timeout={wait}", data=review(obj, **more))
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("application/json")
        whole = answer.json()
        assert (whole["apiVersion"], whole["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
        response: dict[str, Any] = whole["response"]
        assert response["uid"] == "u-1"
        assert isinstance(response["allowed"], bool)
        return response

    return ask


def _staged(server: Server) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = server("GET", "/api/v1/environments/staging/deployments").json()["items"]
    return items


def _vulnerable(server: Server) -> str:
    """Return the name of an image that runs in staging and does not meet the policies of production."""
    for each in _staged(server):
        path = f"/api/v1/images/{each['digest']}/policy?env=production"
        verdicts = server("GET", path).json()["judged"]["verdicts"]
        if any(one["state"] == "fail" and one["blocks"] for one in verdicts):
            return str(each["reference"])
    raise AssertionError("the demo has such an image")


def _lenient(server: Server, organization: str) -> None:
    file = b"policies:\n  - {id: name, kind: maximum-image-age, config: {days: 36000}}\n"
    with Database(server.place) as database:
        govern.apply(database, govern.Given(file, "p.yaml", organization, "production"), Origin("cli"))


def test_what_does_not_meet_the_policies_is_kept_out(demo_server: Server, ask: Ask) -> None:
    name = _vulnerable(demo_server)
    response = ask(pod(name))
    assert response["allowed"] is False
    assert response["status"]["code"] == 403
    message = response["status"]["message"]
    assert f"{name} does not meet the policies of production" in message
    assert f"`envscout policy {name} --env production` tells more" in message
    with Database(demo_server.place) as database, database.read() as connection:
        told = [each.news for each in news.after(connection, 0) if each.news.kind == "gate-failed"]
    assert [(each.environment, each.reference) for each in told] == [("production", name)]
    # A second container, and what makes pods, are no way around.
    workload = {
        "kind": "Deployment",
        "spec": {"template": {"spec": {"initContainers": pod(name)["spec"]["containers"]}}},
    }
    assert ask(workload)["allowed"] is False
    volume = {"kind": "Pod", "spec": {"volumes": [{"name": "v", "image": {"reference": name}}]}}
    assert f"{name} does not meet the policies" in ask(volume)["status"]["message"]
    assert ask(volume, operation="UPDATE", oldObject=volume)["allowed"] is True


def test_a_warning_and_a_line_in_the_log_let_it_run(demo_server: Server, ask: Ask) -> None:
    name = _vulnerable(demo_server)
    warned = ask(pod(name), mode="warn")
    assert warned["allowed"] is True
    assert name in warned["warnings"][0]
    assert all(len(each) <= 240 for each in warned["warnings"])
    audited = ask(pod(name), mode="audit")
    assert audited["allowed"] is True
    assert "warnings" not in audited
    assert audited["auditAnnotations"] == {"verdict": f"{name}=refused"}


def test_what_meets_them_may_run(demo_server: Server, ask: Ask) -> None:
    name = _vulnerable(demo_server)
    (organization,) = {each["organization"] for each in _staged(demo_server) if each["reference"] == name}
    assert ask(pod(name))["allowed"] is False
    # What was decided is kept only for as long as it is true.
    _lenient(demo_server, organization)
    assert ask(pod(name)) == {"uid": "u-1", "allowed": True, "auditAnnotations": {"verdict": f"{name}=allowed"}}


def test_what_cannot_be_decided_in_time_is_unknown_until_it_is(demo_server: Server, ask: Ask) -> None:
    name = _vulnerable(demo_server)
    first = ask(pod(name), wait="0s")
    assert first["allowed"] is False
    assert "it is still being judged: ask again" in first["status"]["message"]
    end = time.monotonic() + 20
    while "still being judged" in (message := ask(pod(name), wait="0s")["status"]["message"]):
        assert time.monotonic() < end
    assert "does not meet the policies" in message


def test_what_runs_already_is_never_kept_out(demo_server: Server, ask: Ask) -> None:
    running = demo_server("GET", "/api/v1/environments/production/deployments").json()["items"]
    # That somebody says it runs is no way around the gate.
    assert not any("=runs" in str(ask(pod(each["reference"]))) for each in running)
    _look(demo_server)
    for each in running:
        for name in (each["reference"], f"{each['reference'].partition('@')[0]}@{each['digest']}"):
            response = ask(pod(name))
            assert response["allowed"] is True, name
            assert response["auditAnnotations"]["verdict"].endswith("=runs")


def _look(server: Server) -> None:
    """Have a watcher see in production what is on record there."""
    with Database(server.place) as database:
        running = [each.deployment for each in views.running(database, Scope("", "production"))]
        said = Event(running[0].organization, "production", "", "", 0, actor="kubernetes:c", source="kubernetes")
        events = tuple(
            msgspec.structs.replace(said, service=each.service, digest=each.digest, reference=each.reference)
            for each in running
        )
        become.observe(database, become.Goal(said, events), unindexed=True)


def test_no_pipeline_can_say_that_something_was_seen(demo_server: Server, ask: Ask) -> None:
    name = _vulnerable(demo_server)
    _look(demo_server)
    (found,) = [each for each in _staged(demo_server) if each["reference"] == name]
    body = {
        "organization": found["organization"], "environment": "production", "service": found["service"],
        "digest": found["digest"], "reference": name, "at": found["since"] - 86_400_000_000,
    }  # fmt: skip
    assert demo_server("POST", "/api/v1/deployments", json=body).status_code == 200
    assert ask(pod(name))["allowed"] is False


@pytest.mark.parametrize(
    ("role", "name", "source", "refused"),
    [
        ("recorder", "become.observe", "kubernetes", NotAllowed),
        ("recorder", "become.become", "kubernetes", UsageError),
        ("recorder", "become.become", "docker", UsageError),
        ("operator", "become.observe", "a pipeline", UsageError),
    ],
)
def test_nobody_poses_as_a_watcher(
    demo_server: Server, ask: Ask, role: Role, name: str, source: str, refused: type[Exception]
) -> None:
    image = _vulnerable(demo_server)
    (found,) = [each for each in _staged(demo_server) if each["reference"] == image]
    who = Principal(f"token:{role}", role, found["organization"])
    said = Event(found["organization"], "production", "", "", 0, actor="kubernetes:c", source=source)
    seen = msgspec.structs.replace(said, service=found["service"], digest=found["digest"], reference=image)
    with Database(demo_server.place) as database, pytest.raises(refused):
        perform(database, who, name, {"goal": become.Goal(said, (seen,), whole=False), "unindexed": True})
    assert ask(pod(image))["allowed"] is False


EVIL, INDEX, AMD, ARM = (f"sha256:{digit * 64}" for digit in "1234")


def _watched(server: Server, reference: str, digest: str, platform: str = "") -> None:
    with Database(server.place, "shop") as database:
        said = Event("shop", "production", "", "", 0, actor="kubernetes:c", source="kubernetes")
        seen = msgspec.structs.replace(said, service="acme/web", digest=digest, platform=platform, reference=reference)
        become.observe(database, become.Goal(said, (seen,), whole=False), unindexed=True)


def _answers(server: Server, *names: str) -> list[bool]:
    """Return which of some names run, as the gate of production sees it."""
    with Database(server.place, "shop") as database:
        found = admit.candidates(database, Scope("shop", "production"), names).found
    return [each.runs for each in found]


def test_what_a_recorder_says_of_indexes_and_tags_opens_no_gate(demo_server: Server) -> None:
    recorder = Principal("token:1", "recorder", "shop")

    def keep(image: Image) -> Any:
        inventory = Inventory(tools=("somebody",))
        with Database(demo_server.place) as database:
            return perform(database, recorder, "index.keep", {"looked": Looked(image, inventory)})

    _watched(demo_server, "acme/web:1", INDEX, "linux/amd64")
    names = ("acme/web:1", f"acme/web@{INDEX}", f"acme/web@{AMD}", f"acme/evil@{EVIL}", "acme/evil:1")
    assert _answers(demo_server, *names) == [True, True, False, False, False]
    # It says that the index which runs led to another image, and that a further index led to one that runs.
    keep(Image(EVIL, "linux/amd64", index_digest=INDEX))
    kept = keep(Image(INDEX, "linux/amd64", index_digest=AMD))
    _watched(demo_server, "acme/web:1", INDEX, "linux/amd64")
    with Database(demo_server.place) as database:
        asked = {"image_id": kept.image_id, "hung": Hung(), "repository": "docker.io/acme/evil", "tag": "1"}
        perform(database, recorder, "index.renew", asked)
    assert _answers(demo_server, *names) == [True, True, False, False, False]


def test_a_tag_runs_on_any_platform_until_it_is_moved(demo_server: Server) -> None:
    _watched(demo_server, "acme/web:1", INDEX, "linux/arm64")
    assert _answers(demo_server, "acme/web:1", "acme/web:2") == [True, False]
    with Database(demo_server.place, "shop") as database, database.write() as connection:
        for number, (digest, platform, index) in enumerate(
            ((AMD, "linux/amd64", INDEX), (ARM, "linux/arm64", INDEX), (EVIL, "linux/arm64", ""))
        ):
            image = images.put(connection, Image(digest, platform, index_digest=index), Inventory(), now())[0]
            repositories.see(connection, "docker.io/acme/web", "1" if number < 2 else "other", image, number + 1)
    assert _answers(demo_server, "acme/web:1") == [True]
    with Database(demo_server.place, "shop") as database, database.write() as connection:
        for digest, platform in ((EVIL, "linux/arm64"), (UNKNOWN, "linux/amd64")):
            image = images.put(connection, Image(digest, platform), Inventory(), now())[0]
            repositories.see(connection, "docker.io/acme/web", "1", image, 9)
    assert _answers(demo_server, "acme/web:1", f"acme/web:1@{INDEX}") == [False, True]
    with Database(demo_server.place, "shop") as database, database.write() as connection:
        # The index that was seen led to that image, too: only another part of it was built anew.
        images.lead(connection, image, INDEX)
    assert _answers(demo_server, "acme/web:1") == [True]


def test_who_watches_is_believed(demo_server: Server, ask: Ask) -> None:
    image = _vulnerable(demo_server)
    (found,) = [each for each in _staged(demo_server) if each["reference"] == image]
    said = Event(found["organization"], "production", "", "", 0, actor="kubernetes:c", source="kubernetes")
    seen = msgspec.structs.replace(said, service=found["service"], digest=found["digest"], reference=image)
    goal = become.Goal(said, (seen,), whole=False)
    with Database(demo_server.place) as database:
        perform(database, Principal("token:7", "watcher", found["organization"]), "become.observe", {"goal": goal})
    assert ask(pod(image))["allowed"] is True


def test_an_update_is_judged_by_what_it_brings(demo_server: Server, ask: Ask) -> None:
    name = _vulnerable(demo_server)
    assert ask(pod(name, "nobody/knows:1"), operation="UPDATE", oldObject=pod("nobody/knows:1"))["allowed"] is False
    same = ask(pod(name), operation="UPDATE", oldObject=pod(name))
    assert same == {"uid": "u-1", "allowed": True}
    assert ask(pod(name), operation="DELETE")["allowed"] is True
    assert ask(None, operation="DELETE", oldObject=pod(name))["allowed"] is True


@pytest.mark.parametrize("name", ["nobody/knows:1", f"nobody/knows@{UNKNOWN}", "not an image", "", "${IMAGE}"])
def test_what_nobody_knows_opens_the_gate_or_keeps_it_shut(ask: Ask, name: str) -> None:
    shut = ask(pod(name))
    assert shut["allowed"] is False
    assert "it is unknown whether it may run in production" in shut["status"]["message"]
    opened = ask(pod(name), failing="open")
    assert opened["allowed"] is True
    assert "it is unknown" in opened["warnings"][0]
    assert ask(pod(name), mode="warn")["allowed"] is True


def test_an_image_of_which_only_the_digest_is_known_is_unknown(demo_server: Server, ask: Ask) -> None:
    with Database(demo_server.place) as database, database.write() as connection:
        images.put_unindexed(connection, Image(digest=UNKNOWN))
    response = ask(pod(f"shop/new@{UNKNOWN}"))
    assert "nobody looked into it yet" in response["status"]["message"]


def test_an_environment_that_nobody_knows_is_unknown(ask: Ask) -> None:
    assert ask(pod("a:1"), env="nowhere")["allowed"] is False
    assert "nobody knows environment nowhere" in ask(pod("a:1"), env="nowhere")["status"]["message"]
    assert ask(pod("a:1"), env="nowhere", failing="open")["allowed"] is True


def test_namespaces_of_the_cluster_itself_are_exempt(demo_server: Server, ask: Ask) -> None:
    name = _vulnerable(demo_server)
    assert ask(pod(name), namespace="kube-system") == {"uid": "u-1", "allowed": True}


def test_the_review_of_the_documentation_is_answered(demo_server: Server) -> None:
    answer = demo_server("POST", f"{API}/production/deny/closed", data=DOCUMENTED)
    assert answer.json() == {
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "response": {"uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "allowed": True},
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"{}", b'{"apiVersion": "v1", "request": {}}', b'{"apiVersion": 1, "request": {"uid": ""}}',
        b'{"apiVersion": "v1", "request": {"uid": "u", "object": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
        b"\xff\x00",
    ],
)  # fmt: skip
def test_what_is_no_review_is_refused(demo_server: Server, body: bytes) -> None:
    answer = demo_server("POST", f"{API}/production/deny/closed", data=body)
    assert answer.status_code == 400
    assert "AdmissionReview" in answer.json()["title"]


def test_a_cluster_may_ask_as_often_as_it_starts_something(demo: Path, tmp_path: Path) -> None:
    place = tmp_path / "envscout.db"
    shutil.copy(demo, place)
    for server in serving(place, Door(requests_per_second=1)):
        path, body = f"{API}/production/deny/open", review(pod("a:1"))
        assert {server("POST", path, data=body).status_code for _ in range(50)} == {200}
        assert 429 in {server("GET", "/api/v1/environments").status_code for _ in range(50)}


def test_strange_objects_are_answered(ask: Ask) -> None:
    obj: Any
    for obj in (None, [], "text", 1, {"spec": {"containers": "x"}}, {"spec": {"containers": [1, None, "x"]}}):
        assert ask(obj)["allowed"] is True
    containers: list[Any]
    assert ask({"kind": "Prometheus", "spec": {"containers": [{"name": "a part of one"}]}})["allowed"] is True
    for containers in ([{}], [{"image": 1}], [{"image": None}], [{"image": {"a": 1}}]):
        assert ask({"spec": {"containers": containers}})["allowed"] is False
    many = ask(pod(*(f"nobody/knows-{number}:1" for number in range(1_000))), mode="warn")
    assert many["allowed"] is True
    assert len(many["warnings"]) == 21
    assert many["warnings"][-1] == "980 more images would be warned of."


@pytest.mark.parametrize("path", ["production/allow/open", "production/deny/maybe"])
def test_an_address_that_says_nothing_is_refused(demo_server: Server, path: str) -> None:
    answer = demo_server("POST", f"{API}/{path}", data=review(pod("a")))
    assert answer.status_code == 400
    assert "deny|warn|audit" in answer.json()["detail"]


def test_a_token_stands_in_the_address_where_no_header_can(
    demo_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with Database(demo_server.place) as database:
        made = tokens.create(database, "viewer", "test", "", "production")
    secret = made.secret
    assert demo_server("POST", f"{API}/production/deny/closed", data=review(pod("a"))).status_code == 401
    with caplog.at_level("DEBUG"):
        answer = demo_server("POST", f"{API}/as/{secret}/production/deny/closed", data=review(pod("a")))
        wrong = demo_server("POST", f"{API}/as/{secret}x/production/deny/closed", data=review(pod("a")))
        other = demo_server("POST", f"{API}/as/{secret}/staging/deny/closed", data=review(pod("a")))
    assert answer.json()["response"]["allowed"] is False
    assert wrong.status_code == 401
    assert other.status_code in (403, 404) or other.json()["response"]["allowed"] is False
    # The server of the tests and its client log for themselves; ours must not.
    ours = [str(each.__dict__) for each in caplog.records if each.name.startswith("envscout")]
    assert any("/production/deny/closed" in each for each in ours)
    assert not [each for each in ours if secret in each]

"""Recording over HTTP: one or many, in our form or GitHub's, done once however often it is asked for."""

import threading

import pytest

from tests.server.conftest import Server

DEPLOYMENTS = "/api/v1/deployments"
DIGEST = "sha256:" + "1" * 64


def _deploy(service: str = "web", **more: object) -> dict[str, object]:
    return {"organization": "shop", "environment": "production", "service": service, "digest": DIGEST, **more}


def _running(server: Server) -> list[str]:
    found = server("GET", "/api/v1/environments/production/deployments")
    return [each["service"] for each in found.json().get("items", ())]


def _image(digest: str = DIGEST) -> dict[str, object]:
    package = {"type": "deb", "name": "openssl", "version": "3.0.1", "purl": "pkg:deb/debian/openssl@3.0.1"}
    return {"image": {"digest": digest}, "inventory": {"packages": [package], "distribution": {"id": "debian"}}}


def test_an_inventory_and_where_it_runs(server: Server) -> None:
    assert server("POST", DEPLOYMENTS, json=_deploy()).status_code == 404
    first = server("POST", "/api/v1/inventories", json=_image())
    assert first.json() == {"digest": DIGEST, "packages": 1, "fresh": True}
    assert server("POST", "/api/v1/inventories", json=_image()).json()["fresh"] is False
    done = server("POST", DEPLOYMENTS, json=_deploy(commit="abc", run_url="https://ci.example.com/1"))
    assert done.json()["recorded"] == 1
    assert done.json()["items"][0]["event"]["commit"] == "abc"
    places = server("GET", "/api/v1/packages/openssl@3.0.1/environments").json()
    assert places["environments"] == [["shop", "production"]]


def test_of_many_each_has_its_outcome(server: Server) -> None:
    many = [_deploy("a", unindexed=True), _deploy("b", digest="sha256:2"), _deploy("c"), _deploy("a"),
            _deploy("-d"), _deploy("e", at=1 << 61), _deploy("f", action="remove")]  # fmt: skip
    done = server("POST", DEPLOYMENTS, json=many).json()
    states = [each["state"] for each in done["items"]]
    assert states == ["recorded", "refused", "recorded", "unchanged", "refused", "refused", "unchanged"]
    assert done["items"][0]["unindexed"]
    assert _running(server) == ["a", "c"]
    short = server("GET", "/api/v1/environments/production").json()
    assert short["unknown_services"] == 2
    assert short["coverage"]["state"] != "complete"


def test_thousands_at_once(server: Server) -> None:
    many = [_deploy(f"service-{number}", unindexed=True) for number in range(2_000)]
    assert server("POST", DEPLOYMENTS, json=many).json()["recorded"] == 2_000
    assert server("POST", DEPLOYMENTS, json=[_deploy()] * 5_001).status_code == 400


def test_the_same_key_is_done_once(server: Server) -> None:
    keyed = {"Idempotency-Key": "run 1"}
    first = server("POST", DEPLOYMENTS, json=_deploy(unindexed=True), headers=keyed)
    again = server("POST", DEPLOYMENTS, json=_deploy(unindexed=True), headers=keyed)
    assert first.json()["recorded"] == 1
    assert again.content == first.content
    other = server("POST", DEPLOYMENTS, json=_deploy("other", unindexed=True), headers=keyed)
    assert other.status_code == 422
    assert other.headers["Content-Type"] == "application/problem+json"
    assert len(server("GET", "/api/v1/environments/production/history").json()["items"]) == 1


def test_what_failed_may_be_asked_for_again(server: Server) -> None:
    keyed = {"Idempotency-Key": "run 1"}
    assert server("POST", DEPLOYMENTS, json=_deploy(), headers=keyed).status_code == 404
    server("POST", "/api/v1/inventories", json=_image())
    assert server("POST", DEPLOYMENTS, json=_deploy(), headers=keyed).json()["recorded"] == 1


def test_at_the_same_time_it_is_done_once_too(server: Server) -> None:
    answers: list[bytes] = []

    def ask() -> None:
        keyed = {"Idempotency-Key": "k"}
        answers.append(server("POST", DEPLOYMENTS, json=_deploy(unindexed=True), headers=keyed).content)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(set(answers)) == 1
    assert len(server("GET", "/api/v1/environments/production/history").json()["items"]) == 1


GITHUB = "/api/v1/orgs/shop/artifacts/metadata/deployment-record"


def test_records_of_github(server: Server) -> None:
    said = {
        "name": "awesome-image", "digest": DIGEST, "version": "2.1.0", "status": "deployed",
        "logical_environment": "production", "physical_environment": "pacific-east", "cluster": "moda-1",
        "deployment_name": "web", "tags": {"data-access": "sensitive"}, "runtime_risks": ["internet-exposed"],
    }  # fmt: skip
    done = server("POST", GITHUB, json=said).json()
    assert done["total_count"] == 1
    assert done["deployment_records"][0]["cluster"] == "moda-1"
    assert _running(server) == ["web@pacific-east/moda-1"]
    gone = server("POST", GITHUB, json={**said, "status": "decommissioned", "return_records": False})
    assert gone.json() == {"total_count": 1, "deployment_records": []}
    assert _running(server) == []


def test_records_of_a_cluster(server: Server) -> None:
    said = {"logical_environment": "production", "deployments": [
        {"name": "a", "digest": DIGEST, "deployment_name": "a", "status": "deployed"},
        {"name": "b", "digest": DIGEST, "deployment_name": "b"}]}  # fmt: skip
    assert server("POST", f"{GITHUB}/cluster/one", json=said).json()["total_count"] == 2
    assert _running(server) == ["a@one", "b@one"]
    said["logical_environment"] = "-"
    assert server("POST", f"{GITHUB}/cluster/one", json=said).status_code == 400


@pytest.mark.parametrize("data", [b"", b"{", b"{}", b"\0" * 100, b"<a/>"])
def test_a_document_that_is_none_is_refused(server: Server, data: bytes) -> None:
    assert 400 <= server("POST", "/api/v1/sboms", data=data).status_code < 500


def test_a_document_is_kept(server: Server) -> None:
    package = {"type": "library", "name": "lodash", "version": "4.17.20", "purl": "pkg:npm/lodash@4.17.20"}
    done = server(
        "POST", "/api/v1/sboms", json={"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [package]}
    )
    assert done.json()["packages"] == 1
    deployed = server("POST", DEPLOYMENTS, json=_deploy(digest=done.json()["digest"]))
    assert deployed.json()["recorded"] == 1

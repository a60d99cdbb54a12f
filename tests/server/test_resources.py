"""What is asked of environments, vulnerabilities and packages: the verbs' answers, page by page, named and packed."""

import pytest

from envscout.environments.fold import advance
from envscout.model import Event
from envscout.store import Database, deployments, images, now
from tests.server.conftest import Server

API = "/api/v1"


def test_environments(demo_server: Server) -> None:
    found = demo_server("GET", f"{API}/environments").json()
    assert [each["name"] for each in found["items"]] == ["production", "staging"]
    assert found["next"] is None


def test_an_environment_in_short_is_what_its_vulnerabilities_are(demo_server: Server) -> None:
    short = demo_server("GET", f"{API}/environments/production").json()
    assert short["services"] > 1
    listed = demo_server("GET", f"{API}/environments/production/vulnerabilities?limit=1000").json()
    assert listed["total"] == len(listed["items"]) == short["summary"]["total"] > 0
    critical = [each for each in listed["items"] if each["severity"] == "critical"]
    assert len(critical) == short["summary"]["critical"]
    some = demo_server("GET", f"{API}/environments/production/vulnerabilities?only_severity=critical").json()
    assert some["items"] == critical
    assert short["coverage"] == listed["coverage"]


@pytest.mark.parametrize(
    "path", ["environments", "environments/staging/deployments", "environments/staging/history",
             "environments/production/vulnerabilities", "packages/openssl/environments"],
)  # fmt: skip
def test_pages_are_parts_of_the_whole(demo_server: Server, path: str) -> None:
    whole = demo_server("GET", f"{API}/{path}?limit=1000").json()["items"]
    items, address = [], f"{API}/{path}?limit=1"
    while True:
        answer = demo_server("GET", address)
        items += answer.json()["items"]
        if "next" not in answer.links:
            break
        address = f"{API}/{path}{answer.links['next']['url']}"
    assert items == whole
    assert len(whole) > 1


def test_a_cursor_that_is_none_is_refused(demo_server: Server) -> None:
    for cursor in ("x", "!!", "gqFhAQ", "kwECAw"):
        assert demo_server("GET", f"{API}/environments?cursor={cursor}").status_code == 400


def test_where(demo_server: Server) -> None:
    found = demo_server("GET", f"{API}/environments/production/vulnerabilities").json()["items"][0]
    places = demo_server("GET", f"{API}/vulnerabilities/{found['vulnerability']}/environments").json()
    assert ["shop", "production"] in places["environments"]
    services = {each["service"] for each in places["items"] if each["environment"] == "production"}
    assert services == set(found["services"])
    package = places["items"][0]["purl"].replace("/", "%2F").replace("?", "%3F")
    assert demo_server("GET", f"{API}/packages/{package}/environments").json()["total"] > 0


def test_compare(demo_server: Server) -> None:
    found = demo_server("GET", f"{API}/compare?from_env=staging&to_env=production").json()
    back = demo_server("GET", f"{API}/compare?from_env=production&to_env=staging").json()
    assert found["introduced"] == back["fixed"]
    assert found["fixed"] == back["introduced"]
    assert found["services"]
    assert demo_server("GET", f"{API}/compare?from_env=staging&to_env=nowhere").status_code == 404


def test_an_answer_keeps_its_name_until_what_it_rests_on_changes(demo_server: Server) -> None:
    path = f"{API}/environments/production"
    first = demo_server("GET", path)
    tag = first.headers["ETag"]
    assert demo_server("GET", path, headers={"If-None-Match": tag}).status_code == 304
    assert demo_server("GET", path, headers={"If-None-Match": f'"x", W/{tag}'}).status_code == 304
    _record(demo_server, "staging", "new")
    assert demo_server("GET", path, headers={"If-None-Match": tag}).status_code == 304
    _record(demo_server, "production", "new")
    after = demo_server("GET", path, headers={"If-None-Match": tag})
    assert after.status_code == 200
    assert after.json()["services"] == first.json()["services"] + 1


def _record(server: Server, environment: str, service: str) -> None:
    with Database(server.place) as database:
        with database.read() as connection:
            running = deployments.running(connection, deployments.Scope("shop", "production"))[0]
        event = Event("shop", environment, service, "record", now(), digest=running.deployment.digest)
        with database.write() as connection:
            stored = images.find(connection, running.deployment.digest)
            assert stored
            deployments.append(connection, event, stored.image_id, advance)


def test_answers_are_packed_for_whom_that_is_right(demo_server: Server) -> None:
    path = f"{API}/environments/production/vulnerabilities"
    packed = demo_server("GET", path, headers={"Accept-Encoding": "gzip"})
    plain = demo_server("GET", path, headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.content == plain.content
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert demo_server("GET", path, headers={"If-None-Match": packed.headers["ETag"]}).status_code == 304


def test_a_moment_is_answered_for(demo_server: Server) -> None:
    assert demo_server("GET", f"{API}/environments?at=2001-01-01").json()["items"] == []
    assert demo_server("GET", f"{API}/environments?at=0s").json()["items"]
    assert demo_server("GET", f"{API}/environments?at=yesterday").status_code == 400


def test_an_image(demo_server: Server) -> None:
    running = demo_server("GET", f"{API}/environments/production/deployments").json()["items"]
    digest = running[0]["digest"]
    assert demo_server("GET", f"{API}/images/{digest}").json()["image"]["digest"] == digest
    found = demo_server("GET", f"{API}/images/{digest}/vulnerabilities?limit=1").json()
    assert found["total"] == len(demo_server("GET", f"{API}/images/{digest}/vulnerabilities").json()["items"])
    assert demo_server("GET", f"{API}/images/{digest}/sbom?format=spdx").json()["spdxVersion"] == "SPDX-2.3"
    assert demo_server("GET", f"{API}/images/{digest}/sbom").json()["bomFormat"] == "CycloneDX"
    assert demo_server("GET", f"{API}/images/sha256:0/sbom").status_code == 404


def test_an_exception_changes_the_answer(demo_server: Server) -> None:
    path = f"{API}/environments/production"
    before = demo_server("GET", path)
    listed = demo_server("GET", f"{path}/vulnerabilities").json()["items"]
    wish = {"kind": "accepted-risk", "owner": "sec", "reason": "contained", "organization": "shop"}
    made = demo_server("POST", f"{API}/exceptions", json={"names": [listed[0]["vulnerability"]], "wish": wish})
    number = made.json()["items"][0]["number"]
    after = demo_server("GET", path, headers={"If-None-Match": before.headers["ETag"]}).json()
    assert after["summary"]["total"] == before.json()["summary"]["total"] - 1
    assert [each["entry"]["number"] for each in demo_server("GET", f"{API}/exceptions").json()["items"]] == [number]
    assert demo_server("DELETE", f"{API}/exceptions/{number}").status_code == 400
    assert demo_server("DELETE", f"{API}/exceptions/{number}?reason=fixed").json()["removed_why"] == "fixed"
    assert demo_server("GET", path).json()["summary"] == before.json()["summary"]


def test_an_exception_that_is_asked_for_changes_the_answer_when_it_is_approved(demo_server: Server) -> None:
    path, asked = f"{API}/environments/staging", f"{API}/exception-proposals"
    before = demo_server("GET", path).json()["summary"]["total"]
    listed = demo_server("GET", f"{path}/vulnerabilities").json()["items"]
    wish = {"kind": "accepted-risk", "owner": "sec", "reason": "contained", "organization": "shop"}
    body = {"names": [listed[0]["vulnerability"]], "wish": wish}
    first, second = (demo_server("POST", asked, json=body).json()["number"] for _ in range(2))
    assert [each["number"] for each in demo_server("GET", asked).json()["items"]] == [first, second]
    assert demo_server("GET", path).json()["summary"]["total"] == before
    (made,) = demo_server("POST", f"{asked}/{first}/approve").json()["items"]
    assert demo_server("GET", path).json()["summary"]["total"] == before - 1
    assert demo_server("DELETE", f"{asked}/{second}?reason=no").json()["why"] == "no"
    assert demo_server("DELETE", f"{asked}/{second}?reason=no").status_code == 400
    assert demo_server("POST", f"{asked}/x/approve").status_code == 400
    assert demo_server("GET", asked).json()["items"] == []
    assert len(demo_server("GET", f"{asked}?every=true").json()["items"]) == 2
    demo_server("DELETE", f"{API}/exceptions/{made['number']}?reason=over")


def test_feeds(demo_server: Server) -> None:
    assert demo_server("GET", f"{API}/feeds").json()["items"]

"""The page of an environment says who looks at what runs there, and what is not what was recorded."""

import re

import msgspec

from envscout.model import Event
from envscout.store import Database, observed
from envscout.store.deployments import Scope
from envscout.verbs import ask, become
from tests.server.conftest import Server


def _page(server: Server) -> str:
    answer = server("GET", "/environments/production", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", answer.text))


def test_what_drifts_is_on_the_page_of_its_environment(demo_server: Server) -> None:
    assert "looked" not in _page(demo_server)
    with Database(demo_server.place) as database:
        running = [each.deployment for each in ask.running(database, Scope("", "production"))]
        said = Event(running[0].organization, "production", "", "", 0, actor="kubernetes:eu-1", source="kubernetes")
        same = tuple(
            msgspec.structs.replace(said, service=each.service, digest=each.digest, reference=each.reference)
            for each in running
        )
        become.observe(database, become.Goal(said, same), unindexed=True)
        assert "kubernetes:eu-1 looked just now: what was recorded is what runs." in _page(demo_server)
        other = (msgspec.structs.replace(same[0], digest=f"sha256:{'f' * 64}"), *same[2:])
        become.observe(database, become.Goal(said, other), unindexed=True)
        page = _page(demo_server)
        assert "2 services drifted from what was recorded" in page
        assert f"Drifted: {running[0].reference.partition('@')[0]}@{running[0].digest[:19]} was said to run" in page
        assert f"{running[1].service} does not run:" in page
        with database.write() as connection:
            seen = observed.look(connection, said.organization, "production")
            assert seen
            late = msgspec.structs.replace(seen, at=seen.at - 3_600_000_000)
            observed.put(connection, said.organization, "production", late, {})
    assert "Nobody can tell what runs: kubernetes:eu-1 looked last" in _page(demo_server)
    told = demo_server("GET", "/api/v1/environments/production/drift").json()["items"]
    assert [each["kind"] for each in told[0]["drifts"]] == ["differs", "missing"]
    assert told[0]["stale"] is True

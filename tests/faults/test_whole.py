"""The whole way, without any fault: from a pipeline and a feed to a receiver, through processes that end when told."""

import http.client
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from standardwebhooks import Webhook

from envscout.model import NEWS_KINDS
from envscout.store import Database, deployments
from tests.faults.conftest import Make
from tests.faults.feeds import record
from tests.faults.invariants import check
from tests.faults.load import Recording, document
from tests.faults.programs import Api
from tests.faults.receiver import Receiver
from tests.faults.world import World, digests

Run = Callable[..., str]
ENVIRONMENT, VULNERABILITY = "production", "CVE-2026-10001"


@pytest.fixture
def application(tmp_path: Path) -> Path:
    """Return the folder of an application that has a package, version 3, of which nothing bad is known at first."""
    package = tmp_path / "application" / "app" / "node_modules" / "lib-1" / "package.json"
    package.parent.mkdir(parents=True)
    package.write_text(json.dumps({"name": "lib-1", "version": "3.0.0"}))
    return tmp_path / "application"


def remote(world: World, token: str) -> Run:
    """Return what runs commands of somebody on another machine, who has a token."""
    env = {name: value for name, value in world.env.items() if name != "ENVSCOUT_STORE"}
    env |= {
        "ENVSCOUT_HOME": str(world.logs / "elsewhere"),
        "ENVSCOUT_TOKEN": token,
        "ENVSCOUT_SERVER": world.apis[0].address,
    }
    return lambda *words: world.ok(*words, env=env)


@pytest.mark.parametrize("engine", ["postgresql", "sqlite"])
def test_a_new_advisory_reaches_whom_it_concerns(make: Make, application: Path, engine: str) -> None:
    world = make(engine)
    token = world.ok("token", "create", "--role", "owner").splitlines()[-1]
    world.headers["Authorization"] = f"Bearer {token}"
    world.start(1, 0, None, "--no-worker")
    person = remote(world, token)
    person("environment", ENVIRONMENT, f"fs://{application}", "--service", "acme/web", "--org", "acme")
    receiver = world.receiver("siem")
    secret = person("notify", "channel", "add", "siem", receiver.address, "--org", "acme").splitlines()[-1]
    person("notify", "rule", "add", "all", "siem", "--kind", ",".join(NEWS_KINDS), "--org", "acme")
    # What is published now is about version 3 as well.
    world.feeds.publish({**world.feeds.records, 1: record(1, 5)})
    assert not receiver.accepted
    ends_in_the_middle_of_a_request(world, world.apis[0])

    world.start(1, 1)
    person = remote(world, token)
    world.until(lambda: bool(about(receiver)), "nobody is told of the advisory")
    (number,) = about(receiver)
    told = Webhook(secret).verify(receiver.accepted[number].body, receiver.headers[number])
    assert told["type"] == "appeared"
    assert (told["data"]["organization"], told["data"]["environment"]) == ("acme", ENVIRONMENT)
    assert VULNERABILITY in person("cves", "--env", ENVIRONMENT, "--org", "acme")

    world.settle()
    outbox = json.loads(person("notify", "outbox", "--org", "acme", "--format", "json"))["outbox"]
    identity = receiver.accepted[number].id
    (message,) = (each for each in outbox if each["identity"] == identity)
    person("notify", "resend", str(message["message_id"]), "--org", "acme")
    world.uncertain += 1
    world.until(lambda: receiver.ids()[identity] == 2, "nothing is sent again")
    world.settle()
    figures = requests.get(f"{world.apis[0].address}/metrics", headers=world.headers, timeout=60).text
    assert 'envscout_outbox_messages{state="sent"} 1' in figures
    assert "scout_stream_vulnerabilities{" in figures
    for each in (*world.apis, *world.workers):
        assert each.stop() == 0, each.said()
    check(world)


def about(receiver: Receiver) -> list[int]:
    """Return which of the messages that were accepted are about the advisory, by their number."""
    bodies = [json.loads(each.body) for each in receiver.accepted]
    return [number for number, each in enumerate(bodies) if each["data"]["vulnerability"] == VULNERABILITY]


def ends_in_the_middle_of_a_request(world: World, api: Api) -> None:
    """Tell a server to end while it reads a request; it answers, and ends then."""
    wanted = Recording("the-last", ENVIRONMENT, "acme/last", digests()[0])
    body = json.dumps(document(wanted)).encode()
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=60)
    connection.putrequest("POST", "/api/v1/operations/record.record")
    for name, value in {**world.headers, "Content-Type": "application/json", "Content-Length": str(len(body))}.items():
        connection.putheader(name, value)
    connection.endheaders(body[:50])
    api.signal()
    world.until(lambda: not api.is_listening(), "it takes new requests")
    assert api.runs()
    connection.send(body[50:])
    assert connection.getresponse().status == 200
    assert api.stop() == 0, api.said()
    with Database(world.place) as database, database.read() as connection_:
        scope = deployments.Scope(environment=ENVIRONMENT, service="acme/last")
        assert [each.commit for each in deployments.events(connection_, scope)] == ["the-last"]

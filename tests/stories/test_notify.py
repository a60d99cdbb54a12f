"""Story: people and programs are told what changed, by rules, and what could not be sent is seen and sent again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from envscout.store import Database, news
from envscout.verbs import deliver
from envscout.verbs.news import match
from tests.network.server import Receiver, receiving
from tests.stories.story import Desk, at_hand

LOOPBACK = {"ENVSCOUT_ALLOW_PRIVATE_ADDRESSES": "127.0.0.1"}


@pytest.fixture
def server() -> Iterator[Receiver]:
    """Return a receiver that takes everything."""
    with receiving() as made:
        yield made


@pytest.fixture
def told(desk: Desk, server: Receiver) -> Desk:
    """Return a desk with a channel to the receiver."""
    desk.env.update(LOOPBACK)
    desk.env["HOOK"] = f"{server.url}/very-secret"
    return desk


def _deliver(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> int:
    for name, value in {**LOOPBACK, "ENVSCOUT_HOME": str(desk.home)}.items():
        monkeypatch.setenv(name, value)
    with Database(desk.place) as database:
        match(database)
        return deliver.due(database).sent


def test_a_deployment_reaches_a_program_that_verifies_it(
    told: Desk, server: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    added = told.ok("notify", "channel", "add", "siem", "env:HOOK", "--org", "acme")
    secret = added.lines[-1]
    assert secret.startswith("whsec_")
    told.ok("notify", "rule", "add", "all", "siem", "--kind", "deployed", "--env", "prod*", "--org", "acme")
    assert told.ok("notify", "test", "siem", "--org", "acme").code == 0
    (tmp_path / "image").mkdir()
    for environment in ("production", "staging"):
        where = ("--service", "api", "--org", "acme")
        told.ok("environment", environment, f"fs://{tmp_path / 'image'}", *where)
    assert _deliver(told, monkeypatch) == 1
    told_of = Webhook(secret).verify(server.received[-1].body, server.received[-1].headers)
    assert told_of["type"] == "deployed"
    assert told_of["data"]["environment"] == "production"
    assert "sent" in told.ok("notify", "outbox", "--org", "acme").out
    everything = "".join(
        told.ok("notify", *words, "--org", "acme").out + told.ok("notify", *words, "--org", "acme").err
        for words in (("channel", "list"), ("rule", "list"), ("outbox",), ("export",))
    )
    assert "very-secret" not in everything
    assert secret not in everything
    assert told.ok("notify", "channel", "list").out.count("siem") == 1
    assert "siem" not in told.ok("notify", "channel", "list", "--org", "other").out


def test_addresses_on_this_machine_are_not_told_anything_unless_allowed(told: Desk, server: Receiver) -> None:
    at_hand("which addresses may be told is a setting of whoever tells")
    told.ok("notify", "channel", "add", "siem", "env:HOOK")
    told.ok("notify", "channel", "add", "push", f"gotify://127.0.0.1:{server.port}/AbCdEfGhIjKlMno")
    for name in ("siem", "push"):
        refused = told.call("notify", "test", name, ENVSCOUT_ALLOW_PRIVATE_ADDRESSES="10.0.0.0/8")
        assert (refused.code, "this machine itself" in refused.err) == (1, True)
    assert server.received == []
    for name in ("siem", "push"):
        assert told.ok("notify", "test", name).code == 0
    assert len(server.received) == 2


def test_everything_can_be_said_by_a_file(told: Desk, tmp_path: Path) -> None:
    file = tmp_path / "alerts.yaml"
    file.write_text(
        "channels:\n- {name: team, address: 'env:HOOK', kind: mattermost, terms: {quiet: '22:00-07:00'}}\n"
        "rules:\n- {name: grave, channel: team, severity: high}\n"
    )
    assert told.ok("notify", "apply", "-f", file).lines == ["added channel team", "added rule grave"]
    exported = told.ok("notify", "export").out
    file.write_text(exported)
    assert told.ok("notify", "apply", "-f", file, "--prune").lines == ["nothing to change"]
    file.write_text("channels: [")
    assert told.call("notify", "apply", "-f", file).code == 64
    file.write_text("rules: [{name: x, channel: nowhere}]")
    assert "no channel nowhere" in told.call("notify", "apply", "-f", file).refusal
    file.write_text("{}")
    told.ok("notify", "apply", "-f", file, "--prune")
    assert "No channels" in told.ok("notify", "channel", "list").out


def test_what_was_given_up_is_seen_and_sent_again(told: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from envscout.model import News
    from envscout.store import now

    answers = {"status": 400}
    with receiving(lambda handler, _request: handler.reply(answers["status"])) as server:
        told.ok("notify", "channel", "add", "siem", server.url)
        told.ok("notify", "rule", "add", "all", "siem")
        with Database(told.place) as database, database.write() as connection:
            news.append(connection, [News("feed-trouble", now())])
        assert _deliver(told, monkeypatch) == 0
        dead = told.ok("notify", "outbox", "--dead", "--format", "json").json["outbox"]
        assert [each["problem"] for each in dead] == ["the receiver answered 400"]
        answers["status"] = 200
        told.ok("notify", "resend", str(dead[0]["message_id"]))
        assert _deliver(told, monkeypatch) == 1
        assert len({each.headers["webhook-id"] for each in server.received}) == 1
        assert told.call("notify", "resend", "999").code == 1
        assert told.call("notify", "resend").code == 64


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "syslog://", "https://u:p@example.com", "http://0x7f.1/", ""]
)
def test_what_is_no_place_on_the_network_is_no_channel(told: Desk, address: str) -> None:
    refused = told.call("notify", "channel", "add", "x", address)
    assert refused.code in (1, 64)
    assert refused.refusal


def test_channels_are_paused_rotated_and_removed(told: Desk) -> None:
    first = told.ok("notify", "channel", "add", "siem", "env:HOOK").lines[-1]
    second = told.ok("notify", "channel", "rotate", "siem").lines[-1]
    assert first != second
    assert told.ok("notify", "channel", "rotate", "siem", "--finish").out == ""
    told.ok("notify", "channel", "pause", "siem")
    assert "paused" in told.ok("notify", "channel", "list").out
    told.ok("notify", "channel", "resume", "siem")
    told.ok("notify", "rule", "add", "all", "siem")
    told.ok("notify", "rule", "remove", "all")
    told.ok("notify", "channel", "remove", "siem")
    assert told.call("notify", "channel", "remove", "siem").code == 1

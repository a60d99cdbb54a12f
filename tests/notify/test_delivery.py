"""From news to what a real receiver got: once each, in spite of everything, over simulated time."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import msgspec
import pytest
from standardwebhooks import Webhook

from envscout.errors import NotFound
from envscout.notify.declared import Channel
from envscout.notify.rules import Rule
from envscout.notify.schedule import DELAYS
from envscout.notify.terms import Terms
from envscout.store import Database, Place
from envscout.verbs import channels, deliver
from envscout.verbs.news import forget, match
from tests.network.server import Handler, Received, Receiver, receiving
from tests.notify.sending import HOUR, NOON, appeared, channel, happen, listen

SECOND = 1_000_000


@pytest.fixture(autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVSCOUT_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("ENVSCOUT_ALLOW_PRIVATE_ADDRESSES", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[Receiver]:
    """Return a receiver that takes everything."""
    with receiving() as made:
        yield made


def told(server: Receiver) -> list[dict[str, object]]:
    """Return the bodies that a receiver got."""
    return [json.loads(each.body) for each in server.received]


def test_an_event_is_told_each_channel_once(database: Database, server: Receiver) -> None:
    secret = listen(database, f"{server.url}/a")
    listen(database, f"{server.url}/b", "other")
    happen(database, [appeared(1), appeared(1, "web"), appeared(2)])
    assert match(database, NOON).messages == 4
    assert match(database, NOON).messages == 0
    assert deliver.due(database).sent == 4
    assert deliver.due(database).sent == 0
    assert Counter(each.path for each in server.received) == {"/a": 2, "/b": 2}
    assert len({each.headers["webhook-id"] for each in server.received}) == 4
    ours = next(each for each in server.received if each.path == "/a")
    assert Webhook(secret).verify(ours.body, ours.headers)["type"] == "appeared"
    services = {tuple(one["service"] for one in each["data"]["news"]) for each in told(server)}  # type: ignore[index]
    assert services == {("api", "web"), ("api",)}


def test_news_join_a_message_that_was_not_sent(database: Database, server: Receiver) -> None:
    listen(database, server.url)
    happen(database, [appeared(1)])
    match(database, NOON)
    happen(database, [appeared(1, "web")])
    assert match(database, NOON).joined == 1
    deliver.due(database, NOON)
    happen(database, [appeared(1, "late")])
    match(database, NOON)
    deliver.due(database, NOON)
    assert [len(each["data"]["news"]) for each in told(server)] == [2, 1]  # type: ignore[index]


def test_no_news_join_a_message_that_a_killed_sender_may_have_sent(database: Database, server: Receiver) -> None:
    listen(database, server.url)
    happen(database, [appeared(1)])
    match(database, NOON)
    with database.write() as connection:
        connection.execute("UPDATE outbox SET lease = 'killed', leased_until = 1")
    happen(database, [appeared(1, "web")])
    assert match(database, NOON).joined == 0


def test_a_rule_hears_of_what_happens_after_it_was_added(database: Database, server: Receiver) -> None:
    happen(database, [appeared(1)])
    made = channels.add(database, "acme", Channel("hook", server.url))
    channels.add_rule(database, "acme", Rule("all", "hook"))
    assert made.channel.place == "http://127.0.0.1/…"
    assert match(database).messages == 0
    # The clock may have been set back meanwhile.
    happen(database, [appeared(2, at=NOON - 2_000 * HOUR)])
    assert match(database).messages == 1


def test_what_matches_at_the_same_time_makes_one_message(place: Callable[[str], Place], server: Receiver) -> None:
    with Database(place("store")) as database:
        listen(database, server.url)
        happen(database, [appeared(number) for number in range(100)])
    failures: list[BaseException] = []

    def run() -> None:
        try:
            with Database(place("store")) as mine:
                match(mine, NOON)
                deliver.due(mine)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []
    with Database(place("store")) as database:
        deliver.due(database)
    assert sorted(Counter(each.headers["webhook-id"] for each in server.received).values()) == [1] * 100


def test_many_messages_for_a_program_travel_together(database: Database, server: Receiver) -> None:
    secret = listen(database, f"{server.url}/program")
    listen(database, f"{server.url}/people", "people", kind="mattermost")
    happen(database, [appeared(number, severity="critical" if number == 300 else "high") for number in range(450)])
    assert match(database, NOON).messages == 900
    happen(database, [appeared(1, "late")])
    match(database, NOON)
    assert deliver.due(database).next_due == 0
    requests = [each for each in server.received if each.path == "/program"]
    assert len({each.headers["webhook-id"] for each in requests}) == 4
    sent = [Webhook(secret).verify(each.body, each.headers)["data"] for each in requests]
    assert sorted(len(each["news"]) for each in sent) == [1, 150, 150, 150]
    assert {each["more"] for each in sent} == {0}
    assert len({news["vulnerability"] for each in sent for news in each["news"]}) == 450
    assert sorted(number for each in sent for number in each["numbers"]) == list(range(1, 452))
    (grave,) = (each for each in sent if each["counts"].get("appeared critical"))
    assert grave["news"][0]["severity"] == "critical"
    told_people = [json.loads(each.body)["text"] for each in server.received if each.path == "/people"]
    assert len(told_people) == 60
    assert [each for each in told_people if each.startswith("391 messages in one for acme\n")]


def test_what_travels_together_is_sent_again_as_it_was(database: Database) -> None:
    answers = {"status": 500}
    with receiving(lambda handler, _request: handler.reply(answers["status"])) as server:
        listen(database, server.url)
        happen(database, [appeared(number) for number in range(150)])
        match(database, NOON)
        done = deliver.due(database, NOON)
        happen(database, [appeared(1, "web")])
        assert match(database, NOON).joined == 0
        answers["status"] = 200
        assert deliver.due(database, done.next_due).sent == 2
        first, again = (each for each in server.received if len(json.loads(each.body)["data"]["news"]) == 150)
        assert (first.headers["webhook-id"], first.body) == (again.headers["webhook-id"], again.body)


def test_what_stands_for_others_waits_until_all_of_them_are_there(database: Database, server: Receiver) -> None:
    listen(database, server.url, terms=Terms("daily", "09:00"))
    happen(database, [appeared(1), appeared(2)])
    match(database, NOON)
    happen(database, [appeared(3)])
    morning = NOON + 21 * HOUR
    assert deliver.due(database, morning).sent == 0
    match(database, NOON + HOUR)
    assert deliver.due(database, morning).sent == 1
    assert told(server)[0]["data"]["counts"] == {"appeared high": 3}  # type: ignore[index]
    happen(database, [appeared(4), appeared(5)])
    match(database, morning)
    happen(database, [appeared(6)])
    late = deliver.due(database, morning + 1).next_due
    assert deliver.due(database, late).sent == 0
    assert deliver.due(database, late + (deliver.PATIENCE + 1) * SECOND).sent == 1


def test_a_receiver_that_is_down_for_days_gets_everything_once(database: Database) -> None:
    with receiving() as gone:
        port = gone.port
    listen(database, f"http://127.0.0.1:{port}")
    happen(database, [appeared(number) for number in range(30)])
    match(database, NOON)
    at = NOON
    while at < NOON + 60 * HOUR:
        done = deliver.due(database, at)
        assert done.sent == done.dead == 0
        assert done.next_due > at
        at = max(done.next_due, at + HOUR)
    assert channel(database).failures > 3
    with receiving(port=port) as server:
        for _ in range(40):
            done = deliver.due(database, at)
            at = max(done.next_due, at + 1)
        assert done.next_due == 0
        assert sorted(Counter(each.headers["webhook-id"] for each in server.received).values()) == [1] * 30
    assert channel(database).failures == 0


def test_what_is_never_taken_is_given_up_and_can_be_sent_again(database: Database) -> None:
    answers = {"status": 500}
    with receiving(lambda handler, _request: handler.reply(answers["status"])) as server:
        listen(database, server.url)
        happen(database, [appeared(1)])
        match(database, NOON)
        at, dead = NOON, 0
        for _ in range(len(DELAYS) + 1):
            done = deliver.due(database, at)
            dead += done.dead
            at = done.next_due
        assert (dead, at) == (1, 0)
        (row,) = deliver.listed(database, "acme", "dead")
        assert (row.attempts, row.problem) == (len(DELAYS) + 1, "the receiver answered 500")
        answers["status"] = 200
        with pytest.raises(NotFound):
            deliver.resend(database, "other", row.message_id)
        assert deliver.resend(database, "acme") == 1
        assert deliver.due(database, NOON + 10_000 * HOUR).sent == 1
        assert len({each.headers["webhook-id"] for each in server.received}) == 1


@pytest.mark.parametrize(
    ("status", "state"), [(400, "dead"), (422, "dead"), (404, "waiting"), (429, "waiting"), (302, "waiting")]
)
def test_what_an_answer_means(database: Database, status: int, state: str) -> None:
    def answer(handler: Handler, _request: Received) -> None:
        handler.reply(status, Location="/other", Retry_After="1000")

    with receiving(answer) as server:
        listen(database, server.url)
        happen(database, [appeared(1)])
        match(database, NOON)
        done = deliver.due(database, NOON)
        assert [each.state for each in deliver.listed(database)] == [state]
        assert done.next_due == (0 if state == "dead" else NOON + 1000 * SECOND)
        assert len(server.received) == 1


def test_a_receiver_that_is_gone_is_told_nothing_more_until_it_is_resumed(database: Database) -> None:
    answers = {"status": 410}
    with receiving(lambda handler, _request: handler.reply(answers["status"])) as server:
        listen(database, server.url)
        happen(database, [appeared(number) for number in range(40)])
        match(database, NOON)
        deliver.due(database, NOON)
        asked = len(server.received)
        assert asked <= deliver.PER_CHANNEL
        assert channel(database).state == "gone"
        assert deliver.due(database, NOON + HOUR).sent == 0
        assert len(server.received) == asked
        answers["status"] = 200
        channels.resume(database, "acme", "hook")
        assert deliver.due(database, NOON + HOUR).sent == 40


def test_redirects_lead_only_where_we_may_connect(database: Database, server: Receiver) -> None:
    def answer(handler: Handler, request: Received) -> None:
        handler.reply(307, Location=server.url if request.path == "/good" else f"http://127.0.0.2:{server.port}")

    with receiving(answer) as moved:
        listen(database, f"{moved.url}/good", "good")
        listen(database, f"{moved.url}/bad", "bad")
        happen(database, [appeared(1)])
        match(database, NOON)
        done = deliver.due(database, NOON)
    assert (done.sent, done.again, len(server.received)) == (1, 1, 1)
    assert "127.0.0.2" in channel(database, "bad").problem


def test_a_huge_or_endless_answer_is_an_answer(database: Database) -> None:
    def answer(handler: Handler, _request: Received) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(10_000):
            handler.wfile.write(b"x" * 65536)

    with receiving(answer) as server:
        listen(database, server.url)
        happen(database, [appeared(1)])
        match(database, NOON)
        assert deliver.due(database, NOON).sent == 1


def test_a_slow_channel_does_not_hold_up_the_others(database: Database, server: Receiver) -> None:
    done = threading.Event()

    def wait(handler: Handler, _request: Received) -> None:
        done.wait(20)
        handler.reply()

    with receiving(wait) as slow:
        listen(database, slow.url, "a slow one")
        listen(database, server.url)
        happen(database, [appeared(number) for number in range(50)])
        match(database, NOON)
        path = database.place
        thread = threading.Thread(target=lambda: _deliver(path))
        thread.start()
        for _ in range(400):
            if len(server.received) == 50:
                break
            time.sleep(0.02)
        assert len(server.received) == 50
        assert not done.is_set()
        done.set()
        thread.join()
        assert len({each.headers["webhook-id"] for each in slow.received}) == 50


def _deliver(path: Place) -> None:
    with Database(path) as mine:
        deliver.due(mine, NOON)


def test_a_paused_channel_is_told_later_and_people_in_one_message(database: Database, server: Receiver) -> None:
    listen(database, server.url, "programs")
    listen(database, server.url, "people", kind="mattermost")
    for name in ("programs", "people"):
        assert channels.pause(database, "acme", name).state == "paused"
    happen(database, [appeared(number) for number in range(5)])
    match(database, NOON)
    assert deliver.due(database, NOON + HOUR).sent == 0
    channels.resume(database, "acme", "programs")
    assert deliver.due(database, NOON + HOUR).sent == 5
    channels.resume(database, "acme", "people")
    assert deliver.due(database).sent == 1
    assert "5 messages in one" in str(told(server)[-1]["text"])


def test_a_budget_is_kept_and_nothing_beyond_it_is_lost(database: Database, server: Receiver) -> None:
    listen(database, server.url, terms=Terms(budget=5))
    at, sent = NOON, []
    for hour in range(3):
        for part in range(10):
            at = NOON + hour * HOUR + part * HOUR // 10
            happen(database, [appeared(1000 * hour + 10 * part + number, at=at) for number in range(4)])
            match(database, at)
            sent += [at] * deliver.due(database, at).sent
    at += 2 * HOUR
    sent += [at] * deliver.due(database, at).sent
    for moment in sent:
        assert sum(moment - HOUR < other <= moment for other in sent) <= 5
    seen = Counter(news["vulnerability"] for each in told(server) for news in each["data"]["news"])  # type: ignore[index]
    assert len(seen) == 120
    assert set(seen.values()) == {1}


def test_digests_come_when_they_are_to_come(database: Database, server: Receiver) -> None:
    listen(database, server.url, terms=Terms("daily", "09:00"))
    for hour in (1, 2, 3):
        happen(database, [appeared(hour, at=NOON + hour * HOUR)])
        match(database, NOON + hour * HOUR)
        assert deliver.due(database, NOON + hour * HOUR).sent == 0
    done = deliver.due(database, NOON + 20 * HOUR)
    assert (done.sent, done.next_due) == (0, NOON + 21 * HOUR)
    assert deliver.due(database, NOON + 21 * HOUR).sent == 1
    (digest,) = told(server)
    assert digest["type"] == "summary"
    assert digest["data"]["counts"] == {"appeared high": 3}  # type: ignore[index]
    assert {each.state for each in deliver.listed(database)} == {"gathered", "sent"}


def test_nights_are_quiet_but_for_what_is_urgent(database: Database, server: Receiver) -> None:
    listen(database, server.url, terms=Terms(quiet="11:00-13:00"))
    happen(database, [appeared(1), appeared(2), appeared(3, severity="critical", kev=True)])
    match(database, NOON)
    deliver.due(database, NOON)
    assert [each["data"]["vulnerability"] for each in told(server)] == ["CVE-2026-3"]  # type: ignore[index]
    assert deliver.due(database, NOON + HOUR).sent == 1
    assert told(server)[-1]["type"] == "summary"


def test_keys_are_changed_without_missing_anything(database: Database, server: Receiver) -> None:
    first = listen(database, server.url)
    second = channels.rotate(database, "acme", "hook").secret
    for number, keys in ((1, (first, second)), (2, (second,))):
        happen(database, [appeared(number)])
        match(database, NOON)
        deliver.due(database)
        for key in keys:
            Webhook(key).verify(server.received[-1].body, server.received[-1].headers)
        assert len(server.received[-1].headers["webhook-signature"].split()) == len(keys)
        channels.rotate(database, "acme", "hook", finish=True)


def test_a_message_is_somebodys_for_as_long_as_the_lease_lasts(database: Database, server: Receiver) -> None:
    from envscout.store import outbox

    listen(database, server.url)
    happen(database, [appeared(1)])
    match(database, NOON)
    number = channel(database).channel_id
    with database.write() as connection:
        assert len(outbox.lease(connection, number, NOON, "dead process", NOON + 300 * SECOND, 10)) == 1
    assert deliver.due(database, NOON + 299 * SECOND).sent == 0
    assert deliver.due(database, NOON + 300 * SECOND).sent == 1
    with database.write() as connection:
        outbox.settle(connection, [outbox.Settled(1, "dead process", "dead", 9, 0, 0, "late")])
    assert [each.state for each in deliver.listed(database)] == ["sent"]


def test_secrets_are_shown_nowhere(database: Database, server: Receiver) -> None:
    secret = listen(database, f"{server.url}/very-secret")
    row = channel(database)
    seen = repr(row) + repr(channels.listed(database)) + msgspec.json.encode(channels.export(database, "acme")).decode()
    assert "very-secret" not in seen
    assert secret not in seen
    assert deliver.test(database, "acme", "hook").sent
    with receiving() as gone:
        pass
    listen(database, f"{gone.url}/very-secret", "gone")
    failed = deliver.test(database, "acme", "gone")
    assert not failed.sent
    assert "very-secret" not in failed.problem


def test_a_file_says_all_at_once(database: Database, server: Receiver) -> None:
    from envscout.notify import declared

    wanted = {
        "channels": [{"name": "hook", "address": server.url, "terms": {"delivery": "hourly"}}],
        "rules": [{"name": "r", "channel": "hook", "severity": "high"}],
    }
    steps = channels.apply(database, "acme", declared.read(wanted))
    assert [(each.what, each.action) for each in steps] == [("channel", "added"), ("rule", "added")]
    assert channels.apply(database, "acme", declared.read(wanted)) == []
    said = channels.export(database, "acme")
    assert channels.apply(database, "acme", said, prune=True) == []
    assert channel(database).address == server.url
    with pytest.raises(NotFound):
        channels.apply(
            database,
            "acme",
            declared.read(
                {"channels": [{"name": "x", "address": server.url}], "rules": [{"name": "y", "channel": "z"}]}
            ),
        )
    assert len(channels.listed(database)) == 1
    steps = channels.apply(database, "acme", declared.read({}), prune=True)
    assert [(each.what, each.action) for each in steps] == [("rule", "removed"), ("channel", "removed")]


def test_what_nobody_can_be_told_for_long_is_given_up_before_it_is_forgotten(database: Database) -> None:
    listen(database, "http://127.0.0.1:9999")
    channels.pause(database, "acme", "hook")
    happen(database, [appeared(1)])
    match(database, NOON)
    forget(database, NOON + 91 * 24 * HOUR)
    assert [(each.state, each.problem[:6]) for each in deliver.listed(database)] == [("dead", "nobody")]
    forget(database, NOON + 182 * 24 * HOUR)
    assert deliver.listed(database) == []


def test_a_clock_that_was_set_back_holds_nothing_up(database: Database, server: Receiver) -> None:
    from envscout.store import outbox

    listen(database, server.url)
    happen(database, [appeared(1)])
    match(database, NOON)
    number, day = channel(database).channel_id, NOON + 24 * HOUR
    with database.write() as connection:
        assert outbox.lease(connection, number, day, "early", day + 300 * SECOND, 10)
    assert deliver.due(database, NOON).sent == 1


def test_organizations_do_not_see_each_others_channels(database: Database, server: Receiver) -> None:
    from envscout.access.principal import Principal
    from envscout.errors import NotAllowed
    from envscout.operations.performing import perform

    listen(database, server.url)
    happen(database, [appeared(1)])
    match(database, NOON)
    ours, theirs = (Principal(f"token:{each}", "operator", each) for each in ("acme", "evil"))
    for name in ("channels.listed", "channels.listed_rules", "deliver.listed"):
        assert len(perform(database, ours, name, {})) == 1
        assert perform(database, theirs, name, {}) == []
        with pytest.raises(NotFound):
            perform(database, theirs, name, {"organization": "acme"})
        with pytest.raises(NotAllowed):
            perform(database, Principal("token:3", "recorder", "acme"), name, {})
    assert perform(database, theirs, "deliver.resend", {}) == 0
    for name in ("channels.remove", "channels.pause", "channels.rotate"):
        with pytest.raises(NotFound):
            perform(database, theirs, name, {"organization": "", "name": "hook"})
    with pytest.raises(NotFound):
        perform(database, theirs, "deliver.test", {"organization": "", "channel": "hook"})


def test_what_is_done_with_is_forgotten(database: Database, server: Receiver) -> None:
    listen(database, server.url)
    happen(database, [appeared(1)])
    match(database, NOON)
    deliver.due(database, NOON)
    assert forget(database, NOON + 24 * HOUR) == 0
    assert forget(database, NOON + 200 * 24 * HOUR) == 2
    assert deliver.listed(database) == []

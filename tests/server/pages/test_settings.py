"""The pages of settings, asked as a browser asks: who sees and may what, what each form does, and what is inert."""

import csv
import io
import itertools
import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
import requests

from envscout.access.roles import ROLES
from envscout.environments.origin import Origin
from envscout.model.entry import Entry
from envscout.notify.declared import Channel
from envscout.notify.rules import Rule
from envscout.server.pages import (
    audit,
    channels,
    exceptions,
    feeds,
    members,
    notifications,
    policies,
    proposals,
    rules,
    tokens,
    trust,
)
from envscout.server.pages.page import Form, Page
from envscout.store import Database, now, refresh
from envscout.verbs import audit as audits
from envscout.verbs import channels as kept
from envscout.verbs import deliver, govern
from envscout.verbs import exceptions as said
from envscout.verbs import members as people
from envscout.verbs import tokens as held
from envscout.verbs import trust as trusted
from tests.conftest import Filled
from tests.server import grid
from tests.server.conftest import Server, serving

MODULES = (policies, exceptions, proposals, notifications, channels, rules, feeds, tokens, members, trust)
PAGES: tuple[Page, ...] = (*(page for module in MODULES for page in module.PAGES), *audit.PAGES)
FORMS: tuple[Form, ...] = tuple(form for module in MODULES for form in module.FORMS)
ASKING = {
    "/policies/scope": "?organization=acme&environment=production",
    "/exceptions/remove": "?number=1",
    "/notifications/channels/rotate": "?name=channel&organization=acme",
    "/notifications/channels/remove": "?name=channel&organization=acme",
    "/notifications/rules/remove": "?name=channel&organization=acme",
    "/feeds/release": "?name=osv:npm",
    "/access/tokens/revoke": "?number=1",
    "/access/members/remove": "?subject=member&organization=acme",
    "/access/trust/remove": "?number=1",
}
WHOLE = frozenset({"/audit/verify", "/feeds/refresh", "/feeds/release"})
"""What is of the whole instance: not for the owner of one organization."""


class World(NamedTuple):
    """A server, who may ask it, and its store."""

    server: Server
    made: grid.Seeded
    place: Path

    def get(self, who: str, path: str) -> requests.Response:
        return self._ask("GET", who, path)

    def send(self, who: str, path: str, /, **fields: Any) -> requests.Response:
        return self._ask("POST", who, path, data=fields)

    def _ask(self, method: str, who: str, path: str, **how: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.made.tokens[who]}", "Accept": "text/html"}
        return self.server(method, path, headers=headers, allow_redirects=False, **how)

    def done(self, who: str, path: str, /, **fields: Any) -> str:
        """Send a form that must succeed; return the page that it leads to."""
        answer = self.send(who, path, **fields)
        assert answer.status_code == 303, words(answer)
        shown = self.get(who, answer.headers["location"])
        assert shown.status_code == 200, words(shown)
        assert 'role="status"' in shown.text
        return shown.text

    def last(self) -> Entry:
        with Database(self.place) as database:
            return audits.listed(database, before=0, most=1)[0]


def words(answer: requests.Response) -> str:
    """Return what a page says."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text)))


@pytest.fixture
def world(filled: Filled) -> Iterator[World]:
    place, made = filled("sqlite", grid.seeded)
    where = cast(Path, place)
    with Database(where) as database, database.write() as connection:
        refresh.put_quarantine(
            connection,
            refresh.Quarantine("osv:npm", "https://x.example/npm.zip", "sha256:1", "", "", 1, 5, 9, 4, "less"),
        )
    for server in serving(where):
        yield World(server, made, where)


@pytest.fixture
def database(world: World) -> Iterator[Database]:
    with Database(world.place) as opened:
        yield opened


# Who sees and may what.


@pytest.mark.parametrize("who", ROLES)
def test_a_page_is_for_those_whom_its_row_names(world: World, who: str) -> None:
    for page in PAGES:
        answer = world.get(who, page.path + ASKING.get(page.path, ""))
        expected = {200, 404} if page.action in ROLES[who] and page.path not in WHOLE else {403}  # type: ignore[index]
        if page.path == "/feeds/release" and who in ("operator", "owner"):
            expected = {200}
        assert answer.status_code in expected, (who, page.path, words(answer))
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_who_owns_the_instance_sees_every_page(world: World) -> None:
    for page in PAGES:
        query = {"/policies/file": _file(world)}.get(page.path, ASKING.get(page.path, ""))
        answer = world.get("instance", page.path + query)
        number = {"/access/tokens/revoke": "token", "/access/trust/remove": "trust"}
        if page.path in number:
            answer = world.get("instance", f"{page.path}?number={world.made.numbers['acme.' + number[page.path]]}")
        assert answer.status_code == 200, (page.path, words(answer))


def _file(world: World) -> str:
    with Database(world.place) as database:
        return f"?organization=acme&digest={govern.applied(database, 'acme')[0].digest}"


def test_what_somebody_may_not_do_is_not_offered_to_them(world: World) -> None:
    for path in ("/policies", "/policies/scope" + ASKING["/policies/scope"], "/exceptions", "/feeds"):
        offered = re.compile(r'method="post"|/new|/apply|/remove|/release')
        assert not offered.search(world.get("viewer", path).text), path
        assert offered.search(world.get("instance", path).text), path
    assert "/audit/verify" in world.get("instance", "/audit").text
    assert "/audit/verify" not in world.get("owner", "/audit").text


def test_who_may_not_send_a_form_is_refused_and_told_of(world: World) -> None:
    before = grid.rows(world.place)
    for form, who in itertools.product(FORMS, ROLES):
        if form.action in ROLES[who]:
            continue
        answer = world.send(who, form.path)
        assert answer.status_code == 403, words(answer)
        entry = world.last()
        assert (entry.outcome, entry.operation) == ("refused", f"form {form.path}")
        assert entry.actor.endswith(f":{who}")
    assert grid.rows(world.place) == before


def test_a_page_of_another_site_sends_no_form(world: World) -> None:
    before = grid.rows(world.place)
    cookie = {"Cookie": f"__Host-envscout-token={world.made.tokens['evil']}", "Accept": "text/html"}
    foreign: tuple[dict[str, str], ...] = (
        {"Origin": "https://attacker.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": world.server.address},
        {},
    )
    for form, headers in itertools.product(FORMS, foreign):
        answer = world.server("POST", form.path, headers=cookie | headers, data={"number": "1"}, allow_redirects=False)
        assert answer.status_code == 403, (headers, words(answer))
        assert "nothing says where this comes from" in words(answer).lower() or "another site" in words(answer)
    assert grid.rows(world.place) == before


def test_the_servers_own_page_sends_its_form_with_a_cookie(world: World, database: Database) -> None:
    headers = {
        "Cookie": f"__Host-envscout-token={world.made.tokens['owner']}",
        "Origin": world.server.address,
        "Accept": "text/html",
    }
    fields = {"subject": "alice@example.com", "role": "viewer"}
    answer = world.server("POST", "/access/members/new", headers=headers, data=fields, allow_redirects=False)
    assert answer.status_code == 303
    assert "alice@example.com" in [each.subject for each in people.listed(database, "acme")]


# What is others'.


@pytest.mark.parametrize("who", [*ROLES, "staging"])
def test_nobody_sees_what_is_another_organizations(world: World, who: str) -> None:
    numbers = {name: number for name, number in world.made.numbers.items() if name.startswith("evil.")}
    for page in PAGES:
        queries = ["", "?org=evil", "?format=csv", "?org=evil&format=csv", "?organization=evil&environment=production"]
        queries += [f"?number={number}" for number in numbers.values()]
        queries += [f"?name={name}&organization=evil" for name in ("canary-channel", "made")]
        for query in queries:
            answer = world.get(who, page.path + query)
            # What was asked for is not found, and may be said again.
            text = answer.text.replace("canary-channel", "") if "canary-channel" in query else answer.text
            assert "canary" not in text, (page.path, query, words(answer))
            assert answer.status_code < 500


def test_who_may_see_it_sees_what_is_hidden_from_others(world: World) -> None:
    seen = set()
    for page in PAGES:
        seen |= set(re.findall(r"canary-(\w+)", world.get("evil", page.path + "?limit=1000").text))
    assert seen >= {"reason", "owner", "channel", "token", "member", "issuer", "claim", "applied"}, seen


@pytest.mark.parametrize("who", ROLES)
def test_nobody_changes_what_is_another_organizations(world: World, who: str) -> None:
    before = grid.rows(world.place)
    for form in FORMS:
        number = [number for name, number in world.made.numbers.items() if name.startswith("evil.")]
        for each in number:
            known = set(form.fields.__struct_fields__)
            fields = {
                "number": each, "message": each, "name": "made", "organization": "evil", "reason": "x",
                "role": "viewer", "subject": "canary-member", "channel": "evil/made", "owner": "x",
                "address": "https://hooks.example/x", "cves": "CVE-2024-0001", "claims": "a=b", "audience": "a",
                "kind": "accepted-risk" if form.path.startswith("/exc") else "", "file": "policies: []",
                "issuer": "https://evil.example",
            }  # fmt: skip
            answer = world.send(who, form.path, **{name: value for name, value in fields.items() if name in known})
            assert answer.status_code < 500, (form.path, words(answer))
            assert "canary" not in answer.text.replace("canary-member", ""), form.path
    assert grid.rows(world.place) == before


# What each form does.


def _told(world: World, operation: str, who: str) -> None:
    entry = world.last()
    assert (entry.operation, entry.outcome) == (operation, "done")
    assert entry.actor.endswith(f":{who}")
    assert entry.organization == "acme"


def test_an_exception_is_added_and_removed(world: World, database: Database) -> None:
    fields = {
        "cves": "CVE-2023-4863\r\nCVE-2023-4911", "kind": "false-positive", "justification": "component_not_present",
        "reason": "built\r\nwithout it", "owner": "alice", "until": "90d", "on_kev": "1", "environment": "production",
        "service": "shop/api", "packages": "openssl*, pkg:npm/lodash",
    }  # fmt: skip
    page = world.done("operator", "/exceptions/new", **fields)
    assert "The exception was added" in page
    assert "CVE-2023-4911" in page
    _told(world, "exceptions.add", "operator")
    entries = [each.entry for each in said.listed(database)[0] if each.entry.statement.who == "alice"]
    assert [each.statement.names[0] for each in entries] == ["CVE-2023-4863", "CVE-2023-4911"]
    statement = entries[0].statement
    product = statement.products[0]
    assert (product.organization, product.environment, product.service) == ("acme", "production", "shop/api")
    assert product.packages == ("openssl*", "pkg:npm/lodash")
    assert (statement.why, statement.on_kev, statement.on_fix) == ("built\nwithout it", True, False)
    assert 89 < (cast(int, statement.until) - now()) / 86_400_000_000 <= 90

    number = entries[0].number
    asking = world.get("operator", f"/exceptions/remove?number={number}")
    assert "CVE-2023-4863" in asking.text
    assert entries == [each.entry for each in said.listed(database)[0] if each.entry.statement.who == "alice"]
    world.done("operator", "/exceptions/remove", number=number, reason="reachable now")
    _told(world, "exceptions.remove", "operator")
    (removed,) = (each.entry for each in said.listed(database, every=True)[0] if each.entry.number == number)
    assert removed.removed_why == "reachable now"
    assert removed.removed_by.endswith(":operator")
    assert "reachable now" in world.get("viewer", "/exceptions?show=ended").text
    assert "CVE-2023-4863" not in world.get("viewer", "/exceptions").text


def test_an_exception_is_asked_for_and_decided_on(world: World, database: Database) -> None:
    fields = {"cves": "CVE-2023-4863", "kind": "accepted-risk", "reason": "not reachable", "owner": "alice"}
    page = world.done("recorder", "/exceptions/new", **fields)
    assert "It was asked for" in page
    assert "not reachable" in page
    _told(world, "exceptions.propose", "recorder")
    world.done("recorder", "/exceptions/new", **fields | {"cves": "CVE-2023-4911"})
    assert not any(each.entry.statement.who == "alice" for each in said.listed(database, every=True)[0])
    first, second = (each for each in said.proposed(database) if each.wish.owner == "alice")
    assert "/approve" not in world.get("recorder", "/exceptions/asked").text
    assert world.send("recorder", "/exceptions/approve", number=str(first.number)).status_code == 403
    assert "exceptions were made" in world.done("operator", "/exceptions/approve", number=str(first.number))
    _told(world, "exceptions.approve", "operator")
    (made,) = (each.entry for each in said.listed(database)[0] if each.entry.statement.who == "alice")
    assert (made.statement.names, made.added_by.rpartition(":")[2]) == (("CVE-2023-4863",), "operator")
    answer = world.send("operator", "/exceptions/refuse", number=str(second.number))
    assert "reason" in words(answer)
    world.done("operator", "/exceptions/refuse", number=str(second.number), reason="it is reachable")
    _told(world, "exceptions.refuse", "operator")
    assert not any(each.wish.owner == "alice" for each in said.proposed(database))
    assert "it is reachable" in world.get("viewer", "/exceptions/asked?every=1").text
    for again in (first, second):
        answer = world.send("operator", "/exceptions/approve", number=str(again.number))
        assert answer.status_code == 400
        assert "decided" in words(answer)
    assert world.send("operator", "/exceptions/approve", number="999").status_code == 404


def test_policies_are_looked_at_before_they_are_in_force(world: World, database: Database) -> None:
    file = "policies:\r\n  # ours\r\n  - id: age\r\n    kind: maximum-image-age\r\n    config: {days: 30}\r\n"
    before = govern.in_force(database, "acme", "staging")
    plan = world.send("operator", "/policies/apply", environment="staging", file=file)
    assert plan.status_code == 200
    assert "+ added" in plan.text
    assert "Nothing was changed yet" in plan.text
    assert govern.in_force(database, "acme", "staging") == before
    fields = _hidden(plan.text)
    assert "policies are in force" in world.done("operator", "/policies/apply", **fields).lower()
    found = govern.in_force(database, "acme", "staging")
    assert [each.id for each in found.policies] == ["age"]
    assert found.applied is not None
    assert (found.applied.source, found.applied.actor.rpartition(":")[2]) == ("dashboard", "operator")
    _told(world, "govern.apply", "operator")
    shown = world.get("viewer", f"/policies/file?digest={found.applied.digest}")
    assert "# ours" in shown.text
    assert "\r" not in govern.text(database, found.applied.digest)
    assert "age" in world.get("viewer", "/policies/scope?organization=acme&environment=staging").text


def test_a_plan_that_is_out_of_date_is_not_carried_out(world: World, database: Database) -> None:
    fields = _hidden(world.send("operator", "/policies/apply", environment="staging", file="policies: []").text)
    other = b"policies:\n  - id: maximum-image-age\n    config: {days: 1}\n"
    govern.apply(database, govern.Given(other, "x", "acme", "staging"), Origin("cli"))
    before = govern.in_force(database, "acme", "staging")
    again = world.send("operator", "/policies/apply", **fields)
    assert again.status_code == 200
    assert "Something else was applied meanwhile" in again.text
    assert govern.in_force(database, "acme", "staging") == before
    world.done("operator", "/policies/apply", **_hidden(again.text))
    assert govern.in_force(database, "acme", "staging").policies == ()


def _hidden(page: str) -> dict[str, str]:
    """Return what a page's form sends, as it is."""
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    areas = re.findall(r'<textarea name="(\w+)"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    return {name: unescape(value) for name, value in (*fields.items(), *areas)}


def test_a_channel_tells_its_key_once_and_its_address_never(world: World, database: Database) -> None:
    fields = {"name": "siem", "address": "https://hooks.example/very-secret", "delivery": "daily", "at": "08:30"}
    made = world.send("operator", "/notifications/channels/new", **fields)
    assert made.status_code == 200
    assert made.headers["cache-control"] == "no-store"
    (key,) = re.findall(r"whsec_[^\"<]+", made.text)
    _told(world, "channels.add", "operator")
    (row,) = (each for each in kept.listed(database, "acme") if each.name == "siem")
    assert (row.kind, row.terms.delivery, row.terms.at) == ("webhook", "daily", "08:30")

    named = {"name": "siem", "organization": "acme"}
    world.done("operator", "/notifications/channels/pause", **named)
    assert _channel(database, "siem").state == "paused"
    _told(world, "channels.pause", "operator")
    world.done("operator", "/notifications/channels/resume", **named)
    assert _channel(database, "siem").state == "active"
    _told(world, "channels.resume", "operator")
    rotated = world.send("operator", "/notifications/channels/rotate", **named)
    assert re.findall(r"whsec_[^\"<]+", rotated.text) != [key]
    assert _channel(database, "siem").keys == 2
    _told(world, "channels.rotate", "operator")
    world.done("operator", "/notifications/channels/rotate", **named, finish="1")
    assert _channel(database, "siem").keys == 1
    for page in PAGES:
        text = world.get("owner", page.path + ASKING.get(page.path, "")).text
        assert "whsec_" not in text
        assert "very-secret" not in text
    world.done("operator", "/notifications/channels/remove", **named)
    assert "siem" not in [each.name for each in kept.listed(database)]
    _told(world, "channels.remove", "operator")


def _channel(database: Database, name: str) -> kept.Shown:
    (row,) = (each for each in kept.listed(database, "acme") if each.name == name)
    return row


def test_a_test_that_is_not_taken_says_so_on_the_page(world: World, database: Database) -> None:
    kept.add(database, "acme", Channel("here", "http://127.0.0.1:9999/hook", "webhook"))
    answer = world.send("operator", "/notifications/channels/test", name="here", organization="acme")
    assert 400 <= answer.status_code < 500
    assert "here did not take the test" in words(answer).lower()
    assert "<h1>Notifications</h1>" in answer.text


def test_a_rule_is_added_and_removed(world: World, database: Database) -> None:
    fields = {
        "name": "urgent", "channel": "acme/channel", "kinds": ["appeared", "escalated"], "causes": "kev",
        "severity": "high", "fixable": "1", "epss": "0.5", "environments": "prod* staging", "services": "",
    }  # fmt: skip
    page = world.done("operator", "/notifications/rules/new", **fields)
    assert "appeared, escalated" in page
    _told(world, "channels.add_rule", "operator")
    (rule,) = (each for _, each in kept.listed_rules(database, "acme") if each.name == "urgent")
    assert rule == Rule(
        "urgent", "channel", ("prod*", "staging"), (), ("appeared", "escalated"), ("kev",), "high", True, False, 0.5
    )
    world.done("operator", "/notifications/rules/remove", name="urgent", organization="acme")
    assert "urgent" not in [each.name for _, each in kept.listed_rules(database, "acme")]
    _told(world, "channels.remove_rule", "operator")


def test_what_was_given_up_is_sent_again(world: World, database: Database) -> None:
    with database.write() as connection:
        connection.execute("UPDATE outbox SET state = 'dead'")
    dead = {each.organization: each.message_id for each in deliver.listed(database, state="dead")}
    assert set(dead) == {"acme", "evil"}
    assert "Some messages were given up" in world.get("operator", "/notifications").text
    page = world.get("operator", "/notifications/outbox?state=dead").text
    assert f"message {dead['acme']}" in page
    world.done("operator", "/notifications/outbox/resend", message=dead["acme"], state="dead")
    _told(world, "deliver.resend", "operator")
    assert [each.organization for each in deliver.listed(database, state="dead")] == ["evil"]
    world.done("instance", "/notifications/outbox/resend", state="dead")
    assert deliver.listed(database, state="dead") == []


def test_a_token_is_shown_once_serves_and_is_revoked(world: World, database: Database) -> None:
    fields = {"name": "deploy", "role": "recorder", "environment": "production", "expires": "2w"}
    made = world.send("owner", "/access/tokens/new", **fields)
    assert made.status_code == 200
    assert made.headers["cache-control"] == "no-store"
    (text,) = re.findall(r'value="(es_[^"]+)"', made.text)
    _told(world, "tokens.create", "owner")
    principal = held.holder(database, text)
    assert principal is not None
    assert (principal.role, principal.organization, principal.environment) == ("recorder", "acme", "production")
    listed = world.get("owner", "/access").text
    assert "deploy" in listed
    assert text not in listed
    (token,) = (each for each in held.listed(database, "acme") if each.name == "deploy")
    world.done("owner", "/access/tokens/revoke", number=token.number)
    assert held.holder(database, text) is None
    _told(world, "tokens.revoke", "owner")


def test_a_member_is_added_and_removed(world: World, database: Database) -> None:
    assert "alice@example.com" in world.done(
        "owner", "/access/members/new", subject="alice@example.com", role="operator"
    )
    _told(world, "members.add", "owner")
    (found,) = (each for each in people.listed(database, "acme") if each.subject == "alice@example.com")
    assert (found.role, found.organization) == ("operator", "acme")
    world.done("owner", "/access/members/remove", subject="alice@example.com", organization="acme")
    assert "alice@example.com" not in [each.subject for each in people.listed(database)]
    _told(world, "members.remove", "owner")


def test_a_trust_policy_is_added_and_removed(world: World, database: Database) -> None:
    fields = {
        "issuer": "https://gitlab.com", "audience": "ci", "claims": "project_path=acme/*\r\nref=main",
        "role": "recorder", "environment": "production",
    }  # fmt: skip
    assert "https://gitlab.com" in world.done("owner", "/access/trust/new", **fields)
    _told(world, "trust.add", "owner")
    (found,) = (each for each in trusted.listed(database, "acme") if each.issuer == "https://gitlab.com")
    assert found.claims == {"project_path": "acme/*", "ref": "main"}
    assert (found.role, found.environment) == ("recorder", "production")
    world.done("owner", "/access/trust/remove", number=found.number)
    assert found.number not in [each.number for each in trusted.listed(database)]
    _told(world, "trust.remove", "owner")


def test_feeds_are_asked_for_now_and_what_was_refused_is_released(world: World, database: Database) -> None:
    with database.write() as connection:
        refresh.take(connection, [("epss", "https://x.example/epss")], "somebody", 1, 2)
        refresh.let_go(connection, "somebody")
        refresh.postpone(connection, "epss", now() + 3_600_000_000)
    assert "quarantined" in world.get("viewer", "/feeds").text
    world.done("instance", "/feeds/refresh")
    with database.read() as connection:
        assert {each.due for each in refresh.health(connection)} == {0}
    assert world.last().operation == "refresh.hurry"
    asking = words(world.get("instance", "/feeds/release?name=osv:npm"))
    assert "5, where there were 9" in asking
    world.done("instance", "/feeds/release", name="osv:npm")
    with database.read() as connection:
        assert refresh.quarantined(connection)["osv:npm"].released_at
    assert (world.last().operation, world.last().outcome) == ("refresh.release", "done")
    for path in ("/feeds/refresh", "/feeds/release"):
        assert world.send("owner", path, name="osv:npm").status_code == 403


def test_the_log_is_verified_and_a_changed_entry_is_found(world: World, database: Database) -> None:
    world.done("instance", "/feeds/refresh")
    assert "as they were written" in world.get("instance", "/audit/verify").text
    assert "no entry has the hash" in world.get("instance", f"/audit/verify?anchor={'a' * 64}").text
    with database.write() as connection:
        connection.execute("DROP TRIGGER IF EXISTS audit_no_update")
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'")
        for (name,) in names.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE audit SET actor = 'nobody'")
    answer = world.get("instance", "/audit/verify")
    assert "entry 1 was changed" in answer.text
    assert "as they were written" not in answer.text


# What is wrong is said where it was typed.

RISK = {"kind": "accepted-risk", "reason": "typed", "owner": "typed", "cves": "CVE-2024-1"}
HOOK = {"name": "typed", "address": "https://x.example/h"}
WORD = {"issuer": "https://x.example", "audience": "a", "claims": "a=b", "role": "viewer"}
WRONG: tuple[tuple[str, dict[str, str], str, str], ...] = (
    ("/exceptions/new", RISK | {"cves": "log4j"}, "no id of a", "log4j"),
    ("/exceptions/new", RISK | {"kind": "false-positive"}, "needs a justification", "typed"),
    ("/exceptions/new", RISK | {"until": "2001-01-01"}, "has been", "2001-01-01"),
    ("/exceptions/new", RISK | {"reason": " "}, "reason is missing", "typed"),
    ("/exceptions/remove", {"number": "%exception%"}, "reason is missing", "accepted-risk"),
    ("/policies/apply", {"file": "policies:\n - id: NOPE\n"}, "is no name of a policy", "id: NOPE"),
    ("/policies/apply", {"file": ""}, "file is empty", "Policy file"),
    ("/notifications/channels/new", HOOK | {"address": "file:///etc/passwd"}, "no kind of address", "typed"),
    ("/notifications/channels/new", HOOK | {"quiet": "late"}, "hours", "late"),
    ("/notifications/channels/new", HOOK | {"budget": "many"}, "budget", "many"),
    ("/notifications/channels/new", HOOK | {"name": "channel"}, "a channel channel already", "channel"),
    ("/notifications/channels/pause", {"name": "nowhere"}, "no channel nowhere", "Channels"),
    ("/notifications/rules/new", {"name": "typed"}, "which channel", "typed"),
    ("/notifications/rules/new", {"name": "typed", "channel": "acme/channel", "epss": "lots"}, "EPSS score", "lots"),
    ("/notifications/outbox/resend", {"message": "123456"}, "no message 123456", "Channel"),
    ("/access/tokens/new", {"name": "typed"}, "what they may do", "typed"),
    ("/access/tokens/new", {"name": "-typed", "role": "viewer"}, "cannot be the name", "-typed"),
    ("/access/tokens/new", {"name": "typed", "role": "viewer", "expires": "soon"}, "no moment", "soon"),
    ("/access/members/new", {"role": "viewer"}, "obody is named", "Member"),
    ("/access/trust/new", WORD | {"issuer": "typed"}, "is no issuer", "typed"),
    ("/access/trust/new", WORD | {"claims": "typed"}, "no claim", "typed"),
    ("/access/trust/new", WORD | {"claims": "a=*"}, "everybody", "a=*"),
)


def test_what_is_wrong_is_said_on_the_page_with_what_was_typed(world: World) -> None:
    before, number = _everything(world), world.made.numbers["acme.exception"]
    for path, wrong, cause, typed in WRONG:
        fields = {name: each.replace("%exception%", str(number)) for name, each in wrong.items()}
        answer = world.send("owner", path, **fields)
        assert 400 <= answer.status_code < 500, words(answer)
        alert = re.search(r'role="alert".*?</section>', answer.text, re.DOTALL)
        assert alert is not None, words(answer)
        assert cause in alert[0], words(answer)
        assert "Next:" in alert[0]
        assert typed in answer.text[alert.end() :]
        assert answer.headers["cache-control"] == "no-store"
        assert fields.get("address", "no address") not in answer.text
    assert _everything(world) == before


def _everything(world: World) -> list[Any]:
    with Database(world.place) as database:
        return [
            said.listed(database, every=True)[0], govern.applied(database), kept.listed(database),
            kept.listed_rules(database), len(held.listed(database)), people.listed(database), trusted.listed(database),
        ]  # fmt: skip


def test_a_form_about_what_is_not_there_says_so(world: World) -> None:
    for path, fields in (
        ("/exceptions/remove", {"number": "999999", "reason": "x"}),
        ("/exceptions/remove", {"number": "0", "reason": "x"}),
        ("/access/tokens/revoke", {"number": "999999"}),
        ("/access/trust/remove", {"number": "999999"}),
        ("/access/members/remove", {"subject": "nobody"}),
        ("/notifications/rules/remove", {"name": "nothing"}),
    ):
        answer = world.send("owner", path, **fields)
        assert answer.status_code == 404, words(answer)
        assert "Next:" in answer.text


# What is hostile is inert.

SCRIPT = "<script>alert(1)</script>"
HOSTILE = (SCRIPT, "javascript:alert(1)", '"><img src=x onerror=alert(1)>', "{{ 7919 * 104729 }}", "x" * 190)
TURNED = "a\u202egnp.exe"


def _fill_hostile(place: Path) -> None:
    with Database(place) as database:
        for number, text in enumerate(HOSTILE):
            held.create(database, "viewer", text, text, text, text)
            people.add(database, text, "viewer", text, text)
            trusted.add(
                database, "https://x.example/" + text.replace(" ", ""), text, {"a": text}, "viewer", text, text, text
            )
            wish = said.Wish("accepted-risk", text, text, organization=text, environment=text, service=text)
            said.add(database, [f"CVE-2024-1{number}"], wish, text)
            file = f"policies:\n  - id: maximum-image-age\n    title: '{text}'\n    config: {{days: 3}}\n# {TURNED}\n"
            said_by = Origin("cli", text, "javascript:alert(1)", text)
            govern.apply(database, govern.Given(file.encode(), text, text, text[:100]), said_by)
            _tell_hostile(database, text, number)


def _tell_hostile(database: Database, text: str, number: int) -> None:
    with database.write() as connection:
        connection.execute(
            """INSERT INTO channel (organization, name, kind, address, secrets, terms, state, problem, failures,
                                    next_try, created_at)
               SELECT ?, ?, kind, address, secrets, terms, 'gone', ?, 1, 1, created_at FROM channel LIMIT 1""",
            (text, text + TURNED, text + TURNED),
        )
        row = refresh.Quarantine(f"{text}{TURNED}", text, "sha256:1", "", "", 1, 5, 9, 4, text + TURNED)
        refresh.put_quarantine(connection, row)
        refresh.fail(connection, f"{text}{number}", f"javascript:{text}", text + TURNED, 1, 1)
        connection.execute(
            "UPDATE outbox SET problem = ?, document = replace(document, 'production', ?)", (text, "<script>alert(2)")
        )


def _is_inert(text: str) -> None:
    assert SCRIPT not in text
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert not re.search(r"(?:href|src|action)=.?javascript:", text, re.IGNORECASE)
    assert "\u202e" not in text
    assert "829348951" not in text


def test_hostile_names_are_inert_on_every_page(world: World) -> None:
    _fill_hostile(world.place)
    seen = ""
    for page in PAGES:
        answer = world.get("instance", f"{page.path}{ASKING.get(page.path, '')}")
        _is_inert(answer.text)
        seen += answer.text
        for text in (*HOSTILE, TURNED):
            for name in page.query.__struct_fields__:
                _is_inert(world.server("GET", page.path, params={name: text}, headers=_as(world)).text)
            params = {"organization": text, "environment": text[:100], "name": text + TURNED, "subject": text}
            known = {name: value for name, value in params.items() if name in page.query.__struct_fields__}
            found = world.server("GET", page.path, params=known, headers=_as(world))
            assert found.status_code < 500
            _is_inert(found.text)
    assert seen.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 10
    assert "\\x202e" in seen


def test_hostile_texts_are_inert_where_they_are_shown_again(world: World) -> None:
    for form in FORMS:
        for text in (*HOSTILE, TURNED):
            numbers = {"number", "message", "state"}
            fields = {name: text for name in form.fields.__struct_fields__ if name not in numbers}
            answer = world.server("POST", form.path, data=fields, headers=_as(world), allow_redirects=False)
            assert answer.status_code < 500, (form.path, words(answer))
            _is_inert(answer.text)


def _as(world: World, who: str = "instance") -> dict[str, str]:
    return {"Authorization": f"Bearer {world.made.tokens[who]}", "Accept": "text/html"}


def test_what_is_said_was_done_is_not_taken_from_the_address(world: World) -> None:
    page = world.get("owner", "/exceptions?done=Your%20account%20is%20locked")
    assert page.status_code == 200
    assert "locked" not in words(page)


# How pages are made.


class Read(HTMLParser):
    """Reads a page as somebody reads it who does not see it."""

    def __init__(self) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.labels: set[str] = set()
        self.fields: list[dict[str, str | None]] = []
        self.ids: list[str] = []
        self.wrong: list[str] = []
        self.tables = self.captions = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "label" and said.get("for"):
            self.labels.add(str(said["for"]))
        if tag in ("input", "select", "textarea") and said.get("type") != "hidden" and "hidden" not in said:
            self.fields.append(said)
        if said.get("id"):
            self.ids.append(str(said["id"]))
        self.tables += tag == "table"
        self.captions += tag == "caption"
        if tag == "th" and "scope" not in said:
            self.wrong.append("a head of a table without scope")
        if tag in ("style", "script") and not said.get("src"):
            self.wrong.append(f"<{tag}> in the page")
        self.wrong += [f"{name} of <{tag}>" for name in said if name == "style" or name.startswith("on")]


def test_pages_are_made_for_those_who_do_not_see_them(world: World) -> None:
    for page in PAGES:
        answer = world.get("instance", page.path + ASKING.get(page.path, ""))
        read = Read()
        read.feed(answer.text)
        assert not read.wrong, (page.path, read.wrong)
        assert read.headings[:1] == [1], page.path
        assert all(after - before <= 1 for before, after in zip(read.headings, read.headings[1:], strict=False)), (
            page.path
        )
        assert read.tables == read.captions, page.path
        assert len(read.ids) == len(set(read.ids)), (page.path, sorted(read.ids))
        unnamed = [each for each in read.fields if each.get("id") not in read.labels and not each.get("aria-label")]
        assert not unnamed, (page.path, unnamed)


def test_every_list_without_anything_says_what_to_do_next(tmp_path: Path) -> None:
    place = tmp_path / "empty.db"
    Database(place).close()
    for server in serving(place):
        for page in PAGES:
            if page.table is None or page.path == "/policies/scope":
                continue
            text = server("GET", page.path, headers={"Accept": "text/html"}).text
            (empty, *_) = re.findall(r'<section class="empty">(.*?)</section>', text, re.DOTALL)
            assert "<a href" in empty or "<code>" in empty, page.path


def test_the_first_token_of_an_open_server_is_made_on_its_page(tmp_path: Path) -> None:
    place = tmp_path / "empty.db"
    Database(place).close()
    for server in serving(place):
        headers = {"Accept": "text/html", "Origin": server.address}
        assert "asks everybody for one" in server("GET", "/access/tokens/new", headers=headers).text
        made = server("POST", "/access/tokens/new", data={"role": "owner"}, headers=headers)
        (text,) = re.findall(r'value="(es_[^"]+)"', made.text)
        assert "/login/token" in made.text
        assert server("GET", "/access", headers={**headers, "Authorization": f"Bearer {text}"}).status_code == 200


@pytest.mark.parametrize("path", ["/audit", "/exceptions?show=all", "/access", "/notifications/outbox"])
def test_a_list_is_had_part_by_part_and_in_whole_as_csv(world: World, path: str) -> None:
    for number in range(7):
        world.done("instance", "/access/members/new", subject=f"a{number}", role="viewer", organization="acme")
    with Database(world.place) as database:
        said.add(database, [f"CVE-2024-1{n}" for n in range(7)], said.Wish("accepted-risk", "me", "=why"), "me")
        with database.write() as connection:
            connection.execute(
                """INSERT INTO outbox (channel_id, event, identity, subject, at, due, state, attempts, leased_until,
                                       lease, sent_at, problem, document)
                   SELECT channel_id, event || value, identity || value, subject, at, due, state, attempts,
                          leased_until, lease, sent_at, problem, document
                     FROM outbox, json_each('[1, 2, 3]')"""
            )
    joint = "&" if "?" in path else "?"
    whole = world.get("instance", f"{path}{joint}format=csv")
    assert whole.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(whole.text)))
    assert not any(value.startswith("=") for row in rows for value in row.values())
    expected = [next(iter(row.values())) for row in rows]
    assert len(expected) > 1
    seen: list[str] = []
    address = f"{path}{joint}limit=2"
    while address:
        page = world.get("instance", address)
        found = re.findall(r'<th scope="row"[^>]*>(.*?)</th>', page.text, re.DOTALL)
        assert 0 < len(found) <= 2
        assert len(seen) < len(expected), "the next page is one that was there before"
        seen += [re.sub("<.*?>", " ", each).split()[-1] for each in found]
        after = re.search(r'href="([^"]*)" rel="next"', page.text)
        address = unescape(after[1]) if after else ""
    assert seen == expected

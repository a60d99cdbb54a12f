"""Somebody logs in to a server, works there, and logs out."""

from collections.abc import Iterator

import pytest

from envscout.network.addresses import allowed
from envscout.server.auth import Door
from envscout.store import Database
from envscout.verbs import members
from tests.server.conftest import Server, serving
from tests.server.issuer import Issuer, issuer
from tests.servers.many import Servers, token
from tests.stories.story import Desk, Laptop

__all__ = ["issuer"]


@pytest.fixture
def there(many: Servers, watched: Desk) -> tuple[str, str]:
    """Return the address of a server over a store with an advisory, and the token of its owner."""
    return many.address(watched.place), token(watched.place)


def test_a_token_is_tried_and_kept_and_serves_from_then_on(
    there: tuple[str, str], tmp_path_factory: pytest.TempPathFactory, old: str
) -> None:
    server, secret = there
    desk = Laptop(tmp_path_factory.mktemp("laptop"))
    said = desk.spawn("login", server, "--token-stdin", stdin=f"{secret}\n".encode())
    assert said.code == 0, said
    assert secret not in said.out + said.err
    assert (desk.home / "tokens.json").stat().st_mode & 0o777 == 0o600
    event = desk.spawn("environment", "production", old, "--service", "app", "--format", "json")
    assert event.json["recorded"]["environment"] == "production"
    assert desk.spawn("where", "CVE-2023-5363", "--exit-code").code == 2
    assert not (desk.home / "envscout.db").exists()
    shown = desk.spawn("config")
    assert secret not in shown.out + shown.err
    assert f"is kept in {desk.home / 'tokens.json'}" in shown.err
    assert f"server={server}" in shown.lines
    assert desk.spawn("logout").code == 0
    assert secret not in (desk.home / "tokens.json").read_text()
    assert "server=" in desk.spawn("config").lines
    assert desk.spawn("logout").code == 1


def test_nothing_is_kept_where_there_is_no_server(tmp_path_factory: pytest.TempPathFactory) -> None:
    desk = Laptop(tmp_path_factory.mktemp("laptop"))
    said = desk.spawn("login", "http://127.0.0.1:9", "--token-stdin", stdin=b"x\n")
    assert said.code == 1
    assert "does not answer" in said.refusal
    assert not (desk.home / "tokens.json").exists()
    for words, stdin in ((("https://a.example",), b""), (("nonsense", "--token-stdin"), b"x"), ((), b"")):
        assert desk.spawn("login", *words, stdin=stdin).code == 64
    assert desk.spawn("login", "https://a.example", "--token-stdin", stdin=b"two words\n").code == 64


def test_what_looks_after_a_store_is_done_where_the_store_is(there: tuple[str, str], desk: Desk) -> None:
    server, secret = there
    for words in (("db", "update", "--from", "x"), ("watch", "--registry", "registry.example", "--once")):
        said = desk.spawn(*words, ENVSCOUT_SERVER=server, ENVSCOUT_TOKEN=secret)
        assert said.code == 64, said
        assert "where the store is" in said.refusal


@pytest.fixture
def vouched(watched: Desk, issuer: Issuer) -> Iterator[Server]:
    """Return a server over a store with an advisory, whose people an issuer vouches for."""
    with Database(watched.store) as database:
        members.add(database, "alice@example.com", "operator", "tester")
    door = Door(
        permitted=allowed("127.0.0.1"), issuer=issuer.address, client_id="envscout", public_url="http://127.0.0.1"
    )
    yield from serving(watched.store, door)


def test_a_person_logs_in_with_a_browser_on_another_machine(
    vouched: Server, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory, old: str
) -> None:
    desk = Laptop(tmp_path_factory.mktemp("laptop"))
    issuer.waits = ["authorization_pending"]
    said = desk.spawn("login", vouched.address, "--device")
    assert said.code == 0, said
    assert f"Open {issuer.address}/enter" in said.err
    assert "WDJB-MJHT" in said.err
    assert issuer.waits == []
    event = desk.spawn("environment", "production", old, "--service", "app", "--format", "json")
    assert event.json["recorded"]["actor"].endswith("alice@example.com)")
    assert desk.spawn("token", "list").code == 1


@pytest.mark.parametrize("why", ["access_denied", "expired_token", "", "a\x1b[2Jb"])
def test_nobody_is_let_in_whom_the_issuer_refuses(
    vouched: Server, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory, why: str
) -> None:
    desk = Laptop(tmp_path_factory.mktemp("laptop"))
    issuer.waits = [why]
    said = desk.spawn("login", vouched.address, "--device")
    assert said.code == 1
    assert "the issuer let nobody in" in said.refusal
    assert "\x1b" not in said.err
    assert not (desk.home / "tokens.json").exists()


def test_without_an_issuer_a_token_is_asked_for(
    there: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    said = Laptop(tmp_path_factory.mktemp("laptop")).spawn("login", there[0], "--device")
    assert said.code == 64
    assert "--token-stdin" in said.refusal

"""Somebody logs in to a server, works there, and logs out."""

import pytest

from tests.servers.many import Servers, token
from tests.stories.story import Desk


@pytest.fixture
def there(many: Servers, watched: Desk) -> tuple[str, str]:
    """Return the address of a server over a store with an advisory, and the token of its owner."""
    return many.address(watched.place), token(watched.place)


def test_a_token_is_tried_and_kept_and_serves_from_then_on(
    there: tuple[str, str], tmp_path_factory: pytest.TempPathFactory, old: str
) -> None:
    server, secret = there
    desk = Desk(tmp_path_factory.mktemp("laptop"))
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
    assert f"server={server}" in shown.lines
    assert desk.spawn("logout").code == 0
    assert secret not in (desk.home / "tokens.json").read_text()
    assert "server=" in desk.spawn("config").lines
    assert desk.spawn("logout").code == 1


def test_nothing_is_kept_where_there_is_no_server(tmp_path_factory: pytest.TempPathFactory) -> None:
    desk = Desk(tmp_path_factory.mktemp("laptop"))
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

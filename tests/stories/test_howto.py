"""The how-tos: each of their commands runs, in order, in the shop of `shop.py`, and says what the page says.

`make howto` has the pages written anew, with what the commands say now.
"""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.registry import Registry
from tests.stories.shop import Shop, open_shop
from tests.stories.story import Desk

PAGES = sorted((Path(__file__).parents[2] / "docs" / "howto").glob("*.md"))
# As long as `127.0.0.1:` and a port, so that no column moves.
HOST = "hub.example.com"


@pytest.fixture(scope="session")
def opened(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Open the shop once."""
    folder = tmp_path_factory.mktemp("shop")
    return open_shop(Desk(folder / "home"), registry, folder)


@pytest.fixture
def shop(opened: Shop, tmp_path: Path) -> Shop:
    """Return the shop as nobody has touched it."""
    assert len(opened.registry.host) == len(HOST), "a registry with a port of five digits keeps the columns in place"
    return opened.copy(tmp_path)


def _told(page: str, shop: Shop) -> Iterator[str]:
    """Yield the page in pieces, with what the commands say now."""
    for piece in re.split(r"(^```console\n.*?^```$)", page, flags=re.DOTALL | re.MULTILINE):
        if not piece.startswith("```console"):
            yield piece
            continue
        lines = ["```console"]
        for command in re.findall(r"^\$ (?!echo )(.*)$", piece, re.MULTILINE):
            words = [word.replace(HOST, shop.registry.host) for word in shlex.split(command)]
            words = words[2:] if words[:2] == ["docker", "scout"] else words[1:]
            answer = shop.type(words)
            said = answer.out.replace(shop.registry.host, HOST).splitlines()
            lines += [f"$ {command}", *(line.rstrip() for line in said)]
            lines += [f"$ echo $?\n{answer.code}"] if answer.code else []
        yield "\n".join([*lines, "```"])


def _comparable(text: str) -> list[str]:
    """Return lines without digests: of images, which change with their writer, and of the place of a feed."""
    lines = re.sub(r"\b([0-9a-f]{64}|[0-9a-f]{12}|[0-9a-f]{8})\b", "DIGEST", text).splitlines()
    if not Desk.remote:
        return lines
    # A server tells beside who acts who was let in, and columns grow by that.
    return [re.sub(r"[ ─]+", " ", re.sub(r" \(token:\d+:tester\)", "", line)) for line in lines]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_shows_what_its_commands_say(path: Path, shop: Shop) -> None:
    page = path.read_text(encoding="utf-8")
    said = "".join(_told(page, shop))
    if os.environ.get("ENVSCOUT_WRITE_HOWTO") == "1":
        path.write_text(said, encoding="utf-8")
    assert _comparable(said) == _comparable(page), "run `make howto`, and read what has changed"


def test_each_task_takes_at_most_two_commands() -> None:
    for path in PAGES:
        for section in re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
            assert len(re.findall(r"^\$ (?!echo)", section, re.MULTILINE)) <= 2, (path.name, section.partition("\n")[0])

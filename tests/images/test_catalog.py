"""What a registry holds is listed, whole or within bounds; lists that lead elsewhere or never end are refused."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from envscout.errors import LimitExceeded, NotFound, SourceError, UsageError
from envscout.images import catalog, transport
from envscout.images.catalog import Catalog
from tests.images.attesting import fallback
from tests.images.images import AMD, write
from tests.servers.registry import Registry

Page = tuple[int, Any, dict[str, str]]


class Lists:
    """A server of pages by path, which counts."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[str] = []
        self.connections = 0
        lists = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                lists.connections += 1
                super().setup()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

            def do_GET(self) -> None:
                lists.asked.append(self.path)
                found = lists.pages.get(self.path) or lists.pages.get(urlsplit(self.path).path) or (404, {}, {})
                status, document, headers = found
                body = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            def do_HEAD(self) -> None:
                self.do_GET()

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                """Say nothing of clients that had enough."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def lists() -> Iterator[Lists]:
    made = Lists()
    thread = Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture(autouse=True)
def _nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "no-docker"))
    monkeypatch.setattr(transport, "_BACK_OFF", 0.01)


def repositories(host: str, api: str = "") -> list[str]:
    with closing(Catalog(host, api=api)) as asked:
        return list(asked.repositories())


def tags(host: str, repository: str) -> list[str]:
    with closing(Catalog(host)) as asked:
        return asked.tags(repository)


def test_a_real_registry(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = write(tmp_path / "layout", v1=AMD)["v1"]
    for name in ("catalog/a:v1", "catalog/a:v2", "catalog/b:v1", f"catalog/a:{fallback(digest, '.sig')}"):
        registry.push(tmp_path / "layout", name, "v1")
    # Pages of one entry each.
    monkeypatch.setattr(catalog, "PAGE", 1)
    assert {"catalog/a", "catalog/b"} <= set(repositories(registry.host))
    assert tags(registry.host, "catalog/a") == ["v1", "v2"]
    assert tags(registry.host, "catalog/none") == []
    with closing(Catalog(registry.host)) as asked:
        assert asked.digest("catalog/a", "v1") == digest
        with pytest.raises(NotFound):
            asked.digest("catalog/a", "v9")


def test_pages_are_followed_within_the_host(lists: Lists) -> None:
    more = {"Link": '</v2/_catalog?last=b&n=1000>; rel="next"'}
    lists.pages["/v2/_catalog?n=1000"] = (200, {"repositories": ["a", "b"]}, more)
    lists.pages["/v2/_catalog?last=b&n=1000"] = (200, {"repositories": ["b", "c", "../d", "E", "f:v1"]}, {})
    assert repositories(lists.host) == ["a", "b", "c"]
    lists.pages["/v2/_catalog?n=1000"] = (200, {"repositories": []}, {"Link": '<http://127.0.0.1:1/v2/x>; rel="next"'})
    with pytest.raises(SourceError, match="another host"):
        repositories(lists.host)
    lists.pages["/v2/_catalog?n=1000"] = (200, {"repositories": []}, {"Link": '<https://[::1/v2/x>; rel="next"'})
    with pytest.raises(SourceError, match="no address"):
        repositories(lists.host)


def test_lists_that_never_end(lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "MAX_PAGES", 5)
    again = {"Link": '</v2/_catalog?n=1000>; rel="next"'}
    lists.pages["/v2/_catalog?n=1000"] = (200, {"repositories": ["a"]}, again)
    with pytest.raises(LimitExceeded):
        repositories(lists.host)
    assert len(lists.asked) == 5
    monkeypatch.setattr(catalog, "MAX_REPOSITORIES", 10)
    lists.pages["/v2/_catalog?n=1000"] = (200, {"repositories": [f"r{n}" for n in range(11)]}, {})
    with pytest.raises(LimitExceeded):
        repositories(lists.host)
    monkeypatch.setattr(catalog, "MAX_TAGS", 10)
    lists.pages["/v2/a/tags/list"] = (200, {"tags": [f"v{n}" for n in range(11)]}, {})
    with pytest.raises(LimitExceeded):
        tags(lists.host, "a")
    lists.pages["/v2/b/tags/list"] = (200, b"x" * (5 << 20), {})
    with pytest.raises(LimitExceeded):
        tags(lists.host, "b")


def test_lists_that_are_none(lists: Lists) -> None:
    with pytest.raises(NotFound, match="no list of its repositories"):
        repositories(lists.host)
    lists.pages["/v2/_catalog"] = (200, [], {})
    with pytest.raises(SourceError):
        repositories(lists.host)
    lists.pages["/v2/a/tags/list"] = (200, {"tags": None}, {})
    assert tags(lists.host, "a") == []
    lists.pages["/v2/a/tags/list"] = (200, {"tags": ["v1", "a/b", "", "x" * 200, "\u001b[31m"]}, {})
    assert tags(lists.host, "a") == ["v1"]


def test_a_digest_that_the_registry_does_not_say(lists: Lists) -> None:
    body = b'{"schemaVersion": 2}'
    lists.pages["/v2/a/manifests/v1"] = (200, body, {"Docker-Content-Digest": "md5:x"})
    with closing(Catalog(lists.host)) as asked:
        assert asked.digest("a", "v1") == f"sha256:{hashlib.sha256(body).hexdigest()}"


def test_one_connection_is_enough(lists: Lists) -> None:
    lists.pages["/v2/a/manifests/v1"] = (200, b"{}", {"Docker-Content-Digest": f"sha256:{'a' * 64}"})
    lists.pages["/v2/a/tags/list"] = (200, {"tags": ["v1"]}, {})
    with closing(Catalog(lists.host)) as asked:
        for _ in range(5):
            assert [asked.digest("a", tag) for tag in asked.tags("a")] == [f"sha256:{'a' * 64}"]
    assert lists.connections == 1


def test_a_list_at_another_address(lists: Lists) -> None:
    lists.pages["/artifactory/api/docker/local/v2/_catalog"] = (200, {"repositories": ["app"]}, {})
    assert repositories("registry.example", f"http://{lists.host}/artifactory/api/docker/local/") == ["app"]
    with pytest.raises(UsageError, match="not encrypted"):
        repositories("registry.example", "http://registry.example/api")

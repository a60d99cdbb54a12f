"""Nothing that others name leads into our network: spellings, names that change, redirects, and what takes too long."""

import gzip
import itertools
import time
from ipaddress import ip_address

import pytest

from envscout.errors import ConfigError, ForbiddenAddress, LimitExceeded, NetworkError
from envscout.network.addresses import allowed, refusal
from envscout.network.destination import destination
from envscout.network.guarded import Guard, Limits
from tests.network.server import Handler, Received, receiving

FORBIDDEN = [
    "127.0.0.1",
    "127.8.9.1",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.127.255.254",
    "100.100.100.200",
    "0.0.0.0",
    "0.1.2.3",
    "224.0.0.1",
    "239.1.1.1",
    "224.0.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "168.63.129.16",
    "192.0.0.192",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd12:3456::1",
    "ff02::1",
    "ff0e::1",
    "2001:db8::1",
    "100::1",
    "2001::1",
    "5f00::1",
    "fe00::1",
    "192.88.99.1",
    "3fff::1",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:2800:220:1::1", "64:ff9b::808:808", "2002:808:808::1"]


@pytest.mark.parametrize("text", FORBIDDEN)
def test_no_special_address_is_connected_to(text: str) -> None:
    assert refusal(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_connected_to(text: str) -> None:
    assert refusal(ip_address(text)) == ""


def test_what_is_allowed_is_that_alone() -> None:
    permitted = allowed("10.1.0.0/16, fd12::/16, 192.168.1.7, Hooks.Example.internal")
    assert permitted.hosts == {"hooks.example.internal"}
    for text in ("10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203", "fd12::1", "192.168.1.7"):
        assert refusal(ip_address(text), permitted) == ""
    for text in ("10.2.0.1", "192.168.1.8", "127.0.0.1", "fd13::1"):
        assert refusal(ip_address(text), permitted)


def test_credentials_of_clouds_are_allowed_only_by_their_own_address() -> None:
    assert refusal(ip_address("169.254.169.254"), allowed("169.254.0.0/16"))
    assert refusal(ip_address("::ffff:169.254.169.254"), allowed("0.0.0.0/0,::/0"))
    assert refusal(ip_address("169.254.169.254"), allowed("169.254.169.254")) == ""


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0", "*", "http://x", "1.2.3.4/33", "[::1]"])
def test_a_setting_without_meaning_is_told_of(text: str) -> None:
    with pytest.raises(ConfigError):
        allowed(text)


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/",
        "http://127.0.0.01/", "http://0/", "http://1.2.3.4.5/", "http://user@example.com/", "http://a:b@example.com/",
        "http://example.com@127.0.0.1/", "http://example.com\\@127.0.0.1/", "http:\\\\example.com/", "http:example.com",
        "http://[fe80::1%25eth0]/", "http://[::1%lo]/", "http://exa%6dple.com/", "http://example.com:22/",
        "http://example.com:0/", "http://example.com:65536/", "http://example.com:6x/", "ftp://example.com/",
        "file:///etc/passwd", "gopher://example.com/", "http://", "http:///x", "http://exa mple.com/", "http://a\n.com/",
        "http://example.com/\r\nX: y", "http://[::1/", "http://::1/", "http://[127.0.0.1]/", "http://-.com/", "http://a..b/",
        f"http://example.com/{'x' * 5000}", "//example.com/", "http://example.com:80:80/", "http://\u2488.example.1/",
    ],
)  # fmt: skip
def test_what_is_not_plainly_an_address_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(ForbiddenAddress):
        destination(url)


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("HTTP://Example.COM.", "http://example.com/"),
        ("https://example.com:443?a=b#c", "https://example.com/?a=b"),
        ("https://b\u00fccher.example:8443/x", "https://xn--bcher-kva.example:8443/x"),
        ("http://\uff11\uff12\uff17.0.0.1/", "http://127.0.0.1/"),
        ("http://127\u30020\u30020\u30021/", "http://127.0.0.1/"),
        ("http://[0:0:0:0:0:0:0:1]/", "http://[::1]/"),
        ("http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
        ("http://localhost./", "http://localhost/"),
    ],
)
def test_an_address_is_read_in_one_way(url: str, meant: str) -> None:
    assert destination(url).url == meant


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/", "http://localhost:8080/", "http://localhost.:8080/", "http://[::1]:8080/",
        "http://[::ffff:127.0.0.1]:8080/", "http://169.254.169.254/latest/meta-data", "http://\uff11\uff12\uff17.0.0.1/",
        "http://[fd00:ec2::254]/", "http://0.0.0.0/", "http://[::]/",
    ],
)  # fmt: skip
def test_nothing_is_asked_of_this_machine_or_of_its_network(url: str) -> None:
    with pytest.raises(ForbiddenAddress):
        Guard().request("GET", url)
    with pytest.raises(ForbiddenAddress):
        Guard().check(url)


def test_a_name_is_refused_when_one_of_its_addresses_is() -> None:
    guard = Guard(resolve=lambda _host, _port: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(ForbiddenAddress, match=r"10\.0\.0\.1"):
        guard.request("GET", "http://example.com/")


def test_a_name_that_changes_is_resolved_once_and_the_looked_at_address_is_used() -> None:
    asked = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    with receiving() as server:
        guard = Guard(allowed("127.0.0.1"), resolve)
        url = f"http://rebinding.example:{server.port}/x"
        assert guard.request("GET", url).status == 200
        assert asked == ["rebinding.example"]
        # The connection is kept, so that nothing is resolved again; a new one looks again, and refuses.
        assert guard.request("GET", url).status == 200
        assert asked == ["rebinding.example"]
        assert server.received[0].headers["host"] == f"rebinding.example:{server.port}"
        with receiving() as other, pytest.raises(ForbiddenAddress, match=r"127\.0\.0\.2"):
            guard.request("GET", f"http://rebinding.example:{other.port}/x")


def test_rebinding_between_the_look_and_the_connection_is_not_possible() -> None:
    answers = itertools.chain([["93.184.216.34"]], itertools.repeat(["127.0.0.1"]))
    guard = Guard(resolve=lambda _host, _port: next(answers))
    with receiving() as server:
        guard.check(f"http://rebinding.example:{server.port}/")
        with pytest.raises(ForbiddenAddress):
            guard.request("GET", f"http://rebinding.example:{server.port}/")
        assert server.received == []


@pytest.mark.parametrize(
    "target", ["http://127.0.0.2:{port}/", "http://[::1]:{port}/", "http://2130706434/",
               "//127.0.0.2:{port}/", "file:///etc/passwd", "http://169.254.169.254/", "http://x@127.0.0.1:{port}/"]
)  # fmt: skip
def test_redirects_are_looked_at_like_the_first_address(target: str) -> None:
    def answer(handler: Handler, _request: Received) -> None:
        handler.reply(302, Location=target.format(port=server.port))

    with receiving(answer) as server:
        with pytest.raises(ForbiddenAddress):
            Guard(allowed("127.0.0.1")).request("GET", server.url)
        assert len(server.received) == 1


def test_redirects_are_followed_a_few_times() -> None:
    def answer(handler: Handler, request: Received) -> None:
        if request.path == "/5":
            handler.reply(200, b"there")
        else:
            handler.reply(307, Location=f"/{int(request.path[1:]) + 1}")

    with receiving(answer) as server:
        guard = Guard(allowed("127.0.0.1"))
        found = guard.request("POST", f"{server.url}/0", body=b"x")
        assert (found.content, found.url) == (b"there", f"{server.url}/5")
        assert {each.body for each in server.received} == {b"x"}
        with pytest.raises(NetworkError, match="more than 4"):
            guard.request("GET", f"{server.url}/0", limits=Limits(redirects=4))
        assert guard.request("GET", f"{server.url}/0", limits=Limits(redirects=0)).status == 307


def test_what_is_sent_is_not_sent_elsewhere_as_another_question() -> None:
    with receiving(lambda handler, _request: handler.reply(302, Location="/other")) as server:
        assert Guard(allowed("127.0.0.1")).request("POST", server.url, body=b"x").status == 302


def test_another_host_is_not_told_who_asks() -> None:
    with receiving() as other:
        with receiving(lambda handler, _: handler.reply(302, Location=f"http://localhost:{other.port}/")) as server:
            headers = {"Authorization": "Bearer x", "X-Token": "x", "Cookie": "x", "Accept": "text/plain"}
            Guard(allowed("127.0.0.1"), lambda *_: ["127.0.0.1"]).request("GET", server.url, headers)
            assert server.received[0].headers["authorization"] == "Bearer x"
        there = other.received[0].headers
        assert there["accept"] == "text/plain"
        assert not {"authorization", "x-token", "cookie"} & there.keys()


def test_answers_are_bounded() -> None:
    def answer(handler: Handler, request: Received) -> None:
        if request.path == "/packed":
            handler.reply(200, gzip.compress(b"x"), Content_Encoding="gzip")
        elif request.path == "/endless":
            handler.send_response(200)
            handler.end_headers()
            while True:
                handler.wfile.write(b"x" * 65536)
        else:
            handler.reply(200, b"x" * 2000)

    with receiving(answer) as server:
        guard = Guard(allowed("127.0.0.1"))
        assert len(guard.request("GET", server.url, limits=Limits(size=2000)).content) == 2000
        with pytest.raises(LimitExceeded):
            guard.request("GET", server.url, limits=Limits(size=1999))
        with pytest.raises(LimitExceeded):
            guard.request("GET", f"{server.url}/endless")
        with pytest.raises(NetworkError, match="packed"):
            guard.request("GET", f"{server.url}/packed")


@pytest.mark.parametrize("path", ["/head", "/body", "/silent"])
def test_who_trickles_is_cut_off(path: str) -> None:
    def answer(handler: Handler, request: Received) -> None:
        if path == "/silent":
            time.sleep(3)
        if path == "/body":
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
        for _ in range(60):
            handler.wfile.write(b"H")
            handler.wfile.flush()
            time.sleep(0.05)

    with receiving(answer) as server:
        began = time.monotonic()
        with pytest.raises(NetworkError):
            Guard(allowed("127.0.0.1")).request("GET", server.url + path, limits=Limits(read=1.0, whole=0.4))
        assert time.monotonic() - began < 2.5


def test_nobody_there_is_told_of_without_the_address() -> None:
    with receiving() as server:
        port = server.port
    with pytest.raises(NetworkError) as told:
        Guard(allowed("127.0.0.1")).request("GET", f"http://127.0.0.1:{port}/secret")
    assert "secret" not in f"{told.value}"
    with pytest.raises(NetworkError, match="resolved"):
        Guard(resolve=lambda *_: (_ for _ in ()).throw(OSError("no such name"))).request("GET", "http://x.example/")


def test_proxies_and_netrc_are_not_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as server, receiving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        Guard(allowed("127.0.0.1")).request("GET", server.url)
        assert (len(server.received), len(proxy.received)) == (1, 0)

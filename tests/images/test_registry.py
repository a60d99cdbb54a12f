"""Registries: a real one with and without passwords, and one of our own that gives tokens and misbehaves."""

import base64
import hashlib
import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from envscout.demo.layout import IndexPlan
from envscout.errors import AccessDenied, DigestMismatch, LimitExceeded, NotFound, SourceError
from envscout.images import Credentials, open_image, resolve, transport
from envscout.images.addresses import inward, is_loopback
from envscout.names.reference import parse
from tests.images.fake_registry import FakeRegistry
from tests.images.images import AMD, AMD_FILES, ARM, amd, blob, codes, everything, put, read, shown, write
from tests.servers.registry import Registry


@pytest.fixture(autouse=True)
def _nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start as somebody who never logged in anywhere, and never wait long."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "no-docker"))
    monkeypatch.setenv("DOCKER_HOST", "")
    monkeypatch.setattr(transport, "_BACK_OFF", 0.01)


@pytest.fixture
def fake() -> Iterator[FakeRegistry]:
    with FakeRegistry() as registry:
        yield registry


def serve(fake: FakeRegistry, tmp_path: Path) -> str:
    """Give a registry of our own an image and return its digest."""
    digest = write(tmp_path / "layout", v1=AMD)["v1"]
    fake.layout = tmp_path / "layout"
    fake.tags["v1"] = digest
    return digest


def config(folder: Path, monkeypatch: pytest.MonkeyPatch, **fields: object) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(fields))
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))


def word(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_an_image_and_its_files(registry: Registry, tmp_path: Path, compression: str) -> None:
    write(tmp_path, v1=amd(compression))  # type: ignore[arg-type]
    digest = registry.push(tmp_path, f"images/{compression}:v1", "v1")
    for text in (f"images/{compression}:v1", f"images/{compression}@{digest}", f"images/{compression}:x@{digest}"):
        image, contents = read(f"registry://{registry.host}/{text}")
        assert (image.digest, shown(image, contents), contents.problems) == (digest, AMD_FILES, ())


def test_docker_schema_2(registry: Registry, tmp_path: Path) -> None:
    write(tmp_path, v1=AMD)
    digest = registry.push(tmp_path, "images/v2s2:v1", "v1", form="v2s2")
    image, contents = read(f"registry://{registry.host}/images/v2s2:v1")
    assert (image.digest, shown(image, contents)) == (digest, AMD_FILES)
    assert image.layers[0].media_type == "application/vnd.docker.image.rootfs.diff.tar.gzip"


def test_an_index_is_entered_by_platform(registry: Registry, tmp_path: Path) -> None:
    write(tmp_path, many=IndexPlan((AMD, IndexPlan((ARM,)))))
    digest = registry.put(tmp_path, "images/many:v1", "many")
    image = resolve(parse(f"registry://{registry.host}/images/many:v1"), platform="linux/arm64")
    assert (image.platform, image.index_digest) == ("linux/arm64", digest)
    with pytest.raises(NotFound, match="linux/s390x"):
        resolve(parse(f"registry://{registry.host}/images/many:v1"), platform="linux/s390x")


def test_what_is_not_there(registry: Registry) -> None:
    for name in ("images/none:v1", "images/none", f"images/none@sha256:{'0' * 64}"):
        with pytest.raises(NotFound) as caught:
            read(f"registry://{registry.host}/{name}")
        assert registry.host in caught.value.cause


def test_image_prefix_falls_through_to_the_registry(registry: Registry, tmp_path: Path) -> None:
    write(tmp_path, v1=AMD)
    registry.push(tmp_path, "images/through:v1", "v1")
    assert read(f"{registry.host}/images/through:v1")[0].platform == "linux/amd64"


def test_a_registry_with_passwords(registry_basic: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "layout", v1=AMD)
    registry_basic.push(tmp_path / "layout", "images/secret:v1", "v1")
    text = f"registry://{registry_basic.host}/images/secret:v1"
    with pytest.raises(AccessDenied, match="401") as caught:
        read(text)
    assert f"docker login {registry_basic.host}" in caught.value.next_step
    known = Credentials(registry_basic.user, registry_basic.password)
    with open_image(parse(text), credentials=known) as opened:
        assert opened.read(everything).problems == ()
    with pytest.raises(AccessDenied):
        resolve(parse(text), credentials=Credentials(registry_basic.user, "wrong"))
    monkeypatch.setenv("DOCKER_CONFIG", str(registry_basic.docker_config(tmp_path)))
    image, contents = read(text)
    assert shown(image, contents) == AMD_FILES


@pytest.mark.parametrize("how", ["credHelpers", "credsStore"])
def test_credential_helpers(
    registry_basic: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    write(tmp_path / "layout", v1=AMD)
    registry_basic.push(tmp_path / "layout", "images/helped:v1", "v1")
    answer = {"ServerURL": registry_basic.host, "Username": registry_basic.user, "Secret": registry_basic.password}
    helper = tmp_path / "bin" / "docker-credential-test"
    helper.parent.mkdir()
    helper.write_text(f"#!/bin/sh\ncat > {tmp_path}/asked\ncat <<'END'\n{json.dumps(answer)}\nEND\n")
    helper.chmod(helper.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{helper.parent}:{os.environ['PATH']}")
    fields = {"credHelpers": {registry_basic.host: "test"}} if how == "credHelpers" else {"credsStore": "test"}
    config(tmp_path / "docker", monkeypatch, **fields)
    assert read(f"registry://{registry_basic.host}/images/helped:v1")[0].platform == "linux/amd64"
    assert (tmp_path / "asked").read_text() == registry_basic.host


def test_a_credential_helper_that_is_missing(
    registry_basic: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config(tmp_path / "docker", monkeypatch, credsStore="no-such-helper")
    with pytest.raises(AccessDenied, match="no-such-helper"):
        read(f"registry://{registry_basic.host}/images/secret:v1")


def test_a_configuration_that_is_no_json(
    registry_basic: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config(tmp_path / "docker", monkeypatch, auths={registry_basic.host: {"auth": "no base64"}})
    with pytest.raises(AccessDenied, match="could not be read"):
        read(f"registry://{registry_basic.host}/images/secret:v1")


def test_tokens_for_nobody_and_for_somebody(
    fake: FakeRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(fake, tmp_path)
    fake.auth = "anonymous"
    assert shown(*read(f"registry://{fake.host}/my/app:v1")) == AMD_FILES
    assert fake.token_requests[0]["query"] == {"service": "fake", "scope": "repository:my/app:pull"}
    assert fake.token_requests[0]["authorization"] == ""
    fake.auth = "alice:secret"
    with pytest.raises(AccessDenied):
        read(f"registry://{fake.host}/my/app:v1")
    config(tmp_path / "docker", monkeypatch, auths={fake.host: {"auth": word("alice", "secret")}})
    assert shown(*read(f"registry://{fake.host}/my/app:v1")) == AMD_FILES


def test_identity_tokens_are_exchanged(fake: FakeRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(fake, tmp_path)
    fake.auth = "identity:refresh-me"
    config(tmp_path / "docker", monkeypatch, auths={fake.host: {"identitytoken": "refresh-me"}})
    assert shown(*read(f"registry://{fake.host}/my/app:v1")) == AMD_FILES
    assert fake.token_requests[0]["form"]["grant_type"] == "refresh_token"


def test_tokens_that_run_out_are_renewed(fake: FakeRegistry, tmp_path: Path) -> None:
    serve(fake, tmp_path)
    fake.auth, fake.token_lasts = "anonymous", 1
    assert shown(*read(f"registry://{fake.host}/my/app:v1")) == AMD_FILES
    assert len(fake.token_requests) > 2


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"token": 5}', b'{"token": "a\\nb"}', b"x" * (2 << 20)])
def test_answers_that_are_no_tokens(fake: FakeRegistry, tmp_path: Path, body: bytes) -> None:
    serve(fake, tmp_path)
    fake.auth, fake.token_body = "anonymous", body
    with pytest.raises(SourceError):
        read(f"registry://{fake.host}/my/app:v1")


def test_a_realm_that_is_not_encrypted_learns_nothing(fake: FakeRegistry, tmp_path: Path) -> None:
    serve(fake, tmp_path)
    fake.auth, fake.realm = "anonymous", "http://registry.example/token"
    with pytest.raises(SourceError, match="not encrypted"):
        read(f"registry://{fake.host}/my/app:v1")


def test_a_redirect_to_another_host_is_followed_without_our_name(fake: FakeRegistry, tmp_path: Path) -> None:
    serve(fake, tmp_path)
    fake.auth = "anonymous"
    with FakeRegistry() as storage:
        storage.layout = fake.layout
        fake.redirect = f"http://{storage.host}"
        assert shown(*read(f"registry://{fake.host}/my/app:v1")) == AMD_FILES
        assert storage.seen
        assert all("authorization" not in headers for _, headers in storage.seen)


@pytest.mark.parametrize("target", ["http://registry.example", "ftp://127.0.0.1", "file:///etc"])
def test_redirects_to_what_is_not_safe(fake: FakeRegistry, tmp_path: Path, target: str) -> None:
    serve(fake, tmp_path)
    fake.redirect = target
    with pytest.raises(SourceError, match="not encrypted"):
        read(f"registry://{fake.host}/my/app:v1")


@pytest.mark.parametrize("target", ["https://[::1/x", "https://x]/", "//127.0.0.1:99999999/x", "https://h:x/"])
def test_redirects_to_what_is_no_address(fake: FakeRegistry, tmp_path: Path, target: str) -> None:
    serve(fake, tmp_path)
    fake.redirect = target
    with pytest.raises(SourceError, match=r"no address|cannot be asked"):
        read(f"registry://{fake.host}/my/app:v1")
    fake.auth, fake.realm = "anonymous", target
    with pytest.raises(SourceError, match="no address"):
        read(f"registry://{fake.host}/my/app:v1")


@pytest.mark.parametrize(
    "target",
    [
        "10.0.0.1",
        "169.254.169.254",
        "[fd00:ec2::254]:8443",
        "[::ffff:192.168.0.1]",
        "[64:ff9b::a00:1]",
        "[64:ff9b::a9fe:a9fe]",
    ],
)
def test_redirects_into_another_network_are_refused(fake: FakeRegistry, tmp_path: Path, target: str) -> None:
    serve(fake, tmp_path)
    fake.redirect = f"https://{target}"
    with pytest.raises(SourceError, match=r"leads to .*, a (private|metadata) address"):
        read(f"registry://{fake.host}/my/app:v1")


def test_a_realm_in_another_network_learns_nothing(fake: FakeRegistry, tmp_path: Path) -> None:
    serve(fake, tmp_path)
    fake.auth, fake.realm = "anonymous", "https://10.0.0.1/token"
    with pytest.raises(SourceError, match="a private address"):
        read(f"registry://{fake.host}/my/app:v1")


@pytest.mark.parametrize(
    ("host", "target", "place"),
    [
        ("8.8.8.8", "1.1.1.1:443", ""),
        ("8.8.8.8", "127.0.0.1:5000", "loopback"),
        ("8.8.8.8", "[::1%25lo]:5000", "loopback"),
        ("8.8.8.8", "[fe80::1%25eth0]", "link-local"),
        ("8.8.8.8", "localhost", "loopback"),
        ("8.8.8.8", "2130706433", "loopback"),
        ("8.8.8.8", "0.0.0.0", "loopback"),
        ("8.8.8.8", "[::1]", "loopback"),
        ("8.8.8.8", "[fe80::1]", "link-local"),
        ("8.8.8.8", "172.16.0.1", "private"),
        ("8.8.8.8", "100.64.0.1", "private"),
        ("8.8.8.8", "[fc00::1]", "private"),
        ("8.8.8.8", "169.254.169.254", "metadata"),
        ("10.0.0.1:5000", "192.168.0.1", ""),
        ("10.0.0.1:5000", "127.0.0.1", "loopback"),
        ("10.0.0.1:5000", "100.100.100.200", "metadata"),
        ("127.0.0.1:5000", "[::1]:80", ""),
        ("127.0.0.1:5000", "8.8.8.8", ""),
    ],
)
def test_nobody_leads_further_in_than_they_are(host: str, target: str, place: str) -> None:
    assert inward(host, target) == place


def test_only_the_registry_may_ask_who_we_are(
    fake: FakeRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(fake, tmp_path)
    fake.auth = "alice:secret"
    config(tmp_path / "docker", monkeypatch, auths={fake.host: {"auth": word("alice", "secret")}})
    with FakeRegistry() as thief:
        thief.auth = "anonymous"
        fake.redirect = f"http://{thief.host}"
        with pytest.raises(AccessDenied, match=f"{thief.host}, where {fake.host} leads to"):
            read(f"registry://{fake.host}/my/app:v1")
        assert thief.seen
        assert not thief.token_requests
        assert all("authorization" not in headers for _, headers in thief.seen)
    assert fake.token_requests


def test_redirects_in_a_circle(fake: FakeRegistry, tmp_path: Path) -> None:
    serve(fake, tmp_path)
    fake.redirect = f"http://{fake.host}"
    with pytest.raises(SourceError, match="redirects"):
        read(f"registry://{fake.host}/my/app:v1")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_failures_pass(fake: FakeRegistry, tmp_path: Path, status: int) -> None:
    serve(fake, tmp_path)
    fake.fail_next = [status, status]
    assert shown(*read(f"registry://{fake.host}/my/app:v1")) == AMD_FILES
    fake.fail_next = [status] * 10
    with pytest.raises(SourceError, match=str(status)):
        read(f"registry://{fake.host}/my/app:v1")


def test_403_is_a_refusal(fake: FakeRegistry, tmp_path: Path) -> None:
    serve(fake, tmp_path)
    fake.fail_next = [403]
    with pytest.raises(AccessDenied, match="403"):
        read(f"registry://{fake.host}/my/app:v1")


def test_a_connection_that_breaks_is_taken_up_again(fake: FakeRegistry, tmp_path: Path) -> None:
    serve(fake, tmp_path)
    for fake.ranges in (True, False):
        fake.break_blobs = 2
        assert shown(*read(f"registry://{fake.host}/my/app:v1")) == AMD_FILES
        assert fake.break_blobs == 0
    fake.break_blobs = 1000
    with pytest.raises(SourceError):
        read(f"registry://{fake.host}/my/app:v1")


def test_bytes_that_are_not_what_their_digest_says(fake: FakeRegistry, tmp_path: Path) -> None:
    digest = serve(fake, tmp_path)
    layer = resolve(parse(f"registry://{fake.host}/my/app:v1")).layers[0].digest
    place = blob(tmp_path / "layout", layer)
    data = place.read_bytes()
    place.write_bytes(data[:-9] + b"x" + data[-8:])
    with pytest.raises(DigestMismatch):
        read(f"registry://{fake.host}/my/app:v1")
    other = blob(tmp_path / "layout", digest)
    other.write_bytes(other.read_bytes() + b" ")
    with pytest.raises(DigestMismatch):
        read(f"registry://{fake.host}/my/app@{digest}")


def test_a_digest_header_that_lies(fake: FakeRegistry, tmp_path: Path) -> None:
    serve(fake, tmp_path)
    fake.stated_digest = "sha256:" + "0" * 64
    with pytest.raises(DigestMismatch):
        read(f"registry://{fake.host}/my/app:v1")


def test_sha512_names(fake: FakeRegistry, tmp_path: Path) -> None:
    data = blob(tmp_path / "layout", serve(fake, tmp_path)).read_bytes()
    digest = f"sha512:{hashlib.sha512(data).hexdigest()}"
    fake.tags[digest] = fake.tags["v1"]
    assert read(f"registry://{fake.host}/my/app@{digest}")[0].digest == digest


@pytest.mark.parametrize("document", [b"", b"<html>", b'{"schemaVersion":1}', b"x" * (5 << 20)])
def test_what_is_no_manifest(fake: FakeRegistry, tmp_path: Path, document: bytes) -> None:
    serve(fake, tmp_path)
    fake.tags["bad"] = put(tmp_path / "layout", document)
    with pytest.raises((SourceError, LimitExceeded)):
        read(f"registry://{fake.host}/my/app:bad")


def test_missing_layers_are_said(fake: FakeRegistry, tmp_path: Path) -> None:
    serve(fake, tmp_path)
    image = resolve(parse(f"registry://{fake.host}/my/app:v1"))
    blob(tmp_path / "layout", image.layers[0].digest).unlink()
    assert codes(read(f"registry://{fake.host}/my/app:v1")[1]) == ["damaged-layer"]


def test_resolving_asks_for_manifest_and_configuration_alone(fake: FakeRegistry, tmp_path: Path) -> None:
    serve(fake, tmp_path)
    image = resolve(parse(f"registry://{fake.host}/my/app:v1"))
    assert [path for path, _ in fake.seen] == ["/v2/my/app/manifests/v1", f"/v2/my/app/blobs/{image.config_digest}"]


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(SourceError, match="cannot be reached") as caught:
            read(f"registry://127.0.0.1:{taken.getsockname()[1]}/my/app:v1")
    assert "refused" in caught.value.cause


def test_a_host_that_speaks_no_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        text = f"registry://127.0.0.1:{server.getsockname()[1]}/my/app:v1"
        import threading

        def answer() -> None:
            for _ in range(4):
                connection, _address = server.accept()
                connection.recv(1000)
                connection.sendall(b"220 ready\r\n")
                connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(SourceError):
            read(text)
        thread.join()


def test_netrc_is_not_for_registries(fake: FakeRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(fake, tmp_path)
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login alice password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    read(f"registry://{fake.host}/my/app:v1")
    assert all("authorization" not in headers for _, headers in fake.seen)


def test_a_proxy_is_not_for_loopback(fake: FakeRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(fake, tmp_path)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert shown(*read(f"registry://{fake.host}/my/app:v1")) == AMD_FILES


def test_secrets_are_not_shown() -> None:
    assert "secret" not in repr(Credentials("alice", "secret", "secret"))


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("127.0.0.1:5000", True),
        ("127.9.9.9", True),
        ("[::1]:5000", True),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("docker.io", False),
    ],
)
def test_only_loopback_goes_without_encryption(host: str, answer: bool) -> None:
    assert is_loopback(host) is answer
    assert transport.Transport(host).base.startswith("http://" if answer else "https://")

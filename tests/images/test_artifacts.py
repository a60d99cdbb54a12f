"""Artifacts are pushed to real registries and read back; racing, killed, refused and misled writers leave no damage."""

import hashlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from envscout.errors import AccessDenied, DigestMismatch, LimitExceeded, NotFound, SourceError, UsageError
from envscout.images import Credentials, open_image, transport, upload
from envscout.images.artifacts import Artifact, Limits, Part, described, pull_artifact, push_artifact
from envscout.images.attestations import SBOM
from envscout.images.manifest import OCI_INDEX, Descriptor
from envscout.names.reference import Reference, parse
from tests.images import attesting
from tests.images.attesting import IN_TOTO, SPDX, fallback
from tests.images.fake_registry import FakeRegistry
from tests.images.images import AMD, write
from tests.servers.program import need, run
from tests.servers.registry import Registry

KIND = "application/vnd.example.rules.v1"
PARTS = (Part("application/yaml", b"a: 1\n", {"title": "a.yml"}), Part("application/json", b"{}"))


@pytest.fixture(autouse=True)
def _nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "no-docker"))
    monkeypatch.setattr(transport, "_BACK_OFF", 0.01)
    monkeypatch.setattr(upload, "_BACK_OFF", 0.01)


@pytest.fixture
def fake() -> Iterator[FakeRegistry]:
    with FakeRegistry() as registry:
        yield registry


def at(host: str, name: str) -> Reference:
    return parse(f"registry://{host}/{name}")


def image(registry: Registry, folder: Path, name: str) -> Reference:
    """Push an image and return its reference."""
    write(folder / "layout", v1=AMD)
    registry.push(folder / "layout", name, "v1")
    return at(registry.host, name)


def listed(registry: Registry, path: str, subject: str) -> list[dict[str, object]]:
    place = f"http://{registry.host}/v2/{path}/manifests/{fallback(subject)}"
    answer = requests.get(place, headers={"Accept": OCI_INDEX}, timeout=10)
    return list(answer.json()["manifests"]) if answer.ok else []


def spdx_part(subject: str) -> Part:
    data = json.dumps(attesting.statement(SPDX, attesting.spdx(("pkg:npm/a@1", "")), subject)).encode()
    return Part(IN_TOTO, data, {"in-toto.io/predicate-type": SPDX})


def test_an_artifact_comes_back_as_it_was(registry: Registry) -> None:
    digest = push_artifact(at(registry.host, "artifacts/rules:v1"), KIND, PARTS, annotations={"who": "us"})
    for name in ("artifacts/rules:v1", f"artifacts/rules@{digest}"):
        assert pull_artifact(at(registry.host, name), KIND) == Artifact(digest, PARTS, {"who": "us"})
    assert push_artifact(at(registry.host, "artifacts/rules:v1"), KIND, PARTS, annotations={"who": "us"}) == digest
    untagged = push_artifact(at(registry.host, "artifacts/rules"), KIND, ())
    assert pull_artifact(at(registry.host, f"artifacts/rules@{untagged}"), "").parts == ()
    with pytest.raises(NotFound):
        pull_artifact(at(registry.host, "artifacts/rules"), KIND)


def test_other_programs_read_it(registry: Registry, tmp_path: Path) -> None:
    need("skopeo")
    digest = push_artifact(at(registry.host, "artifacts/skopeo:v1"), KIND, PARTS)
    source = f"docker://{registry.host}/artifacts/skopeo:v1"
    raw = run("skopeo", "inspect", "--raw", "--tls-verify=false", source)
    assert json.loads(raw)["artifactType"] == KIND
    assert f"sha256:{hashlib.sha256(raw.encode()).hexdigest()}" == digest


def test_what_is_not_asked_for(registry: Registry, tmp_path: Path) -> None:
    push_artifact(at(registry.host, "artifacts/kinds:v1"), KIND, PARTS)
    with pytest.raises(SourceError, match="is no application/other but"):
        pull_artifact(at(registry.host, "artifacts/kinds:v1"), "application/other")
    with pytest.raises(LimitExceeded):
        pull_artifact(at(registry.host, "artifacts/kinds:v1"), KIND, Limits(parts=1))
    with pytest.raises(LimitExceeded):
        pull_artifact(at(registry.host, "artifacts/kinds:v1"), KIND, Limits(size=6))
    with pytest.raises(UsageError):
        push_artifact(parse(f"archive://{tmp_path}/a.tar"), KIND, PARTS)


def test_what_hangs_on_an_image_is_found_there(registry: Registry, tmp_path: Path) -> None:
    reference = image(registry, tmp_path, "artifacts/hung:v1")
    subject = described(reference)
    first = push_artifact(at(registry.host, "artifacts/hung"), IN_TOTO, [spdx_part(subject.digest)], subject=subject)
    second = push_artifact(at(registry.host, "artifacts/hung"), KIND, PARTS, subject=subject, annotations={"a": "b"})
    again = push_artifact(at(registry.host, "artifacts/hung"), IN_TOTO, [spdx_part(subject.digest)], subject=subject)
    entries = listed(registry, "artifacts/hung", subject.digest)
    assert (again, [entry["digest"] for entry in entries]) == (first, [first, second])
    assert entries[1]["artifactType"] == KIND
    assert entries[1]["annotations"] == {"a": "b"}
    with open_image(reference) as opened:
        assert [(one.kind, one.place) for one in opened.attached([SBOM]).documents] == [(SBOM, "referrer")]


def test_writers_that_race_lose_nothing(registry: Registry, tmp_path: Path) -> None:
    subject = described(image(registry, tmp_path, "artifacts/race:v1"))
    found: list[str] = []

    def push(number: int) -> None:
        part = Part("text/plain", str(number).encode())
        found.append(push_artifact(at(registry.host, "artifacts/race"), KIND, [part], subject=subject))

    threads = [threading.Thread(target=push, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = [str(entry["digest"]) for entry in listed(registry, "artifacts/race", subject.digest)]
    assert len(found) == 6
    assert sorted(entries) == sorted(found)


def test_a_tag_that_holds_something_else_is_left_alone(registry: Registry, tmp_path: Path) -> None:
    subject = described(image(registry, tmp_path, "artifacts/taken:v1"))
    registry.push(tmp_path / "layout", f"artifacts/taken:{fallback(subject.digest)}", "v1")
    with pytest.raises(SourceError, match=fallback(subject.digest)):
        push_artifact(at(registry.host, "artifacts/taken"), KIND, PARTS, subject=subject)
    assert described(at(registry.host, f"artifacts/taken:{fallback(subject.digest)}")) == subject


@pytest.mark.parametrize("name", ["registry_basic", "registry_token"])
def test_names_and_passwords(name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    registry: Registry = request.getfixturevalue(name)
    reference = at(registry.host, "artifacts/secret:v1")
    known = Credentials(registry.user, registry.password)
    digest = push_artifact(reference, KIND, PARTS, credentials=known)
    assert pull_artifact(reference, KIND, credentials=known).digest == digest
    for other in (Credentials(), Credentials(registry.user, "wrong")):
        with pytest.raises(AccessDenied, match=registry.host) as caught:
            push_artifact(at(registry.host, "artifacts/none:v1"), KIND, PARTS, credentials=other)
        assert f"docker login {registry.host}" in caught.value.next_step
    with pytest.raises(NotFound):
        pull_artifact(at(registry.host, "artifacts/none:v1"), KIND, credentials=known)


def test_tokens_are_asked_for_pulling_and_pushing(fake: FakeRegistry) -> None:
    fake.auth = "alice:secret"
    push_artifact(at(fake.host, "my/app:v1"), KIND, PARTS, credentials=Credentials("alice", "secret"))
    assert fake.token_requests[0]["query"]["scope"].endswith(":pull,push")
    assert pull_artifact(at(fake.host, "my/app:v1"), KIND, credentials=Credentials("alice", "secret")).parts == PARTS


def test_a_registry_that_keeps_account_of_referrers_needs_no_list(fake: FakeRegistry) -> None:
    fake.notes_subjects = True
    subject = Descriptor("application/vnd.oci.image.manifest.v1+json", f"sha256:{'0' * 64}", 3)
    push_artifact(at(fake.host, "my/app"), KIND, PARTS, subject=subject)
    assert not [path for path in fake.stored if path.endswith(fallback(subject.digest))]
    fake.notes_subjects = False
    push_artifact(at(fake.host, "my/app"), KIND, PARTS, subject=subject)
    assert [path for path in fake.stored if path.endswith(fallback(subject.digest))]


def test_uploads_go_to_another_host_without_our_name(fake: FakeRegistry) -> None:
    fake.auth = "alice:secret"
    with FakeRegistry() as storage:
        fake.upload_to = f"http://{storage.host}/bucket/uploads/session?signature=x"
        push_artifact(at(fake.host, "my/app:v1"), KIND, PARTS, credentials=Credentials("alice", "secret"))
        assert len(storage.seen) == 2
        assert all("authorization" not in headers for _, headers in storage.seen)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("http://registry.example/upload", "not encrypted"),
        ("ftp://127.0.0.1/upload", "not encrypted"),
        ("https://10.0.0.1/upload", "private"),
        ("https://169.254.169.254/latest", "metadata"),
        ("https://[::1/upload", "no address"),
        ("/v2/" + "x" * 9000, "does not say where"),
    ],
)
def test_uploads_that_lead_astray(fake: FakeRegistry, place: str, message: str) -> None:
    fake.upload_to = place
    with pytest.raises(SourceError, match=message):
        push_artifact(at(fake.host, "my/app:v1"), KIND, PARTS)


def test_a_registry_that_stores_something_else(fake: FakeRegistry) -> None:
    fake.says_stored = f"sha256:{'0' * 64}"
    with pytest.raises(DigestMismatch):
        push_artifact(at(fake.host, "my/app:v1"), KIND, PARTS)


def test_a_registry_that_talks_too_much(fake: FakeRegistry) -> None:
    fake.chatter = 1 << 20
    with pytest.raises(LimitExceeded):
        push_artifact(at(fake.host, "my/app:v1"), KIND, PARTS)


@pytest.mark.parametrize(("status", "error"), [(403, AccessDenied), (404, NotFound), (405, SourceError)])
def test_a_registry_that_takes_nothing(fake: FakeRegistry, status: int, error: type[Exception]) -> None:
    fake.put_status = status
    with pytest.raises(error):
        push_artifact(at(fake.host, "my/app:v1"), KIND, PARTS)
    assert fake.stored == {}


def test_a_connection_that_breaks_is_tried_again(fake: FakeRegistry) -> None:
    fake.break_puts = 2
    digest = push_artifact(at(fake.host, "my/app:v1"), KIND, PARTS)
    assert pull_artifact(at(fake.host, "my/app:v1"), KIND) == Artifact(digest, PARTS, {})
    fake.break_puts = 1000
    with pytest.raises(SourceError):
        push_artifact(at(fake.host, "my/app:v2"), KIND, [Part("text/plain", b"other")])


PUSH = """
import sys
from envscout.images.artifacts import Part, described, push_artifact
from envscout.names.reference import parse
subject = described(parse(sys.argv[1]))
print("begun", flush=True)
parts = [Part("text/plain", bytes([number]) * 300_000) for number in range(30)]
push_artifact(parse(sys.argv[2]), "application/vnd.example", parts, subject=subject)
"""


def test_a_writer_that_is_killed_leaves_nothing_half_done(registry: Registry, tmp_path: Path) -> None:
    subject = described(image(registry, tmp_path, "artifacts/killed:v1"))
    names = (f"registry://{registry.host}/artifacts/killed:v1", f"registry://{registry.host}/artifacts/killed")
    with subprocess.Popen([sys.executable, "-c", PUSH, *names], stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        uploads = registry.storage / "storage/docker/registry/v2/repositories/artifacts/killed/_layers/sha256"
        while len(list(uploads.glob("*"))) < 10:
            assert child.poll() is None, "it was too quick to be killed half-way"
        child.send_signal(signal.SIGKILL)
    assert listed(registry, "artifacts/killed", subject.digest) == []
    subprocess.run([sys.executable, "-c", PUSH, *names], check=True, stdout=subprocess.DEVNULL)
    (entry,) = listed(registry, "artifacts/killed", subject.digest)
    found = pull_artifact(at(registry.host, f"artifacts/killed@{entry['digest']}"), "application/vnd.example")
    assert len(found.parts) == 30


def test_layouts_are_written_to(tmp_path: Path) -> None:
    write(tmp_path, v1=AMD)
    reference = parse(f"oci-dir://{tmp_path}:v1")
    subject = described(reference)
    bare = parse(f"oci-dir://{tmp_path}")
    digests = {push_artifact(bare, IN_TOTO, [spdx_part(subject.digest)], subject=subject) for _ in range(2)}
    assert len(digests) == 1
    assert len(json.loads((tmp_path / "index.json").read_bytes())["manifests"]) == 2
    for text in (f"oci-dir://{tmp_path}:v1", f"oci-dir://{tmp_path}"):
        with open_image(parse(text)) as opened:
            assert opened.image.digest == subject.digest
            assert [(one.kind, one.place) for one in opened.attached([SBOM]).documents] == [(SBOM, "referrer")]


def test_layouts_that_are_none_or_lead_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        push_artifact(parse(f"oci-dir://{tmp_path}"), KIND, PARTS)
    write(tmp_path / "layout", v1=AMD)
    (tmp_path / "layout/blobs/sha256").rename(tmp_path / "elsewhere")
    (tmp_path / "layout/blobs/sha256").symlink_to(tmp_path / "elsewhere")
    before = sorted((tmp_path / "elsewhere").iterdir())
    with pytest.raises(SourceError, match="leads elsewhere"):
        push_artifact(parse(f"oci-dir://{tmp_path}/layout"), KIND, PARTS)
    assert sorted((tmp_path / "elsewhere").iterdir()) == before

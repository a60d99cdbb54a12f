"""The local engine: a real one, and one of our own that streams what newer engines stream."""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from envscout.demo.layout import ImagePlan, layer
from envscout.errors import NotFound, SourceError
from envscout.images import engine as engines
from envscout.images import newest_local, open_image, resolve
from envscout.images.engine import EngineUnavailableError, is_likely
from envscout.names.reference import parse
from tests.images.fake_engine import FakeEngine
from tests.images.images import AMD, AMD_FILES, ARM, codes, everything, read, shown, write
from tests.servers.engine import Engine
from tests.servers.registry import Registry


@pytest.fixture(autouse=True)
def _no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start without an engine and without a Docker configuration."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "no-docker"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)


@pytest.fixture
def engine(docker_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv("DOCKER_HOST", docker_engine.host)
    return docker_engine


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    with FakeEngine() as running:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{running.host}")
        yield running


def test_an_image_and_its_files(engine: Engine, tmp_path: Path) -> None:
    write(tmp_path / "layout", v1=AMD)
    engine.load_layout(tmp_path / "layout", "images/local:v1", "v1")
    image_id = engine.docker("image", "inspect", "--format", "{{.Id}}", "images/local:v1").strip()
    image, contents = read("local://images/local:v1")
    assert shown(image, contents) == AMD_FILES
    assert contents.problems == ()
    assert (image.digest, image.config_digest, image.platform) == (image_id, image_id, "linux/amd64")
    assert (image.user, image.labels) == ("app", (("a", "b"),))
    assert [layer.created_by for layer in image.layers] == ["ADD rootfs /", "RUN change", "COPY . ."]
    assert [layer.diff_id for layer in image.layers] == [layer.diff_id for layer in AMD.layers]
    assert resolve(parse(f"local://{image_id}")).config_digest == image_id


def test_image_prefix_asks_the_engine_first_and_then_the_registry(
    engine: Engine, registry: Registry, tmp_path: Path
) -> None:
    write(tmp_path / "layout", v1=AMD, arm=ARM)
    digest = registry.push(tmp_path / "layout", "daemon/both:v1", "v1", form="v2s2")
    name = f"{registry.host}/daemon/both:v1"
    assert read(name)[0].layers[0].size > 0
    engine.docker("pull", "--quiet", name)
    image, contents = read(name)
    assert image.layers[0].size == 0, "the engine does not know the size of stored layers"
    assert (image.digest, shown(image, contents)) == (digest, AMD_FILES)
    assert read(f"local://{registry.host}/daemon/both@{digest}")[0].digest == digest


def test_a_platform_the_engine_does_not_have(engine: Engine, tmp_path: Path) -> None:
    write(tmp_path / "layout", v1=AMD)
    engine.load_layout(tmp_path / "layout", "images/platform:v1", "v1")
    assert read("local://images/platform:v1", "linux/amd64")[0].platform == "linux/amd64"
    with pytest.raises(NotFound, match="only for linux/amd64"):
        read("local://images/platform:v1", "linux/arm64")


def test_what_the_engine_does_not_have(engine: Engine) -> None:
    with pytest.raises(NotFound, match="no image images/none:v1") as caught:
        read("local://images/none:v1")
    assert "docker pull" in caught.value.next_step


def test_a_real_build_and_a_second_pass(engine: Engine, tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "a").write_text("1")
    (context / "Dockerfile").write_text("FROM scratch\nCOPY a /first\nWORKDIR /empty\nCOPY a /second\nENV A=b\n")
    engine.docker("build", "--quiet", "--tag", "images/built:v1", context)
    with open_image(parse("local://images/built:v1")) as opened:
        contents = opened.read(everything)
        assert [file.path for file in contents.files] == ["first", "second"]
        assert len(opened.image.layers) == 3
        assert all(layer.created_by for layer in opened.image.layers)


def test_saved_archives_of_a_real_engine(engine: Engine, tmp_path: Path) -> None:
    write(tmp_path / "layout", v1=AMD)
    engine.load_layout(tmp_path / "layout", "images/saved:v1", "v1")
    engine.load_layout(tmp_path / "layout", "images/saved:v2", "v1")
    engine.docker("save", "--output", tmp_path / "x.tar", "images/saved:v1", "images/saved:v2")
    image, contents = read(f"archive://{tmp_path}/x.tar", archive_ref="images/saved:v2")
    assert shown(image, contents) == AMD_FILES
    assert image.config_digest == read("local://images/saved:v1")[0].config_digest


def test_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(EngineUnavailableError, match="No Docker engine answers") as caught:
        read("local://a")
    assert "registry://" in caught.value.next_step


def test_contexts_are_followed(docker_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "docker"
    meta = folder / "contexts" / "meta" / hashlib.sha256(b"mine").hexdigest()
    meta.mkdir(parents=True)
    endpoint = {"Host": docker_engine.host, "SkipTLSVerify": False}
    (meta / "meta.json").write_text(json.dumps({"Name": "mine", "Metadata": {}, "Endpoints": {"docker": endpoint}}))
    (folder / "config.json").write_text(json.dumps({"currentContext": "mine"}))
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    write(tmp_path / "layout", v1=AMD)
    docker_engine.load_layout(tmp_path / "layout", "images/context:v1", "v1")
    assert is_likely()
    assert shown(*read("local://images/context:v1")) == AMD_FILES


def test_a_context_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "no-such-context")
    with pytest.raises(EngineUnavailableError):
        read("local://a")


def test_whether_an_engine_is_likely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_SOCKET", tmp_path / "docker.sock")
    assert not is_likely()
    (tmp_path / "docker.sock").touch()
    assert is_likely()


def described(fake: FakeEngine, plan: ImagePlan) -> bytes:
    """Let the engine have an image, and return its configuration."""
    diff_ids = [one.diff_id for one in plan.layers]
    history = [{"created_by": one.created_by} for one in plan.layers]
    config = json.dumps({"rootfs": {"diff_ids": diff_ids}, "history": history}).encode()
    fake.inspect = {
        "Id": f"sha256:{hashlib.sha256(config).hexdigest()}",
        "RepoDigests": None,
        "Os": "linux",
        "Architecture": "amd64",
        "Size": 5,
        "RootFS": {"Type": "layers", "Layers": diff_ids},
    }
    return config


def stream(members: list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def blob(data: bytes) -> tuple[str, bytes]:
    return f"blobs/sha256/{hashlib.sha256(data).hexdigest()}", data


def plan_with_config(compression: str) -> ImagePlan:
    return ImagePlan((layer({"a": b"1"}, "one", compression), layer({"a": b"2"}, "two", compression)))  # type: ignore[arg-type]


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
@pytest.mark.parametrize("is_last", [True, False])
def test_the_oci_layout_that_newer_engines_stream(fake: FakeEngine, compression: str, is_last: bool) -> None:
    plan = plan_with_config(compression)
    config = described(fake, plan)
    documents = [blob(config), ("index.json", b"{}"), ("manifest.json", b"[]"), ("oci-layout", b"{}")]
    layers = [blob(one.blob) for one in reversed(plan.layers)]
    fake.save = stream(layers + documents if is_last else documents + layers)
    image, contents = read("local://a")
    assert shown(image, contents) == {"a": [(0, b"1"), (1, b"2")]}
    assert [layer.created_by for layer in image.layers] == ["one", "two"]


def test_a_stream_that_ends_early(fake: FakeEngine) -> None:
    plan = plan_with_config("none")
    described(fake, plan)
    whole = stream([("x/layer.tar", one.blob) for one in plan.layers])
    fake.save = whole[: len(plan.layers[0].blob) + 2000]
    with pytest.raises(SourceError, match="damaged"):
        read("local://a")


def test_a_layer_that_is_not_in_the_stream(fake: FakeEngine) -> None:
    plan = plan_with_config("none")
    described(fake, plan)
    fake.save = stream([("x/layer.tar", plan.layers[0].blob), ("y/layer.tar", b"something else" * 100)])
    image, contents = read("local://a")
    assert shown(image, contents) == {"a": [(0, b"1")]}
    assert codes(contents) == ["damaged-layer"]


@pytest.mark.parametrize("answer", [{}, {"Id": 5}, []])
def test_answers_that_make_no_sense(fake: FakeEngine, answer: object) -> None:
    fake.inspect = answer
    with pytest.raises(SourceError):
        read("local://a")


def test_an_engine_that_fails(fake: FakeEngine) -> None:
    described(fake, plan_with_config("none"))
    fake.save = b""
    fake.save_status = 500
    with pytest.raises(SourceError, match="stopped sending"):
        read("local://a")


def test_the_image_that_was_built_last(fake: FakeEngine) -> None:
    fake.inspect = [
        {"Id": "sha256:a", "Created": 10, "RepoTags": ["a:1"]},
        {"Id": "sha256:b", "Created": 20, "RepoTags": ["b:2", "b:1", "<none>:<none>"]},
        {"Id": "sha256:c", "Created": 20, "RepoTags": None},
        {"Id": "sha256:d", "Created": 5, "RepoTags": ["d:1"]},
    ]
    assert newest_local() == "b:1"
    fake.inspect = [{"Id": "sha256:c", "Created": 20, "RepoTags": ["<none>:<none>"]}]
    assert newest_local() == "sha256:c"


@pytest.mark.parametrize("listed", [[], None, {"message": "no"}, [{"Id": 1}], [{"Created": 1}], "x", [None]])
def test_an_engine_without_images_or_with_nonsense(fake: FakeEngine, listed: Any) -> None:
    fake.inspect = listed
    with pytest.raises(NotFound if listed == [] else SourceError):
        newest_local()

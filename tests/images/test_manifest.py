"""Manifests, indexes and configurations are read strictly, and refused with a reason."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscout.errors import EnvscoutError, LimitExceeded, SourceError
from envscout.images import manifest as manifests
from envscout.images.manifest import Config, Descriptor, Index, Manifest, Platform, parse, parse_config

DIGEST = "sha256:" + "0" * 64
CONFIG = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": DIGEST, "size": 2}
LAYER = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": DIGEST, "size": 3}


def encoded(**fields: object) -> bytes:
    return json.dumps({"schemaVersion": 2, **fields}).encode()


@pytest.mark.parametrize("media_type", [manifests.OCI_MANIFEST, manifests.DOCKER_MANIFEST, ""])
@pytest.mark.parametrize("is_said_inside", [True, False])
def test_manifests(media_type: str, is_said_inside: bool) -> None:
    inside = {"mediaType": media_type} if is_said_inside and media_type else {}
    found = parse(encoded(config=CONFIG, layers=[LAYER], **inside), media_type, "x")
    assert isinstance(found, Manifest)
    assert found.layers[0].size == 3


@pytest.mark.parametrize("media_type", [manifests.OCI_INDEX, manifests.DOCKER_LIST, "", "application/json"])
def test_indexes(media_type: str) -> None:
    entry = {"digest": DIGEST, "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}}
    found = parse(encoded(manifests=[entry]), media_type, "x")
    assert isinstance(found, Index)
    assert found.manifests[0].platform_name == "linux/arm64"


def test_schema_1_is_refused_with_a_way_out() -> None:
    with pytest.raises(SourceError, match="schema 1") as caught:
        parse(b'{"schemaVersion": 1, "fsLayers": []}', "", "x")
    assert "push it again" in caught.value.next_step


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b"\xff\xfe",
        encoded(),
        encoded(manifests="x"),
        encoded(config=CONFIG),
        encoded(config=CONFIG, layers=[LAYER], mediaType=manifests.OCI_INDEX),
        encoded(config=CONFIG, layers=[{"digest": 5}]),
        b'{"schemaVersion":2,"config":' + b"[" * 100_000,
    ],
)
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(SourceError):
        parse(data, "", "x")


def test_artifacts_are_no_images() -> None:
    config = {**CONFIG, "mediaType": "application/vnd.cncf.helm.config.v1+json"}
    with pytest.raises(SourceError, match="helm"):
        parse(encoded(config=config, layers=[LAYER]), "", "x")


def test_sizes_and_counts_are_bounded() -> None:
    with pytest.raises(LimitExceeded):
        parse(b" " * (manifests.MAX_MANIFEST + 1), "", "x")
    with pytest.raises(LimitExceeded):
        parse(encoded(manifests=[{"digest": DIGEST}] * (manifests.MAX_MANIFESTS + 1)), "", "x")
    with pytest.raises(LimitExceeded):
        parse(encoded(config=CONFIG, layers=[LAYER] * (manifests.MAX_LAYERS + 1)), "", "x")


@pytest.mark.parametrize(
    "entry",
    [
        Descriptor(platform=Platform("unknown", "unknown")),
        Descriptor(annotations={"vnd.docker.reference.type": "attestation-manifest"}),
    ],
)
def test_attestations_are_recognised(entry: Descriptor) -> None:
    assert entry.is_attestation


def test_history_names_the_command_of_each_layer() -> None:
    steps = [{"created_by": "ADD"}, {"created_by": "ENV", "empty_layer": True}, {"created_by": "RUN"}]
    data = {"rootfs": {"diff_ids": ["a", "b"]}, "history": steps}
    assert parse_config(json.dumps(data).encode(), "x").created_by() == ("ADD", "RUN")
    data["history"] = steps[:1]
    assert parse_config(json.dumps(data).encode(), "x").created_by() == ("", "")
    del data["history"]
    assert parse_config(json.dumps(data).encode(), "x").created_by() == ("", "")


def test_configurations_with_nulls() -> None:
    data = b'{"created":null,"config":null,"rootfs":{"diff_ids":null},"history":null,"variant":null}'
    assert parse_config(data, "x").diff_ids == ()
    assert parse_config(b'{"config":{"User":"app","Labels":null}}', "x").config is not None


@pytest.mark.parametrize("size", [-1, 1 << 60])
def test_a_layer_says_a_size_that_can_be(size: int) -> None:
    with pytest.raises(LimitExceeded, match="layer of no size"):
        parse(encoded(config=CONFIG, layers=[{**LAYER, "size": size}]), "", "x")


def test_layers_and_configuration_have_to_agree() -> None:
    manifest = Manifest(Descriptor(digest=DIGEST), (Descriptor(digest=DIGEST, size=1),))
    with pytest.raises(SourceError, match="names 0"):
        manifests.image_of(DIGEST, "", manifest, Config())


KEYS = st.sampled_from(["schemaVersion", "mediaType", "manifests", "layers", "config", "digest"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text()


@given(st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner)))
def test_any_json_is_read_or_refused(document: object) -> None:
    try:
        parse(json.dumps(document).encode(), "", "x")
    except EnvscoutError as error:
        assert error.next_step  # noqa: PT017

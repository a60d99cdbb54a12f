"""OCI layout directories: the whole image, any index, any damage."""

import gzip
import json
import os
from pathlib import Path

import pytest

from envscout.demo.layout import IndexPlan
from envscout.demo.tar import Compression, pack
from envscout.errors import DigestMismatch, LimitExceeded, NotFound, SourceError, UsageError
from envscout.images import open_image, resolve
from envscout.names.reference import parse
from tests.images.images import (
    AMD,
    AMD_FILES,
    ARM,
    WINDOWS,
    amd,
    blob,
    codes,
    everything,
    point_at,
    put,
    read,
    shown,
    with_layer,
    write,
)

INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_an_image_and_its_files(tmp_path: Path, compression: Compression) -> None:
    plan = amd(compression)
    digest = write(tmp_path, v1=plan)["v1"]
    image, contents = read(f"oci-dir://{tmp_path}:v1")
    assert shown(image, contents) == AMD_FILES
    assert contents.problems == ()
    assert [file.path for file in contents.files] == sorted(AMD_FILES)
    assert (image.digest, image.index_digest, image.platform) == (digest, "", "linux/amd64")
    assert (image.created, image.user, image.labels) == ("2026-02-03T04:05:06Z", "app", (("a", "b"),))
    assert [layer.created_by for layer in image.layers] == ["ADD rootfs /", "RUN change", "COPY . ."]
    assert [layer.diff_id for layer in image.layers] == [layer.diff_id for layer in AMD.layers]
    assert image.size == sum(len(layer.blob) for layer in plan.layers)


def test_resolving_reads_no_layer(tmp_path: Path) -> None:
    write(tmp_path, v1=AMD)
    expected = read(f"oci-dir://{tmp_path}")[0]
    for layer in expected.layers:
        blob(tmp_path, layer.digest).unlink()
    assert resolve(parse(f"oci-dir://{tmp_path}:v1")) == expected


def test_an_index_is_entered_by_platform(tmp_path: Path) -> None:
    digests = write(tmp_path, many=IndexPlan((AMD, IndexPlan((ARM,)))))
    for platform, count in (("linux/amd64", 3), ("linux/arm64", 1), ("linux/arm64/v8", 1)):
        image, _ = read(f"oci-dir://{tmp_path}:many", platform)
        assert (len(image.layers), image.index_digest) == (count, digests["many"])
        assert image.digest != digests["many"]
    with pytest.raises(NotFound, match="no image for linux/s390x") as caught:
        read(f"oci-dir://{tmp_path}:many", "linux/s390x")
    assert "linux/amd64, linux/arm64" in caught.value.next_step
    with pytest.raises(UsageError):
        read(f"oci-dir://{tmp_path}:many", "linux")


def test_without_a_platform_it_is_this_machine_s_or_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, many=IndexPlan((WINDOWS, ARM, AMD)))
    monkeypatch.setattr("envscout.images.platform.host.machine", lambda: "x86_64")
    with open_image(parse(f"oci-dir://{tmp_path}")) as opened:
        assert (opened.image.platform, codes(opened)) == ("linux/amd64", [])
    monkeypatch.setattr("envscout.images.platform.host.machine", lambda: "s390x")
    image, contents = read(f"oci-dir://{tmp_path}")
    assert (image.platform, codes(contents)) == ("linux/arm64", ["platform-fallback"])


def test_a_single_image_of_another_platform_is_taken_unless_one_was_named(tmp_path: Path) -> None:
    write(tmp_path, v1=ARM)
    assert read(f"oci-dir://{tmp_path}")[0].platform == "linux/arm64"
    with pytest.raises(NotFound, match="no image for linux/amd64"):
        read(f"oci-dir://{tmp_path}", "linux/amd64")


def test_attestations_are_never_chosen(tmp_path: Path) -> None:
    digest = write(tmp_path, v1=AMD)["v1"]
    statement = {"digest": put(tmp_path, {}), "size": 2, "platform": {"os": "unknown", "architecture": "unknown"}}
    note = {
        "digest": put(tmp_path, {}),
        "size": 2,
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
    }
    entries = [
        statement,
        note,
        {"digest": digest, "size": 1, "mediaType": "application/vnd.oci.image.manifest.v1+json"},
    ]
    inner = put(tmp_path, {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})
    point_at(tmp_path, statement, {"digest": inner, "size": 1, "mediaType": INDEX})
    assert read(f"oci-dir://{tmp_path}")[0].digest == digest
    point_at(tmp_path, statement)
    with pytest.raises(NotFound, match="lists no image"):
        read(f"oci-dir://{tmp_path}")


def test_several_images_want_a_name(tmp_path: Path) -> None:
    digests = write(tmp_path, v1=AMD, v2=ARM)
    with pytest.raises(UsageError, match="several images") as caught:
        read(f"oci-dir://{tmp_path}")
    assert "v1, v2" in caught.value.next_step
    with pytest.raises(NotFound, match="no image 'v3'"):
        read(f"oci-dir://{tmp_path}:v3")
    assert read(f"oci-dir://{tmp_path}:v2")[0].digest == digests["v2"]
    assert read(f"oci-dir://{tmp_path}@{digests['v2']}")[0].digest == digests["v2"]


def test_a_directory_with_a_colon_in_its_name(tmp_path: Path) -> None:
    write(tmp_path / "app:v1", v1=AMD)
    assert read(f"oci-dir://{tmp_path}/app:v1")[0].platform == "linux/amd64"


@pytest.mark.parametrize("depth", [7, 100])
def test_indexes_nested_too_deep(tmp_path: Path, depth: int) -> None:
    write(tmp_path, v1=AMD)
    [entry] = json.loads((tmp_path / "index.json").read_text())["manifests"]
    for _ in range(depth):
        digest = put(tmp_path, {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]})
        entry = {"mediaType": INDEX, "digest": digest, "size": 1}
    point_at(tmp_path, entry)
    with pytest.raises(LimitExceeded, match="deeper"):
        read(f"oci-dir://{tmp_path}")


def test_indexes_that_fan_out(tmp_path: Path) -> None:
    leaf = put(tmp_path, {"schemaVersion": 2, "mediaType": INDEX, "manifests": []})
    for _ in range(3):
        entries = [{"mediaType": INDEX, "digest": leaf, "size": 1}] * 900
        leaf = put(tmp_path, {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})
    point_at(tmp_path, {"mediaType": INDEX, "digest": leaf, "size": 1})
    with pytest.raises(LimitExceeded, match="more than"):
        read(f"oci-dir://{tmp_path}")


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"manifests": 5}', '{"manifests": [{"digest": null}]}'])
def test_an_index_that_is_no_index(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(SourceError, match="damaged"):
        read(f"oci-dir://{tmp_path}")


def test_no_layout_at_all(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no directory"):
        read(f"oci-dir://{tmp_path}/missing")
    with pytest.raises(SourceError, match=r"no index\.json"):
        read(f"oci-dir://{tmp_path}")


@pytest.mark.parametrize("digest", ["", "sha256:../../../etc/passwd", "sha256:" + "0" * 63, "md5:" + "0" * 32])
def test_a_digest_that_is_a_path(tmp_path: Path, digest: str) -> None:
    point_at(tmp_path, {"digest": digest, "size": 1})
    with pytest.raises(SourceError, match="no digest"):
        read(f"oci-dir://{tmp_path}")


def test_links_out_of_the_layout_are_refused(tmp_path: Path) -> None:
    layout, outside = tmp_path / "layout", tmp_path / "outside"
    digest = write(layout, v1=AMD)["v1"]
    outside.write_bytes(blob(layout, digest).read_bytes())
    blob(layout, digest).unlink()
    blob(layout, digest).symlink_to(outside)
    with pytest.raises(SourceError, match="leads out"):
        read(f"oci-dir://{layout}")


def test_a_fifo_is_no_blob(tmp_path: Path) -> None:
    digest = write(tmp_path, v1=AMD)["v1"]
    blob(tmp_path, digest).unlink()
    os.mkfifo(blob(tmp_path, digest))
    with pytest.raises(SourceError, match="no regular file"):
        read(f"oci-dir://{tmp_path}")


@pytest.mark.parametrize("what", ["manifest", "config", "layer"])
@pytest.mark.parametrize("how", ["flip", "cut", "grow", "empty"])
def test_bytes_that_are_not_what_their_digest_says(tmp_path: Path, what: str, how: str) -> None:
    write(tmp_path, v1=AMD)
    image = resolve(parse(f"oci-dir://{tmp_path}"))
    place = blob(
        tmp_path, {"manifest": image.digest, "config": image.config_digest, "layer": image.layers[1].digest}[what]
    )
    data = bytearray(place.read_bytes())
    changed = {
        "flip": data[:-9] + bytes([data[-9] ^ 4]) + data[-8:],
        "cut": data[:-5],
        "grow": data + b"x",
        "empty": bytearray(),
    }
    place.write_bytes(changed[how])
    with pytest.raises(DigestMismatch):
        read(f"oci-dir://{tmp_path}")


def test_missing_blobs(tmp_path: Path) -> None:
    write(tmp_path, v1=AMD)
    image = resolve(parse(f"oci-dir://{tmp_path}"))
    blob(tmp_path, image.layers[1].digest).unlink()
    found, contents = read(f"oci-dir://{tmp_path}")
    assert [(problem.code, problem.where) for problem in contents.problems] == [
        ("damaged-layer", image.layers[1].diff_id)
    ]
    assert shown(found, contents)["var/db"] == [(0, b"old")]
    for digest in (image.config_digest, image.digest):
        blob(tmp_path, digest).unlink()
        with pytest.raises(NotFound):
            read(f"oci-dir://{tmp_path}")


@pytest.mark.parametrize(
    "stored",
    [b"", b"no tar", gzip.compress(b"no tar", mtime=0), gzip.compress(pack({"a": b"1"}), mtime=0)[:-20]],
    ids=["empty", "no tar", "no tar in gzip", "cut short"],
)
def test_layers_that_are_damaged_but_what_their_digest_says(tmp_path: Path, stored: bytes) -> None:
    with_layer(tmp_path, stored)
    _, contents = read(f"oci-dir://{tmp_path}")
    assert codes(contents) == (["damaged-layer"] if stored else [])


def test_a_layer_whose_media_type_lies(tmp_path: Path) -> None:
    with_layer(tmp_path, gzip.compress(pack({"a": b"1"})), media_type="application/vnd.oci.image.layer.v1.tar")
    assert [file.path for file in read(f"oci-dir://{tmp_path}")[1].files] == ["a"]


def test_a_layer_used_twice_is_read_once(tmp_path: Path) -> None:
    plan = AMD.layers[0]
    write(tmp_path, v1=type(AMD)((plan, AMD.layers[1], plan)))
    seen: list[int] = []
    with open_image(parse(f"oci-dir://{tmp_path}")) as opened:
        contents = opened.read(everything, None, lambda done, total: seen.append(done))
    assert seen[-1] == len(plan.blob) + len(AMD.layers[1].blob)
    assert {file.path for file in contents.files} >= {"gone", "d/a", "d/b"}


def test_documents_are_no_images(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="document"):
        open_image(parse("sbom://x.json"))

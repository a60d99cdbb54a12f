"""Somebody wants to know which secrets an image gives away to whoever has it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from envscout.demo.layout import ImagePlan, layer, write_layout
from envscout.demo.tar import Entry, Hardlink, Whiteout
from tests.inventory.embedded.samples import der, drawn, pem, samples, summed
from tests.servers.engine import Engine, docker_archive
from tests.servers.registry import Registry
from tests.stories.story import FILES, Desk, layout

TOKEN = summed(b"ghp_", "a story")
OTHER = summed(b"ghp_", "another")
KEY = pem("EC PRIVATE KEY", der(120))
RUN = drawn(20, seed="run").decode()
WORD = drawn(14, seed="word").decode()

LAYERS: tuple[tuple[dict[str, Entry], str], ...] = (
    ({**FILES, "root/.git-credentials": b"https://me:" + WORD.encode() + b"@git.example.org\n"}, "ADD rootfs /"),
    ({"app/key.pem": KEY, "app/settings.ini": b"[a]\ntoken = " + TOKEN + b"\n"}, "COPY . /app"),
    ({"app/key.pem": Whiteout(), "app/settings.ini": b"[a]\n"}, f"RUN |1 API_TOKEN={RUN} /bin/sh -c rm /app/key.pem"),
    (
        {"app/settings.ini": b"[a]\n\ntoken = " + OTHER, "app/copy.ini": Hardlink("app/settings.ini")},
        "COPY settings.ini /app",
    ),
)
STEPS = (f"RUN |1 DB_PASSWORD={WORD} /bin/sh -c make", 'CMD ["app"]')
ACCOUNT, ACCESS = "AKIA" + drawn(16, "ABCDEFGHIJKLMNOP").decode(), drawn(37).decode() + "aZ9"
ENVIRONMENT = (
    "PATH=/bin",
    f"GITHUB_TOKEN={OTHER.decode()}",
    f"AWS_ACCESS_KEY_ID={ACCOUNT}",
    f"AWS_SECRET_ACCESS_KEY={ACCESS}",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    plan = ImagePlan(tuple(layer(*each) for each in LAYERS), empty_history=STEPS, environment=ENVIRONMENT)
    write_layout(tmp_path / "image", {"v1": plan})
    return tmp_path / "image"


def told(document: Any) -> set[tuple[str, str, str, bool]]:
    return {
        (each["kind"], each["place"], each["path"] or each["name"], each["visible"]) for each in document["secrets"]
    }


FILES_TOLD = {
    ("password-in-url", "file", "root/.git-credentials", True),
    ("ec-private-key", "file", "app/key.pem", False),
    ("github-token", "file", "app/settings.ini", False),
    ("github-token", "file", "app/settings.ini", True),
    ("github-token", "file", "app/copy.ini", True),
}
TOLD = FILES_TOLD | {
    ("github-token", "environment", "GITHUB_TOKEN", True),
    ("aws-access-key", "environment", "AWS_ACCESS_KEY_ID", True),
    ("named-secret", "environment", "AWS_SECRET_ACCESS_KEY", True),
    ("named-secret", "history", "", True),
}
SECRETS = (RUN, TOKEN.decode(), OTHER.decode(), WORD, KEY.split(b"\n")[1].decode(), ACCESS)


def test_every_layer_is_searched_and_nothing_is_shown(desk: Desk, folder: Path) -> None:
    answer = desk.ok("sbom", "--secrets", f"oci-dir://{folder}")
    assert told(answer.json) == TOLD
    by_path = {(each["path"], each["visible"]): each for each in answer.json["secrets"]}
    layers = [each["diff_id"] for each in answer.json["image"]["layers"]]
    assert by_path["app/key.pem", False]["layer"] == layers[1]
    assert by_path["app/settings.ini", False]["layer"] == layers[1]
    assert by_path["app/settings.ini", True]["layer"] == layers[3]
    assert by_path["app/settings.ini", True]["line"] == 3
    (made,) = (each for each in answer.json["secrets"] if each["place"] == "history" and each["layer"])
    assert (made["kind"], made["line"], made["layer"]) == ("named-secret", 3, layers[2])
    assert answer.json["image"]["layers"][2]["created_by"] == "RUN |1 API_TOKEN=… /bin/sh -c rm /app/key.pem"
    listed = desk.ok("sbom", "--secrets", "--format", "list", f"oci-dir://{folder}")
    lines = listed.out.partition("Secrets\n")[2]
    assert "/app/key.pem:1" in lines
    assert "removed" in lines
    assert "environment GITHUB_TOKEN" in lines
    assert "history step 5" in lines
    said = answer.out + answer.err + listed.out + listed.err
    for secret in SECRETS:
        assert secret not in said
        assert secret[6:] not in said
    # What commands made the layers is part of an image's description, and kept with or without a search.
    kept = b"".join(path.read_bytes() for path in desk.home.rglob("*") if path.is_file())
    assert not any(secret.encode() in kept for secret in SECRETS if secret != RUN)


def test_it_is_the_same_wherever_the_image_lies(
    desk: Desk, folder: Path, tmp_path: Path, registry: Registry, docker_engine: Engine
) -> None:
    registry.push(folder, "stories/secrets:v1", "v1")
    assert told(desk.ok("sbom", "--secrets", f"registry://{registry.host}/stories/secrets:v1").json) == TOLD
    docker_archive(folder, tmp_path / "image.tar", "stories/secrets:v1", "v1")
    assert told(desk.ok("sbom", "--secrets", f"archive://{tmp_path / 'image.tar'}").json) == TOLD
    docker_engine.load_layout(folder, "stories/secrets:v1", "v1")
    local = desk.ok("sbom", "--secrets", "local://stories/secrets:v1", DOCKER_HOST=docker_engine.host)
    assert told(local.json) == TOLD
    root = tmp_path / "root"
    for entries, _ in LAYERS:
        for path, entry in entries.items():
            if isinstance(entry, bytes):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(entry)
    found = told(desk.ok("sbom", "--secrets", f"fs://{root}").json)
    assert {path for _, _, path, _ in found} == {"root/.git-credentials", "app/key.pem", "app/settings.ini"}


def test_none_of_the_known_kinds_is_not_called_none(desk: Desk, tmp_path: Path) -> None:
    image = layout(tmp_path / "image", FILES)
    answer = desk.ok("sbom", "--secrets", f"oci-dir://{image}")
    assert answer.json["secrets"] == []
    assert "No secrets of the known kinds found in" in answer.err
    listed = desk.ok("sbom", "--secrets", "--format", "list", f"oci-dir://{image}")
    assert listed.lines[-1] == "No secrets of the known kinds found"
    assert "secrets" not in desk.ok("sbom", f"oci-dir://{image}").json


def test_push_lists_them_keeps_none_and_does_not_fail(desk: Desk, folder: Path, registry: Registry) -> None:
    image = f"{registry.host}/stories/push-secrets:v1"
    digest = registry.push(folder, "stories/push-secrets:v1", "v1")
    dry = desk.ok("push", "--secrets", "--dry-run", image)
    assert dry.lines == [digest]
    assert "Would search all of its layers" in dry.err
    pushed = desk.ok("push", "--secrets", "--sbom", image)
    assert pushed.lines[0] == digest
    assert "/app/key.pem:1" in pushed.out
    assert "10 secrets of the known kinds found" in pushed.err
    assert "secrets" not in desk.ok("sbom", "--sbom-source", "attached", image).json


def test_examples_are_counted_and_only_documents_list_them(desk: Desk, tmp_path: Path) -> None:
    image = layout(
        tmp_path / "image", {**FILES, "app/tests/key.pem": KEY, "app/a.ini": b"https://me:changeme@example.org/"}
    )
    listed = desk.ok("sbom", "--secrets", "--format", "list", f"oci-dir://{image}")
    assert listed.lines[-1] == "2 more look like examples; --format json lists them"
    assert "app/tests/key.pem" not in listed.out
    document = desk.ok("sbom", "--secrets", f"oci-dir://{image}").json
    assert {(each["path"], each["certainty"]) for each in document["secrets"]} == {
        ("app/tests/key.pem", "example"), ("app/a.ini", "example"),
    }  # fmt: skip


@pytest.mark.parametrize("form", ["cyclonedx", "spdx"])
def test_documents_of_others_have_no_place_for_them(desk: Desk, folder: Path, form: str) -> None:
    answer = desk.ok("sbom", "--secrets", "--format", form, f"oci-dir://{folder}")
    assert answer.out == desk.ok("sbom", "--format", form, f"oci-dir://{folder}").out
    assert "no place for them" in answer.err


def test_a_document_cannot_be_searched(desk: Desk, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(desk.ok("sbom", "--secrets", f"oci-dir://{folder}").out)
    answer = desk.call("sbom", "--secrets", f"sbom://{tmp_path / 'a.json'}")
    assert (answer.code, answer.out) == (64, "")
    assert "no files" in answer.refusal
    assert "secrets" not in desk.ok("sbom", f"sbom://{tmp_path / 'a.json'}").json


def test_every_kind_is_found_in_an_image(desk: Desk, tmp_path: Path) -> None:
    kinds = {each.kind for each in samples()}
    files = {f"{number}/{each.path}": each.data for number, each in enumerate(samples())}
    image = layout(tmp_path / "image", files)
    answer = desk.ok("sbom", "--secrets", f"oci-dir://{image}")
    assert {each["kind"] for each in answer.json["secrets"]} == kinds
    assert not any(each.secret in answer.out.encode() for each in samples())


def test_hostile_files_do_not_stop_the_search(desk: Desk, tmp_path: Path) -> None:
    deep = "/".join("d" * 50 for _ in range(70))
    files: dict[str, bytes] = {
        "a/long": b"A" * (5 << 20) + TOKEN,
        "a/line": (b"://" * 400_000) + b"\n" + b"ghp_" * 10_000,
        "a/keys": b"-----BEGIN RSA PRIVATE KEY-----\n" * 50_000,
        "a/open": b"-----BEGIN PRIVATE KEY-----\n" + b"A" * (2 << 20),
        "a/locked": b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n" * 20_000,
        "a/names/.env": b"PASSWORD" * 200_000,
        "a/dots/.env": b"eyJ" + b"a.eyJ" * 200_000,
        "a/names/.pgpass": b"a:" * 500_000,
        "a/binary": bytes(range(256)) * 1000 + TOKEN + b"\0",
        "a/\x1b[31m\n": TOKEN,
        f"a/{deep}/x": TOKEN,
        "a/empty": b"",
        "etc/shadow": b"$" * 100_000 + b"\n" + b"x:$6$" * 100_000,
    }
    image = layout(tmp_path / "image", files)
    answer = desk.ok("sbom", "--secrets", f"oci-dir://{image}")
    paths = {each["path"] for each in answer.json["secrets"] if each["kind"] == "github-token"}
    assert {"a/binary", "a/\x1b[31m\n", f"a/{deep}/x"} <= paths
    listed = desk.ok("sbom", "--secrets", "--format", "list", f"oci-dir://{image}")
    assert "\x1b[31m" not in listed.out
    codes = {each["code"] for each in answer.json["problems"]}
    assert "secrets-left-out" in codes


def test_what_cannot_be_read_is_said(desk: Desk, tmp_path: Path, folder: Path) -> None:
    index = json.loads((folder / "index.json").read_bytes())
    blobs = folder / "blobs/sha256"
    manifest = json.loads((blobs / index["manifests"][0]["digest"].partition(":")[2]).read_bytes())
    (blobs / manifest["layers"][1]["digest"].partition(":")[2]).unlink()
    answer = desk.ok("sbom", "--secrets", f"oci-dir://{folder}")
    assert "damaged-layer" in {each["code"] for each in answer.json["problems"]}
    assert "damaged-layer" in answer.err
    root = tmp_path / "root"
    root.mkdir()
    (root / "open.ini").write_bytes(TOKEN)
    os.mkfifo(root / "pipe")
    found = desk.ok("sbom", "--secrets", f"fs://{root}")
    assert [each["path"] for each in found.json["secrets"]] == ["open.ini"]
    assert "pipe" in {each["where"] for each in found.json["problems"]}

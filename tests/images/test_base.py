"""What images say of the image that they were built on."""

from pathlib import Path

import pytest

from envscout.demo.layout import ImagePlan, layer
from envscout.images.base import DIGEST, NAME, Step, from_materials, guessed, told
from envscout.model import BaseImage
from tests.images.images import AMD, read, write

DIGEST_A = f"sha256:{'a' * 64}"


def step(created_by: str = "RUN x", comment: str = "", created: str = "2026-01-01T00:00:00Z") -> Step:
    return Step(created, created_by, comment, is_empty=created_by.startswith(("CMD", "ENV", "ENTRYPOINT", "/bin/sh")))


B = "buildkit.dockerfile.v0"


@pytest.mark.parametrize(
    ("steps", "layers", "expected"),
    [
        ([step("ADD rootfs"), step("CMD sh"), step("RUN a"), step("CMD a")], 2, 1),
        ([step("ADD"), step("/bin/sh -c #(nop)  CMD [sh]"), step("RUN a"), step("RUN b")], 3, 1),
        ([step("ADD"), step("CMD sh"), step("RUN"), step("ENTRYPOINT x"), step("CMD y"), step("COPY")], 3, 2),
        # What an image runs at its very end says nothing of a base.
        ([step("ADD"), step("RUN a"), step("CMD a")], 2, 0),
        ([step("ENV a"), step("CMD a"), step("ADD"), step("RUN a")], 2, 0),
        # Another builder went on.
        ([step("ADD", "debuerreotype 0.15"), step("COPY", B), step("RUN", B)], 3, 1),
        ([step("ADD", B), step("COPY", B), step("RUN", B)], 3, 0),
        ([step("ADD", "debuerreotype"), step("RUN", B), step("CMD py", B), step("COPY", B)], 3, 2),
        # Reproducible builds.
        ([step("bazel", created="0001-01-01T00:00:00Z"), step("COPY", created="2026-01-01T00:00:00Z")], 2, 1),
        ([step("apko", created="1970-01-01T00:00:00Z"), step("apko", created="1970-01-01T00:00:00Z")], 2, 0),
        # A history that does not fit the layers is no history.
        ([step("ADD"), step("CMD sh"), step("RUN a")], 3, 0),
        ([], 0, 0),
        ([], 2, 0),
    ],
)  # fmt: skip
def test_a_guess_from_the_history(steps: list[Step], layers: int, expected: int) -> None:
    assert guessed(steps, layers) == expected


def test_annotations_before_labels() -> None:
    labels = {NAME: "docker.io/library/inherited", DIGEST: DIGEST_A}
    assert told(labels, {}, [], 0) == (BaseImage("docker.io/library/inherited", DIGEST_A, 0, "label"),)
    assert told(labels, {NAME: "own"}, [], 0) == (BaseImage("own", "", 0, "label"),)
    assert told({"a": "b"}, {}, [], 0) == ()
    assert told({NAME: "x" * 1000, DIGEST: "\x1b[2J"}, {}, [], 0) == (BaseImage("", "", 0, "label"),)


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("pkg:docker/python@3.12-slim?platform=linux%2Famd64", "python:3.12-slim"),
        ("pkg:docker/ghcr.io/org/app@v1?platform=linux%2Famd64", "ghcr.io/org/app:v1"),
        (f"pkg:docker/python@{DIGEST_A}", "python"),
        (f"docker-image://docker.io/library/python:3.12@{DIGEST_A}", "docker.io/library/python:3.12"),
        ("nonsense", ""),
    ],
)
def test_materials(uri: str, name: str) -> None:
    assert from_materials([(uri, DIGEST_A)]) == (BaseImage(name, DIGEST_A, 0, "provenance"),)


def test_an_image_says_it_itself(tmp_path: Path) -> None:
    layers = tuple(layer({f"f{number}": b""}, f"RUN {number}") for number in range(2))
    plan = ImagePlan(layers, labels=((NAME, "debian:12"),), annotations=((NAME, "debian:13"), (DIGEST, DIGEST_A)))
    write(tmp_path, v1=plan, plain=AMD)
    assert read(f"oci-dir://{tmp_path}:v1")[0].bases == (BaseImage("debian:13", DIGEST_A, 0, "label"),)
    assert read(f"oci-dir://{tmp_path}:plain")[0].bases == ()

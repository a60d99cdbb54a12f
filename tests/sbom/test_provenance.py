"""What builders say of a build."""

import base64
import gzip
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscout.errors import EnvscoutError, SourceError
from envscout.sbom import Material, Provenance, provenance
from tests.sbom.documents import DIGEST, as_json, spdx

OTHER = f"sha256:{'ef' * 32}"
COMMIT = "4b220de5058abfd01ff619c9d2ff6b09a049bea0"
SOURCE = "https://git.example/app.git#refs/tags/v1"
BUILDER = "https://ci.example/runs/7"
BASE = "pkg:docker/alpine@3.17?platform=linux%2Famd64"


def material(uri: str, digest: str) -> dict[str, Any]:
    """Return a material with a sha256 digest."""
    return {"uri": uri, "digest": {"sha256": digest.removeprefix("sha256:")}}


CONFIG = {"uri": SOURCE, "digest": {"sha1": COMMIT}, "entryPoint": "Dockerfile"}
MATERIALS = [
    material("pkg:docker/docker/dockerfile@1?platform=linux%2Famd64", OTHER),
    material(BASE, DIGEST),
    {"uri": SOURCE, "digest": {"sha1": COMMIT}},
    material("pkg:docker/registry.example/team/golang@1.21", OTHER),
    material("https://files.example/x.tar.gz", OTHER),
]
REQUEST = {"frontend": "gateway.v0", "args": {"source": "docker/dockerfile:1@" + OTHER, "label:x": 7}}
V02 = {
    "builder": {"id": BUILDER},
    "buildType": "https://mobyproject.org/buildkit@v1",
    "materials": MATERIALS,
    "invocation": {"configSource": CONFIG, "parameters": REQUEST, "environment": {"platform": "linux/amd64"}},
}
V1 = {
    "buildDefinition": {
        "buildType": "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
        "externalParameters": {"configSource": CONFIG, "request": REQUEST},
        "resolvedDependencies": MATERIALS,
    },
    "runDetails": {"builder": {"id": BUILDER}, "metadata": {"invocationID": "x"}},
}
VCS = {"vcs": {"source": "https://git.example/local.git", "revision": "abc", "localdir:context": "."}}


def statement(predicate: Any, version: str) -> bytes:
    """Return a statement about an image."""
    return as_json({
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": f"https://slsa.dev/provenance/{version}",
        "subject": [{"name": "pkg:docker/app@latest", "digest": {"sha256": DIGEST[7:]}}, {"name": "x", "digest": {}}],
        "predicate": predicate,
    })  # fmt: skip


def dsse(payload: bytes) -> bytes:
    """Return a DSSE envelope."""
    return as_json({"payloadType": "application/vnd.in-toto+json", "payload": base64.b64encode(payload).decode()})


@pytest.mark.parametrize(("predicate", "version"), [(V02, "v0.2"), (V1, "v1")])
@pytest.mark.parametrize("wrapped", [bytes, gzip.compress, dsse])
def test_what_buildkit_says(predicate: Any, version: str, wrapped: Any) -> None:
    assert provenance(wrapped(statement(predicate, version))) == Provenance(
        type=f"https://slsa.dev/provenance/{version}",
        bases=(Material(BASE, DIGEST), Material("pkg:docker/registry.example/team/golang@1.21", OTHER)),
        builder=BUILDER,
        source=SOURCE,
        revision=COMMIT,
        attested=(DIGEST,),
    )


def test_what_only_the_client_of_the_builder_says() -> None:
    local = V02 | {
        "invocation": {"configSource": {"entryPoint": "Dockerfile"}, "parameters": {"frontend": "dockerfile.v0"}},
        "metadata": {"https://mobyproject.org/buildkit@v1#metadata": VCS},
    }
    found = provenance(statement(local, "v0.2"))
    assert (found.source, found.revision) == ("https://git.example/local.git", "abc")
    assert len(found.bases) == 3
    run = {"builder": {"id": ""}, "metadata": {"buildkit_metadata": VCS}}
    again = provenance(statement({"runDetails": run}, "v1"))
    assert (again.source, again.revision, again.bases) == ("https://git.example/local.git", "abc", ())


@pytest.mark.parametrize(
    ("uri", "digest", "expected"),
    [
        (f"pkg:docker/alpine@{DIGEST.replace(':', '%3A')}", {}, DIGEST),
        (f"pkg:oci/alpine@{DIGEST}?repository_url=registry.example/alpine", None, DIGEST),
        (f"docker-image://docker.io/library/alpine:3@{DIGEST}", {}, DIGEST),
        ("pkg:docker/alpine@3", {"sha256": "short"}, ""),
    ],
)
def test_images_by_other_names(uri: str, digest: dict[str, str] | None, expected: str) -> None:
    found = provenance(statement({"materials": [{"uri": uri, "digest": digest}, {"uri": None}, 7]}, "v0.2"))
    assert found.bases == (Material(uri, expected),)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"<x/>",
        spdx(),
        as_json({"predicateType": "https://spdx.dev/Document", "predicate": {}}),
        as_json({"predicateType": 7, "predicate": {}}),
        as_json({"predicateType": "https://slsa.dev/provenance/v1", "predicate": 7}),
        as_json({"predicateType": "https://slsa.dev/provenance/v1", "predicate": {"buildDefinition": 7}}),
        as_json({"predicateType": "https://slsa.dev/provenance/v0.2", "predicate": {"materials": 7}}),
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(SourceError) as refusal:
        provenance(data)
    assert refusal.value.next_step


@given(st.sampled_from([(V02, "v0.2"), (V1, "v1")]), st.integers(0, 2000), st.binary(max_size=6), st.integers(0, 30))
def test_damage_is_refused_or_read_never_a_crash(case: tuple[Any, str], at: int, noise: bytes, lost: int) -> None:
    data = statement(*case)
    at %= len(data)
    try:
        provenance(data[:at] + noise + data[at + lost :])
    except EnvscoutError:
        return

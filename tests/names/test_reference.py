"""References are read as Docker reads them, and refused with a reason and a next step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscout.errors import InvalidReference
from envscout.names.reference import PREFIXES, Reference, parse

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"

CANONICAL = [
    ("nginx", "docker.io/library/nginx:latest", "nginx:latest"),
    ("nginx:1.25", "docker.io/library/nginx:1.25", "nginx:1.25"),
    ("library/nginx", "docker.io/library/nginx:latest", "nginx:latest"),
    ("docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"),
    ("index.docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"),
    ("index.docker.io/a/b:c", "docker.io/a/b:c", "a/b:c"),
    ("docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"),
    ("myorg/myapp:v1.2.3", "docker.io/myorg/myapp:v1.2.3", "myorg/myapp:v1.2.3"),
    ("localhost/x", "localhost/x:latest", "localhost/x:latest"),
    ("localhost:5000/x", "localhost:5000/x:latest", "localhost:5000/x:latest"),
    ("127.0.0.1:5000/ns/repo:tag", "127.0.0.1:5000/ns/repo:tag", "127.0.0.1:5000/ns/repo:tag"),
    ("ghcr.io/a/b/c", "ghcr.io/a/b/c:latest", "ghcr.io/a/b/c:latest"),
    ("[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest"),
    ("[fe80::1]/x:y", "[fe80::1]/x:y", "[fe80::1]/x:y"),
    ("HOST/x", "HOST/x:latest", "HOST/x:latest"),
    ("Example.COM/x", "Example.COM/x:latest", "Example.COM/x:latest"),
    (f"nginx@{DIGEST}", f"docker.io/library/nginx@{DIGEST}", f"nginx@{DIGEST}"),
    (f"nginx:1@{DIGEST}", f"docker.io/library/nginx:1@{DIGEST}", f"nginx:1@{DIGEST}"),
    (f"x@sha512:{HEX}{HEX}", f"docker.io/library/x@sha512:{HEX}{HEX}", f"x@sha512:{HEX}{HEX}"),
    ("a__b/c--d", "docker.io/a__b/c--d:latest", "a__b/c--d:latest"),
    ("foo:5000", "docker.io/library/foo:5000", "foo:5000"),
    ("bar.com:80/x", "bar.com:80/x:latest", "bar.com:80/x:latest"),
    ('"nginx:1.25"', "docker.io/library/nginx:1.25", "nginx:1.25"),
    ("'nginx:1.25'\r\n", "docker.io/library/nginx:1.25", "nginx:1.25"),
    ("\t nginx ", "docker.io/library/nginx:latest", "nginx:latest"),
    ("a:_x", "docker.io/library/a:_x", "a:_x"),
    ("a:" + "t" * 128, "docker.io/library/a:" + "t" * 128, "a:" + "t" * 128),
    ("a/" + "b" * 253, "docker.io/a/" + "b" * 253 + ":latest", "a/" + "b" * 253 + ":latest"),
]

INVALID = [
    "", "  ", '""', "''", ":", ":tag", "@", "/", "/a", "a/", "a//b", "a:", "a:b:c", "a@", "a@sha256:abc", "http:/x",
    HEX, f"a@SHA256:{HEX}", f"a@sha256:{HEX.upper()}", f"a@md5:{HEX[:32]}", f"@{DIGEST}", "Nginx", "myorg/MyApp", "-a",
    "a-", "a_", "a..b", "a___b", "a._b", "a b", "a:ü", "ä", "a:-x", "a:.x", "a:" + "t" * 129, "a/" + "b" * 254,
    "-host.com/a", "a.com:x/b", "[::1/x", "[xyz]:5000/x", "foo_bar.com/x", "a\0b", "a\nb", '"nginx', "localhost/",
    "https://hub.docker.com/nginx", "docker://nginx", "registry://", "image://", "local://", "fs://", "oci-dir://",
    "archive://", "fs://a\0b", "registry://registry://a",
]  # fmt: skip


@pytest.mark.parametrize(("text", "canonical", "familiar"), CANONICAL)
def test_normalised_as_docker_does(text: str, canonical: str, familiar: str) -> None:
    reference = parse(text)
    assert (reference.canonical, reference.familiar) == (canonical, familiar)


@pytest.mark.parametrize("text", INVALID)
def test_refused_with_cause_and_next_step(text: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        parse(text)
    assert caught.value.cause
    assert caught.value.next_step
    assert caught.value.exit_code == 64


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ("myorg/app:${TAG}", "${TAG}"),
        ("$IMAGE", "$IMAGE"),
        ("${REGISTRY}/a:1", "${REGISTRY}"),
        ("a:${TAG:-latest}", "${TAG:-latest}"),
        ("a:${TAG", "${TAG"),
        ("{{ .Values.image }}", "{{ .Values.image }}"),
        ("registry://$X", "$X"),
    ],
)
def test_an_unresolved_variable_is_named(text: str, variable: str) -> None:
    with pytest.raises(InvalidReference, match="variable") as caught:
        parse(text)
    assert f"variable {variable}," in caught.value.cause


def test_upper_case_repository_suggests_the_lower() -> None:
    with pytest.raises(InvalidReference, match="lower case") as caught:
        parse("myorg/MyApp")
    assert "myorg/myapp" in caught.value.next_step


def test_knows_what_was_typed() -> None:
    assert parse("myorg/myapp").is_tagless
    assert not parse("myorg/myapp:latest").is_tagless
    assert not parse(f"myorg/myapp@{DIGEST}").is_tagless
    assert not parse("fs:///x").is_tagless
    assert parse("docker.io/a/b").host_typed
    assert not parse("a/b").host_typed


@pytest.mark.parametrize(
    ("text", "service", "organization"),
    [
        ("nginx", "library/nginx", "library"),
        ("127.0.0.1:5000/myorg/myapp:v1", "myorg/myapp", "myorg"),
        ("ghcr.io/a/b/c", "a/b/c", "a"),
        ("fs://.", "", ""),
    ],
)
def test_service_and_organization(text: str, service: str, organization: str) -> None:
    reference = parse(text)
    assert (reference.service, reference.organization) == (service, organization)


@pytest.mark.parametrize("prefix", ["image", "local", "registry"])
def test_image_prefixes(prefix: str) -> None:
    reference = parse(f"{prefix}://nginx:1")
    assert (reference.prefix, reference.canonical) == (prefix, "docker.io/library/nginx:1")
    assert not reference.is_located


@pytest.mark.parametrize(
    ("text", "location", "tag", "digest"),
    [
        ("fs://.", ".", "", ""),
        ("fs:///a dir/$X", "/a dir/$X", "", ""),
        ("archive://x.tar", "x.tar", "", ""),
        ("archive://C:x.tar", "C:x.tar", "", ""),
        ("sbom://", "", "", ""),
        ("sbom://-", "-", "", ""),
        ("oci-dir://x", "x", "", ""),
        ("oci-dir:///a/b:1.0", "/a/b", "1.0", ""),
        ("oci-dir://a:b/c", "a:b/c", "", ""),
        (f"oci-dir://a:1@{DIGEST}", "a", "1", DIGEST),
        (f"oci-dir://a@{DIGEST}", "a", "", DIGEST),
        ("oci-dir://a@b", "a@b", "", ""),
    ],
)
def test_places_on_disk(text: str, location: str, tag: str, digest: str) -> None:
    reference = parse(text)
    assert (reference.location, reference.tag, reference.digest) == (location, tag, digest)
    assert reference.is_located
    assert reference.repository == ""
    assert reference.canonical == text


@given(st.text(alphabet=st.sampled_from("abzA09._-/:@[] $\"'\0ü\r\n") | st.characters(), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        reference = parse(text)
    except InvalidReference:
        return
    assert reference.prefix in PREFIXES


@given(
    host=st.sampled_from(["docker.io", "localhost", "h:1", "ghcr.io", "[::1]:5000", "UP"]),
    path=st.lists(st.from_regex(r"\A[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)?\Z"), min_size=1, max_size=4),
    tag=st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}\Z") | st.just(""),
    digest=st.sampled_from(["", DIGEST]),
)
def test_canonical_and_familiar_read_back_as_the_same_image(host: str, path: list[str], tag: str, digest: str) -> None:
    text = f"{host}/{'/'.join(path)}" + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")
    if len(text) > 250:
        return
    first = parse(text)
    for again in (parse(first.canonical), parse(first.familiar)):
        assert _image(again) == _image(first)


def _image(reference: Reference) -> tuple[str, str, str, str]:
    return reference.host, reference.path, reference.tag, reference.digest

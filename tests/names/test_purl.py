"""Package URLs are canonical, bounded, and refused with our error."""

import contextlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packageurl import PackageURL

from envscout.errors import InvalidReference
from envscout.names.purl import MAX_LENGTH, Purl, build, parse, split_name

DEB = "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl%403.0.11"
APK = "pkg:apk/alpine/ssl_client@1.29.3-r10?arch=x86_64&distro=alpine-3.9.0&upstream=busybox"

DEB_QUALIFIERS = (("upstream", "openssl@3.0.11"), ("arch", "amd64"), ("distro", "debian-12"))
APK_QUALIFIERS = (("arch", "x86_64"), ("distro", "alpine-3.9.0"), ("upstream", "busybox"))
BUILT = [
    (("deb", "libssl3", "3.0.11-1~deb12u2", "debian", DEB_QUALIFIERS), DEB),
    (("apk", "ssl_client", "1.29.3-r10", "alpine", APK_QUALIFIERS), APK),
    (("pypi", "Django", "4.2.1"), "pkg:pypi/django@4.2.1"),
    (("pypi", "ruamel.yaml_clib", "0.2"), "pkg:pypi/ruamel.yaml-clib@0.2"),
    (("npm", "core", "7.0.0", "@babel"), "pkg:npm/%40babel/core@7.0.0"),
    (("deb", "libstdc++6", "1:12+b1"), "pkg:deb/libstdc%2B%2B6@1:12%2Bb1"),
    (("deb", "a", "1", "", (("arch", ""),)), "pkg:deb/a@1"),
    (("generic", "a b", ""), "pkg:generic/a%20b"),
]  # fmt: skip
JUNK = ["", "pkg:", "pkg:deb", "pkg:deb/", "deb/x@1", "http://x", "pkg:de b/x", "pkg:1a/x", "pkg:a/b?c", "pkg:a/b?1c=d",
        "pkg:golang/@%28devel%29", "pkg:a//", "pkg:a/b@\ud800"]  # fmt: skip


@pytest.mark.parametrize(("parts", "text"), BUILT)
def test_parts_become_the_canonical_text_and_come_back(parts: tuple[str, ...], text: str) -> None:
    assert build(*parts) == text  # type: ignore[arg-type]
    assert str(parse(text)) == text


def test_a_parsed_url_is_decoded() -> None:
    found = parse(DEB)
    assert (found.type, found.namespace, found.name, found.version) == ("deb", "debian", "libssl3", "3.0.11-1~deb12u2")
    assert found.qualifier("upstream") == "openssl@3.0.11"
    assert found.qualifier("epoch") == ""
    assert parse("pkg:npm/@babel/core@7.0.0#src/index").subpath == "src/index"


@pytest.mark.parametrize("text", JUNK)
def test_junk_is_refused(text: str) -> None:
    with pytest.raises(InvalidReference):
        parse(text)


def test_a_text_beyond_the_bound_is_refused() -> None:
    with pytest.raises(InvalidReference, match="characters"):
        parse("pkg:deb/" + "a" * MAX_LENGTH)


@pytest.mark.parametrize("parts", [("", "x"), ("deb", ""), ("deb", "/"), ("deb", "\ud800")])
def test_parts_that_name_nothing_are_refused(parts: tuple[str, str]) -> None:
    with pytest.raises(InvalidReference):
        build(*parts)


@given(st.text(max_size=60))
def test_parse_never_fails_otherwise(text: str) -> None:
    for attempt in (text, "pkg:" + text, "pkg:deb/" + text):
        with contextlib.suppress(InvalidReference):
            assert isinstance(parse(attempt), Purl)


def written(kind: str, name: str, version: str, namespace: str = "", **qualifiers: str) -> str:
    """Return what the library writes, but with every escape in upper case, as the specification has them."""
    text = PackageURL(kind, namespace, name, version, qualifiers, "").to_string()
    return re.sub("%[0-9a-f]{2}", lambda found: found[0].upper(), text)


@given(
    st.sampled_from(["deb", "apk", "npm", "pypi", "maven", "golang"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/"), min_size=1, max_size=20),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20),
)
def test_what_is_built_is_what_the_library_builds(kind: str, name: str, version: str) -> None:
    assert build(kind, name, version) == written(kind, name, version)


WORDS = st.text(alphabet="aAbZ09._-~+:@%/ \u00e9#?&=\n", max_size=6)
QUALIFIERS = st.lists(st.tuples(st.sampled_from(["arch", "distro", "Up", "x y", "epoch"]), WORDS), max_size=2)
TYPES = ["deb", "apk", "alpm", "npm", "pypi", "maven", "golang", "bitnami", "composer", "hex", "pub", "hackage", "x"]


@given(st.sampled_from(TYPES), WORDS, WORDS, WORDS, QUALIFIERS)
def test_texts_are_those_of_the_library(
    kind: str, name: str, version: str, namespace: str, qualifiers: list[tuple[str, str]]
) -> None:
    try:
        expected = written(kind, name, version, namespace, **dict(qualifiers))
    except (ValueError, TypeError):
        with pytest.raises(InvalidReference):
            build(kind, name, version, namespace, qualifiers)
    else:
        assert build(kind, name, version, namespace, qualifiers) == expected


PIECES = st.text(alphabet="aAbZ09._-~+:@%/ \u00e9#?&=\n2F4", max_size=8)
ESCAPES = st.sampled_from(["%40", "%2F", "%20", "%3a", "%C3%89", "%FF", "%00", "%25", "%", ""])
TEXTS = st.one_of(
    st.tuples(st.sampled_from(TYPES), PIECES, ESCAPES, PIECES).map(lambda each: f"pkg:{each[0]}/{''.join(each[1:])}"),
    st.tuples(st.sampled_from(TYPES), PIECES, PIECES, PIECES, ESCAPES, st.sampled_from(["arch", "epoch", "Up"])).map(
        lambda each: (
            f"pkg:{each[0]}/@{each[1]}/{each[2]}@{each[3]}{each[4]}?{each[5]}={each[1]}{each[4]}&epoch={each[4]}"
        )
    ),
)


def as_the_library_parses(text: str) -> Purl | None:
    """Return what packageurl-python makes of a text, None if it refuses."""
    try:
        found = PackageURL.from_string(text)
    except ValueError:
        return None
    return Purl(
        found.type,
        found.namespace or "",
        found.name,
        found.version or "",
        tuple(found.qualifiers.items()),
        found.subpath or "",
    )


def is_read_alike(text: str) -> None:
    """Assert that we and the library make the same of a text."""
    try:
        found = parse(text)
    except InvalidReference:
        assert as_the_library_parses(text) is None
    else:
        assert found == as_the_library_parses(text)


@settings(max_examples=500)
@given(TEXTS)
def test_texts_are_read_as_the_library_reads_them(text: str) -> None:
    is_read_alike(text)


@pytest.mark.parametrize(
    "text",
    [
        *(text for _, text in BUILT),
        "pkg:npm/@babel/core@7.0.0", "pkg:npm/@Babel/Core", "pkg:golang/@x/y@1", "pkg:npm/@a/b/c@1", "pkg:npm/a@b@1",
        "pkg:maven/org.a/b@1?type=jar&classifier=x&classifier=y", "pkg:deb/a?arch=&distro=%20", "pkg:deb/a@%201",
        "pkg:deb/a?arch=1?2", "pkg:deb/a?arch", "pkg:deb/foo:bar@1", "pkg:deb/debian/x@1:2~3%2B4/5", "pkg:a/b;c@1;2",
        "pkg:PyPI/Flask_Login@1", "pkg:pub/A-b@1", "pkg:deb/a%2Fb@1", "pkg:deb/%40/b", "pkg:apk/Alpine/%C3%89@%FF",
    ],
)  # fmt: skip
def test_awkward_texts_are_read_as_the_library_reads_them(text: str) -> None:
    is_read_alike(text)


@pytest.mark.parametrize(
    ("kind", "name", "parts"),
    [
        ("maven", "org.slf4j:slf4j-api", ("org.slf4j", "slf4j-api")),
        ("npm", "@babel/core", ("@babel", "core")),
        ("golang", "golang.org/x/net", ("golang.org/x", "net")),
        ("deb", "a/b", ("", "a/b")),
        ("pypi", "six", ("", "six")),
    ],
)
def test_a_name_is_split_as_it_was_joined(kind: str, name: str, parts: tuple[str, str]) -> None:
    assert split_name(kind, name) == parts
    assert Purl(kind, parts[0], parts[1], "").full_name == name

"""The upstream qualifier names the source package, both ways."""

import pytest

from envscout.names import upstream

READ = [
    # type, name, version, qualifier, source
    ("deb", "libssl3", "3.0.11-1", "openssl", ("openssl", "3.0.11-1")),
    ("deb", "libssl3", "3.0.11-1", "openssl@3.0.11", ("openssl", "3.0.11")),
    ("deb", "bash", "5.2-2+b7", "", ("bash", "5.2-2")),
    ("deb", "x", "1+b1ub", "", ("x", "1+b1ub")),
    ("apk", "zlib", "1.2+b1", "", ("zlib", "1.2+b1")),
    ("rpm", "gmp-c++", "1:6.1.2-10.el8", "gmp-6.1.2-10.el8.src.rpm", ("gmp", "6.1.2-10.el8")),
    ("rpm", "a", "1-1", "-1-1.src.rpm", ("a", "1-1")),
    ("rpm", "a", "1-1", "x.src.rpm", ("a", "1-1")),
    ("deb", "a", "1", "@2", ("a", "2")),
]


@pytest.mark.parametrize(("kind", "name", "version", "qualifier", "source"), READ)
def test_a_qualifier_is_read(kind: str, name: str, version: str, qualifier: str, source: tuple[str, str]) -> None:
    assert upstream.read(kind, name, version, qualifier) == source


@pytest.mark.parametrize(
    ("source", "text"), [(("a", "1"), ""), (("b", "1"), "b"), (("b", "2"), "b@2"), (("a", "2"), "a@2")]
)
def test_a_qualifier_is_written_only_where_the_source_differs(source: tuple[str, str], text: str) -> None:
    assert upstream.write("a", "1", *source) == text
    assert upstream.read("deb", "a", "1", text) == source

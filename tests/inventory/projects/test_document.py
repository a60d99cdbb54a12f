"""Documents of lock files: hostile ones are refused at once, and text stays as it was written."""

from collections.abc import Callable
from typing import Any

import pytest

from envscout.inventory.projects import document, npm_lock, xml
from envscout.inventory.projects.listing import MAX_BYTES, MAX_PACKAGES, Unreadable

HOSTILE: list[tuple[Callable[[bytes], Any], bytes]] = [
    (document.yaml, b"a: &x [1]\nb: *x\n"),
    (document.yaml, b"a: *x\n"),
    (document.yaml, b"&x a: 1\n"),
    (document.yaml, b"[" * 100_000),
    (document.yaml, b"{a: " * 50_000),
    (document.yaml, b"- " * 50_000),
    (document.yaml, b"a: 'b\n"),
    (document.yaml, b"#" * (document.MAX_YAML + 1)),
    (document.yaml, b"- a\n"),
    (document.yaml, b"\xff\xff\xff"),
    (document.toml, b"a." * 50_000 + b"b = 1"),
    (document.toml, b'["a".' + b"b." * 50_000 + b"c]"),
    (document.toml, b"a = " + b"[" * 50_000),
    (document.toml, b"a = " + b"1" * 50_000),
    (document.toml, b"a = '\xff'"),
    (document.json, b"[" * 100_000),
    (document.json, b"[]"),
    (document.json, b'{"a": "\xff"}'),
    (document.json_with_commas, b'"\\' * 50_000),
    (document.json_with_commas, b"," * 50_000),
    (xml.xml, b"<a>" * 100_000),
    (xml.xml, b"<!DOCTYPE a><a/>"),
    (xml.xml, b"<a>&b;</a>"),
    (xml.xml, b"<?xml version='1.0' encoding='nonsense'?><a/>"),
    (xml.xml, b""),
]


@pytest.mark.parametrize(("read", "data"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_document_is_refused(read: Callable[[bytes], Any], data: bytes) -> None:
    with pytest.raises(Unreadable):
        read(data)


def test_text_of_yaml_stays_as_it_was_written() -> None:
    text = b"a: 1.10\nb: no\nc: 2001-01-01\nd: 0x10\ne: ~\n? [f]\n: g\nh: !!python/name:os.system x\n"
    expected = {"a": "1.10", "b": "no", "c": "2001-01-01", "d": "0x10", "e": "~", "h": "x"}
    assert document.yaml(text) == [expected]


def test_a_long_dotted_text_is_no_long_key() -> None:
    assert document.toml(b"a.b.c = '" + b"x" * 1000 + b"'") == {"a": {"b": {"c": "x" * 1000}}}


def test_commas_in_text_stay() -> None:
    assert document.json_with_commas(b'{"a": ["b,]", "\\",}", ], }') == {"a": ["b,]", '",}']}


def test_an_element_has_its_own_text_alone() -> None:
    root = xml.xml(b"\xef\xbb\xbf<p:a xmlns:p='x'> 1 <b>2</b><b c='3'/><!-- 4 --> 5 </p:a>")
    assert (root.name, root.text, root.value("b"), root.all("b")[1].attributes) == ("a", "1  5", "2", {"c": "3"})
    assert root.value("b", "c") == ""


def test_a_file_beyond_the_bound_is_not_read() -> None:
    reading = npm_lock.read("package-lock.json", b" " * (MAX_BYTES + 1))
    assert not reading.records
    assert [problem.code for problem in reading.problems] == ["damaged-database"]


def test_packages_beyond_the_bound_are_said_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_PACKAGES > 2
    monkeypatch.setattr("envscout.inventory.projects.listing.MAX_PACKAGES", 2)
    lock = b'{"packages":{"node_modules/a":{"version":"1"},"node_modules/b":{"version":"1"},"node_modules/c":{}}}'
    reading = npm_lock.read("package-lock.json", lock)
    assert [found.name for found in reading.records] == ["a", "b"]
    assert [problem.code for problem in reading.problems] == ["damaged-database"]

"""npm manifests outside `node_modules/NAME/`, and what npm, yarn and editors wrote."""

import json

import pytest

from envscout.inventory.languages import npm, npm_installed, yarn_cache
from envscout.inventory.record import Reading
from tests.inventory.fixtures import fixture

LISTED = b'{"name":"a","version":"1.0.0"}'
PLACES = [
    ("opt/yarn-v1.22.19/package.json", 1),
    ("package.json", 1),
    ("usr/share/nodejs/semver/package.json", 1),
    ("app/node_modules/next/dist/compiled/a/package.json", 1),
    ("app/node_modules/@s/a/vendor/b/package.json", 1),
    ("app/node_modules/resolve/test/resolver/a/package.json", 0),
    ("app/node_modules/x/__tests__/a/package.json", 0),
    ("app/node_modules/x/testdata/a/package.json", 1),
    ("app/test-fixtures/a/package.json", 0),
    ("app/examples/a/package.json", 0),
    ("app/templates/a/package.json", 0),
    ("app/latest/package.json", 1),
]
SAID = [
    (b'{"name":"a","version":"1.0.0","private":true}', 0),
    (b'{"name":"a","version":"1.0.0","private":false}', 1),
    (b'{"name":"a"}', 0),
    (b'{"version":"1"}', 0),
    (b'{"name":7,"version":"1"}', 0),
    (b'{"type":"module"}', 0),
]


@pytest.mark.parametrize(("path", "count"), PLACES)
def test_where_a_manifest_tells_of_a_package(path: str, count: int) -> None:
    assert len(npm.read(path, LISTED).records) == count


@pytest.mark.parametrize(("data", "count"), SAID)
def test_what_a_manifest_elsewhere_must_say(data: bytes, count: int) -> None:
    reading = npm.read("app/package.json", data)
    assert (len(reading.records), len(reading.problems)) == (count, 0)


def test_a_broken_manifest_is_a_problem_but_among_test_data() -> None:
    assert npm.read("app/package.json", b"{").problems
    assert npm.read("app/test/package.json", b"{") == Reading()


def test_an_extension_needs_publisher_and_engine() -> None:
    said = {"name": "python", "version": "1.2", "publisher": "ms-python", "engines": {"vscode": "^1.0"}}
    path = "root/.vscode-server/extensions/ms-python.python-1.2/package.json"
    assert npm.read(path, json.dumps(said).encode()).records[0].name == "ms-python/python"
    for missing in ("publisher", "engines"):
        rest = {key: value for key, value in said.items() if key != missing}
        assert npm.read(path, json.dumps(rest).encode()).records[0].type == "npm"


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ({"node_modules/a": {"version": "1"}}, [("a", "1")]),
        ({"node_modules/a/node_modules/@s/b": {"version": "1"}}, [("@s/b", "1")]),
        ({"node_modules/a": {"name": "b", "version": "1", "resolved": "file:../b"}}, [("b", "1")]),
        ({"node_modules/a": {"link": True, "resolved": "packages/a"}, "packages/a": {"version": "1"}}, []),
        ({"": {"name": "app", "version": "1"}}, []),
        ({"node_modules/a": 7}, [("a", "")]),
        ({"node_modules/a": {"version": 7}}, [("a", "")]),
        ({}, []),
    ],
)
def test_the_hidden_lock_file(entries: object, expected: list[tuple[str, str]]) -> None:
    reading = npm_installed.read("node_modules/.package-lock.json", json.dumps({"packages": entries}).encode())
    assert [(each.name, each.version) for each in reading.records] == expected


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"packages":[]}', b"[" * 100_000, b'{"packages":null}'])
def test_a_broken_hidden_lock_file_is_a_problem(data: bytes) -> None:
    reading = npm_installed.read("node_modules/.package-lock.json", data)
    assert not reading.records
    assert reading.problems


def test_a_damaged_archive_of_yarns_is_a_problem() -> None:
    whole = fixture("languages", "types-ms-npm-0.7.34-46f5141bfd-ac80bd9001.zip")
    for data in (b"", whole[:-1], whole[: len(whole) // 2], b"PK" * 1000):
        reading = yarn_cache.read("a/.yarn/cache/x.zip", data)
        assert not reading.records
        assert reading.problems

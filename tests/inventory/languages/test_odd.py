"""Manifests as they also occur: other forms, missing fields, and what is no installed package."""

import json
from types import ModuleType

import pytest

from envscout.inventory.languages import (
    composer,
    conda,
    dart,
    dotnet,
    erlang,
    haskell,
    julia,
    lua,
    opam,
    pear,
    php_serialized,
    python_sbom,
    r,
    ruby,
)
from tests.inventory.fixtures import fixture

Found = list[tuple[str, str, str]]
SPEC = "g/specifications/"
ROCK = "luarocks/rocks-5.4/a/1-1/a-1-1.rockspec"
RUNTIME = "Microsoft.NETCore.App.Runtime.linux-x64"


def dotnet_of(kind: str, assets: object) -> bytes:
    """Return a deps.json with one library."""
    key = f"runtimepack.{RUNTIME}/8.0.1" if kind == "runtimepack" else "A.B/1.2"
    return json.dumps({"targets": {"x/linux-x64": {key: assets}}, "libraries": {key: {"type": kind}}}).encode()


RUBY: list[tuple[str, bytes, Found]] = [
    ("a-1.0-java.gemspec", b"# stub: a 1.0 java lib\n", [("gem", "a", "1.0")]),
    ("a-1.0.gemspec", b's.name = "a"\n  s.version = Gem::Version.new("1.0")\n', [("gem", "a", "1.0")]),
    ("net-http-2-1.0.gemspec", b"# stub: net-http-2 1.0 ruby lib\n", [("gem", "net-http-2", "1.0")]),
    ("a-1.0.gemspec", b"Gem::Specification.new do |s|\n  s.name = name_of(:a)\nend\n", [("gem", "a", "1.0")]),
    ("a.gemspec", b"", []),
]
OTHERS: list[tuple[ModuleType, str, bytes, Found, int]] = [
    (composer, "installed.json", b'[{"name":"a/b","version":"v1.0"}]', [("composer", "a/b", "v1.0")], 0),
    (composer, "installed.json", b'{"packages":[{"name":"a/b","version_normalized":"1.0.0.0"}]}',
     [("composer", "a/b", "1.0.0.0")], 0),
    (composer, "installed.json", b'{"packages":[{"name":"a/b"},7]}', [("composer", "a/b", "")], 2),
    (composer, "installed.json", b"{}", [], 1),
    (composer, "installed.json", b"7", [], 1),
    (dotnet, "a.deps.json", dotnet_of("package", {"runtime": {"lib/a.dll": {}}}), [("nuget", "A.B", "1.2")], 0),
    (dotnet, "a.deps.json", dotnet_of("package", {"runtimeTargets": {"a.so": {}}}), [("nuget", "A.B", "1.2")], 0),
    (dotnet, "a.deps.json", dotnet_of("package", {"resources": {"de/a.dll": {}}}), [("nuget", "A.B", "1.2")], 0),
    (dotnet, "a.deps.json", dotnet_of("package", {"runtime": {"lib/_._": {}}}), [], 0),
    (dotnet, "a.deps.json", dotnet_of("package", {"dependencies": {"C": "1"}}), [], 0),
    (dotnet, "a.deps.json", dotnet_of("package", 7), [], 0),
    (dotnet, "a.deps.json", dotnet_of("project", {"runtime": {"a.dll": {}}}), [], 0),
    (dotnet, "a.deps.json", dotnet_of("runtimepack", {"runtime": {"a.dll": {}}}), [("nuget", RUNTIME, "8.0.1")], 0),
    (dotnet, "a.deps.json", b"{}", [], 1),
    (erlang, "ebin/a.app", b"{application,'a',[{vsn,\"1\"}]}.", [("hex", "a", "1")], 0),
    (erlang, "ebin/a.app", b"%% x\n{application, a,\n [{description,\"\"}, {vsn, \"1\"}]}.", [("hex", "a", "1")], 0),
    (erlang, "ebin/ssl.app", b'{application,ssl,[{vsn,"11"}]}.', [("otp", "ssl", "11")], 0),
    (erlang, "ebin/a.app", b"{application,a,[{vsn,git}]}.", [("hex", "a", "")], 1),
    (erlang, "ebin/a.app", b"\0\xff", [], 1),
    (r, "library/a/DESCRIPTION", b"Package: a\nVersion: 1\nBuilt: R 4\n", [("cran", "a", "1")], 0),
    (r, "library/a/DESCRIPTION", b"Package: a\r\nVersion: 1\r\nBuilt: R 4\r\n", [("cran", "a", "1")], 0),
    (r, "library/a/DESCRIPTION", b"Package: a\nVersion: 1\nPriority: base\n", [("cran", "a", "1")], 0),
    (r, "library/a/DESCRIPTION", b"Package: a\nVersion: 1\nbiocViews:\n  X\nRepository: CRAN\nBuilt: R 4\n",
     [("cran", "a", "1")], 0),
    (r, "src/a/DESCRIPTION", b"Package: a\nVersion: 1\n", [], 0),
    (r, "src/a/DESCRIPTION", b"This folder holds\n", [], 0),
    (r, "library/a/DESCRIPTION", b"Version: 1\nBuilt: R 4\n", [], 1),
    (haskell, "package.conf.d/z.conf", b"name: z-a-z-b\nversion: 1\npackage-name: a\nlib-name: b\n",
     [("hackage", "a", "1")], 0),
    (haskell, "package.conf.d/z.conf", b"name:\n    long\nversion:\n    1\n", [("hackage", "long", "1")], 0),
    (haskell, "package.conf.d/z.conf", b"[section]\nkey=1\n", [], 1),
    (conda, "conda-meta/a.json", b'{"name":"a","version":"1"}', [("conda", "a", "1")], 0),
    (conda, "conda-meta/a.json", b'{"name":"a","version":"1","channel":7,"build":""}', [("conda", "a", "1")], 0),
    (conda, "conda-meta/a.json", b'{"version":"1"}', [], 1),
    (lua, ROCK, b"package = 'a'\nversion = '1-1'\n", [("luarocks", "a", "1-1")], 0),
    (lua, ROCK, b"local v = 1\nversion = v..'-1'\n", [("luarocks", "a", "1-1")], 1),
    (dart, "x/hosted/host/a-1.0.0/pubspec.yaml", b"name: a\nversion: '1.0.0'\n", [("pub", "a", "1.0.0")], 0),
    (dart, "x/hosted/host/a-1.0.0/pubspec.yaml", b"# nothing\n", [("pub", "a", "1.0.0")], 0),
    (dart, "x/.dart_tool/package_config.json", b'{"packages":[{"rootUri":7},7]}', [], 0),
    (dart, "x/.dart_tool/package_config.json", b"{}", [], 1),
    (julia, "packages/A/x/Project.toml", b'name="A"\nuuid="u"\n', [("julia", "A", "")], 1),
    (julia, "packages/A/x/Project.toml", b"[deps]\n", [], 0),
    (julia, "packages/A/x/Project.toml", b"name = ", [], 1),
    (opam, "s/.opam-switch/packages/a.1.0~beta/opam", b"", [("opam", "a", "1.0~beta")], 0),
    (opam, "s/.opam-switch/packages/a/opam", b"", [], 1),
    (pear, ".registry/.channel.pecl.php.net/redis.reg",
     b'a:3:{s:4:"name";s:5:"redis";s:7:"channel";s:12:"pecl.php.net";s:7:"version";a:1:{s:7:"release";s:5:"6.0.2";}}',
     [("pecl", "redis", "6.0.2")], 0),
    (pear, ".registry/x.reg", b'a:2:{s:7:"package";s:1:"x";s:7:"version";s:1:"1";}', [("pecl", "x", "1")], 0),
    (pear, ".registry/x.reg", b'O:1:"X":0:{}', [], 1),
    (pear, ".registry/x.reg", b"i:7;", [], 1),
    (python_sbom, "a.dist-info/sboms/s.json", b'{"packages":[{"externalRefs":[{"referenceType":"purl",'
     b'"referenceLocator":"pkg:cargo/a@1"}]}]}', [("cargo", "a", "1")], 0),
    (python_sbom, "a.dist-info/sboms/s.json", b'{"components":[{"components":[{"purl":"pkg:cargo/a@1"}]}]}',
     [("cargo", "a", "1")], 0),
    (python_sbom, "a.dist-info/sboms/s.json", b'{"components":[{"purl":"pkg:cargo/a@1","scope":"excluded"},'
     b'{"purl":"pkg:rpm/almalinux/openssl@1"},{"purl":"pkg:cargo/b@1?download_url=file://b"}]}', [], 0),
    (python_sbom, "a.dist-info/sboms/s.json", b'{"components":[{"purl":"cargo:a"}]}', [], 1),
    (python_sbom, "a.dist-info/sboms/s.json", b'{"components":7}', [], 1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "expected"), RUBY)
def test_a_gemspec(name: str, data: bytes, expected: Found) -> None:
    reading = ruby.read(SPEC + name, data)
    assert [(each.type, each.name, each.version) for each in reading.records] == expected
    assert bool(reading.problems) == (b"stub" not in data and b"s.version" not in data)


def test_a_gem_for_one_platform_says_which() -> None:
    reading = ruby.read(SPEC + "x-1-java.gemspec", b"# stub: x 1 java lib\n")
    assert reading.records[0].qualifiers == (("platform", "java"),)
    reading = ruby.read(SPEC + "nokogiri-1.13.10-x86_64-linux.gemspec", b"")
    assert reading.records[0].qualifiers == (("platform", "x86_64-linux"),)
    assert reading.records[0].version == "1.13.10"


@pytest.mark.parametrize(("module", "path", "data", "expected", "problems"), OTHERS)
def test_other_forms(module: ModuleType, path: str, data: bytes, expected: Found, problems: int) -> None:
    reading = module.read(path, data)
    assert [(each.type, each.name, each.version) for each in reading.records] == expected
    assert len(reading.problems) == problems


def test_a_shared_framework_is_one_package_at_its_folders_version() -> None:
    data = json.dumps(
        {
            "targets": {"x/linux-x64": {f"{RUNTIME}/8.0.1": {"runtime": {"a.dll": {}}}}},
            "libraries": {f"{RUNTIME}/8.0.1": {"type": "package"}},
        }
    ).encode()
    path = "usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/Microsoft.NETCore.App.deps.json"
    assert [(each.name, each.version) for each in dotnet.read(path, data).records] == [(RUNTIME, "8.0.1")]


def test_serialised_values_are_bounded() -> None:
    assert php_serialized.decode(b'a:2:{i:0;s:3:"a;b";s:1:"k";a:1:{i:1;N;}}') == {"0": "a;b", "k": {"1": None}}
    keys = b"a:9:{" * 1000
    deep = b"a:1:{i:0;" * 100 + b"N;" + b"}" * 100
    for data in (
        deep,
        keys,
        b"a:999999999:{",
        b's:9:"x";',
        b"a:1:{a:0:{}i:1;}",
        b"a:300000:{" + b"i:1;i:1;" * 300_000 + b"}",
    ):
        with pytest.raises(php_serialized.Damaged):
            php_serialized.decode(data)


def test_real_serialised_values_are_read_to_the_end() -> None:
    entry = php_serialized.decode(fixture("languages", "console_getopt.reg"))
    assert isinstance(entry, dict)
    assert entry["name"] == "Console_Getopt"

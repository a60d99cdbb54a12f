"""Versions of Go programs, and of Go itself: the rules, one example a line."""

import pytest

from envscout.inventory.executables import go_modules, go_version
from envscout.inventory.executables.go_blob import Build
from envscout.versions import key

GO = [
    ("go1.21.5", "1.21.5"),
    ("go1.20", "1.20"),
    ("go1.19.8", "1.19.8"),
    ("go1.21rc2", "1.21.0-rc.2"),
    ("go1.18beta1", "1.18.0-beta.1"),
    ("go1.23.1 X:nocoverageredesign", "1.23.1"),
    ("go1.20.12 (Red Hat 1.20.12-1.el9)", "1.20.12"),
    ("go1.21.5-1", "1.21.5"),
    ("go1.21.5-fips", "1.21.5"),
    ("go1.22-20231128-RC02 cl/586117301 +6111acc8e6 X:fieldtrack,boringcrypto", "1.22.0-20231128-RC02"),
    ("devel go1.22-4ae33bb Tue Nov 21 20:08:00 2023 +0000", "1.22.0-devel"),
    ("devel +c97fc8d Wed Jun 1 2016", ""),
    ("", ""),
]
# Name of the main package, version in the build information, the linker's flags, and what follows from them.
MAIN = [
    ("example.org/app", "v1.2.3", '"-X main.version=9.9.9"', "v1.2.3"),
    ("example.org/app", "v1.2.3-0.20240101000000-abcdefabcdef", "", "v1.2.3-0.20240101000000-abcdefabcdef"),
    ("example.org/app", "(devel)", '"-s -w -X main.version=1.18.1 -X main.gitCommit=5e16e50"', "v1.18.1"),
    ("example.org/app", "(devel)", '"-X main.version=v1.18.1"', "v1.18.1"),
    ("example.org/app", "(devel)", '"-X=main.Version=1.18.1"', "v1.18.1"),
    ("example.org/app", "(devel)", '"-X \'main.Version=1.18.1\' -X \\"main.built=today 1\\""', "v1.18.1"),
    ("example.org/app", "(devel)", "-X=main.version=1.18.1", "v1.18.1"),
    ("example.org/app", "(devel)", '`-X "example.org/app/run.version=1.0.0-beta.56"`', "v1.0.0-beta.56"),
    ("github.com/o/app", "(devel)", '"-X github.com/o/app/pkg/version/app.ver=0.59.1"', "v0.59.1"),
    ("example.org/app", "v0.0.0-20250422202024-9eeb4a7a08b6+dirty", '"-X main.version=1.23.2"', "v1.23.2"),
    ("example.org/app", "v0.0.0-20250422202024-9eeb4a7a08b6", "", "v0.0.0-20250422202024-9eeb4a7a08b6"),
    ("k8s.io/kubernetes", "(devel)", '"-X k8s.io/component-base/version.gitVersion=v1.30.1"', "v1.30.1"),
    ("github.com/p/p", "(devel)", '"-X github.com/p/common/version.Version=2.45.0"', "v2.45.0"),
    ("github.com/p/p", "(devel)", '"-X github.com/q/common/version.Version=2.45.0"', ""),
    ("github.com/p/p", "(devel)", '"-X github.com/p/q.Version=2.0.0 -X github.com/p/p/x.GitTag=v1.0.0"', "v1.0.0"),
    ("example.org/app", "(devel)", '"-X main.version=dev -X main.gitTag=v2.0.1"', "v2.0.1"),
    ("example.org/app", "(devel)", '"-X main.goVersion=1.21.5 -X main.commit=1.2.3"', ""),
    ("example.org/app", "(devel)", '"-X main.version=beta"', ""),
    ("example.org/app", "(devel)", '"-X -X= -X main -X main.version -X =1.2.3"', ""),
    ("example.org/app", "", '"-s -w"', ""),
]
BESIDE = [
    (("v1.28.15",), "v1.28.15"),
    (("1.1.5+ds1", "1.1.5+ds1-1+deb12u1"), "v1.1.5+ds1"),
    (("1.32.4-dispatcher", "v1.32.4-dispatcher"), "v1.32.4-dispatcher"),
    (("1.0.0", "2.0.0"), ""),
    (("1.21.5", "3.0.1"), "v3.0.1"),
    ((), ""),
]


@pytest.mark.parametrize(("said", "version"), GO)
def test_the_version_of_go_has_a_place_in_its_order(said: str, version: str) -> None:
    assert go_version.of_go(said) == version
    assert not version or key("golang", version)


def test_what_comes_before_a_release_is_older() -> None:
    ascending = ["go1.21.9", "go1.22-20231128-RC02", "devel go1.22-4ae33bb", "go1.22rc1", "go1.22", "go1.22.1"]
    keys = [key("golang", go_version.of_go(each)) or b"" for each in ascending]
    assert sorted(keys) == keys
    assert all(keys)


@pytest.mark.parametrize(("path", "version", "flags", "expected"), MAIN)
def test_the_version_of_the_main_module(path: str, version: str, flags: str, expected: str) -> None:
    program = go_modules.read(f"path\t{path}/cmd/x\nmod\t{path}\t{version}\t\nbuild\t-ldflags={flags}\n")
    module = go_version.main_module(program, Build(beside=("7.7.7",)))
    assert module == go_modules.Module(path, expected)


@pytest.mark.parametrize(("beside", "expected"), BESIDE)
def test_hidden_flags_leave_texts_behind(beside: tuple[str, ...], expected: str) -> None:
    program = go_modules.read("path\texample.org/app\nmod\texample.org/app\t(devel)\t\nbuild\t-trimpath=true\n")
    module = go_version.main_module(program, Build("go1.21.5", beside=beside))
    assert module == go_modules.Module("example.org/app", expected)


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("github.com/docker/docker/cmd/dockerd", "github.com/docker/docker"),
        ("gitlab.com/o/app", "gitlab.com/o/app"),
        ("command-line-arguments", None),
        ("github.com/caddyserver/caddy/v2/cmd/caddy", "github.com/caddyserver/caddy/v2"),
        ("k8s.io/kubernetes/cmd/kubectl", "k8s.io/kubernetes"),
        ("go.etcd.io/etcd", "go.etcd.io/etcd"),
        ("example.org", None),
        ("github.com/docker", None),
        ("", None),
    ],
)
def test_without_modules_the_path_may_tell_the_repository(path: str, module: str | None) -> None:
    found = go_version.main_module(go_modules.read(f"path\t{path}\n"), Build(beside=("20.10.24",)))
    assert found == (go_modules.Module(module, "v20.10.24") if module else None)


@pytest.mark.parametrize(
    "text",
    ["", "\n", "\t\t", "mod", "dep", "=>", "=>\ta\tv1", "dep\t", "build", "build\t", 'build\t="', "path", "x\ty\n" * 9],
)
def test_odd_lists_say_what_they_can(text: str) -> None:
    program = go_modules.read(text)
    assert not program.main
    assert not [each for each in program.dependencies if each.path]


def test_replacements_win() -> None:
    text = "dep\ta.b/c\tv1.0.0\n=>\ta.b/d\tv1.1.0\th1:=\ndep\ta.b/e\tv1.0.0\n=>\t./e\t(devel)\n"
    text += "dep\ta.b/f\tv1\n=>\tC:\\f\t\n"
    found = go_modules.read(text).dependencies
    assert [(each.path, each.version) for each in found] == [("a.b/d", "v1.1.0"), ("a.b/e", ""), ("a.b/f", "")]

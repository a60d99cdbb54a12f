"""What package managers of languages really left behind, as packages: one row per cataloguer and form."""

from types import ModuleType

import pytest

from envscout.inventory import build
from envscout.inventory.languages import (
    composer,
    conda,
    dart,
    dotnet,
    erlang,
    haskell,
    julia,
    lua,
    npm,
    npm_installed,
    opam,
    pear,
    python,
    python_sbom,
    r,
    ruby,
    wheel,
    yarn_cache,
)
from envscout.inventory.select import selector
from tests.inventory.files import file
from tests.inventory.fixtures import fixture

DOTNET = "dotnet/shared/Microsoft.NETCore.App/3.1.23/Microsoft.NETCore.App.deps.json"
RUNTIME = "Microsoft.NETCore.App.Runtime.linux-x64"
OPENSSL = (
    "pkg:generic/openssl@4.0.0?download_url=https://github.com/openssl/openssl/releases/download/openssl-4.0.0/"
    "openssl-4.0.0.tar.gz"
)
CONDA = "?build=pyhd8ed1ab_0&channel=conda-forge&subdir=noarch"
REAL = [
    (python, "iniconfig.METADATA", "v/iniconfig-2.3.1.dist-info/METADATA", ["pkg:pypi/iniconfig@2.3.1"]),
    (wheel, "iniconfig-2.3.1-py3-none-any.whl", "w/iniconfig-2.3.1-py3-none-any.whl", ["pkg:pypi/iniconfig@2.3.1"]),
    (python_sbom, "cryptography.sbom.json", "v/cryptography-48.0.0.dist-info/sboms/sbom.json",
     [OPENSSL]),
    (python_sbom, "cryptography-rust.cyclonedx.json", "v/cryptography-48.0.0.dist-info/sboms/rust.cyclonedx.json",
     ["pkg:cargo/asn1@0.24.1", "pkg:cargo/bitflags@2.11.1"]),
    (npm, "ms.package.json", "a/node_modules/alias/package.json", ["pkg:npm/ms@2.1.3"]),
    (npm, "ms.package.json", "opt/ms/package.json", ["pkg:npm/ms@2.1.3"]),
    (npm, "ms.package.json", "a/node_modules/next/dist/compiled/ms/package.json", ["pkg:npm/ms@2.1.3"]),
    (npm, "ms.package.json", "a/node_modules/next/test/fixtures/ms/package.json", []),
    (npm, "search-result.package.json", "usr/share/code/resources/app/extensions/search-result/package.json",
     ["pkg:vscode-extension/vscode/search-result@1.0.0"]),
    (npm_installed, "installed.package-lock.json", "a/node_modules/.package-lock.json",
     ["pkg:npm/%40babel/code-frame@7.24.2", "pkg:npm/%40babel/helper-validator-identifier@7.29.7",
      "pkg:npm/%40babel/highlight@7.25.9", "pkg:npm/ansi-styles@3.2.1", "pkg:npm/chalk@2.4.2",
      "pkg:npm/color-convert@1.9.3", "pkg:npm/color-name@1.1.3", "pkg:npm/escape-string-regexp@1.0.5",
      "pkg:npm/has-flag@3.0.0", "pkg:npm/js-tokens@4.0.0", "pkg:npm/ms@2.1.3", "pkg:npm/picocolors@1.1.1",
      "pkg:npm/supports-color@5.5.0", "pkg:npm/ws@8.17.0"]),
    (yarn_cache, "types-ms-npm-0.7.34-46f5141bfd-ac80bd9001.zip", "a/.yarn/cache/@types-ms-npm-0.7.34-46-8.zip",
     ["pkg:npm/%40types/ms@0.7.34"]),
    (ruby, "nokogiri-1.13.10.gemspec", "g/specifications/nokogiri-1.13.10.gemspec", ["pkg:gem/nokogiri@1.13.10"]),
    (ruby, "cgi-0.3.7.gemspec", "g/specifications/default/cgi-0.3.7.gemspec", ["pkg:gem/cgi@0.3.7"]),
    (composer, "installed.json", "a/vendor/composer/installed.json",
     ["pkg:composer/christian-riesen/base32@1.6.0", "pkg:composer/guzzlehttp/guzzle@7.4.5",
      "pkg:composer/symfony/polyfill-php80@v1.28.0"]),
    (pear, "console_getopt.reg", "php/.registry/console_getopt.reg", ["pkg:composer/pear/console_getopt@1.4.3"]),
    (dotnet, "Python.Runtime.deps.json", "app/Python.Runtime.deps.json",
     ["pkg:nuget/Microsoft.CSharp@4.7.0", "pkg:nuget/System.Buffers@4.6.1", "pkg:nuget/System.IO.Hashing@10.0.12",
      "pkg:nuget/System.Memory@4.6.3", "pkg:nuget/System.Numerics.Vectors@4.6.1",
      "pkg:nuget/System.Reflection.Emit@4.7.0", "pkg:nuget/System.Reflection.Emit.ILGeneration@4.7.0",
      "pkg:nuget/System.Runtime.CompilerServices.Unsafe@6.1.2"]),
    (dotnet, "Microsoft.NETCore.App.deps.json", DOTNET,
     [f"pkg:nuget/{RUNTIME}@3.1.23", "pkg:nuget/runtime.linux-x64.Microsoft.NETCore.DotNetHostPolicy@3.1.23"]),
    (r, "R6.DESCRIPTION", "usr/lib/R/site-library/R6/DESCRIPTION", ["pkg:cran/R6@2.5.1"]),
    (r, "sparseMatrixStats.DESCRIPTION", "usr/lib/R/site-library/sparseMatrixStats/DESCRIPTION",
     ["pkg:bioconductor/sparseMatrixStats@1.10.0"]),
    (erlang, "crypto.app", "lib/crypto-5.1.2/ebin/crypto.app", ["pkg:otp/crypto@5.1.2"]),
    (erlang, "eex.app", "lib/eex/ebin/eex.app", ["pkg:otp/eex@1.14.0"]),
    (erlang, "jose.app", "lib/jose-1.11.5/ebin/jose.app", ["pkg:hex/jose@1.11.5"]),
    (haskell, "split-0.2.3.5.conf", "ghc/package.conf.d/split-0.2.3.5.conf", ["pkg:hackage/split@0.2.3.5"]),
    (haskell, "attoparsec-0.14.4.conf", "store/package.db/attoparsec-0.14.4.conf",
     ["pkg:hackage/attoparsec@0.14.4"]),
    (conda, "requests-2.28.2-pyhd8ed1ab_0.json", "opt/conda/conda-meta/requests-2.28.2-pyhd8ed1ab_0.json",
     [f"pkg:conda/requests@2.28.2{CONDA}"]),
    (lua, "hello-1.0-1.rockspec", "t/lib/luarocks/rocks-5.1/hello/1.0-1/hello-1.0-1.rockspec",
     ["pkg:luarocks/hello@1.0-1"]),
    (dart, "package_config.json", "app/.dart_tool/package_config.json",
     ["pkg:pub/async@2.11.0", "pkg:pub/google_maps_flutter_web@0.5.4%2B3"]),
    (julia, "JSON.Project.toml", "root/.julia/packages/JSON/93Ea8/Project.toml",
     ["pkg:julia/JSON@1.7.0?uuid=682c06a0-de6a-54ab-a142-c8b1cf79cde6"]),
    (opam, "astring.opam", "root/.opam/default/.opam-switch/packages/astring.0.8.4/opam",
     ["pkg:opam/astring@0.8.4"]),
]  # fmt: skip
LICENSES = [
    ("iniconfig.METADATA", "v/iniconfig-2.3.1.dist-info/METADATA", ("MIT",)),
    ("nokogiri-1.13.10.gemspec", "g/specifications/nokogiri-1.13.10.gemspec", ("MIT",)),
    ("cgi-0.3.7.gemspec", "g/specifications/default/cgi-0.3.7.gemspec", ("Ruby", "BSD-2-Clause")),
    ("R6.DESCRIPTION", "R/library/R6/DESCRIPTION", ("MIT + file LICENSE",)),
    ("split-0.2.3.5.conf", "ghc/package.conf.d/split-0.2.3.5.conf", ("BSD-3-Clause",)),
    ("console_getopt.reg", "php/.registry/console_getopt.reg", ("BSD-2-Clause",)),
    ("requests-2.28.2-pyhd8ed1ab_0.json", "c/conda-meta/requests-2.28.2-pyhd8ed1ab_0.json", ("Apache-2.0",)),
    ("astring.opam", "o/.opam-switch/packages/astring.0.8.4/opam", ("ISC",)),
]


@pytest.mark.parametrize(("module", "name", "path", "expected"), REAL)
def test_a_real_file_becomes_packages(module: ModuleType, name: str, path: str, expected: list[str]) -> None:
    row = selector(projects=False).row(path)
    assert row
    assert row.read is module.read
    found = build([file(path, fixture("languages", name))])
    assert [each.purl for each in found.packages] == expected
    assert {problem.code for problem in found.problems} == {"no-package-database", "unknown-distribution"}


@pytest.mark.parametrize(("name", "path", "expected"), LICENSES)
def test_its_licences_are_kept(name: str, path: str, expected: tuple[str, ...]) -> None:
    assert build([file(path, fixture("languages", name))]).packages[0].licenses == expected


def test_a_package_that_a_manifest_and_the_hidden_lock_file_list_is_one_with_both_locations() -> None:
    manifest, lock = "a/node_modules/alias/package.json", "a/node_modules/.package-lock.json"
    found = build(
        [
            file(manifest, fixture("languages", "ms.package.json")),
            file(lock, fixture("languages", "installed.package-lock.json")),
        ]
    )
    assert [each.locations for each in found.packages if each.name == "ms"] == [(f"/{lock}", f"/{manifest}")]


def test_a_package_in_an_archive_has_a_location_in_it() -> None:
    path = "w/iniconfig-2.3.1-py3-none-any.whl"
    found = build([file(path, fixture("languages", "iniconfig-2.3.1-py3-none-any.whl"))])
    assert found.packages[0].locations == (f"/{path}!/iniconfig-2.3.1.dist-info/METADATA",)

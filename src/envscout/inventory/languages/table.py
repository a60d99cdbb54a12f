"""What package managers of languages leave behind where they install."""

from envscout.inventory.cataloguer import Cataloguer

_PLATFORM = "OSV has no ecosystem for the applications of Erlang/OTP and Elixir themselves"

LANGUAGES = (
    Cataloguer(
        "python",
        "2",
        ("**/*.dist-info/METADATA", "**/*.egg-info/PKG-INFO", "**/EGG-INFO/PKG-INFO", "**/*.egg-info"),
        "languages.python",
        ("pypi",),
    ),
    Cataloguer(
        "python-sbom",
        "1",
        ("**/*.dist-info/sboms/*.json", "**/_vendor/bom.cdx.json"),
        "languages.python_sbom",
        ("pypi", "cargo", "generic"),
    ),
    Cataloguer("wheel", "2", ("**/*.whl", "**/*.egg"), "languages.wheel", ("pypi",), large=True),
    Cataloguer("npm", "3", ("**/package.json",), "languages.npm", ("npm", "vscode-extension")),
    Cataloguer("npm-installed", "1", ("**/node_modules/.package-lock.json",), "languages.npm_installed", ("npm",)),
    Cataloguer(
        "yarn-cache",
        "2",
        ("**/.yarn/cache/*.zip", "**/.yarn/berry/cache/*.zip"),
        "languages.yarn_cache",
        ("npm",),
        large=True,
    ),
    Cataloguer(
        "ruby", "1", ("**/specifications/*.gemspec", "**/specifications/default/*.gemspec"), "languages.ruby", ("gem",)
    ),
    Cataloguer("composer", "1", ("**/composer/installed.json",), "languages.composer", ("composer",)),
    Cataloguer(
        "pear",
        "1",
        ("**/.registry/*.reg", "**/.registry/*/*.reg"),
        "languages.pear",
        ("composer", "pecl"),
        unmatched="OSV has no ecosystem for PECL extensions",
    ),
    Cataloguer("dotnet", "1", ("**/*.deps.json",), "languages.dotnet", ("nuget",)),
    Cataloguer("r", "1", ("**/DESCRIPTION",), "languages.r", ("cran", "bioconductor")),
    Cataloguer("erlang", "1", ("**/ebin/*.app",), "languages.erlang", ("hex", "otp"), unmatched=_PLATFORM),
    Cataloguer(
        "haskell",
        "1",
        ("**/package.conf.d/*.conf", "**/package.db/*.conf", "**/pkgdb/*.conf"),
        "languages.haskell",
        ("hackage",),
    ),
    Cataloguer(
        "conda",
        "1",
        ("**/conda-meta/*.json",),
        "languages.conda",
        ("conda",),
        unmatched="OSV has no ecosystem for conda packages",
    ),
    Cataloguer(
        "lua",
        "1",
        ("**/luarocks/rocks*/*/*/*.rockspec",),
        "languages.lua",
        ("luarocks",),
        unmatched="OSV has no ecosystem for Lua rocks",
    ),
    Cataloguer(
        "dart", "1", ("**/.dart_tool/package_config.json", "**/hosted/*/*/pubspec.yaml"), "languages.dart", ("pub",)
    ),
    Cataloguer("julia", "1", ("**/packages/*/*/Project.toml",), "languages.julia", ("julia",)),
    Cataloguer("opam", "1", ("**/.opam-switch/packages/*/opam",), "languages.opam", ("opam",)),
    Cataloguer(
        "java",
        "1",
        (
            *("**/*.jar", "**/*.war", "**/*.ear", "**/*.rar", "**/*.par", "**/*.sar", "**/*.nar", "**/*.kar"),
            *("**/*.jpi", "**/*.hpi", "**/*.lpkg"),
        ),
        "java.archive",
        ("maven",),
        large=True,
    ),
    Cataloguer(
        "release",
        "1",
        ("**/release", "**/go/VERSION", "**/go-*/VERSION", "**/releases/*/OTP_VERSION"),
        "executables.releases",
        ("generic", "golang"),
    ),
)

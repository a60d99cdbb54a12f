"""Lock files and manifests of source trees: what a project asks for, read in directories only."""

from envscout.inventory.cataloguer import Cataloguer


def _project(
    name: str, patterns: tuple[str, ...], module: str, *types: str, version: str = "1", unmatched: str = ""
) -> Cataloguer:
    """Return the row of one kind of file, found in any folder by its name."""
    places = tuple(f"**/{pattern}" for pattern in patterns)
    return Cataloguer(name, version, places, f"projects.{module}", types, project=True, unmatched=unmatched)


PROJECTS: tuple[Cataloguer, ...] = (
    _project("npm-lock", ("package-lock.json", "npm-shrinkwrap.json"), "npm_lock", "npm"),
    _project("pnpm-lock", ("pnpm-lock.yaml",), "pnpm", "npm"),
    _project("yarn-lock", ("yarn.lock",), "yarn", "npm"),
    _project("bun-lock", ("bun.lock", "bun.lockb"), "bun", "npm"),
    _project(
        "python-requirements",
        ("requirements*.txt", "*requirements.txt", "requirements/*.txt"),
        "requirements",
        "pypi",
    ),
    _project(
        "python-lock",
        ("poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock", "pylock.toml", "pylock.*.toml"),
        "python_locks",
        "pypi",
    ),
    _project("go-mod", ("go.mod",), "go_mod", "golang"),
    _project("cargo-lock", ("Cargo.lock",), "cargo", "cargo"),
    _project("maven-pom", ("pom.xml",), "pom", "maven"),
    _project("gradle-lock", ("*gradle.lockfile", "gradle/dependency-locks/*.lockfile"), "gradle", "maven"),
    _project("bundler-lock", ("Gemfile.lock", "gems.locked", "*.gemfile.lock"), "bundler", "gem"),
    _project("composer-lock", ("composer.lock",), "composer_lock", "composer"),
    _project(
        "nuget-project",
        ("packages.lock.json", "packages.config", "Directory.Packages.props", "*.csproj", "*.fsproj", "*.vbproj"),
        "dotnet",
        "nuget",
    ),
    _project("beam-lock", ("mix.lock", "rebar.lock"), "beam", "hex"),
    _project("pub-lock", ("pubspec.lock",), "pubspec", "pub"),
    _project("conan-lock", ("conan.lock",), "conan", "conan"),
    _project("swift-resolved", ("Package.resolved", "Cartfile.resolved"), "swift", "swift"),
    _project(
        "cocoapods-lock",
        ("Podfile.lock",),
        "cocoapods",
        "cocoapods",
        unmatched="OSV has no ecosystem for CocoaPods",
    ),
    _project("renv-lock", ("renv.lock",), "renv", "cran", "bioconductor"),
    _project("haskell-lock", ("stack.yaml.lock", "cabal.project.freeze"), "haskell", "hackage"),
    _project("julia-manifest", ("Manifest.toml", "JuliaManifest.toml", "Manifest-*.toml"), "julia", "julia"),
)

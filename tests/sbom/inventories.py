"""An inventory with packages of every type, some with names, paths and licences that nobody should give."""

from collections.abc import Iterator

from envscout.model import Distribution, Image, Inventory, Layer, Package, Problem
from envscout.names import purl, upstream

LAYERS = tuple(f"sha256:{number:064x}" for number in range(1, 6))
IMAGE = Image(
    digest=f"sha256:{'ab' * 32}",
    platform="linux/amd64",
    config_digest=f"sha256:{'cd' * 32}",
    created="2024-05-06T07:08:09.123456789Z",
    layers=tuple(Layer(digest="", diff_id=layer, media_type="", size=0) for layer in LAYERS),
)
DEBIAN = Distribution("debian", "12", "bookworm", "Debian GNU/Linux 12 (bookworm)", ("x", "y"))
LICENSES = (
    (),
    ("MIT",),
    ("MIT", "Apache-2.0"),
    ("MIT OR Apache-2.0",),
    ("GPL-2.0+",),
    ("BSD",),
    ('see <LICENSE> \u2028 & "quotes"', "GPL-2.0-or-later WITH Classpath-exception-2.0"),
    ("( and MIT",),
    ("NONE",),
)
NAMES = {
    "deb": ("libssl3", "libstdc++6", "g++-12", "a:b@c", "é", "x" * 200, "pkg%2Fx"),
    "apk": ("ssl_client", "py3-pip"),
    "rpm": ("openssl-libs", "perl(Foo)"),
    "alpm": ("pacman",),
    "npm": ("left-pad", "@babel/core", "@a/b", "jQuery", "<script>alert(1)</script>"),
    "pypi": ("requests", "ruamel.yaml", "Flask_Login", "zope.interface"),
    "maven": ("org.slf4j:slf4j-api", "log4j:log4j", "nogroup"),
    "golang": ("github.com/Azure/azure-sdk-for-go", "stdlib", "golang.org/x/net"),
    "cargo": ("serde", "tokio_util"),
    "gem": ("rails", "nokogiri"),
    "composer": ("symfony/http-kernel",),
    "nuget": ("Newtonsoft.Json",),
    "hex": ("phoenix",),
    "pub": ("path",),
    "conan": ("zlib",),
    "cran": ("ggplot2",),
    "hackage": ("aeson",),
    "swift": ("github.com/apple/swift-nio",),
    "bitnami": ("redis",),
    "conda": ("numpy",),
    "generic": ("busybox", "openssl", "$(rm -rf /)", "name with spaces", "../../etc/passwd"),
}
VERSIONS = ("1.0", "2:3.0.11-1~deb12u2+b1", "1.2.3-rc.1+build", "v1.2.3", "\u00e9", "1 2", "0")


def _packages(number: int) -> Iterator[Package]:
    for count in range(number):
        kind = sorted(NAMES)[count % len(NAMES)]
        names = NAMES[kind]
        name = names[count % len(names)]
        version = VERSIONS[count % len(VERSIONS)] + (f".{count}" if count > len(NAMES) * len(VERSIONS) else "")
        yield package(kind, name, version, count)


def package(kind: str, name: str, version: str, count: int = 0) -> Package:
    """Return a package as a cataloguer makes it; count varies what else is said of it."""
    distributed = kind in purl.DISTRIBUTED
    source, number = (f"{name}-src", f"{version}-1") if distributed and count % 3 == 0 else (name, version)
    namespace, last = purl.split_name(kind, name)
    qualifiers = [
        ("arch", "amd64"),
        ("distro", "debian-12"),
        ("upstream", upstream.write(name, version, source, number)),
    ]
    return Package(
        type=kind,
        name=name,
        version=version,
        purl=purl.build(
            kind, last, version, DEBIAN.id if distributed else namespace, qualifiers if distributed else []
        ),
        source_name=source,
        source_version=number,
        architecture="amd64" if distributed else "",
        licenses=LICENSES[count % len(LICENSES)],
        locations=tuple(f"/opt/{count}/{part} \u00e9/x,y: z" for part in range(count % 3)),
        layer=LAYERS[count % len(LAYERS)],
    )


def inventory(number: int) -> Inventory:
    """Return an inventory of about so many packages, each once, some of them owned."""
    found = {each.purl: each for each in _packages(number)}
    owner = next(each for each in found.values() if each.type == "deb")
    owned = Package(
        "pypi", "requests", "9", "pkg:pypi/requests@9", "requests", "9", owner=owner.purl, locations=("/usr/lib/x",)
    )
    packages = (*found.values(), owned, Package("pypi", "requests", "9", "pkg:pypi/requests@9", "requests", "9"))
    return Inventory(
        packages=tuple(sorted(packages, key=lambda each: (each.type, each.name, each.version, each.purl, each.owner))),
        distribution=DEBIAN,
        problems=(Problem("damaged-layer", 'cut <&> "short"', "layer 3"), Problem("unread-thing", "x")),
        tools=("deb@1", "npm@2"),
    )

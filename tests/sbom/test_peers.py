"""A Trivy and a syft document of one image give the same packages to match, but for reasons that are listed here."""

import re
import zipfile
from pathlib import Path

import pytest

from envscout import sbom
from envscout.model import Inventory, Package
from envscout.names import ecosystem

# Who lists it, its ecosystem, one of its files, and why the other does not list it (both as of 2022).
REASONS = [
    ("trivy", "PyPI", r".+\.egg(/EGG-INFO/PKG-INFO)?", "syft did not read eggs"),
    ("trivy", "Maven", r".+/javax\.inject-1\.jar", "a jar without version inside: Trivy knows it by its checksum"),
    ("syft", "Maven", r"/usr/local/openjdk-17/.+|/opt/bitnami/java/.+", "the Java runtime is in no repository"),
    ("syft", "Maven", r".+/io\.airbyte[-.].+-test-dev\.jar", "the application is in no repository"),
    ("syft", "Maven", r".+/cassandra/tools/lib/(stress|fqltool)\.jar", "the application is in no repository"),
    ("syft", "Go", r"/proxy|/bin/levant|/opt/bitnami/common/bin/(yq|gosu)", "Trivy did not list main modules"),
]  # fmt: skip
GUESSED = "a jar without pom.properties: syft guesses its group, Trivy knows it by its checksum"
IMAGES = {
    "airbyte_bootloader": 233,
    "bitnami_cassandra": 151,
    "bitnami_kubeapps-tiller-proxy": 56,
    "hashicorp_levant": 69,
    "ibmcom_microclimate-devops": 10,
    "kong_kubernetes-ingress-controller": 97,
}
"""Images of which there are both, with the number of packages on which both agree."""

Matched = dict[tuple[str, str, str], Package]


def documents(data: Path, tool: str, image: str) -> dict[str, Inventory]:
    """Return the inventories of one tool's documents of an image, by the image's digest."""
    with zipfile.ZipFile(data / "sboms" / f"docker-hub-{tool}-spdx.zip") as zipped:
        names = [name for name in zipped.namelist() if name.startswith(f"{image}@")]
        return {name: sbom.read(zipped.read(name))[0] for name in names}


def matched(inventory: Inventory) -> Matched:
    """Return the packages by what they are matched as."""
    found: Matched = {}
    for package in inventory.packages:
        what = ecosystem.identity(package, inventory.distribution)
        found[what.ecosystem, what.name, what.version] = package
    return found


def reason(tool: str, found_in: str, package: Package, others: set[str]) -> str:
    """Return why one tool alone lists a package, "" if nobody knows."""
    if found_in == "Maven" and others.intersection(package.locations):
        return GUESSED
    fitting = (
        why
        for who, kind, pattern, why in REASONS
        if (who, kind) == (tool, found_in) and all(re.fullmatch(pattern, path) for path in package.locations)
    )
    return next(fitting, "")


@pytest.mark.parametrize("image", IMAGES)
def test_both_documents_of_an_image_give_the_same_packages(data: Path, image: str) -> None:
    trivy, syft = documents(data, "trivy", image), documents(data, "syft", image)
    (digest,) = trivy.keys() & syft.keys()
    assert trivy[digest].distribution == syft[digest].distribution
    sides = {"trivy": matched(trivy[digest]), "syft": matched(syft[digest])}
    paths = {tool: {path for each in side.values() for path in each.locations} for tool, side in sides.items()}
    unexplained = [
        (tool, what)
        for tool, other in (("trivy", "syft"), ("syft", "trivy"))
        for what in sides[tool].keys() - sides[other].keys()
        if not reason(tool, what[0], sides[tool][what], paths[other])
    ]
    assert unexplained == []
    assert len(sides["trivy"].keys() & sides["syft"].keys()) == IMAGES[image]

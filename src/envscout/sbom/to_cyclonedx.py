"""An inventory as CycloneDX 1.6 JSON (https://cyclonedx.org/docs/1.6/json/). The same input gives the same bytes.

What the format has no field for are properties; they are listed in docs/reference/sbom-formats.md.
"""

import hashlib
import uuid
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from envscout import __version__
from envscout.model import Distribution, Image, Inventory, Package
from envscout.names import purl
from envscout.names.purl import DISTRIBUTED
from envscout.sbom import licenses, notes
from envscout.sbom.draft import words

Document = dict[str, Any]


def write(image: Image, inventory: Inventory, reference: str) -> bytes:
    """Return the document of one image as indented JSON with a final newline."""
    return finished(described(image, inventory, reference))


def described(image: Image, inventory: Inventory, reference: str) -> Document:
    """Return what the document of one image says of it and of its packages."""
    return {
        "metadata": _filled({
            "timestamp": notes.created(image),
            "tools": {"components": [{"type": "application", "name": "envscout", "version": __version__}]},
            "component": _image(image, reference),
            "properties": [
                *_properties("cataloguer", inventory.tools),
                *_properties("problem", (msgspec.json.encode(problem).decode() for problem in inventory.problems)),
            ],
        }),
        "components": [*_system(inventory.distribution), *_components(inventory.packages)],
    }  # fmt: skip


def finished(document: Document) -> bytes:
    """Return a whole document, named after its content."""
    content = hashlib.sha256(msgspec.json.encode(document)).digest()
    head = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.UUID(bytes=content[:16], version=5).urn,
        "version": 1,
    }
    return msgspec.json.format(msgspec.json.encode(head | document), indent=2) + b"\n"


def _filled(fields: Document) -> Document:
    """Return the fields that say something."""
    return {name: value for name, value in fields.items() if value not in ("", [], ())}


def _properties(name: str, values: Iterable[str]) -> list[Document]:
    return [{"name": notes.PREFIX + name, "value": value} for value in values if value]


def _image(image: Image, reference: str) -> Document:
    note = notes.ImageNote.of(image)
    told = (
        ("digest", [note.digest]),
        ("index-digest", [note.index_digest]),
        ("config-digest", [note.config_digest]),
        ("platform", [note.platform]),
        ("created", [note.created]),
        ("layer", note.layers),
    )
    return _filled({
        "bom-ref": "image",
        "type": "container",
        "name": reference or "image",
        "version": image.digest,
        "properties": [each for name, values in told for each in _properties(f"image:{name}", values)],
    })  # fmt: skip


def _system(found: Distribution | None) -> list[Document]:
    if not found or not found.id:
        return []
    told = (
        ("id", [found.id]),
        ("version", [found.version]),
        ("codename", [found.codename]),
        ("name", [found.name]),
        ("like", found.id_like),
    )
    component = {
        "bom-ref": "distribution",
        "type": "operating-system",
        "name": found.id,
        "version": found.version,
        "description": found.name,
        "properties": [each for name, values in told for each in _properties(f"distribution:{name}", values)],
    }
    return [_filled(component)]


def _components(packages: Iterable[Package]) -> list[Document]:
    seen: Counter[str] = Counter()
    components = []
    for package in packages:
        seen[package.purl] += 1
        number = seen[package.purl]
        components.append(_component(package, package.purl if number == 1 else f"{package.purl}#{number}"))
    return components


def _component(package: Package, reference: str) -> Document:
    group, name = purl.split_name(package.type, package.name)
    choices, licensed = _licenses(package.licenses)
    return _filled({
        "bom-ref": reference,
        "type": "library",
        "group": group,
        "name": name or package.name,
        "version": package.version,
        "purl": package.purl,
        "licenses": choices,
        "evidence": _filled({"occurrences": [{"location": path} for path in package.locations]}) or "",
        "properties": [*_noted(package), *_properties("license", () if licensed else package.licenses)],
    })  # fmt: skip


def _noted(package: Package) -> list[Document]:
    note = notes.of_package(package)
    source = note.source_name, note.source_version
    if package.type in DISTRIBUTED:
        source = package.source_name, package.source_version
    told = (
        ("name", note.name),
        ("version", note.version),
        ("architecture", note.architecture),
        ("source:name", source[0]),
        ("source:version", source[1]),
        ("layer", note.layer),
        ("owner", note.owner),
    )
    return [each for name, value in told for each in _properties(name, [value])]


def _licenses(texts: tuple[str, ...]) -> tuple[list[Document], bool]:
    """Return the licences as the schema wants them, and whether they can be read back as they are.

    Several are ids and names; an expression stands alone.
    """
    normal = [licenses.expression(text) for text in texts]
    if len(texts) == 1 and normal[0] and not licenses.is_id(normal[0]):
        return [{"expression": normal[0]}], normal[0] == texts[0]
    choices = [
        {"license": {"id": known} if known and licenses.is_id(known) else {"name": text}}
        for text, known in zip(texts, normal, strict=True)
    ]
    return choices, words(*(next(iter(each["license"].values())) for each in choices)) == texts

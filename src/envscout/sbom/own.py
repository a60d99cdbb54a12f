"""Our own document: the whole inventory, so that what is written and read again is the same.

The schema is `envscout/sbom/1`. Fields are only ever added to it; a change of meaning raises the number.
"""

from collections.abc import Collection

import msgspec

from envscout import __version__
from envscout.errors import InvalidReference
from envscout.model import BaseImage, Distribution, Image, Inventory, Package, Problem, Secret
from envscout.names import bounds, purl
from envscout.sbom import assemble
from envscout.sbom.draft import NOTHING, SubjectInfo, decode, each, told

SCHEMA = "envscout/sbom/1"


class _Source(msgspec.Struct):
    name: str = ""
    version: str = ""


class _Package(msgspec.Struct):
    purl: str
    name: str
    version: str
    type: str
    source: _Source = msgspec.field(default_factory=_Source)
    architecture: str = ""
    licenses: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    layer: str = ""
    from_base: bool | None = None
    owner: str = ""


class _Document(msgspec.Struct):
    schema: str
    generator: str
    reference: str
    image: Image
    base: BaseImage | None
    distribution: Distribution | None
    packages: list[_Package]
    problems: tuple[Problem, ...]
    tools: tuple[str, ...]
    secrets: tuple[Secret, ...] | msgspec.UnsetType = msgspec.UNSET


class _Received(msgspec.Struct):
    reference: str = ""
    generator: str = ""
    image: Image = Image(digest="")
    distribution: Distribution | None = None
    packages: msgspec.Raw = NOTHING
    problems: tuple[Problem, ...] = ()
    tools: tuple[str, ...] = ()


def write(
    image: Image,
    inventory: Inventory,
    reference: str,
    base: BaseImage | None = None,
    secrets: tuple[Secret, ...] | None = None,
) -> bytes:
    """Return the document of one image as indented JSON with a final newline; the same input gives the same bytes.

    base: the image that it was built on. secrets: that were found, None where nobody looked. Reading forgets them.
    """
    lowest = {layer.diff_id for layer in image.layers[: base.layers]} if base and base.layers else None
    document = _Document(
        schema=SCHEMA,
        generator=f"envscout-{__version__}",
        reference=reference,
        image=image,
        base=base,
        distribution=inventory.distribution,
        packages=[_written(package, lowest) for package in inventory.packages],
        problems=inventory.problems,
        tools=inventory.tools,
        secrets=msgspec.UNSET if secrets is None else secrets,
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def read(data: bytes | msgspec.Raw) -> tuple[Inventory, SubjectInfo]:
    """Return what `write` was given. Raises SourceError, LimitExceeded.

    A damaged package is a Problem, and so is an owner that the document does not list.
    """
    document = decode(data, _Received, "envscout SBOM")
    problems: list[Problem] = []
    packages = [_read(package, problems) for package in each(document.packages, _Package, "envscout SBOM", problems)]
    kept = tuple(assemble.merged(assemble.owned((package for package in packages if package), problems)))
    met = tuple(sorted({*map(told, document.problems), *problems}))
    subject = SubjectInfo(SCHEMA, document.reference, tools=(document.generator,), image=document.image)
    return Inventory(kept, document.distribution, met, document.tools), subject


def _written(package: Package, lowest: Collection[str] | None) -> _Package:
    """Return a package as the document has it. lowest: layers of the base image, None where they are not known."""
    return _Package(
        purl=package.purl,
        name=package.name,
        version=package.version,
        type=package.type,
        source=_Source(package.source_name, package.source_version),
        architecture=package.architecture,
        licenses=package.licenses,
        locations=package.locations,
        layer=package.layer,
        from_base=package.layer in lowest if lowest is not None and package.layer else None,
        owner=package.owner,
    )


def _is_purl(text: str, kind: str) -> bool:
    try:
        url = purl.parse(text)
        # What was read must be fit to be written again.
        is_plain = text.isprintable() and text.startswith("pkg:") and bounds.is_name(url.full_name)
        return url.type == kind and is_plain and bool(str(url))
    except InvalidReference:
        return False


def _read(package: _Package, problems: list[Problem]) -> Package | None:
    """Return a package of a document; one that we would never have written is a problem."""
    versions = (package.version, package.source.version)
    if (
        not bounds.is_name(package.name)
        or not _is_purl(package.purl, package.type)
        or any(version and not bounds.is_version(version) for version in versions)
        or (package.source.name and not bounds.is_name(package.source.name))
    ):
        named = bounds.shown(package.name or package.purl)
        problems.append(
            Problem("damaged-component", f"package {named!r} is not listed: unusable name, purl or version")
        )
        return None
    return Package(
        type=package.type,
        name=package.name,
        version=package.version,
        purl=package.purl,
        source_name=package.source.name,
        source_version=package.source.version,
        architecture=package.architecture,
        licenses=package.licenses,
        locations=package.locations,
        layer=bounds.layer(package.layer),
        owner=package.owner,
    )

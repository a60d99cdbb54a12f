"""syft's own JSON (https://github.com/anchore/syft/tree/main/schema/json), and Docker Scout's, which grew out of it.

Docker Scout names layers `diff_id` and puts the distribution into the package URLs; it names no source packages.
"""

import msgspec

from envscout.model import Distribution, Image, Layer, Problem
from envscout.names import bounds
from envscout.sbom.draft import JSON_ERRORS, Component, Draft, SubjectInfo, decode, each, listed, words


class _Location(msgspec.Struct):
    path: str = ""
    layerID: str = ""  # noqa: N815 - the document's word
    diff_id: str = ""


class _Metadata(msgspec.Struct):
    source: str | None = None
    sourceVersion: str | None = None  # noqa: N815
    originPackage: str | None = None  # noqa: N815
    architecture: str | None = None


class _License(msgspec.Struct):
    value: str | None = None
    spdxExpression: str | None = None  # noqa: N815


class _Artifact(msgspec.Struct):
    name: str = ""
    version: str = ""
    type: str = ""
    purl: str = ""
    locations: list[_Location] | None = None
    licenses: list[str | _License] | None = None
    metadata: msgspec.Raw = msgspec.Raw(b"{}")


class _Distro(msgspec.Struct):
    id: str | None = None
    name: str | None = None
    version: str | None = None
    versionID: str | None = None  # noqa: N815
    versionCodename: str | None = None  # noqa: N815
    prettyName: str | None = None  # noqa: N815
    idLike: list[str] | str | None = None  # noqa: N815


class _Layer(msgspec.Struct):
    digest: str = ""
    mediaType: str = ""  # noqa: N815
    size: int = 0


class _Target(msgspec.Struct):
    userInput: str = ""  # noqa: N815
    manifestDigest: str = ""  # noqa: N815
    imageID: str = ""  # noqa: N815
    architecture: str = ""
    os: str = ""
    layers: list[_Layer] | None = None


class _Source(msgspec.Struct):
    name: str = ""
    target: msgspec.Raw = msgspec.Raw(b"{}")
    metadata: msgspec.Raw = msgspec.Raw(b"{}")


class _Descriptor(msgspec.Struct):
    name: str = ""
    version: str = ""
    timestamp: str = ""


class _Schema(msgspec.Struct):
    version: str = ""


class _Document(msgspec.Struct):
    artifacts: msgspec.Raw
    source: _Source = msgspec.field(default_factory=_Source)
    distro: _Distro | None = None
    descriptor: _Descriptor = msgspec.field(default_factory=_Descriptor)
    schema: _Schema = msgspec.field(default_factory=_Schema)


def read(data: bytes | msgspec.Raw) -> Draft:
    """Return the content of a syft document. Raises SourceError, LimitExceeded."""
    document = decode(data, _Document, "syft document")
    problems: list[Problem] = []
    artifacts = each(document.artifacts, _Artifact, "syft document", problems)
    return Draft(
        subject=_subject(document),
        components=tuple(_component(artifact) for artifact in artifacts if artifact.purl),
        distribution=_distribution(document.distro or _Distro()),
        unidentified=tuple(" ".join(words(each.name, each.version)) for each in artifacts if not each.purl),
        problems=tuple(problems),
    )


def _component(artifact: _Artifact) -> Component:
    """Return one artifact in the document's words."""
    metadata = _lenient(artifact.metadata, _Metadata)
    licenses = (
        each if isinstance(each, str) else each.spdxExpression or each.value for each in listed(artifact.licenses)
    )
    return Component(
        purl=artifact.purl,
        name=artifact.name,
        version=artifact.version,
        source=(metadata.source or metadata.originPackage or "", metadata.sourceVersion or ""),
        architecture=metadata.architecture or "",
        licenses=words(*licenses),
        locations=tuple("/" + path.lstrip("/") for path in words(*(each.path for each in listed(artifact.locations)))),
        layer=artifact.locations[0].layerID or artifact.locations[0].diff_id if artifact.locations else "",
    )


def _lenient(data: msgspec.Raw, type: type[_Metadata]) -> _Metadata:  # noqa: A002 - as in msgspec
    """Decode metadata of one ecosystem; other ecosystems use the same words for other things."""
    try:
        return msgspec.json.decode(data, type=type)
    except JSON_ERRORS:
        return type()


def _distribution(distro: _Distro) -> Distribution | None:
    """Return the distribution; documents before schema 2 say name and version only."""
    name = distro.id or (distro.name or "").lower()
    if not name:
        return None
    likes = distro.idLike.split() if isinstance(distro.idLike, str) else distro.idLike or []
    return Distribution(
        id=name,
        version=distro.versionID or distro.version or "",
        codename=distro.versionCodename or "",
        name=distro.prettyName or "",
        id_like=tuple(likes),
    )


def _subject(document: _Document) -> SubjectInfo:
    """Return which image is described; `target` became `metadata` in schema 7."""
    told = document.source.metadata if len(document.source.metadata) > 2 else document.source.target
    target = _Target()
    if bytes(told).lstrip().startswith(b"{"):
        target = decode(told, _Target, "syft document")
    made = "-".join(words(document.descriptor.name, document.descriptor.version))
    return SubjectInfo(
        format=f"syft {document.schema.version}",
        reference=bounds.escaped(target.userInput or document.source.name),
        created=document.descriptor.timestamp,
        tools=words(made or "syft"),
        image=Image(
            digest=target.manifestDigest,
            config_digest=target.imageID,
            platform="/".join(words(target.os, target.architecture)),
            size=sum(layer.size for layer in listed(target.layers)),
            layers=tuple(
                Layer(digest="", diff_id=layer.digest, media_type=layer.mediaType, size=layer.size)
                for layer in listed(target.layers)
            ),
        ),
    )

"""Who built an image, from what: SLSA provenance v0.2 and v1 (https://slsa.dev/spec/v1.1/provenance).

BuildKit's is understood in full
(https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md): images it used are package URLs
of type docker, among them the image of its own frontend, which is nobody's base.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote

import msgspec

from envscout.errors import InvalidReference, SourceError
from envscout.names import purl
from envscout.sbom.draft import NOTHING, decode, each, words
from envscout.sbom.envelope import opened

READABLE = "envscout reads SLSA provenance v0.2 and v1 within an in-toto statement."

_IMAGES = ("docker", "oci")
_PREFIXES = ("https://slsa.dev/provenance/v0.2", "https://slsa.dev/provenance/v1")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TAG = re.compile(r":[^:/]*\Z")


class Material(msgspec.Struct, frozen=True):
    """An image that the build used. uri: as the builder names it. digest: `sha256:...`, "" if it is not told."""

    uri: str
    digest: str = ""


class Provenance(msgspec.Struct, frozen=True):
    """What a builder says of a build; "" where it is silent.

    bases: images it used, in its order; of a build in several stages those of all stages. builder: its id. source,
    revision: where the instructions came from, and their commit; as the builder saw them, else as its client told.
    attested: digests (`sha256:...`) of what was built. type: the predicate type.
    """

    type: str
    bases: tuple[Material, ...] = ()
    builder: str = ""
    source: str = ""
    revision: str = ""
    attested: tuple[str, ...] = ()


class _Resource(msgspec.Struct):
    uri: str | None = None
    digest: dict[str, str] | None = None


class _Builder(msgspec.Struct):
    id: str | None = None


class _Arguments(msgspec.Struct):
    frontend: str | None = None
    args: dict[str, object] | None = None


class _Vcs(msgspec.Struct):
    source: str | None = None
    revision: str | None = None


class _BuildKit(msgspec.Struct):
    vcs: _Vcs = msgspec.field(default_factory=_Vcs)


class _Invocation(msgspec.Struct):
    configSource: _Resource = msgspec.field(default_factory=_Resource)  # noqa: N815 - the document's word
    parameters: msgspec.Raw = msgspec.Raw(b"{}")


class _Metadata02(msgspec.Struct):
    buildkit: _BuildKit = msgspec.field(name="https://mobyproject.org/buildkit@v1#metadata", default_factory=_BuildKit)


class _Predicate02(msgspec.Struct):
    builder: _Builder = msgspec.field(default_factory=_Builder)
    invocation: _Invocation = msgspec.field(default_factory=_Invocation)
    materials: msgspec.Raw = NOTHING
    metadata: _Metadata02 | None = None


class _External(msgspec.Struct):
    configSource: _Resource = msgspec.field(default_factory=_Resource)  # noqa: N815
    request: msgspec.Raw = msgspec.Raw(b"{}")


class _Definition(msgspec.Struct):
    externalParameters: _External = msgspec.field(default_factory=_External)  # noqa: N815
    resolvedDependencies: msgspec.Raw = NOTHING  # noqa: N815


class _Metadata1(msgspec.Struct):
    buildkit_metadata: _BuildKit = msgspec.field(default_factory=_BuildKit)


class _Run(msgspec.Struct):
    builder: _Builder = msgspec.field(default_factory=_Builder)
    metadata: _Metadata1 | None = None


class _Predicate1(msgspec.Struct):
    buildDefinition: _Definition = msgspec.field(default_factory=_Definition)  # noqa: N815
    runDetails: _Run = msgspec.field(default_factory=_Run)  # noqa: N815


class _Told(msgspec.Struct):
    """Both versions of the predicate, in one shape."""

    builder: _Builder
    config: _Resource
    request: msgspec.Raw
    materials: msgspec.Raw
    vcs: _Vcs


def provenance(data: bytes) -> Provenance:
    """Return what a provenance statement says, bare or in a DSSE envelope, plain or gzip.

    Raises SourceError for anything else, LimitExceeded for what is too large.
    """
    found = opened(data)
    if not found.predicate_type.startswith(_PREFIXES):
        raise SourceError(f"no provenance statement: {found.predicate_type[:80] or 'no predicate type'!r}", READABLE)
    told = _told_v1(found.content) if found.predicate_type.startswith(_PREFIXES[1]) else _told_v02(found.content)
    return Provenance(
        type=found.predicate_type,
        bases=_bases(told),
        builder=told.builder.id or "",
        source=told.config.uri or told.vcs.source or "",
        revision=_revision(told.config) or told.vcs.revision or "",
        attested=found.attested,
    )


def _told_v02(content: bytes) -> _Told:
    said = decode(content, _Predicate02, "provenance statement")
    vcs = said.metadata.buildkit.vcs if said.metadata else _Vcs()
    return _Told(said.builder, said.invocation.configSource, said.invocation.parameters, said.materials, vcs)


def _told_v1(content: bytes) -> _Told:
    said = decode(content, _Predicate1, "provenance statement")
    defined, run = said.buildDefinition, said.runDetails
    vcs = run.metadata.buildkit_metadata.vcs if run.metadata else _Vcs()
    external = defined.externalParameters
    return _Told(run.builder, external.configSource, external.request, defined.resolvedDependencies, vcs)


def _revision(config: _Resource) -> str:
    digest = config.digest or {}
    return digest.get("gitCommit") or digest.get("sha1") or ""


def _bases(told: _Told) -> tuple[Material, ...]:
    """Return the images among the materials, less the builder's own frontend."""
    frontend = _frontend(told.request)
    materials = each(told.materials, _Resource, "provenance statement", [])
    found = (_image(material) for material in materials if material.uri)
    return tuple(dict.fromkeys(material for material, name in _named(found) if not frontend or name != frontend))


def _named(found: Iterable[tuple[Material, str] | None]) -> Iterable[tuple[Material, str]]:
    return (pair for pair in found if pair)


def _image(material: _Resource) -> tuple[Material, str] | None:
    """Return an image with its bare name, None if the material is something else."""
    uri = material.uri or ""
    if uri.startswith(("docker-image://", "docker://")):
        name = uri.partition("://")[2]
    else:
        try:
            url = purl.parse(uri)
        except InvalidReference:
            return None
        if url.type not in _IMAGES:
            return None
        name = "/".join(words(url.namespace, url.name))
    sha256 = f"sha256:{(material.digest or {}).get('sha256', '')}"
    digest = sha256 if _DIGEST.fullmatch(sha256) else next(iter(_DIGEST.findall(unquote(uri))), "")
    return Material(uri, digest), _bare(name)


def _frontend(request: msgspec.Raw) -> str:
    """Return the bare name of the image that a gateway build ran as its frontend, "" if there was none."""
    try:
        asked = decode(request, _Arguments | None, "provenance statement") or _Arguments()  # type: ignore[arg-type]
    except SourceError:
        return ""
    source = (asked.args or {}).get("source") or (asked.args or {}).get("cmdline")
    return _bare(source.partition(" ")[0]) if isinstance(source, str) else ""


def _bare(name: str) -> str:
    """Return an image's name without registry of the Docker Hub, tag and digest."""
    return _TAG.sub("", name.partition("@")[0]).removeprefix("docker.io/").removeprefix("library/")

"""Images of the local Docker engine: described by its API, read from the stream that `docker save` is.

The stream is read as it comes: layers in any order, what names them first or last, in the classic layout
(`<id>/layer.tar`) or as an OCI layout (engines from 25 on). A layer is recognised by the digest of its plain bytes.
"""

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, TypeVar

import msgspec

from envscout.errors import DigestMismatch, NotFound, SourceError
from envscout.images import base
from envscout.images import manifest as manifests
from envscout.images import platform as platforms
from envscout.images.chunks import CHUNK, ChunkReader, DamagedError
from envscout.images.engine import connect
from envscout.images.manifest import Config
from envscout.images.tar import FILE, Entry, Walker
from envscout.model import Image, Layer, Problem
from envscout.names.reference import Reference, familiar_name

if TYPE_CHECKING:
    from threading import Event

    from docker import APIClient

    from envscout.images.configuration import Configuration
    from envscout.images.layer import LayerContents
    from envscout.images.reading import Scan

MEDIA_TYPE = "application/vnd.docker.image.rootfs.diff.tar"

# Seconds since 1970: what reproducible builds are dated lies before the second day of 1980.
_DATED = 315_619_200

T = TypeVar("T")


class _RootFs(msgspec.Struct, frozen=True):
    layers: tuple[str, ...] | None = msgspec.field(name="Layers", default=None)


class _Runtime(msgspec.Struct, frozen=True):
    user: str = msgspec.field(name="User", default="")
    labels: dict[str, str] | None = msgspec.field(name="Labels", default=None)


class _Inspected(msgspec.Struct, frozen=True, rename="pascal"):
    """What `docker image inspect` says."""

    id: str
    repo_digests: tuple[str, ...] | None = None
    created: str = ""
    os: str = ""
    architecture: str = ""
    variant: str = ""
    size: int = 0
    config: _Runtime | None = None
    root_fs: _RootFs | None = msgspec.field(name="RootFS", default=None)


class _Step(msgspec.Struct, frozen=True, rename="pascal"):
    """One line of `docker history`."""

    created: int = 0
    created_by: str = ""
    comment: str = ""
    size: int = 0


class EngineImage:
    """One image of the engine. After `scan`, the commands of its layers are exactly those of its configuration."""

    problems: tuple[Problem, ...] = ()

    def __init__(self, client: "APIClient", reference: Reference, platform: str) -> None:
        self._client = client
        found = _asked(client.inspect_image, reference, _Inspected)
        offered = platforms.named(found.os, found.architecture, found.variant)
        if platform and not platforms.matches(platform, offered):
            raise NotFound(f"The engine has {reference.familiar} only for {offered}.", "Use registry:// or pull it.")
        steps = _asked(client.history, reference, tuple[_Step, ...])
        self._reference = reference
        self._id = found.id
        self.image = _image(found, reference, offered, steps)

    def configuration(self) -> "Configuration":
        """Return the texts of the image's configuration, as the engine tells them."""
        from envscout.images.configuration import Runtime, of

        class _Inside(msgspec.Struct, frozen=True, rename="pascal"):
            config: Runtime | None = None

        inside = _asked(self._client.inspect_image, self._reference, _Inside)
        steps = _asked(self._client.history, self._reference, tuple[_Step, ...])
        return of((inside.config,), tuple((step.created_by, step.comment) for step in reversed(steps)))

    def proof(self, number: int) -> str:
        """Return the digest of a layer's plain bytes, by which `scan` recognises it."""
        return self.image.layers[number].diff_id

    def scan(self, numbers: Collection[int], scan: "Scan", stop: "Event") -> "dict[int, LayerContents]":  # noqa: ARG002
        """Hand every layer of the stream to `scan`. Raises SourceError where the engine fails."""
        by_diff_id: dict[str, LayerContents] = {}
        reader = ChunkReader(self._stream())
        walker = Walker(reader)
        try:
            for entry in walker:
                if entry.kind != FILE:
                    continue
                if _is_layer(entry.name):
                    self._layer(entry, walker, scan, by_diff_id)
                elif self._is_config(entry):
                    self._note_config(walker.body())
        except DamagedError as damage:
            raise SourceError(
                f"The engine's stream is damaged: {damage.message}", "Try again, or use registry://."
            ) from damage
        finally:
            # The connection closes when its answer was taken to the end.
            reader.drain()
        layers = self.image.layers
        return {
            number: by_diff_id[layers[number].diff_id] for number in numbers if layers[number].diff_id in by_diff_id
        }

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _layer(self, entry: Entry, walker: Walker, scan: "Scan", found: "dict[str, LayerContents]") -> None:
        """Scan a member that may be a layer: beside layers an OCI layout holds documents, which start with a brace."""
        pieces = walker.body_pieces()
        head = next(pieces, b"")
        if head[:1] == b"{" and entry.size <= manifests.MAX_MANIFEST:
            data = head + b"".join(pieces)
            if self._is_config(entry):
                self._note_config(data)
            return
        contents = scan(_chain(head, pieces), where=entry.name, with_diff_id=True)
        if contents.diff_id:
            found[contents.diff_id] = contents

    def _is_config(self, entry: Entry) -> bool:
        name = entry.name.rpartition("/")[2].removesuffix(".json")
        return f"sha256:{name}" == self._id and entry.size <= manifests.MAX_MANIFEST

    def _note_config(self, data: bytes) -> None:
        """Take the commands of the layers from the configuration, which says which of its steps made none."""
        config = manifests.parse_config(data, self._id)
        layers = self.image.layers
        if config.diff_ids != tuple(layer.diff_id for layer in layers):
            raise DigestMismatch(f"The engine streams another image than {self._id}.", "Try again.")
        named = zip(layers, config.created_by(), strict=True)
        exact = tuple(msgspec.structs.replace(layer, created_by=command) for layer, command in named)
        self.image = msgspec.structs.replace(self.image, layers=exact, bases=config.bases())

    def _stream(self) -> Iterator[bytes]:
        import requests
        from docker.errors import DockerException
        from urllib3.exceptions import HTTPError

        try:
            yield from self._client.get_image(self._id, chunk_size=CHUNK)
        except (DockerException, requests.RequestException, HTTPError, OSError) as error:
            raise SourceError(f"The engine stopped sending the image: {error}.", "Look at the engine's log.") from error


def open_daemon(reference: Reference, platform: str) -> EngineImage:
    """Return an image of the local engine. Raises EngineUnavailableError, AccessDenied, NotFound, SourceError."""
    client = connect()
    try:
        return EngineImage(client, reference, platform)
    except BaseException:
        client.close()
        raise


class _Listed(msgspec.Struct, frozen=True, rename="pascal"):
    """One line of `docker images`. created: seconds since 1970."""

    id: str
    created: int = 0
    repo_tags: tuple[str, ...] | None = None


def newest() -> str:
    """Return the name of the image that was built last of those of the local engine, its id where it has no name.

    The moment is what the image says itself, as `docker images` shows it. Raises EngineUnavailableError, NotFound.
    """
    import requests
    from docker.errors import DockerException

    client = connect()
    try:
        listed = msgspec.convert(client.images(), tuple[_Listed, ...])
    except (DockerException, requests.RequestException, msgspec.ValidationError) as error:
        raise SourceError(f"The engine cannot list its images: {error}.", "Look at the engine's log.") from error
    finally:
        client.close()
    if not listed:
        raise NotFound("The local engine has no image.", "Name one, or pull or build one.")
    last = max(listed, key=lambda each: (each.created, bool(_tags(each)), each.id))
    return next(iter(_tags(last)), last.id)


def _tags(listed: _Listed) -> list[str]:
    return sorted(tag for tag in listed.repo_tags or () if not tag.startswith("<none>"))


def _asked(question: Callable[[str], object], reference: Reference, kind: type[T]) -> T:
    """Return the engine's answer about an image, its errors made ours."""
    import requests
    from docker.errors import DockerException, ImageNotFound

    try:
        return msgspec.convert(question(reference.familiar), kind)
    except ImageNotFound as error:
        raise NotFound(
            f"The local engine has no image {reference.familiar}.",
            f"Run `docker pull {reference.familiar}`, or use registry://.",
        ) from error
    except (DockerException, requests.RequestException, msgspec.ValidationError) as error:
        raise SourceError(
            f"The engine cannot describe {reference.familiar}: {error}.", "Look at the engine's log."
        ) from error


def _image(found: _Inspected, reference: Reference, platform: str, steps: tuple[_Step, ...]) -> Image:
    diff_ids = (found.root_fs.layers or ()) if found.root_fs else ()
    runtime = found.config or _Runtime()
    commands = [step.created_by for step in reversed(steps) if step.size]
    # History does not say which steps made no layer; where sizes do not tell either, the commands stay unsaid.
    named = commands if len(commands) == len(diff_ids) else [""] * len(diff_ids)
    layers = tuple(
        Layer(diff_id, diff_id, MEDIA_TYPE, 0, command) for diff_id, command in zip(diff_ids, named, strict=True)
    )
    described = manifests.described(_digest(found, reference), Config(), layers, config_digest=found.id)
    return msgspec.structs.replace(
        described,
        platform=platform,
        created=found.created,
        size=found.size,
        user=runtime.user,
        labels=tuple(sorted((runtime.labels or {}).items())),
        bases=base.told(runtime.labels or {}, {}, [_as_configured(step) for step in reversed(steps)], len(diff_ids)),
    )


def _as_configured(step: _Step) -> base.Step:
    """Return a step as a configuration has it; the engine does not say which made no layer, but how much they made."""
    return base.Step("1970" if step.created < _DATED else "", step.created_by, step.comment, not step.size)


def _digest(found: _Inspected, reference: Reference) -> str:
    """Return the digest the image was pulled or pushed by, where there is exactly one, else its own id."""
    prefixes = (f"{familiar_name(reference.host, reference.path)}@", f"{reference.repository}@")
    digests = {name.rpartition("@")[2] for name in found.repo_digests or () if name.startswith(prefixes)}
    return digests.pop() if len(digests) == 1 else found.id


def _is_layer(name: str) -> bool:
    return name.endswith("/layer.tar") or name.removeprefix("./").startswith("blobs/")


def _chain(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest

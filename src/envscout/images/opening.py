"""From a reference to an open image, wherever it lies."""

from collections.abc import Callable, Collection
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeAlias

from envscout.errors import AccessDenied, EnvscoutError, NotFound, SourceError, UsageError
from envscout.images import platform as platforms
from envscout.images.contents import Contents, Interest, LayerCache, Progress, Trace, Traces
from envscout.images.credentials import Credentials
from envscout.model import Image, Problem
from envscout.names.reference import Reference

if TYPE_CHECKING:
    from envscout.images.attestations import Attached
    from envscout.images.configuration import Configuration
    from envscout.images.directory import Directory
    from envscout.images.reading import DescribedSource

    _Source: TypeAlias = DescribedSource | Directory


class OpenImage:
    """An image that is described and can be read. Close it, or use it as a context manager."""

    def __init__(self, source: "_Source") -> None:
        self._source = source

    @property
    def image(self) -> Image:
        """Return the image: digest, platform, layers. No layer was read for it."""
        return self._source.image

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what was noticed while the image was looked up; `read` hands it on as well."""
        return self._source.problems

    def read(
        self, interest: Interest, cache: LayerCache | None = None, on_progress: Progress | None = None
    ) -> Contents:
        """Return what is of interest in the files that a container of this image sees.

        interest: asked for each path; it has to be quick and to bear several threads. cache: layers it knows are not
        read. on_progress: called with bytes of layers done and their total (0: not known). Raises SourceError,
        DigestMismatch.
        """
        from envscout.images.directory import Directory
        from envscout.images.reading import read

        if isinstance(self._source, Directory):
            return self._source.read(interest, on_progress)

        return read(self._source, interest, cache, on_progress)

    def trace(self, interest: Interest, on_progress: Progress | None = None) -> Traces:
        """Return what is of interest in the files of every layer, also where a later one removed them.

        interest: names no kind; its probe alone is asked. on_progress, errors: as `read`.
        """
        from envscout.images.directory import Directory
        from envscout.images.reading import trace

        if isinstance(self._source, Directory):
            found = self._source.read(interest, on_progress)
            return Traces(tuple(Trace(each.path, "", each.data, True) for each in found.files), found.problems)
        return trace(self._source, interest, on_progress)

    def configuration(self) -> "Configuration":
        """Return the texts of the image's configuration; a directory has none. Raises SourceError."""
        from envscout.images.configuration import Configuration
        from envscout.images.directory import Directory

        return Configuration() if isinstance(self._source, Directory) else self._source.configuration()

    @property
    def keeps_attestations(self) -> bool:
        """Return whether the place that holds the image could hold what is attached to it."""
        from envscout.images.oci import OciImage

        return isinstance(self._source, OciImage)

    def attached(self, kinds: Collection[str], *, everywhere: bool = True) -> "Attached":
        """Return the documents that hang on the image: kinds are `attestations.SBOM`, `PROVENANCE`, `VEX`.

        everywhere: also what only a registry's own account, or a tag, leads to; else what the image's index names.
        The engine, archives and directories have none.
        """
        from envscout.images.attestations import Attached
        from envscout.images.oci import OciImage

        return self._source.attached(kinds, everywhere) if isinstance(self._source, OciImage) else Attached()

    def close(self) -> None:
        """Let go of files and connections."""
        self._source.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()


def open_image(
    reference: Reference, *, platform: str = "", archive_ref: str = "", credentials: Credentials | None = None
) -> OpenImage:
    """Look an image up and return it, open.

    platform: `os/architecture[/variant]`, "" for linux on this machine's architecture, else what there is (said by a
    Problem). archive_ref: which image of an archive. credentials: for a registry, instead of what `docker login` left.
    Raises SourceError, AccessDenied, NotFound, UsageError.
    """
    return OpenImage(open_source(reference, platform, archive_ref, credentials))


def open_source(
    reference: Reference, platform: str = "", archive_ref: str = "", credentials: Credentials | None = None
) -> "_Source":
    """Return the place that holds an image, open. Raises as `open_image`."""
    opener = _OPENERS.get(reference.prefix)
    if opener is None:
        raise UsageError(f"{reference.prefix}:// names a document, not an image.", "Use a command that takes SBOMs.")
    normal = platforms.parse(platform) if platform else ""
    return opener(reference, normal, archive_ref, credentials)


def resolve(
    reference: Reference, *, platform: str = "", archive_ref: str = "", credentials: Credentials | None = None
) -> Image:
    """Return the image a reference leads to, without reading a layer. Raises as `open_image`."""
    with open_image(reference, platform=platform, archive_ref=archive_ref, credentials=credentials) as opened:
        return opened.image


def newest_local() -> str:
    """Return the name of the image that was built last of those of the local engine. Raises SourceError, NotFound."""
    from envscout.images.daemon import newest

    return newest()


def _registry(reference: Reference, platform: str, _ref: str, credentials: Credentials | None) -> "_Source":
    from envscout.images.registry import open_registry

    return open_registry(reference, platform, credentials)


def _local(reference: Reference, platform: str, _ref: str, _credentials: Credentials | None) -> "_Source":
    from envscout.images.daemon import open_daemon

    return open_daemon(reference, platform)


def _anywhere(reference: Reference, platform: str, ref: str, credentials: Credentials | None) -> "_Source":
    """Ask the local engine first, then the registry, as Docker Scout does."""
    from envscout.images.daemon import open_daemon
    from envscout.images.engine import EngineUnavailableError, is_likely

    engine: EnvscoutError | None = None
    if is_likely():
        try:
            return open_daemon(reference, platform)
        except (EngineUnavailableError, AccessDenied, NotFound) as error:
            engine = error
    try:
        return _registry(reference, platform, ref, credentials)
    except (SourceError, NotFound) as error:
        if engine:
            error.next_step = f"{error.next_step} The local engine: {engine.cause}"
        raise


def _archive(reference: Reference, platform: str, ref: str, _credentials: Credentials | None) -> "_Source":
    from envscout.images.archive import open_archive

    return open_archive(reference, platform, ref)


def _oci_dir(reference: Reference, platform: str, _ref: str, _credentials: Credentials | None) -> "_Source":
    from envscout.images.layout import open_oci_dir

    return open_oci_dir(reference, platform)


def _directory(reference: Reference, _platform: str, _ref: str, _credentials: Credentials | None) -> "_Source":
    from envscout.images.directory import Directory

    return Directory(reference)


_OPENERS: dict[str, "Callable[[Reference, str, str, Credentials | None], _Source]"] = {
    "image": _anywhere,
    "local": _local,
    "registry": _registry,
    "oci-dir": _oci_dir,
    "archive": _archive,
    "fs": _directory,
}

"""What an image is: a digest, its platform, its configuration, its layers."""

import msgspec


class Layer(msgspec.Struct, frozen=True):
    """One layer. digest and size are of the bytes as stored (maybe compressed); diff_id is of the plain tar."""

    digest: str
    diff_id: str
    media_type: str
    size: int
    created_by: str = ""


class BaseImage(msgspec.Struct, frozen=True):
    """An image that another one was built on. name, digest: "" where not known; digest: of its manifest or index.

    layers: how many of the lowest layers it brought, 0 where that is not known. source: who says so: `provenance`,
    `label`, `known` (another image has exactly these layers) or `history` (a guess).
    """

    name: str
    digest: str
    layers: int
    source: str


class Image(msgspec.Struct, frozen=True):
    """One image of one platform, as its manifest and configuration describe it.

    digest: `sha256:...` of the manifest (of the platform's own manifest where an index was named); for sources without
    manifests, of the configuration (daemon, docker save) or of the inventory (directories, SBOMs).
    index_digest: of the index that led here, else "". size: bytes of all layers as stored.
    created: RFC 3339 as the configuration says it, else "". user: the `USER` of the configuration.
    bases: what it says of the image that it was built on.
    """

    digest: str
    platform: str = ""
    index_digest: str = ""
    config_digest: str = ""
    created: str = ""
    size: int = 0
    user: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    layers: tuple[Layer, ...] = ()
    bases: tuple[BaseImage, ...] = ()

    @property
    def digests(self) -> frozenset[str]:
        """Return what it is known by: an engine calls it by its configuration, or by the index it was pulled by."""
        return frozenset(filter(None, (self.digest, self.index_digest, self.config_digest)))


class Content(msgspec.Struct, frozen=True):
    """The bytes one layer gave a path. layer: its diff_id ("" for a directory on disk)."""

    layer: str
    data: bytes


class File(msgspec.Struct, frozen=True):
    """A path that is visible in the final image, with every content that led there.

    path: without leading slash, `/`-separated, undecodable bytes shown as `\\xNN`.
    contents: oldest layer first since the path last came into being; the last one is what a container sees.
    """

    path: str
    contents: tuple[Content, ...]

    @property
    def data(self) -> bytes:
        """Return the bytes a container sees."""
        return self.contents[-1].data

    @property
    def layer(self) -> str:
        """Return the diff_id of the layer that holds those bytes."""
        return self.contents[-1].layer

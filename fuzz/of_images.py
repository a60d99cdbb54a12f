"""What reads images, each reader as a function that takes bytes and raises only for our mistakes."""

import random
import zlib
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from envscout.errors import EnvscoutError
from fuzz import promises
from fuzz.linked import Linked

_NOTED = ("deb", "rpm", "apk", "alpm")
"""What a program says of its package counts only where no database tells it better."""


def executable(data: bytes) -> None:
    """Show a file to the probe in one piece and in random ones: both must say the same."""
    from envscout.inventory.executables.probe import HEAD, MIN_SIZE, probe

    content = data.ljust(MIN_SIZE, b"\0")
    chance = random.Random(zlib.crc32(data))
    whole, pieces = (probe("usr/bin/program", content[:HEAD], len(content)) for _ in range(2))
    if not whole or not pieces:
        return
    whole.feed(content)
    at = 0
    while at < len(content):
        size = chance.choice((1, 7, 64, 512, 4096, 65536, 1 << 20))
        pieces.feed(memoryview(content)[at : at + size])
        at += size
    reading = whole.reading()
    promises.check(reading == pieces.reading(), "pieces make no difference")
    if kept := whole.done():
        promises.of_kept("usr/bin/program", kept)
    promises.of_reading("usr/bin/program", content, reading, _NOTED)


def layer(data: bytes) -> None:
    """Read a layer as it comes, with everything that is read of an image, and fold it into an inventory."""
    from envscout.images import kept
    from envscout.images.contents import Budget, Interest
    from envscout.images.layer import scan
    from envscout.images.squash import squash
    from envscout.inventory import build, kind, prober, reduce

    wanted = partial(kind, projects=False)
    found = scan(_chunks(data), Interest(wanted, partial(reduce, projects=False), prober()), Budget())
    again = kept.unpack(kept.pack(found))
    promises.check(again and again.files == found.files and again.links == found.links, "a layer is remembered")
    for problem in found.problems:
        promises.of_problem(problem)
    seen = squash([("sha256:1", found), ("sha256:2", found)], wanted)
    promises.of_inventory(build(seen.files, seen.problems))


def compressed(data: bytes) -> None:
    """Read a layer that is packed here: the first byte says how."""
    import gzip

    from envscout.images.compression import zstandard

    packed: bytes = gzip.compress(data[1:], 1) if data[:1] < b"\x80" else zstandard().compress(data[1:], 1)
    layer(packed)


def plain(data: bytes) -> None:
    """Inflate bytes; what they may inflate to is bounded by what a fuzzer can wait for."""
    from envscout.images.chunks import DamagedError
    from envscout.images.compression import plain

    try:
        for chunk in plain(_chunks(data), max_plain=16 << 20):
            promises.check(len(chunk) <= 1 << 20, "chunks are small")
    except DamagedError:
        pass


def walker(data: bytes) -> None:
    """Walk a tar stream and take the bodies of some of its entries in each of the ways there are."""
    from envscout.images.chunks import ChunkReader, DamagedError
    from envscout.images.tar import Walker

    walker = Walker(ChunkReader(_chunks(data)))
    try:
        for number, entry in enumerate(walker):
            walker.head(64)
            if number % 3 == 1 and entry.size < 1 << 20:
                promises.check(len(walker.body()) == entry.size, "a body is as long as its entry says")
            elif number % 3 == 2 and entry.size < 1 << 20:
                promises.check(sum(map(len, walker.body_pieces())) == entry.size, "so are its pieces")
    except DamagedError:
        pass


def _chunks(data: bytes) -> Iterator[bytes]:
    """Yield the data in chunks of a size that depends on it."""
    size = (1, 100, 511, 512, 4096, 1 << 20)[zlib.crc32(data[:64]) % 6] if len(data) < 1 << 14 else 1 << 16
    for at in range(0, len(data), size):
        yield data[at : at + size]


def remembered(data: bytes) -> None:
    """Read what was remembered of a layer; the first byte says whether it is packed here."""
    from envscout.images import kept
    from envscout.images.compression import zstandard

    kept.unpack(zstandard().compress(data[1:], 1) if data[:1] < b"\x80" else data[1:])


def manifest(data: bytes) -> None:
    """Find an image and what is attached to it in blobs that the input holds; read all of it as a configuration."""
    from envscout.images import manifest as manifests
    from envscout.images.manifest import Descriptor
    from envscout.images.oci import OciImage

    blobs = Linked(data)
    for media_type in ("", manifests.OCI_INDEX):
        with suppress(EnvscoutError):
            beside = [Descriptor(manifests.OCI_MANIFEST, digest, 9) for digest in blobs.parts]
            root = Descriptor(media_type, blobs.digest, len(blobs.root))
            image = OciImage(blobs, blobs.root, root, "linux/amd64", "x", beside)
            found = image.attached(("sbom", "provenance"), True)
            for problem in (*found.problems, *image.hung().problems):
                promises.of_problem(problem)
    with suppress(EnvscoutError):
        manifests.parse_config(data, "x").created_by()


def saved(data: bytes) -> None:
    """Open an archive of `docker save` or of an OCI layout, and read its image."""
    import tempfile

    from envscout.images import Interest, open_image
    from envscout.inventory import kind, reduce
    from envscout.names.reference import parse

    wanted = Interest(partial(kind, projects=False), partial(reduce, projects=False))
    with tempfile.NamedTemporaryFile(dir="/dev/shm", suffix=".tar") as file:
        file.write(data)
        file.flush()
        try:
            with open_image(parse(f"archive://{file.name}")) as opened:
                opened.read(wanted)
        except EnvscoutError:
            pass

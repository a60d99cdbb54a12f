"""Images, and which sets of packages are in them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from envscout.model import BaseImage, Distribution, Image, Inventory, Package, Problem
from envscout.names import bounds
from envscout.store import sets, standing
from envscout.store.database import Connection, queries
from envscout.store.sql import listed

_SQL = queries("images")
_encode = msgspec.json.encode


class StoredImage(msgspec.Struct, frozen=True):
    """An image as the store knows it. indexed_at: microseconds, None where only the digest is known."""

    image_id: int
    image: Image
    indexed_at: int | None
    distribution: Distribution | None
    problems: tuple[Problem, ...]
    tools: tuple[str, ...]


class UnusedImage(msgspec.Struct, frozen=True):
    """An image that was looked at but never recorded anywhere."""

    image_id: int
    digest: str
    size: int
    indexed_at: int | None


def find(connection: Connection, digest: str) -> StoredImage | None:
    """Return the image of this digest, or None."""
    row = connection.execute(_SQL["image_by_digest"], _named(connection, digest)).fetchone()
    return _stored(row) if row else None


class Named(NamedTuple):
    """The digest of an image as a tenant says it."""

    tenant: str
    digest: str


class Known(NamedTuple):
    """The number of an image, and whether anybody knows what is in it."""

    image_id: int
    is_indexed: bool


def find_all(connection: Connection, wanted: Iterable[Named]) -> dict[Named, Known]:
    """Return the images that there are of digests, each as `find` does for its tenant."""
    asked = list(wanted)
    rows = [{"number": number, **each._asdict()} for number, each in enumerate(asked)]
    found = connection.execute(_SQL["images_by_digest"], {"rows": listed(rows)})
    return {asked[number]: Known(image_id, bool(is_indexed)) for number, image_id, is_indexed, _ in found}


def known_as(connection: Connection, digest: str) -> list[StoredImage]:
    """Return the images of a digest, or those that an index of that digest led to, the newest first."""
    return [_stored(row) for row in connection.execute(_SQL["images_of_digest"], _named(connection, digest))]


class Led(NamedTuple):
    """An image that somebody looked into, and that an index led to."""

    digest: str
    platform: str


def led_to(connection: Connection, indexes: Iterable[str]) -> dict[str, list[Led]]:
    """Return the images that indexes of these digests led to, as far as anybody looked into them, the newest first."""
    found: dict[str, list[Led]] = defaultdict(list)
    rows = listed([{"digest": each} for each in indexes])
    for index, digest, platform in connection.execute(_SQL["led_to"], {"rows": rows, "tenant": connection.tenant}):
        found[index].append(Led(digest, platform))
    return found


def indexes(connection: Connection, digests: Iterable[str]) -> dict[str, str]:
    """Return the indexes that led to images of these digests, as far as one did."""
    rows = listed([{"digest": each} for each in digests])
    return dict(connection.execute(_SQL["indexes"], {"rows": rows, "tenant": connection.tenant}))


def also_led(connection: Connection, image_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    """Return the further indexes that led to images of these numbers, beside the images' own, as far as any did."""
    found: dict[int, set[str]] = defaultdict(set)
    rows = listed([{"image_id": each} for each in image_ids])
    for image_id, index in connection.execute(_SQL["also_led"], {"rows": rows}):
        found[image_id].add(index)
    return {image_id: frozenset(each) for image_id, each in found.items()}


def lead(connection: Connection, image_id: int, index_digest: str) -> None:
    """Keep that a further index led to an image. index_digest: not "", at most bounds.MAX_LAYER characters."""
    connection.execute(_SQL["put_further_index"], {"image_id": image_id, "index_digest": index_digest})


def _named(connection: Connection, digest: str) -> dict[str, str]:
    return {"digest": digest, "tenant": connection.tenant}


def get(connection: Connection, image_id: int) -> StoredImage:
    """Return the image of this number, whosever it is: the number was found in what the asker may see."""
    return _stored(connection.execute(_SQL["image_by_id"], {"image_id": image_id}).fetchone())


def is_seen(connection: Connection, image_id: int) -> bool:
    """Tell whether a number is that of an image which the tenant sees: their own, or one that runs for them."""
    values = {"image_id": image_id, "tenant": connection.tenant}
    return connection.execute(_SQL["is_seen"], values).fetchone() is not None


def _stored(row: tuple[int, str, str, int | None, str | None, str, str]) -> StoredImage:
    image_id, _, document, indexed_at, distribution, problems, tools = row
    return StoredImage(
        image_id=image_id,
        image=msgspec.json.decode(document, type=Image),
        indexed_at=indexed_at,
        distribution=msgspec.json.decode(distribution, type=Distribution) if distribution else None,
        problems=msgspec.json.decode(problems, type=tuple[Problem, ...]),
        tools=msgspec.json.decode(tools, type=tuple[str, ...]),
    )


def put_unindexed(connection: Connection, image: Image) -> int:
    """Keep an image of which only the digest is known; return its number."""
    row = {**_named(connection, image.digest), **_described(image)}
    return int(connection.execute(_SQL["put_unindexed"], row).fetchone()[0])


def put_all_unindexed(connection: Connection, images: Mapping[Named, Image]) -> None:
    """Keep images that the tenants do not know, and of which nobody knows more than the digest."""
    rows = [{**name._asdict(), **_described(image)} for name, image in images.items()]
    connection.execute(_SQL["put_all_unindexed"], {"rows": listed(rows)})


def _described(image: Image) -> dict[str, str]:
    return {"document": _encode(image).decode(), "index_digest": bounds.layer(image.index_digest)}


def put(connection: Connection, image: Image, inventory: Inventory, at: int) -> tuple[int, list[int]]:
    """Keep an image with its inventory; return its number and the numbers of packages never seen before."""
    distribution = inventory.distribution
    described = {**_named(connection, image.digest), **_described(image)}
    connection.execute(_SQL["keep_index"], described)
    image_id = int(
        connection.execute(
            _SQL["put_image"],
            {
                **described,
                "indexed_at": at,
                "distribution": _encode(distribution).decode() if distribution else None,
                "problems": _encode(inventory.problems).decode(),
                "tools": _encode(inventory.tools).decode(),
                "chain": next(_chains(image), None),
                "twofold": _is_twofold(inventory.packages),
            },
        ).fetchone()[0]
    )
    before = _sets(connection, image_id)
    connection.execute(_SQL["forget_sets"], (image_id,))
    layers: dict[str, list[Package]] = defaultdict(list)
    for package in inventory.packages:
        layers[package.layer].append(package)
    set_ids, fresh = sets.put(connection, list(layers.values()), distribution)
    rows = [{"set_id": set_id, "layer": layer} for set_id, layer in zip(set_ids, layers, strict=True)]
    connection.execute(_SQL["put_image_sets"], {"image_id": image_id, "rows": listed(rows)})
    standing.mark_image(connection, image_id, wholly=bool(before) and before != _sets(connection, image_id))
    return image_id, fresh


def _sets(connection: Connection, image_id: int) -> list[int]:
    return [row[0] for row in connection.execute(_SQL["set_ids"], (image_id,))]


def _is_twofold(packages: Iterable[Package]) -> bool:
    """Tell whether packages of one URL may be matched as different ones, by what they were built from."""
    matched = {(each.purl, each.source_name, each.source_version) for each in packages if not each.owner}
    return len(matched) > len({purl for purl, *_ in matched})


def bases(connection: Connection, image: Image) -> list[BaseImage]:
    """Return the stored images whose layers are the lowest ones of this, that with the most first.

    One that an index led to comes twice, under both digests.
    """
    below = list(_chains(image))[1:]
    if not below:
        return []
    found: list[BaseImage] = []
    for number, digest, document, reference in connection.execute(
        _SQL["images_of_chains"], {"chains": _encode(below).decode(), "tenant": connection.tenant}
    ):
        index_digest = msgspec.json.decode(document, type=Image).index_digest
        found += [BaseImage(reference, each, len(below) - number, "known") for each in (digest, index_digest) if each]
    return found


def _chains(image: Image) -> Iterator[str]:
    """Yield the chain ids of all layers, of all but the uppermost, and so on; nothing where they are not known."""
    import hashlib

    diff_ids = [bounds.layer(layer.diff_id) for layer in image.layers]
    chains: list[str] = []
    for diff_id in diff_ids if all(diff_ids) else ():
        whole = hashlib.sha256(f"{chains[-1]} {diff_id}".encode()).hexdigest() if chains else ""
        chains.append(f"sha256:{whole}" if whole else diff_id)
    return reversed(chains)


def inventory_of(connection: Connection, stored: StoredImage) -> Inventory:
    """Return the inventory as it was put."""
    rows = connection.execute(_SQL["components"], {"image_id": stored.image_id})
    return Inventory(
        packages=tuple(_packages(rows)),
        distribution=stored.distribution,
        problems=stored.problems,
        tools=stored.tools,
    )


def packages_in(connection: Connection, stored: StoredImage) -> int:
    """Return how many packages an image has."""
    return int(connection.execute(_SQL["component_count"], (stored.image_id,)).fetchone()[0])


def _packages(rows: Iterable[tuple[str, ...]]) -> Iterable[Package]:
    for layer, type_, name, version, purl, source, source_version, architecture, licenses, locations, owner in rows:
        yield Package(
            type=type_,
            name=name,
            version=version,
            purl=purl,
            source_name=source,
            source_version=source_version,
            architecture=architecture,
            licenses=tuple(licenses.split("\n")) if licenses else (),
            locations=tuple(locations.split("\n")) if locations else (),
            layer=layer,
            owner=owner,
        )


def ecosystems_in_use(connection: Connection) -> set[str]:
    """Return the ecosystems that any stored package belongs to."""
    return {row[0] for row in connection.execute(_SQL["ecosystems_in_use"])}


def unused(connection: Connection) -> list[UnusedImage]:
    """Return the images that no deployment ever named: what `cache` is about."""
    return [
        UnusedImage(image_id, digest, msgspec.json.decode(document, type=Image).size, indexed_at)
        for image_id, digest, document, indexed_at in connection.execute(
            _SQL["unused_images"], {"tenant": connection.tenant}
        )
    ]


_ORPHANS = (
    "image_sets", "sets", "set_summaries", "set_components", "set_packages", "components", "packages", "findings",
    "seen", "looks", "further_indexes",
)  # fmt: skip


def drop(connection: Connection, image_ids: Iterable[int]) -> None:
    """Forget images, and everything that only they held."""
    connection.executemany(_SQL["drop_image"], [(image_id,) for image_id in image_ids])
    for kind in _ORPHANS:
        connection.execute(_SQL[f"drop_orphan_{kind}"])

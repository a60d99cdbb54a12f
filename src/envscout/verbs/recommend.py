"""What to do about an image: what it could be built on instead, and which packages to upgrade."""

import contextlib
from collections.abc import Collection, Iterable, Sequence

import msgspec

from envscout import images
from envscout.errors import InvalidReference, NotFound, SourceError
from envscout.findings.upgrades import Hit, Plan, plan
from envscout.model import BaseImage, Distribution, Finding, Image, PackageRef
from envscout.names.ecosystem import identity
from envscout.names.reference import Reference, parse
from envscout.store import Database, findings, repositories
from envscout.store import images as stored_images
from envscout.store.images import StoredImage
from envscout.versions import key


class Known(msgspec.Struct, frozen=True):
    """An image of the base's repository whose content is known. tags: that stood for it. at: when that was seen."""

    image_id: int
    image: Image
    distribution: Distribution | None
    tags: tuple[str, ...]
    at: int = 0


def base_name(base: BaseImage | None, tag: str = "") -> Reference | None:
    """Return the name of a base image, with another tag if one is given; None where it has no name that can be read."""
    if base is None or not base.name:
        return None
    try:
        found = parse(base.name.partition("@")[0])
    except InvalidReference:
        return None
    if not found.repository:
        return None
    return msgspec.structs.replace(found, tag=tag, tag_typed=True) if tag else found


def built_on(database: Database, base: BaseImage | None, platform: str) -> Known | None:
    """Return the base image as the store has it, None where nobody looked into it."""
    if base is None or not base.digest:
        return None
    with database.read() as connection:
        there = [each for each in stored_images.known_as(connection, base.digest) if each.indexed_at is not None]
    fit = [each for each in there if _runs_on(each.image, platform)]
    return _known(fit[0]) if fit else None


def known_tags(database: Database, name: Reference, platform: str) -> list[Known]:
    """Return the images of a repository that were looked into, the newest first, with the tags they last had."""
    with database.read() as connection:
        last: dict[str, repositories.Sighting] = {}
        tags: dict[int, list[str]] = {}
        stored: dict[int, StoredImage] = {}
        # What was seen last comes first.
        for each in repositories.sightings(connection, name.repository):
            there = stored.setdefault(each.image_id, stored_images.get(connection, each.image_id))
            if _runs_on(there.image, platform):
                last.setdefault(each.tag, each)
        for tag, each in last.items():
            tags.setdefault(each.image_id, []).append(tag)
    at = {each.image_id: each.at for each in sorted(last.values(), key=lambda each: each.at)}
    found = [_known(stored[number], tuple(sorted(names)), at[number]) for number, names in tags.items()]
    return sorted(found, key=lambda each: each.image.created, reverse=True)


def _known(stored: StoredImage, tags: tuple[str, ...] = (), at: int = 0) -> Known:
    return Known(stored.image_id, stored.image, stored.distribution, tags, at)


def _runs_on(image: Image, platform: str) -> bool:
    return not platform or not image.platform or image.platform == platform


def in_use(database: Database) -> list[str]:
    """Return the registries that images were looked into from."""
    with database.read() as connection:
        return sorted({repository.partition("/")[0] for repository, _, _ in repositories.seen(connection)})


def may_ask(name: Reference, in_use: Collection[str]) -> bool:
    """Tell whether a registry may be asked that perhaps only an image names: one on the internet, or one in use.

    An image must not make this machine ask whatever it likes in a closed network.
    """
    from envscout.images.addresses import inward

    return name.host in in_use or not inward("", name.host)


def asked_tags(name: Reference) -> list[str] | None:
    """Return the tags that the registry has, None where it does not tell."""
    from envscout.images.catalog import Catalog

    try:
        with contextlib.closing(Catalog(name.host)) as catalog:
            return catalog.tags(name.path)
    except (SourceError, NotFound):
        return None


def asked_digests(name: Reference, platform: str) -> tuple[str, ...]:
    """Return the digests that a name stands for by the registry's own account, () where it does not answer."""
    try:
        found = images.resolve(msgspec.structs.replace(name, prefix="registry"), platform=platform)
    except (SourceError, NotFound):
        return ()
    return tuple(filter(None, (found.digest, found.index_digest)))


def upgrades(database: Database, image_id: int, found: Sequence[Finding], suppressed: Collection[Finding] = ()) -> Plan:
    """Return which packages of an image to upgrade, and what that removes.

    suppressed: findings that do not count: they neither remain nor come with a version.
    """
    hushed = {(each.package.purl, each.vulnerability) for each in suppressed}
    with database.read() as connection:
        stored = stored_images.get(connection, image_id)
        packages = {each.purl: each for each in stored_images.inventory_of(connection, stored).packages}

        def ask(package: PackageRef, version: str) -> tuple[Hit, ...] | None:
            installed = packages.get(package.purl)
            matched = identity(installed, stored.distribution) if installed else None
            place = key(matched.scheme, version) if matched and matched.scheme else None
            if matched is None or place is None:
                return None
            rows = findings.at_version(connection, matched.ecosystem, matched.name, place)
            hits = (Hit(*row) for row in rows)
            return tuple(hit for hit in hits if (package.purl, hit.vulnerability) not in hushed)

        return plan(found, ask)


def offered(tags: Iterable[str], known: Iterable[Known]) -> list[str]:
    """Return the tags of a registry that nobody has looked into."""
    there = {tag for each in known for tag in each.tags}
    return [tag for tag in tags if tag not in there]

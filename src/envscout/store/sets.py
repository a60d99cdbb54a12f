"""What is in images: packages as they are matched, components as they are listed, and the sets that images share.

Sets and components have the address of their content, so that what is known already is not kept again. However large
an image is, a few queries find what is known of it, and a few keep the rest.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from envscout.model import Distribution, Package
from envscout.names.ecosystem import Identity, identity
from envscout.store.database import Connection, queries
from envscout.store.sql import listed, parts
from envscout.versions import key

_SQL = queries("sets")
_encode = msgspec.json.encode
_SIZE = 16
"""Bytes of an address."""


class Member(NamedTuple):
    """A package in a set. digest: of the component: what it is and is matched as, not where it lies."""

    digest: bytes
    locations: str
    package: Package


def put(
    connection: Connection, layers: Sequence[Iterable[Package]], distribution: Distribution | None
) -> tuple[list[int], list[int]]:
    """Return the set of each layer, made where it is new, and the numbers of packages never seen before."""
    members = [_members(packages, distribution) for packages in layers]
    addresses = [_address([each[:2] for each in some]) for some in members]
    known = _known(connection, "known_sets", addresses)
    new = {address: some for address, some in zip(addresses, members, strict=True) if address not in known}
    fresh: list[int] = []
    if new:
        components, fresh = _components(connection, [each for some in new.values() for each in some], distribution)
        known |= _put_sets(connection, new, components)
    return [known[each] for each in addresses], fresh


def _members(packages: Iterable[Package], distribution: Distribution | None) -> list[Member]:
    found = [Member(_digest(each, distribution), "\n".join(each.locations), each) for each in packages]
    return sorted(found, key=lambda each: each[:2])


def _digest(package: Package, distribution: Distribution | None) -> bytes:
    matched = identity(package, distribution)
    fields = (package.purl, package.type, package.name, package.version, package.source_name, package.source_version)
    rest = (package.architecture, package.licenses, package.owner, matched.ecosystem, matched.name, matched.version)
    return _address((*fields, *rest))


def _address(content: object) -> bytes:
    # Imported here: it loads OpenSSL, and most commands put nothing.
    import hashlib

    return hashlib.blake2b(_encode(content), digest_size=_SIZE).digest()


def _known(connection: Connection, query: str, addresses: Iterable[bytes]) -> dict[bytes, int]:
    """Return the numbers of what is known by address."""
    found: dict[bytes, int] = {}
    for part in parts(dict.fromkeys(addresses)):
        found |= {part[number]: known for number, known in connection.execute(_SQL[query], _addressed(part))}
    return found


def _addressed(addresses: Collection[bytes]) -> dict[str, str | bytes]:
    return {"numbers": listed(list(range(len(addresses)))), "hashes": b"".join(addresses)}


def _put_sets(connection: Connection, new: dict[bytes, list[Member]], components: dict[bytes, int]) -> dict[bytes, int]:
    """Make sets of these members; return their numbers."""
    connection.execute(_SQL["put_sets"], _addressed(new))
    numbers = _known(connection, "known_sets", new)
    members = ((numbers[address], each) for address, some in new.items() for each in some)
    for part in parts(members):
        rows = [
            {"set_id": set_id, "comp_id": components[each.digest], "locations": each.locations} for set_id, each in part
        ]
        connection.execute(_SQL["put_set_components"], {"rows": listed(rows)})
    connection.execute(_SQL["put_set_packages"], {"numbers": listed(list(numbers.values()))})
    return numbers


def _components(
    connection: Connection, members: Iterable[Member], distribution: Distribution | None
) -> tuple[dict[bytes, int], list[int]]:
    """Return the components of members, made where they are new, and the packages never seen before."""
    packages = {each.digest: each.package for each in members}
    known = _known(connection, "known_components", packages)
    matched = {digest: identity(package, distribution) for digest, package in packages.items() if digest not in known}
    if not matched:
        return known, []
    numbers, fresh = _packages(connection, matched.values())
    for part in parts(matched.items()):
        rows = [
            {"number": number, "pkg_id": numbers[_named(each)], **_row(packages[digest])}
            for number, (digest, each) in enumerate(part)
        ]
        hashes = b"".join(digest for digest, _ in part)
        connection.execute(_SQL["put_components"], {"rows": listed(rows), "hashes": hashes})
    return known | _known(connection, "known_components", matched), fresh


def _row(package: Package) -> dict[str, Any]:
    fields = msgspec.structs.asdict(package)
    del fields["locations"]
    return {**fields, "licenses": "\n".join(package.licenses)}


class _Named(NamedTuple):
    ecosystem: str
    name: str
    version: str


def _named(matched: Identity) -> _Named:
    return _Named(matched.ecosystem, matched.name, matched.version)


def _packages(connection: Connection, matched: Iterable[Identity]) -> tuple[dict[_Named, int], list[int]]:
    """Return the packages of identities, made where they are new, and which of them those are."""
    schemes = {_named(each): each.scheme for each in matched}
    known = _known_packages(connection, schemes)
    new = {named: scheme for named, scheme in schemes.items() if named not in known}
    for part in parts(new.items()):
        _put_packages(connection, part)
    found = _known_packages(connection, new)
    return known | found, list(found.values())


def _put_packages(connection: Connection, new: Iterable[tuple[_Named, str]]) -> None:
    rows, keys = [], bytearray()
    for named, scheme in new:
        made = key(scheme, named.version) if scheme else None
        length = None if made is None else len(made)
        rows.append({**named._asdict(), "scheme": scheme, "start": len(keys) + 1, "length": length})
        keys += made or b""
    connection.execute(_SQL["put_names"], {"rows": listed(rows)})
    connection.execute(_SQL["put_packages"], {"rows": listed(rows), "keys": bytes(keys)})


def _known_packages(connection: Connection, wanted: Iterable[_Named]) -> dict[_Named, int]:
    found: dict[_Named, int] = {}
    for part in parts(wanted):
        rows = [{"number": number, **each._asdict()} for number, each in enumerate(part)]
        known = connection.execute(_SQL["known_packages"], {"rows": listed(rows)})
        found |= {part[number]: pkg_id for number, pkg_id in known}
    return found

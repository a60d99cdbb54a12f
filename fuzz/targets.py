"""Everything that reads what strangers wrote, each as a function that takes bytes and raises only for our mistakes."""

import io
import random
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from envscout.errors import EnvscoutError
from envscout.inventory.cataloguer import Cataloguer
from envscout.inventory.select import expression
from envscout.inventory.table import CATALOGUERS
from fuzz import of_images, promises, shapes
from fuzz.mutate import mutated

Run = Callable[[bytes], None]


class Target(NamedTuple):
    """One thing to fuzz. mutate: what changes inputs; row: the cataloguer it is, if it is one.

    An input of a cataloguer is a path, a NUL and the content; of others what `run` says.
    """

    name: str
    run: Run
    mutate: shapes.Mutate = mutated
    row: Cataloguer | None = None


def targets() -> dict[str, Target]:
    """Return all targets by name."""
    rows = [_of_row(row) for row in CATALOGUERS]
    return {target.name: target for target in (*rows, *_OTHERS)}


def joined(path: str, content: bytes) -> bytes:
    """Return the input of a cataloguer."""
    return path.encode("utf-8", "backslashreplace") + b"\0" + content


def places(row: Cataloguer, stem: str) -> Iterator[str]:
    """Return a path for each pattern of a row, with a file's own stem where anything may stand."""
    for pattern in row.patterns:
        folder, _, last = pattern.removeprefix("**/").rpartition("/")
        last = last.replace("*", stem)
        yield f"{folder.replace('*', 'x-1.0')}/{last}" if folder else last


def _of_row(row: Cataloguer) -> Target:
    fits = [re.compile(expression(pattern), re.S) for pattern in row.patterns]
    zipped = row.name in ("java", "wheel", "yarn-cache")
    return Target(row.name, partial(_catalogue, row, fits), shapes.archive if zipped else mutated, row)


def _catalogue(row: Cataloguer, fits: list[re.Pattern[str]], data: bytes) -> None:
    """Read a file as a cataloguer does; a path that it would never be given is replaced by one that it would."""
    from envscout.images.paths import PathEscapeError, normalised

    head, _, content = data.partition(b"\0")
    try:
        path = normalised(head[:5000].decode("utf-8", "backslashreplace"))
    except PathEscapeError:
        path = ""
    if not any(pattern.fullmatch(path) for pattern in fits):
        made = list(places(row, "a"))
        path = made[zlib.crc32(head) % len(made)]
    promises.of_reading(path, content, row.read(path, content), row.types)


def _sbom(data: bytes) -> None:
    """Read a document, write what it says in every form, and read our own form of it back."""
    from envscout import sbom
    from envscout.model import Image

    if data.startswith(b"\x1f\x8b"):
        return  # a bomb may cost what its plain bytes cost; the target sbom-packed packs what it reads
    try:
        inventory, subject = sbom.read(data)
    except EnvscoutError:
        return
    promises.of_inventory(inventory)
    image = subject.image if subject.image.digest else Image("sha256:" + "0" * 64)
    for write in (sbom.write, sbom.write_cyclonedx, sbom.write_spdx):
        again, _ = sbom.read(write(image, inventory, subject.reference))
        promises.check(len(again.packages) == len(inventory.packages), "what was read can be written and read again")


def _packed_sbom(data: bytes) -> None:
    """Read a document in gzip or in an envelope that is made here."""
    import base64
    import gzip

    if data[:1] < b"\x80":
        packed = gzip.compress(data[1:], 1)
    else:
        packed = b'{"payloadType":"application/vnd.in-toto+json","payload":"' + base64.b64encode(data[1:]) + b'"}'
    from envscout import sbom

    for read in (sbom.read, sbom.provenance):
        with suppress(EnvscoutError):
            read(packed)


def _provenance(data: bytes) -> None:
    from envscout import sbom

    with suppress(EnvscoutError):
        sbom.provenance(data)


def _vex(data: bytes) -> None:
    """Read a VEX document as one of the user, in an image and attached to one, and lay it beside findings."""
    from envscout import vex
    from envscout.findings.suppress import Book, Page
    from envscout.sbom.envelope import opened
    from fuzz.hushed import FINDINGS, IMAGE

    if data.startswith(b"\x1f\x8b"):
        return  # as in _sbom
    digest = "sha256:" + "0" * 64
    for source in (vex.Source("location", "x.json"), vex.Source("attached", digest, digest, frozenset({digest}))):
        found = vex.read(data, source, opened)
        for problem in found.problems:
            promises.of_problem(problem)
        for statement in found.statements:
            promises.of_statement(statement)
        Page(Book(found.statements).about(IMAGE), IMAGE).split(FINDINGS, 1 << 50)


def _statement(data: bytes) -> None:
    """Read a statement; make one around its predicate, and read that."""
    from envscout.sbom import statement as statements

    with suppress(EnvscoutError):
        statements.told_type(data)
    try:
        found = statements.statement(data)
        digest = f"sha256:{'0' * 64}"
        made = statements.make(found.predicate, "a:b", "x", digest) if found else b""
    except EnvscoutError:
        return
    again = statements.statement(made) if made else None
    promises.check(not made or (again and again.subjects == (digest,)), "a statement that was made can be read")


def _event(data: bytes) -> None:
    """Read a message as every kind of registry would send it."""
    from envscout.names import reference
    from envscout.watch import events, registries

    for kind in registries.TYPES:
        with suppress(EnvscoutError):
            for told in events.read(registries.parse(f"type={kind},registry=a.example,repository=a"), data):
                named = reference.parse(f"a.example/{told.repository}:{told.tag}")
                whole = (named.host, named.path, named.tag)
                promises.check(whole == ("a.example", told.repository, told.tag), "an event leads nowhere else")


def _purl(data: bytes) -> None:
    """Read a package URL, write it, and read that: it need not be equal, for packageurl-python loses an escaped `/`."""
    from envscout.names import purl

    try:
        found = purl.parse(data.decode("utf-8", "surrogateescape"))
        written = str(found)
    except EnvscoutError:
        return
    promises.check(purl.parse(written).type == found.type, "a package URL that was written can be read")


def _reference(data: bytes) -> None:
    from envscout.names import reference

    try:
        found = reference.parse(data.decode("utf-8", "surrogateescape"))
    except EnvscoutError:
        return
    str(found)


def _versions(data: bytes) -> None:
    """Make the keys of all lines as versions of every scheme."""
    from envscout.versions import SCHEMES, key

    for line in data.decode("utf-8", "surrogateescape").split("\n")[:20]:
        for scheme in SCHEMES:
            found = key(scheme, line)
            promises.check(found is None or isinstance(found, bytes), "a version's key is bytes")


def _osv(data: bytes) -> None:
    from envscout.advisories import osv

    try:
        found = osv.parse(data)
    except EnvscoutError:
        return
    for problem in found.problems:
        promises.of_problem(problem)


def _feed(parse: str, data: bytes) -> None:
    from importlib import import_module

    module: Any = import_module(f"envscout.advisories.{parse}")
    with suppress(EnvscoutError):
        module.parse(io.BytesIO(data))


def _policies(data: bytes) -> None:
    """Read a file of policies; what it asks for can be written and read again."""
    import msgspec

    from envscout.policies import reading, writing

    try:
        file = reading.parse(data, "x")
    except EnvscoutError:
        return
    for section in (file.of(""), *file.environments.values()):
        found = reading.resolved(section, "x")
        again = reading.read(msgspec.json.encode(writing.document(found)), "x")
        promises.check(again == found, "policies that were written are read as they were")


def _secrets(data: bytes) -> None:
    """Search a file, given as path, NUL and content, in one piece and in blocks and random pieces; then as a text."""
    from envscout.inventory.embedded import masked
    from envscout.inventory.embedded.search import MAX_HITS, Search

    head, _, content = data.partition(b"\0")
    path = head[:5000].decode("utf-8", "backslashreplace")
    chance = random.Random(zlib.crc32(data))
    whole, pieces = Search(path, b"a key"), Search(path, b"a key", block=50_000)
    whole.feed(content)
    at = 0
    while at < len(content):
        size = chance.choice((1, 64, 4096, 50_000))
        pieces.feed(memoryview(content)[at : at + size])
        at += size
    found = whole.done()
    promises.check(pieces.done() == found, "pieces make no difference")
    promises.check(len(found.hits) <= MAX_HITS, "secrets are bounded")
    for problem in found.problems:
        promises.of_problem(problem, path)
    for hit in found.hits:
        promises.check(len(hit.starts) <= 4 and 0 <= hit.at <= len(content), "a secret is not shown")
    masked(content[:20_000].decode("utf-8", "replace"))


_OTHERS = (
    Target("executable", of_images.executable),
    Target("layer", of_images.layer, shapes.tar),
    Target("layer-packed", of_images.compressed, shapes.tar),
    Target("layer-remembered", of_images.remembered),
    Target("tar", of_images.walker, shapes.tar),
    Target("compression", of_images.plain),
    Target("saved", of_images.saved, shapes.tar),
    Target("manifest", of_images.manifest),
    Target("sbom-cyclonedx", _sbom),
    Target("sbom-cyclonedx-xml", _sbom),
    Target("sbom-spdx", _sbom),
    Target("sbom-spdx-tagvalue", _sbom),
    Target("sbom-spdx-3", _sbom),
    Target("sbom-syft", _sbom),
    Target("sbom-own", _sbom),
    Target("sbom-packed", _packed_sbom),
    Target("provenance", _provenance),
    Target("vex-openvex", _vex),
    Target("vex-csaf", _vex),
    Target("vex-cyclonedx", _vex),
    Target("statement", _statement),
    Target("event", _event),
    Target("purl", _purl),
    Target("reference", _reference),
    Target("versions", _versions),
    Target("osv", _osv),
    Target("epss", partial(_feed, "epss")),
    Target("kev", partial(_feed, "kev")),
    Target("policies", _policies),
    Target("secrets", _secrets),
)

"""A VEX document of any form becomes statements; what cannot be used of it becomes problems, never silence."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import msgspec

from envscout.errors import SourceError
from envscout.model import Problem, Product, Statement
from envscout.model.statement import JUSTIFICATIONS, STATUSES
from envscout.names import bounds
from envscout.vex import csaf, cyclonedx, openvex
from envscout.vex.draft import (
    JSON_ERRORS,
    MAX_BYTES,
    MAX_NAME,
    MAX_PRODUCTS,
    MAX_STATEMENTS,
    MAX_TEXT,
    NOTHING,
    Draft,
    Named,
    Notes,
    Said,
    Source,
    decode,
)
from envscout.vex.products import resolved

READER = "vex@1"
"""Raised whenever the same bytes would read differently, with the cataloguer that keeps documents of images."""


class Found(msgspec.Struct, frozen=True):
    """What a document says. form: `OpenVEX`, `CSAF`, `CycloneDX`, "" for what is no VEX. id, author: as it says."""

    form: str = ""
    id: str = ""
    author: str = ""
    statements: tuple[Statement, ...] = ()
    problems: tuple[Problem, ...] = ()


class _Shape(msgspec.Struct):
    """The fields by which forms are told apart."""

    context: object = msgspec.field(name="@context", default=None)
    statements: msgspec.Raw = NOTHING
    document: msgspec.Raw = NOTHING
    bomFormat: object = None  # noqa: N815 - the document's word
    vulnerabilities: msgspec.Raw = NOTHING


_Reader = Callable[[Any, Notes], Draft]
_FORMS: tuple[tuple[Callable[[_Shape], bool], type[Any], _Reader], ...] = (
    (lambda shape: "openvex" in str(shape.context) or len(shape.statements) > 2, openvex.Document, openvex.read),
    (lambda shape: b'"csaf_version"' in bytes(shape.document), csaf.Document, csaf.read),
    (lambda shape: shape.bomFormat == "CycloneDX", cyclonedx.Document, cyclonedx.read),
)


class Opened(Protocol):
    """What was in the envelopes around a document. attested: digests that the innermost statement speaks of."""

    @property
    def content(self) -> bytes:
        """Return the document."""

    @property
    def attested(self) -> tuple[str, ...]:
        """Return what it is about, () where nothing says so."""


def read(data: bytes, source: Source, opened: Callable[[bytes], Opened]) -> Found:
    """Return what a document says: OpenVEX, CSAF or CycloneDX, in JSON. Never raises.

    opened: takes envelopes off. A document that is no VEX, or of another image, has one problem, `unread-vex`.
    """
    try:
        inner = opened(data)
    except SourceError as error:
        return _unread(source, error.cause)
    if source.subjects and inner.attested and not source.subjects.intersection(inner.attested):
        return _unread(source, "it speaks of another image")
    return _read(inner.content, source, inner.attested)


def _read(data: bytes, source: Source, attested: tuple[str, ...]) -> Found:
    if len(data) > MAX_BYTES:
        return _unread(source, f"it has {len(data):,} bytes, more than {MAX_BYTES:,}")
    try:
        shape = decode(data, _Shape)
        for fits, kind, reader in _FORMS:
            if fits(shape):
                notes = Notes(source.path)
                return _found(reader(decode(data, kind), notes), source, attested, notes)
    except JSON_ERRORS as error:
        return _unread(source, f"{error}")
    return _unread(source, "it is neither OpenVEX, nor CSAF, nor CycloneDX")


def _unread(source: Source, why: str) -> Found:
    path = bounds.escaped(source.path[:MAX_NAME])
    return Found(problems=(Problem("unread-vex", f"{path} could not be read as VEX: {why[:MAX_NAME]}", path),))


def _found(draft: Draft, source: Source, attested: tuple[str, ...], notes: Notes) -> Found:
    left = MAX_PRODUCTS
    statements: list[Statement] = []
    for said in draft.said:
        is_affordable = all(_affords(named, notes) for named in said.products)
        products = tuple(_products(said, source, attested, notes)) if is_affordable else ()
        # A question looks for each product under each name.
        left -= max(1, len(said.names)) * (len(products) + sum(len(product.packages) for product in products))
        if left < 0 or not is_affordable or len(statements) >= MAX_STATEMENTS:
            notes.note("unread-vex-statement", "it says too much: what comes after is not read")
            break
        statement = _statement(said, products, draft, source, notes)
        if statement:
            statements.append(statement)
    return Found(draft.form, draft.id[:MAX_NAME], draft.author[:MAX_NAME], tuple(statements), tuple(notes.problems()))


def _affords(named: Named, notes: Notes) -> bool:
    """Tell whether a document may still have so many names looked at, before even counting them takes long."""
    return notes.affords(len(named.names) + len(named.parts)) and notes.affords(sum(map(len, named.parts)))


def _products(said: Said, source: Source, attested: tuple[str, ...], notes: Notes) -> Iterator[Product]:
    """Yield the products of a statement; those of the image that it is attached to where it names none."""
    if not said.products:
        bound = (source.digest,) if source.digest else attested
        if not bound:
            notes.note("unused-vex-product", "a statement that names no product", " ".join(said.names[:1]))
        yield from (Product(digest=digest) for digest in bound)
    for named in said.products:
        found = resolved(named, source.digest)
        if isinstance(found, str):
            notes.note("unused-vex-product", found, _example(named))
        else:
            yield found


def _example(named: Named) -> str:
    return next((text for names in (named.names, *named.parts) for text in names if text), "")


def _statement(
    said: Said, products: tuple[Product, ...], draft: Draft, source: Source, notes: Notes
) -> Statement | None:
    if said.status not in STATUSES:
        notes.note("unread-vex-statement", "a status that VEX does not have", said.status or "none")
        return None
    if not said.names:
        notes.note("unread-vex-statement", "a statement that names no vulnerability")
        return None
    if not products:
        return None
    justified = said.justification in JUSTIFICATIONS
    if said.justification and not justified:
        notes.note("unread-vex-statement", "a justification that VEX does not have", said.justification)
    return Statement(
        source="vex",
        kind=said.status,
        names=said.names,
        products=tuple(dict.fromkeys(products)),
        who=bounds.escaped(draft.author[:MAX_NAME]),
        why=said.why[:MAX_TEXT],
        justification=said.justification if justified else "",
        at=said.at,
        where=bounds.escaped(draft.id[:MAX_NAME] or source.path[:MAX_NAME]),
        place=source.place,
    )

"""Statements as one OpenVEX document: https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md, version 0.2.0.

An accepted risk becomes `affected` with what is done about it: elsewhere it must not suppress anything.
"""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from envscout.model import Product, Statement
from envscout.model.statement import ACCEPTED, AFFECTED, FALSE_POSITIVE, NOT_AFFECTED
from envscout.names import moment, purl

CONTEXT = "https://openvex.dev/ns/v0.2.0"
_STATUS = {ACCEPTED: AFFECTED, FALSE_POSITIVE: NOT_AFFECTED}
_HASHES = {"sha256": "sha-256", "sha384": "sha-384", "sha512": "sha-512"}


def write(statements: Iterable[Statement], author: str, at: int) -> dict[str, Any]:
    """Return a document. at: when it is written, in microseconds; the same statements make the same `@id`.

    Products have an image or package URLs; what else a product of ours says has no word in OpenVEX.
    """
    said = list({msgspec.json.encode(each): each for each in map(_statement, statements)}.values())
    name = uuid5(NAMESPACE_URL, msgspec.json.encode([author, said]).decode())
    return {
        "@context": CONTEXT,
        "@id": f"urn:uuid:{name}",
        "author": author,
        "timestamp": moment.show(at),
        "version": 1,
        "tooling": "envscout",
        "statements": said,
    }


def _statement(each: Statement) -> dict[str, Any]:
    first, *others = each.names
    status = _STATUS.get(each.kind, each.kind)
    fields: dict[str, Any] = {
        "vulnerability": {"name": first, **({"aliases": others} if others else {})},
        "products": list({msgspec.json.encode(one): one for part in each.products for one in _products(part)}.values()),
        "status": status,
        **_because(each, status),
    }
    return {**fields, "timestamp": moment.show(each.at)} if each.at else fields


def _because(each: Statement, status: str) -> dict[str, str]:
    """Return the reasons: a status of `not_affected` has a justification or an impact statement, never both."""
    if status == AFFECTED:
        action = each.why or "see the notes"
        until = f", until {moment.show(each.until)}" if each.until is not None else ""
        accepted = f"Risk accepted by {each.who}{until}: {action}" if each.kind == ACCEPTED else action
        return {"action_statement": accepted, **_notes(each)}
    if status != NOT_AFFECTED:
        return {**_notes(each, each.why)}
    if each.justification:
        return {"justification": each.justification, **_notes(each, each.why)}
    return {"impact_statement": each.why or "no reason was given", **_notes(each)}


def _notes(each: Statement, why: str = "") -> dict[str, str]:
    by = f"said by {each.who or 'nobody who has a name'}" + (f" in {each.where}" if each.source == "vex" else "")
    return {"status_notes": f"{why} ({by})" if why else by}


def _products(product: Product) -> Iterator[dict[str, Any]]:
    whole = _image(product)
    # Whoever wrote a package URL may have left characters in it that no address can have.
    urls = dict.fromkeys(str(purl.parse(text)) for text in product.packages if text.startswith("pkg:"))
    parts = [{"@id": url, "identifiers": {"purl": url}} for url in urls]
    if not whole:
        yield from parts
        return
    yield {**whole, "subcomponents": parts} if parts else whole


def _image(product: Product) -> dict[str, Any]:
    """Return what identifies an image, {} where a product names none."""
    if not product.digest and not product.repository:
        return {}
    qualifiers = [("repository_url", product.repository), ("tag", product.tag), ("arch", product.platform)]
    # A digest is enough; the name is for people.
    name = product.repository.rpartition("/")[2] or "image"
    text = purl.build("oci", name, product.digest, "", [pair for pair in qualifiers if pair[1]])
    hashes = {}
    if product.digest:
        algorithm, _, value = product.digest.partition(":")
        hashes = {"hashes": {_HASHES[algorithm]: value}} if algorithm in _HASHES else {}
    return {"@id": text, "identifiers": {"purl": text}, **hashes}

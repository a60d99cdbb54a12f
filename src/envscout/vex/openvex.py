"""OpenVEX, 0.0.1 to 0.2.0: https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md.

0.0 names vulnerabilities and products by texts, 0.2 by structures with identifiers; both may stand in one document.
"""

from collections.abc import Iterator

import msgspec

from envscout.vex.draft import NOTHING, Draft, Named, Notes, Said, each, moment, string, strings, vulnerabilities, word

FORM = "OpenVEX"


class Vulnerability(msgspec.Struct):
    """A vulnerability as 0.2 has it."""

    id: object = msgspec.field(name="@id", default=None)
    name: object = None
    aliases: object = None


class Component(msgspec.Struct):
    """A product or a part of one as 0.2 has it."""

    id: object = msgspec.field(name="@id", default=None)
    identifiers: object = None
    hashes: object = None
    subcomponents: object = None


class Statement(msgspec.Struct):
    """One statement; what it does not say it has from its document."""

    status: object = None
    vulnerability: object = None
    products: object = None
    subcomponents: object = None
    justification: object = None
    impact_statement: object = None
    action_statement: object = None
    status_notes: object = None
    statement: object = None
    timestamp: object = None
    last_updated: object = None


class Document(msgspec.Struct):
    """A document."""

    id: object = msgspec.field(name="@id", default=None)
    old_id: object = msgspec.field(name="id", default=None)
    author: object = None
    timestamp: object = None
    last_updated: object = None
    statements: msgspec.Raw = NOTHING


def read(document: Document, notes: Notes) -> Draft:
    """Return the content of a document."""
    at = moment(document.last_updated) or moment(document.timestamp)
    said = (_said(one, at) for one in each(document.statements, Statement, notes))
    return Draft(FORM, string(document.id) or string(document.old_id), string(document.author), said)


def _said(one: Statement, at: int) -> Said:
    parts = tuple(_names(part) for part in _listed(one.subcomponents))
    return Said(
        names=tuple(_vulnerability(one.vulnerability)),
        status=string(one.status),
        products=tuple(_named(product, parts) for product in _listed(one.products)),
        justification=string(one.justification),
        why=next(filter(None, map(string, (one.impact_statement, one.status_notes, one.action_statement))), ""),
        at=moment(one.last_updated) or moment(one.timestamp) or at,
    )


def _vulnerability(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from vulnerabilities(value.get("name"), *strings(value.get("aliases"))) or vulnerabilities(
            value.get("@id")
        )
    else:
        yield from vulnerabilities(value)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _named(product: object, parts: tuple[tuple[str, ...], ...]) -> Named:
    """Return a product; parts: of a statement of 0.0, which has them beside its products."""
    own = _listed(product.get("subcomponents")) if isinstance(product, dict) else []
    return Named(_names(product), tuple(_names(part) for part in own) or parts)


def _names(component: object) -> tuple[str, ...]:
    """Return what identifies a component: package URL, digest, and then its id; "" where nothing does."""
    if not isinstance(component, dict):
        return (word(component),)
    identifiers, hashes = component.get("identifiers"), component.get("hashes")
    found = [word(identifiers.get("purl"))] if isinstance(identifiers, dict) else []
    if isinstance(hashes, dict):
        found += [f"sha256:{value}" for key in ("sha-256", "sha256") if (value := word(hashes.get(key)).lower())]
    return tuple(filter(None, (*found, word(component.get("@id"))))) or ("",)

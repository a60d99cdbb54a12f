"""CSAF 2.0: https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html, sections 3.2.2, 3.2.3 and 4.5 (VEX).

Products are named once, in a tree of branches and in relationships between its leaves; vulnerabilities point at them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from envscout.model.statement import AFFECTED, FIXED, IN_DOUBT, JUSTIFICATIONS, NOT_AFFECTED
from envscout.vex.draft import NOTHING, Draft, Named, Notes, Said, each, moment, string, strings, vulnerabilities, word
from envscout.vex.products import IMAGES

FORM = "CSAF"
MAX_DEPTH = 32
"""Branches within branches, and products of products, that are followed."""
MAX_BRANCHES = 200_000

_STATUS = {
    "known_not_affected": NOT_AFFECTED,
    "fixed": FIXED,
    "first_fixed": FIXED,
    "known_affected": AFFECTED,
    "first_affected": AFFECTED,
    "last_affected": AFFECTED,
    "under_investigation": IN_DOUBT,
}


class Product(msgspec.Struct):
    """A full product name."""

    product_id: str
    name: object = None
    product_identification_helper: dict[str, object] | None = None


class Branch(msgspec.Struct):
    """A node of the tree."""

    product: Product | None = None
    branches: msgspec.Raw = NOTHING


class Relationship(msgspec.Struct):
    """A product that is part of another, or runs on it, under a name of its own."""

    full_product_name: Product
    product_reference: str = ""
    relates_to_product_reference: str = ""


class Group(msgspec.Struct):
    """Products with one name."""

    group_id: str
    product_ids: list[str]


class Tree(msgspec.Struct):
    """The product tree."""

    branches: msgspec.Raw = NOTHING
    full_product_names: msgspec.Raw = NOTHING
    relationships: msgspec.Raw = NOTHING
    product_groups: msgspec.Raw = NOTHING


class Remark(msgspec.Struct):
    """A flag, threat or remediation: what is said of some of the products."""

    label: object = None
    category: object = None
    details: object = None
    product_ids: list[str] | None = None
    group_ids: list[str] | None = None


class Vulnerability(msgspec.Struct):
    """One vulnerability, and the products by status."""

    cve: object = None
    ids: object = None
    product_status: dict[str, list[str] | None] | None = None
    flags: msgspec.Raw = NOTHING
    threats: msgspec.Raw = NOTHING
    remediations: msgspec.Raw = NOTHING


class Tracking(msgspec.Struct):
    """Which document this is."""

    id: object = None
    current_release_date: object = None
    initial_release_date: object = None


class Publisher(msgspec.Struct):
    """Who wrote it."""

    name: object = None
    namespace: object = None


class Part(NamedTuple):
    """A relationship as it is followed. own: names of the product that it makes; is_image: whether they tell which."""

    own: tuple[str, ...]
    is_image: bool
    part: str
    whole: str


class Head(msgspec.Struct):
    """What is said of the document itself."""

    tracking: Tracking = msgspec.field(default_factory=Tracking)
    publisher: Publisher = msgspec.field(default_factory=Publisher)


class Document(msgspec.Struct):
    """A document."""

    document: Head = msgspec.field(default_factory=Head)
    product_tree: Tree | None = None
    vulnerabilities: msgspec.Raw = NOTHING


def read(document: Document, notes: Notes) -> Draft:
    """Return the content of a document."""
    head = document.document
    at = moment(head.tracking.current_release_date) or moment(head.tracking.initial_release_date)
    named, groups = _products(document.product_tree or Tree(), notes)
    said = (
        one
        for each_one in each(document.vulnerabilities, Vulnerability, notes)
        for one in _statements(each_one, named, groups, at, notes)
    )
    author = " ".join(filter(None, (string(head.publisher.name), _bracketed(string(head.publisher.namespace)))))
    return Draft(FORM, string(head.tracking.id), author, said)


def _bracketed(text: str) -> str:
    return f"<{text}>" if text else ""


def _products(tree: Tree, notes: Notes) -> tuple[dict[str, Named], dict[str, list[str]]]:
    """Return products by their ids, and the ids of groups."""
    found = {one.product_id: Named(_names(one) or ("",)) for one in _leaves(tree, notes)}
    related = {one.full_product_name.product_id: _part(one) for one in each(tree.relationships, Relationship, notes)}
    for name in related:
        found[name] = _related(name, found, related)
    groups = {one.group_id: one.product_ids for one in each(tree.product_groups, Group, notes)}
    return found, groups


def _leaves(tree: Tree, notes: Notes) -> Iterator[Product]:
    yield from each(tree.full_product_names, Product, notes)
    level, count = [tree.branches], 0
    for _ in range(MAX_DEPTH):
        inner: list[msgspec.Raw] = []
        for part in level:
            for branch in each(part, Branch, notes, MAX_BRANCHES):
                count += 1
                if count > MAX_BRANCHES:
                    notes.note("unread-vex-statement", f"only the first {MAX_BRANCHES} branches of products are read")
                    return
                if branch.product:
                    yield branch.product
                if len(branch.branches) > len(NOTHING):
                    inner.append(branch.branches)
        if not inner:
            return
        level = inner
    notes.note("unread-vex-statement", f"branches of products more than {MAX_DEPTH} deep are not read")


def _part(one: Relationship) -> Part:
    own = _names(one.full_product_name)
    return Part(own, any(map(_is_image, own)), one.product_reference, one.relates_to_product_reference)


def _related(name: str, found: Mapping[str, Named], related: Mapping[str, Part]) -> Named:
    """Return what the part of a product means: the names of the image at the end, and the package that is its part."""
    parts: list[tuple[str, ...]] = []
    seen: set[str] = set()
    while name in related and name not in seen and len(seen) < MAX_DEPTH:
        seen.add(name)
        one = related[name]
        if one.is_image:
            return Named(one.own, tuple(parts[:1]))
        parts.append(one.own or (found[one.part].names if one.part in found else ()))
        name = one.whole
    whole = found[name].names if name in found and name not in seen else ()
    # What it is a part of is not known: the part alone would mean the same package in every other product.
    return Named(whole or ("",), tuple(parts[:1]))


def _is_image(text: str) -> bool:
    return text.removeprefix("pkg:").partition("/")[0] in IMAGES


def _names(product: Product) -> tuple[str, ...]:
    """Return what identifies a product: package URL, and the digest of a file where it has one."""
    helper = product.product_identification_helper or {}
    found = [word(helper.get("purl"))]
    for one in helper.get("hashes") or () if isinstance(helper.get("hashes"), list) else ():  # type: ignore[attr-defined]
        for entry in one.get("file_hashes") or () if isinstance(one, dict) else ():
            if isinstance(entry, dict) and string(entry.get("algorithm")).lower() in ("sha256", "sha-256"):
                found.append(f"sha256:{word(entry.get('value')).lower()}")
    return tuple(filter(None, found))


def _statements(
    one: Vulnerability, named: Mapping[str, Named], groups: Mapping[str, list[str]], at: int, notes: Notes
) -> Iterator[Said]:
    ids = (
        (string(each_id.get("text")) for each_id in one.ids if isinstance(each_id, dict))
        if isinstance(one.ids, list)
        else ()
    )
    names = vulnerabilities(one.cve, *ids)
    labels = _remarks(each(one.flags, Remark, notes), groups, notes, lambda remark: string(remark.label))
    details = _remarks(each(one.threats, Remark, notes), groups, notes, lambda remark: string(remark.details))
    for listed, status in _STATUS.items():
        alike: dict[tuple[str, str], list[Named]] = {}
        for name in strings((one.product_status or {}).get(listed)):
            if name not in named:
                notes.note("unused-vex-product", "a product that the document does not describe", name)
                continue
            label = labels.get(name, "")
            key = (label if label in JUSTIFICATIONS else "", details.get(name, ""))
            alike.setdefault(key, []).append(named[name])
        for (justification, why), products in alike.items():
            yield Said(names, status, tuple(products), justification, why, at)


def _remarks(
    remarks: Iterable[Remark], groups: Mapping[str, list[str]], notes: Notes, text: Callable[[Remark], str]
) -> dict[str, str]:
    """Return what is said of each product."""
    found: dict[str, str] = {}
    for remark in remarks:
        for members in (remark.product_ids or (), *(groups.get(group, ()) for group in remark.group_ids or ())):
            if not notes.affords(len(members)):
                notes.note("unread-vex-statement", "it says too much: why it says the rest is not read")
                return found
            for name in members:
                found.setdefault(name, text(remark))
    return found

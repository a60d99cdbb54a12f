"""OpenVEX 0.2.0 (https://github.com/openvex/spec): a statement for each vulnerability, status and why, over products.

A product is the image, its subcomponents are the packages. What counts is `affected`, with what to do about it; a false
positive is `not_affected`, an accepted risk stays `affected`, and what nobody could assess is `under_investigation`. Of
a comparison what is gone is `fixed`. An answer without vulnerabilities is a document without statements, which the
schema does not foresee.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from envscout import __version__
from envscout.formats.answer import Answer
from envscout.formats.words import fix, line, product, reason, uri, uuid
from envscout.model import Finding
from envscout.names import moment

CONTEXT = "https://openvex.dev/ns/v0.2.0"
_JUSTIFICATIONS = frozenset(
    {
        "component_not_present",
        "vulnerable_code_not_present",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "inline_mitigations_already_exist",
    }
)


class _Part(msgspec.Struct):
    id: str = msgspec.field(name="@id")


class _Product(msgspec.Struct, omit_defaults=True):
    id: str = msgspec.field(name="@id")
    subcomponents: list[_Part] = []


class _Vulnerability(msgspec.Struct, omit_defaults=True):
    name: str
    aliases: tuple[str, ...] = ()


class _Key(NamedTuple):
    """What findings have in common that one statement can speak of."""

    vulnerability: str
    status: str
    justification: str = ""
    impact_statement: str = ""
    action_statement: str = ""
    status_notes: str = ""


class _Statement(msgspec.Struct, omit_defaults=True):
    vulnerability: _Vulnerability
    products: list[_Product]
    status: str
    justification: str = ""
    impact_statement: str = ""
    action_statement: str = ""
    status_notes: str = ""


def write(answer: Answer) -> Iterator[str]:
    """Yield the document."""
    statements = list(_statements(answer))
    content = msgspec.json.encode(statements).decode()
    yield msgspec.json.encode(
        {
            "@context": CONTEXT,
            "@id": f"urn:uuid:{uuid(content, str(answer.given))}",
            "author": "envscout",
            "role": "Document Creator",
            "timestamp": moment.show(answer.given),
            "version": 1,
            "tooling": f"envscout/{__version__}",
            "statements": statements,
        }
    ).decode()


def _statements(answer: Answer) -> Iterator[_Statement]:
    aliases: dict[str, tuple[str, ...]] = {}
    held: dict[_Key, dict[str, dict[str, None]]] = {}
    # Of what runs no more nothing is fixed.
    for subject in (each for each in answer.subjects if not each.is_absent):
        report = subject.report
        image = product(report.reference, report.image.digest)
        told = (
            *((_count(found), found) for found in report.findings),
            *((_suppressed(found), found) for found in report.suppressed),
            *((_Key(found.vulnerability, "fixed"), found) for found in subject.gone),
        )
        for key, found in told:
            aliases.setdefault(found.vulnerability, _names(found))
            held.setdefault(key, {}).setdefault(image, {})[found.package.purl] = None
        for package, vulnerability in report.unassessed:
            text = f"The advisory names no versions of {line(package)} that can be compared."
            held.setdefault(_Key(vulnerability, "under_investigation", status_notes=text), {}).setdefault(image, {})
    for key, products in held.items():
        name = line(key.vulnerability)
        yield _Statement(
            _Vulnerability(name, aliases.get(key.vulnerability, ())),
            [_Product(image, [_Part(uri(purl)) for purl in packages]) for image, packages in products.items()],
            *key[1:],
        )


def _names(found: Finding) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(line, _unlike(found.vulnerability, (*found.aliases, *found.advisories)))))


def _unlike(name: str, others: Iterable[str]) -> Iterator[str]:
    return (each for each in others if each != name)


def _count(found: Finding) -> _Key:
    return _Key(found.vulnerability, "affected", action_statement=line(fix(found)))


def _suppressed(found: Finding) -> _Key:
    said = found.suppression
    words = line(reason(said)) if said else "suppressed"
    if said is None or said.kind == "accepted-risk":
        return _Key(found.vulnerability, "affected", action_statement=words)
    if said.kind == "fixed":
        return _Key(found.vulnerability, "fixed", status_notes=words)
    if said.justification in _JUSTIFICATIONS:
        return _Key(found.vulnerability, "not_affected", justification=said.justification, status_notes=words)
    return _Key(found.vulnerability, "not_affected", impact_statement=words)

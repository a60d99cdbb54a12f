"""CycloneDX with `vulnerabilities[].analysis`, 1.4 to 1.6: https://cyclonedx.org/docs/1.6/json/#vulnerabilities.

`affects[].ref` is the name of a component in the same document, a BOM-Link to one elsewhere
(https://cyclonedx.org/capabilities/bomlink/), or a package URL.
"""

from collections.abc import Iterator, Mapping
from urllib.parse import unquote

import msgspec

from envscout.model.statement import AFFECTED, FIXED, IN_DOUBT, NOT_AFFECTED
from envscout.vex.draft import NOTHING, Draft, Named, Notes, Said, each, moment, string, vulnerabilities, word
from envscout.vex.products import one as meaning

FORM = "CycloneDX"
MAX_DEPTH = 32
MAX_COMPONENTS = 500_000

_STATES = {
    "not_affected": NOT_AFFECTED,
    "false_positive": NOT_AFFECTED,
    "resolved": FIXED,
    "resolved_with_pedigree": FIXED,
    "exploitable": AFFECTED,
    "in_triage": IN_DOUBT,
}
# What OpenVEX has the same word for; of the others the word is told with the reason.
_JUSTIFICATIONS = {
    "code_not_present": "vulnerable_code_not_present",
    "code_not_reachable": "vulnerable_code_not_in_execute_path",
    "protected_by_compiler": "inline_mitigations_already_exist",
    "protected_at_runtime": "inline_mitigations_already_exist",
    "protected_at_perimeter": "inline_mitigations_already_exist",
    "protected_by_mitigating_control": "inline_mitigations_already_exist",
}


class Component(msgspec.Struct):
    """A component; its name may be a reference of an image."""

    ref: object = msgspec.field(name="bom-ref", default=None)
    type: object = None
    name: object = None
    version: object = None
    purl: object = None
    components: msgspec.Raw = NOTHING


class Contact(msgspec.Struct):
    """A person or an organization."""

    name: object = None
    email: object = None


class Metadata(msgspec.Struct):
    """What is said of the document itself."""

    timestamp: object = None
    component: Component | None = None
    authors: list[Contact] | None = None
    supplier: Contact | None = None
    manufacture: Contact | None = None
    manufacturer: Contact | None = None


class Analysis(msgspec.Struct):
    """What somebody found out."""

    state: object = None
    justification: object = None
    detail: object = None
    firstIssued: object = None  # noqa: N815 - the document's word
    lastUpdated: object = None  # noqa: N815


class Version(msgspec.Struct):
    """One version of an affected component."""

    version: object = None
    range: object = None
    status: object = None


class Affects(msgspec.Struct):
    """One component that a vulnerability is about."""

    ref: str = ""
    versions: list[Version] | None = None


class Vulnerability(msgspec.Struct):
    """One vulnerability."""

    id: object = None
    references: object = None
    analysis: Analysis | None = None
    affects: msgspec.Raw = NOTHING
    updated: object = None
    published: object = None


class Document(msgspec.Struct):
    """A document."""

    serial: object = msgspec.field(name="serialNumber", default=None)
    metadata: Metadata = msgspec.field(default_factory=Metadata)
    components: msgspec.Raw = NOTHING
    vulnerabilities: msgspec.Raw = NOTHING


def read(document: Document, notes: Notes) -> Draft:
    """Return the content of a document: what its analyses say; a vulnerability without analysis says nothing."""
    about = document.metadata
    places = _Places(document, notes)
    at = moment(about.timestamp)
    said = (
        found
        for one in each(document.vulnerabilities, Vulnerability, notes)
        if one.analysis and string(one.analysis.state)
        for found in _said(one, one.analysis, places, at, notes)
    )
    who = [*(about.authors or ()), about.manufacturer, about.manufacture, about.supplier]
    return Draft(FORM, string(document.serial), next(filter(None, map(_author, who)), ""), said)


def _author(who: Contact | None) -> str:
    if who is None:
        return ""
    email = string(who.email)
    return " ".join(filter(None, (string(who.name), f"<{email}>" if email else "")))


class _Places:
    """What references of a document point at."""

    def __init__(self, document: Document, notes: Notes) -> None:
        subject = document.metadata.component
        self._serial = string(document.serial).removeprefix("urn:uuid:")
        self._is_bound = subject is not None
        self._subject = word(subject.ref) if subject else ""
        self._image = _image(subject) if subject else ()
        self._purls = dict(_components([document.components, *([subject.components] if subject else [])], notes))

    def named(self, ref: str) -> Named:
        """Return the product of a reference; with names that mean nothing where it cannot be told."""
        if not word(ref):
            return Named(("",))
        if ref.startswith("urn:cdx:"):
            link, _, inner = ref.removeprefix("urn:cdx:").partition("#")
            inner = unquote(inner)
            if link.partition("/")[0] == self._serial:
                return self._own(inner)
            return Named((inner,))
        return self._own(ref)

    def _own(self, ref: str) -> Named:
        if self._subject and ref == self._subject:
            return Named(self._image)
        purl = self._purls.get(ref, "") or (ref if ref.startswith("pkg:") else "")
        if not self._is_bound:
            return Named((purl,))
        return Named(self._image, ((purl,),))


def _image(component: Component) -> tuple[str, ...]:
    """Return the names of the image that a document describes."""
    name, version = word(component.name), word(component.version)
    joined = (f"{name}@{version}" if ":" in version else f"{name}:{version}") if name and version else name
    named = [word(component.purl), joined if string(component.type) == "container" else ""]
    return tuple(text for text in named if text and not isinstance(meaning(text), str))


def _components(parts: list[msgspec.Raw], notes: Notes) -> Iterator[tuple[str, str]]:
    """Yield reference and package URL of components and those within them."""
    count = 0
    for _ in range(MAX_DEPTH):
        inner: list[msgspec.Raw] = []
        for part in parts:
            for component in each(part, Component, notes, MAX_COMPONENTS):
                count += 1
                if count > MAX_COMPONENTS:
                    notes.note("unread-vex-statement", f"only the first {MAX_COMPONENTS} components are read")
                    return
                if word(component.ref):
                    yield word(component.ref), word(component.purl)
                if len(component.components) > len(NOTHING):
                    inner.append(component.components)
        if not inner:
            return
        parts = inner
    notes.note("unread-vex-statement", f"components more than {MAX_DEPTH} deep are not read")


def _said(one: Vulnerability, analysis: Analysis, places: _Places, at: int, notes: Notes) -> Iterator[Said]:
    reason = string(analysis.justification)
    others = (string(_mapping(each_one).get("id")) for each_one in _listed(one.references))
    products = [
        named
        for affects in each(one.affects, Affects, notes)
        for named in _versions(places.named(affects.ref), affects.versions or [], notes)
    ]
    if not products:
        notes.note("unused-vex-product", "an analysis of a vulnerability that affects nothing", string(one.id))
        return
    detail = string(analysis.detail)
    yield Said(
        names=vulnerabilities(one.id, *others),
        status=_STATES.get(string(analysis.state), string(analysis.state)),
        products=tuple(products),
        justification=_JUSTIFICATIONS.get(reason, ""),
        why=detail if reason in _JUSTIFICATIONS or not reason else ": ".join(filter(None, (reason, detail))),
        at=moment(analysis.lastUpdated) or moment(analysis.firstIssued) or moment(one.updated) or at,
    )


def _versions(named: Named, versions: list[Version], notes: Notes) -> Iterator[Named]:
    """Yield a product, once for each version where its package URL names none but versions are listed."""
    purl = next(iter(named.parts[0] if named.parts else named.names), "")
    if not versions or not purl.startswith("pkg:") or "@" in purl.partition("?")[0].rpartition("/")[2]:
        yield named
        return
    for each_one in versions:
        version = word(each_one.version)
        if not version or string(each_one.status) == "unknown":
            notes.note(
                "unused-vex-product", "a range of versions, or one whose state is unknown", string(each_one.range)
            )
            continue
        head, mark, rest = purl.partition("?")
        one = f"{head}@{version}{mark}{rest}"
        yield Named(named.names, ((one,),)) if named.parts else Named((one,))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}

"""Policies about what is in an image, what is attached to it, and how much is known of it."""

import msgspec

from envscout.model import Violation
from envscout.policies import licences as licensing
from envscout.policies.facts import CONTENT, SINGLE, Facts, Judgement, doubts

_COPYLEFT = ("AGPL-*", "GPL-*", "LGPL-*", "MPL-*", "EPL-*", "EUPL-*", "CDDL-*", "CPAL-*", "OSL-*", "SSPL-*")
_SBOM = ("https://spdx.dev/Document", "https://cyclonedx.org/bom")
_PROVENANCE = ("https://slsa.dev/provenance/v0.2", "https://slsa.dev/provenance/v1")


class Licences(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of `copyleft-license`. licenses: SPDX ids; a `*` at the end stands for anything.

    ignored_packages: package URLs, with or without version and qualifiers. allowed_exceptions: SPDX ids of exceptions
    that make a licence acceptable. allow_undeclared: whether a package may say nothing of its licence.
    """

    licenses: tuple[str, ...] = _COPYLEFT
    ignored_packages: tuple[str, ...] = ()
    allowed_exceptions: tuple[str, ...] = ()
    allow_undeclared: bool = True


class Attestations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of `supply-chain-attestations`: each entry is a predicate type, or `sbom`, or `provenance`."""

    required_attestations: tuple[str, ...] = ("sbom", "provenance")


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of `complete-coverage`: codes of reasons for which an answer may be incomplete."""

    accepted: tuple[str, ...] = tuple(sorted(SINGLE))


def licences(facts: Facts, config: Licences) -> Judgement:
    """Judge by the licences that packages declare; of a choice ("MIT OR GPL-2.0") one that is allowed is enough."""
    judged = [each for each in facts.packages if not _ignored(each.purl, config.ignored_packages)]
    found = [
        Violation(f"{each.name} {each.version} is under {', '.join(each.licenses)}", each.purl)
        for each in judged
        if any(licensing.is_bound(said, config.licenses, config.allowed_exceptions) for said in each.licenses)
    ]
    silent = sum(not each.licenses for each in judged)
    unsaid = (f"{silent} packages do not declare a licence.",) if silent and not config.allow_undeclared else ()
    result = f"{len(found)} packages" + (f", {silent} declare none" if silent else "")
    return Judgement(tuple(found), (*doubts(facts, CONTENT), *unsaid), result)


def _ignored(purl: str, ignored: tuple[str, ...]) -> bool:
    return any(purl == each or purl.partition("?")[0] == each or purl.partition("@")[0] == each for each in ignored)


def attestations(facts: Facts, config: Attestations) -> Judgement:
    """Judge by the types of what is attached to the image; nobody's signature is checked."""
    if facts.attestations is None:
        return Judgement((), ("What is attached to the image is not known: nobody looked in its registry.",))
    named = {"sbom": _SBOM, "provenance": _PROVENANCE}
    missing = [
        Violation(f"no {each} is attached", remediation="build with --sbom=true --provenance=mode=max")
        for each in config.required_attestations
        if each not in facts.attestations
        and not any(there.startswith(kind) for there in facts.attestations for kind in named.get(each, (each,)))
    ]
    return Judgement(tuple(missing), (), f"{len(missing)} missing" if missing else "")


def coverage(facts: Facts, config: Known) -> Judgement:
    """Judge by how much is known: what keeps the answer from being complete is a violation."""
    found = [
        Violation(reason.code, reason.message)
        for reason in facts.coverage.reasons
        if reason.code not in config.accepted
    ]
    return Judgement(tuple(found), (), facts.coverage.state)

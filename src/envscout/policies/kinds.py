"""The kinds of policies: a row each."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from envscout.policies import content, custom, images, vulnerabilities
from envscout.policies.facts import Facts, Judgement

JUDGE = Callable[[Facts, Any], Judgement]


class Kind(NamedTuple):
    """title, failed: how a policy is called that is met, and one that is not. weight: in the health score.

    standard: whether it is in force where nobody chose policies. check: raise ValueError for parameters that are wrong.
    """

    title: str
    failed: str
    config: type[msgspec.Struct]
    judge: JUDGE
    weight: int
    standard: bool = True
    check: Callable[[Any], None] = lambda _: None


KINDS: dict[str, Kind] = {
    "fixable-vulnerabilities": Kind(
        "No fixable critical or high vulnerabilities",
        "Fixable critical or high vulnerabilities found",
        vulnerabilities.Fixable,
        vulnerabilities.fixable,
        20,
    ),
    "high-profile-vulnerabilities": Kind(
        "No high-profile vulnerabilities",
        "High-profile vulnerabilities found",
        vulnerabilities.HighProfile,
        vulnerabilities.high_profile,
        20,
    ),
    "exploitable-vulnerabilities": Kind(
        "No vulnerabilities that are likely to be exploited",
        "Vulnerabilities found that are likely to be exploited",
        vulnerabilities.Likely,
        vulnerabilities.likely,
        10,
        standard=False,
    ),
    "no-new-vulnerabilities": Kind(
        "No vulnerabilities beyond those that run",
        "Vulnerabilities found beyond those that run",
        vulnerabilities.New,
        vulnerabilities.new,
        0,
        standard=False,
    ),
    "supply-chain-attestations": Kind(
        "Supply chain attestations",
        "Required supply chain attestations missing",
        content.Attestations,
        content.attestations,
        15,
    ),
    "approved-base-images": Kind(
        "Approved base images", "Unapproved base images found", images.Approved, images.approved_base, 15
    ),
    "no-stale-base-images": Kind(
        "No outdated base images", "Outdated base images found", images.Nothing, images.fresh_base, 10
    ),
    "default-non-root-user": Kind("Default non-root user", "Default user is root", images.Nothing, images.non_root, 5),
    "copyleft-license": Kind("No copyleft licenses", "Copyleft licenses found", content.Licences, content.licences, 5),
    "maximum-image-age": Kind("No old images", "The image is old", images.Age, images.image_age, 5, standard=False),
    "maximum-advisory-age": Kind(
        "No old advisories", "The advisories are old", images.Age, images.advisory_age, 5, standard=False
    ),
    "complete-coverage": Kind(
        "Nothing unknown", "Parts of the image are unknown", content.Known, content.coverage, 5, standard=False
    ),
    "cel": Kind(
        "A rule of your own",
        "A rule of your own is not met",
        custom.Custom,
        custom.custom,
        5,
        standard=False,
        check=custom.check,
    ),
}
"""By the id that documents name them with; the ids that Docker Scout has are its own."""

_OLD = {
    "fixable-vulnerabilities": (
        "severity-based-vulnerability",
        "severity-based-vulnerabilities",
        "no-fixable-critical-or-high-vulnerabilities",
        "fixable-critical-and-high-vulnerabilities",
    ),
    "high-profile-vulnerabilities": ("no-high-profile-vulnerabilities",),
    "supply-chain-attestations": ("attestations",),
    "approved-base-images": ("no-unapproved-base-images",),
    "no-stale-base-images": ("no-outdated-base-images", "up-to-date-base-images"),
    "default-non-root-user": ("non-root-user", "no-root-user"),
    "copyleft-license": (
        "no-copyleft-licenses",
        "copyleft-licenses",
        "compliant-licenses",
        "no-agpl-v3-licenses",
        "license",
    ),
}
_ALIASES = {old: name for name, olds in _OLD.items() for old in olds}

ABSENT: Mapping[str, str] = {
    "sonarqube-quality-gates": "SonarQube is not asked; judge its answer in a step of your own",
    "quality-gates-passed": "SonarQube is not asked; judge its answer in a step of your own",
    "no-embedded-secrets": "only `sbom --secrets` searches for secrets, and nothing of that is kept",
    "valid-docker-hardened-image": "use approved-base-images with the names of the images that you trust",
    "valid-dhi-or-dhi-base-image": "use approved-base-images with the names of the images that you trust",
}
"""Policies that Docker Scout has or had, and that are left out on purpose: what to do instead."""


def canonical(name: str) -> str:
    """Return the id of what is named by an id, a title or an older name of Docker Scout's; else the name itself."""
    plain = "-".join(name.lower().replace("*", "").split())
    return _ALIASES.get(plain, plain if plain in KINDS or plain in ABSENT else name)

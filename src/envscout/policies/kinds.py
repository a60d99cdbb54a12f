"""The kinds of policies: a row each."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from envscout.policies import content, images, vulnerabilities
from envscout.policies.facts import Facts, Judgement

JUDGE = Callable[[Facts, Any], Judgement]


class Kind(NamedTuple):
    """title, failed: how a policy is called that is met, and one that is not. weight: in the health score.

    standard: whether it is in force where nobody chose policies.
    """

    title: str
    failed: str
    config: type[msgspec.Struct]
    judge: JUDGE
    weight: int
    standard: bool = True


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
}
"""By the id that documents name them with; the ids that Docker Scout has are its own."""

"""Which image an image was built on, by the best of several answers, and what it brought. Pure.

Who says so, the best first:
provenance   the materials of the build, attached to the image
label        its annotations or labels; labels are inherited, so that they may be its base's own
known        another image has the lowest layers of this one
history      a guess from the steps of its configuration
"""

from collections.abc import Callable, Sequence

from envscout.model import BaseImage, Image
from envscout.names import moment


def choose(claims: Sequence[BaseImage], known: Sequence[BaseImage]) -> BaseImage | None:
    """Return the answer that is believed, None where nobody has one; layers is 0 where their number is not known.

    known: images whose layers are the lowest ones of this. A build in several stages has used several images: the one
    that counts is known by its layers, or not at all.
    """
    guess = next((claim.layers for claim in claims if claim.source == "history"), 0)
    for source in ("provenance", "label"):
        named = [claim for claim in claims if claim.source == source]
        exact = [
            BaseImage(claim.name or one.name, claim.digest, one.layers, source)
            for claim in named
            for one in known
            if claim.digest and claim.digest == one.digest
        ]
        if exact:
            return max(exact, key=lambda one: one.layers)
        if len(named) == 1:
            return BaseImage(named[0].name, named[0].digest, guess, source)
    if known:
        return max(known, key=lambda one: (one.layers, bool(one.name)))
    return BaseImage("", "", guess, "history") if guess else None


def brought(image: Image, base: BaseImage | None) -> Callable[[str], bool | None]:
    """Return what tells of a layer whether the base image brought it; None where that is not known."""
    if base is None or not base.layers:
        return lambda _: None
    lowest = {layer.diff_id for layer in image.layers[: base.layers]}
    return lambda layer: layer in lowest if layer else None


def moved(before: str, after: str, seen_at: int, built: str) -> bool | None:
    """Tell whether a tag that stands for another image than was built on stands for a newer one; None: nobody knows.

    before, after: when the image that was built on, and the other, were created, RFC 3339. seen_at: when the tag was
    seen to stand for the other, microseconds. built: when what was built on the first one was created. What was seen
    before that may be older than what was built on.
    """
    first, second = moment.told(before), moment.told(after)
    if first is not None and second is not None and first != second:
        return second > first
    made = moment.told(built)
    return True if made is not None and seen_at > made else None

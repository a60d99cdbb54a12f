"""Whose an environment is that nobody named an organization for. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from envscout.errors import UsageError
from envscout.names.reference import OFFICIAL


def owner(environment: str, having: Sequence[str], of_images: Iterable[str]) -> str:
    """Return the organization that has the environment, else the one whose most images are.

    having: who has an environment of this name. of_images: whose each image is that is to run in it. Raise UsageError
    where several have it.
    """
    if len(having) > 1:
        raise UsageError(f"several organizations have {environment}: {', '.join(having)}", "say which with --org")
    if having:
        return having[0]
    counts = Counter(each for each in of_images if each != OFFICIAL)
    return counts.most_common(1)[0][0] if counts else OFFICIAL

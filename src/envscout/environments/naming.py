"""Which deployments a user means who names a repository, a tag or a digest. Pure."""

import contextlib

import msgspec

from envscout.errors import InvalidReference
from envscout.model import Deployment
from envscout.names.reference import Reference, parse


class Naming(msgspec.Struct, frozen=True):
    """What a deployment must be called; "" asks for nothing.

    text: as it was typed, which may be the name of a service. tagged: the reference with its tag. host: of the
    registry. platform: one that is not known fits every one.
    """

    text: str = ""
    digest: str = ""
    tagged: str = ""
    host: str = ""
    platform: str = ""

    def __call__(self, each: Deployment) -> bool:
        """Tell whether a deployment is meant."""
        if self.platform and each.platform not in ("", self.platform):
            return False
        if each.service == self.text:
            return True
        return (
            self.digest in ("", each.digest, each.reference.partition("@")[2])
            and self.tagged in ("", each.reference.partition("@")[0])
            and (not self.host or _host(each) == self.host)
        )


EVERY = Naming()


def naming(text: str, platform: str = "") -> Naming:
    """Return what a repository, or one tag or digest of it, names; only on a platform, if one is given."""
    reference = Reference()
    with contextlib.suppress(InvalidReference):
        reference = parse(text)
    return Naming(
        text,
        reference.digest,
        reference.familiar.partition("@")[0] if reference.tag_typed else "",
        reference.host if reference.host_typed else "",
        platform,
    )


def _host(each: Deployment) -> str:
    """Return the registry a deployment's image came from, "" for a place on disk."""
    try:
        return parse(each.reference).host
    except InvalidReference:
        return ""

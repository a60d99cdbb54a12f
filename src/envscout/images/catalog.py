"""What a registry holds: its repositories, their tags, and what a tag leads to. Nothing is fetched but lists.

Rules: OCI distribution specification 1.1, "Listing Tags"; Docker's registry API, "Listing Repositories", which OCI left
out and most registries kept. Every page and every list is bounded.
"""

from collections.abc import Iterator
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from envscout.errors import InvalidReference, LimitExceeded, NotFound, SourceError, UsageError
from envscout.images import digest as digests
from envscout.images import manifest as manifests
from envscout.images.credentials import Credentials
from envscout.images.manifest import ACCEPTED, MAX_MANIFEST
from envscout.images.registry import NEXT, endpoint
from envscout.images.transport import Transport, led
from envscout.names import reference

PAGE = 1_000
MAX_PAGES = 10_000
MAX_REPOSITORIES = 100_000
MAX_TAGS = 100_000
"""Tags of one repository."""

_ACCEPT = ", ".join(ACCEPTED)
_JSON = "application/json"

T = TypeVar("T")


class _Repositories(msgspec.Struct, frozen=True):
    repositories: tuple[str, ...] | None = None


class _Tags(msgspec.Struct, frozen=True):
    tags: tuple[str, ...] | None = None


class Catalog:
    """One registry that is asked for its lists; use from one thread, and close it.

    api: where the list of repositories is, `https://HOST/PATH` before `/v2/`, "" for the registry itself. Raises
    UsageError for an address that is not encrypted and not on this machine.
    """

    def __init__(self, host: str, credentials: Credentials | None = None, api: str = "") -> None:
        self._host = host
        self._transport = Transport(endpoint(host), credentials, login=host)
        self._base = f"{self._transport.base}/v2"
        self._lists, self._catalog = self._transport, f"{self._base}/_catalog"
        if api:
            parts = urlsplit(api)
            self._lists = Transport(parts.netloc, credentials, login=host)
            if f"{parts.scheme}://{parts.netloc}" != self._lists.base:
                raise UsageError(f"{api} is not encrypted.", f"Write {self._lists.base}{parts.path}.")
            self._catalog = f"{api.rstrip('/')}/v2/_catalog"

    def repositories(self) -> Iterator[str]:
        """Yield the names of all repositories, each once. Raises SourceError, NotFound where there is no list."""
        seen: set[str] = set()
        try:
            for page in _pages(self._lists, f"{self._catalog}?n={PAGE}", _Repositories):
                for name in page.repositories or ():
                    if name not in seen and _is_name(self._host, name):
                        seen.add(name)
                        yield name
                if len(seen) > MAX_REPOSITORIES:
                    raise LimitExceeded(f"{self._host} has more than {MAX_REPOSITORIES:,} repositories.", _FEWER)
        except NotFound as error:
            raise NotFound(f"{self._host} has no list of its repositories.", _FEWER) from error

    def tags(self, repository: str) -> list[str]:
        """Return the tags of a repository that name images, [] where it has none. Raises SourceError."""
        found: dict[str, None] = {}
        try:
            for page in _pages(self._transport, f"{self._base}/{repository}/tags/list?n={PAGE}", _Tags):
                names = (tag for tag in page.tags or () if reference.valid_tag(tag) and not manifests.is_beside(tag))
                found.update(dict.fromkeys(names))
                if len(found) > MAX_TAGS:
                    raise LimitExceeded(f"{self._host}/{repository} has more than {MAX_TAGS:,} tags.", _FEWER)
        except NotFound:
            # A repository whose last tag was deleted stays in the list.
            return list(found)
        return list(found)

    def digest(self, repository: str, tag: str) -> str:
        """Return what a tag leads to now. Raises SourceError, NotFound."""
        url = f"{self._base}/{repository}/manifests/{tag}"
        stated = self._transport.head(url, _ACCEPT).get("Docker-Content-Digest", "")
        return (
            stated if reference.valid_digest(stated) else digests.of(self._transport.get(url, MAX_MANIFEST, _ACCEPT)[0])
        )

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()
        self._lists.close()


_FEWER = "Name those to watch: --repository NAME."


def _pages(transport: Transport, url: str, into: type[T]) -> Iterator[T]:
    """Yield the pages of a list, as long as they stay with the same host."""
    base = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}/"
    for _ in range(MAX_PAGES):
        data, headers = transport.get(url, MAX_MANIFEST, _JSON)
        yield manifests.decode(data, into, urlsplit(url).path)
        following = NEXT.search(headers.get("Link", ""))
        if not following:
            return
        url = led(url, following[1])
        if not url.startswith(base):
            raise SourceError(f"A list of {base} goes on at another host.", "Ask who runs the registry.")
    raise LimitExceeded(f"A list of {base} has more than {MAX_PAGES:,} pages.", _FEWER)


def _is_name(host: str, name: str) -> bool:
    try:
        return reference.parse(f"{host}/{name}").path == name
    except InvalidReference:
        return False

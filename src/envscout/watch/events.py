"""What registries tell of pushes, each in its own words. Pure.

An event names a repository, a tag and maybe a digest; addresses in it are not read, so that it cannot lead anywhere.
Sources: Docker's "Work with notifications" (https://distribution.github.io/distribution/about/notifications/); Harbor's
"Configure Webhook Notifications"; JFrog's "Webhook event types", docker domain; Sonatype's "Repository Webhooks".
"""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from envscout.errors import InvalidReference, LimitExceeded, SourceError
from envscout.images import manifest as manifests
from envscout.names import reference
from envscout.store.watching import Sighting
from envscout.watch.registries import Watched

MAX_EVENTS = 1_000
"""Events in one message."""

Told = Iterable[tuple[str, str, str]]


class _Target(msgspec.Struct, frozen=True, rename="camel"):
    repository: str = ""
    tag: str = ""
    digest: str = ""
    media_type: str = ""


class _Notified(msgspec.Struct, frozen=True):
    action: str = ""
    target: _Target | None = None


class _Notification(msgspec.Struct, frozen=True):
    events: list[_Notified]


class _Resource(msgspec.Struct, frozen=True):
    tag: str = ""
    digest: str = ""


class _Project(msgspec.Struct, frozen=True):
    repo_full_name: str = ""


class _Pushed(msgspec.Struct, frozen=True):
    resources: list[_Resource] = []
    repository: _Project = _Project()


class _Harbor(msgspec.Struct, frozen=True):
    type: str
    event_data: _Pushed = _Pushed()


class _Docker(msgspec.Struct, frozen=True):
    repo_key: str = ""
    image_name: str = ""
    tag: str = ""
    name: str = ""
    sha256: str = ""


class _Artifactory(msgspec.Struct, frozen=True):
    domain: str
    event_type: str = ""
    data: _Docker = _Docker()


class _Component(msgspec.Struct, frozen=True):
    format: str = ""
    name: str = ""
    version: str = ""


class _Nexus(msgspec.Struct, frozen=True):
    action: str
    repository_name: str = msgspec.field(name="repositoryName", default="")
    component: _Component | None = None


def read(watched: Watched, body: bytes) -> list[Sighting]:
    """Return the pushes that a message tells of; what is no push of a tag is left out.

    Raises SourceError for what is no message of this type of registry, LimitExceeded for one with too many events.
    """
    try:
        told = list(_READERS[watched.type](watched, body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"The message is no event of {watched.type}: {error}.") from error
    if len(told) > MAX_EVENTS:
        raise LimitExceeded(f"The message tells of more than {MAX_EVENTS:,} events.")
    return list(dict.fromkeys(Sighting(*each) for each in told if _is_sound(*each)))


def _distribution(_watched: Watched, body: bytes) -> Told:
    wanted = manifests.MANIFESTS | manifests.INDEXES
    for event in msgspec.json.decode(body, type=_Notification).events:
        target = event.target
        if event.action == "push" and target and target.tag and target.media_type in wanted:
            yield target.repository, target.tag, target.digest


def _harbor(_watched: Watched, body: bytes) -> Told:
    message = msgspec.json.decode(body, type=_Harbor)
    if message.type == "PUSH_ARTIFACT":
        for each in message.event_data.resources:
            yield message.event_data.repository.repo_full_name, each.tag, each.digest


def _artifactory(watched: Watched, body: bytes) -> Told:
    message = msgspec.json.decode(body, type=_Artifactory)
    data = message.data
    if message.domain == "docker" and message.event_type == "pushed" and data.repo_key == watched.repository:
        # The digest is that of the file that was stored, which is the manifest's only if the file is the manifest.
        digest = f"sha256:{data.sha256}" if data.name in ("manifest.json", "list.manifest.json") else ""
        yield f"{watched.within}{data.image_name}", data.tag, digest


def _nexus(watched: Watched, body: bytes) -> Told:
    message = msgspec.json.decode(body, type=_Nexus)
    one = message.component
    is_pushed = message.action in ("CREATED", "UPDATED") and watched.repository in ("", message.repository_name)
    if is_pushed and one and one.format == "docker":
        yield f"{watched.within}{one.name}", one.version, ""


def _is_sound(repository: str, tag: str, digest: str) -> bool:
    """Return whether an event names an image by a tag, and nothing else than that."""
    try:
        parsed = reference.parse(f"host.example/{repository}")
    except InvalidReference:
        return False
    return (
        parsed.path == repository
        and reference.valid_tag(tag)
        and not manifests.is_beside(tag)
        and (not digest or reference.valid_digest(digest))
    )


_READERS: dict[str, Callable[[Watched, bytes], Iterator[tuple[str, str, str]] | Told]] = {
    "artifactory": _artifactory,
    "harbor": _harbor,
    "nexus": _nexus,
    "oci": _distribution,
}

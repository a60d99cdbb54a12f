"""The containers that run in the local Docker engine."""

from typing import Any

import msgspec

from envscout.errors import SourceError
from envscout.images.engine import connect

_SERVICE = "com.docker.compose.service"
_HEX = frozenset("0123456789abcdef")


class Container(msgspec.Struct, frozen=True):
    """A container. service: of Compose, else its name. image: as it was started from; number: the id of that image."""

    name: str
    service: str
    image: str
    number: str


def running() -> tuple[Container, ...]:
    """Return what runs. Raise SourceError, AccessDenied.

    What a container was made of is told by its id: the name may stand for another image by now.
    """
    from docker.errors import DockerException

    client = connect()
    try:
        return tuple(_container(client, each) for each in client.containers())
    except (DockerException, OSError, LookupError, TypeError) as error:
        raise SourceError(f"the Docker engine does not tell what runs: {error}", "ask again") from error
    finally:
        client.close()


def _container(client: Any, told: dict[str, Any]) -> Container:
    name = str((told.get("Names") or ["/?"])[0]).lstrip("/")
    number = str(told["ImageID"])
    service = str((told.get("Labels") or {}).get(_SERVICE) or name)
    return Container(name, service, _called(client, told, number), number)


def _called(client: Any, told: dict[str, Any], number: str) -> str:
    """Return the name of a container's image: as it was started, else as the engine calls it now, else its id."""
    # Once the name stands for another image, the list tells the id alone.
    for name in (told.get("Image"), client.inspect_container(told["Id"])["Config"]["Image"]):
        if name and not _is_id(str(name)):
            return str(name)
    image = client.inspect_image(number)
    names = [*(image.get("RepoTags") or ()), *(image.get("RepoDigests") or ())]
    return str(next((each for each in names if not each.startswith("<none>")), number))


def _is_id(told: str) -> bool:
    bare = told.removeprefix("sha256:")
    return len(bare) in (12, 64) and set(bare) <= _HEX

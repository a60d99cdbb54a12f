"""The containers that run in the local Docker engine."""

from typing import Any

from envscout.errors import SourceError
from envscout.images.engine import connect
from envscout.watch.declared import Declaration, Declared

_SERVICE = "com.docker.compose.service"
_HEX = frozenset("0123456789abcdef")


def declaration() -> Declaration:
    """Return what runs, each container by its name. Raise SourceError, AccessDenied.

    What a container was made of is told by its id: the name may stand for another image by now.
    """
    from docker.errors import DockerException

    client = connect()
    try:
        containers = client.containers()
        return Declaration(tuple(_declared(client, each) for each in containers))
    except (DockerException, OSError, LookupError, TypeError) as error:
        raise SourceError(f"the Docker engine does not tell what runs: {error}", "ask again") from error
    finally:
        client.close()


def _declared(client: Any, container: dict[str, Any]) -> Declared:
    name = str((container.get("Names") or ["/?"])[0]).lstrip("/")
    number = str(container["ImageID"])
    service = str((container.get("Labels") or {}).get(_SERVICE) or name)
    return Declared(service, _called(client, container, number), f"container {name}", f"local://{number}")


def _called(client: Any, container: dict[str, Any], number: str) -> str:
    """Return the name of a container's image: as it was started, else as the engine calls it now, else its id."""
    # Once the name stands for another image, the list tells the id alone.
    for told in (container.get("Image"), client.inspect_container(container["Id"])["Config"]["Image"]):
        if told and not _is_id(str(told)):
            return str(told)
    image = client.inspect_image(number)
    names = [*(image.get("RepoTags") or ()), *(image.get("RepoDigests") or ())]
    return str(next((each for each in names if not each.startswith("<none>")), number))


def _is_id(told: str) -> bool:
    bare = told.removeprefix("sha256:")
    return len(bare) in (12, 64) and set(bare) <= _HEX

"""What the containers of the local Docker engine say runs."""

from envscout.images.containers import running
from envscout.watch.declared import Declaration, Declared


def declaration() -> Declaration:
    """Return the image of each container that runs. Raise SourceError, AccessDenied."""
    return Declaration(
        tuple(
            Declared(each.service, each.image, f"container {each.name}", f"local://{each.number}") for each in running()
        )
    )

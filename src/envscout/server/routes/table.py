"""All endpoints."""

from envscout.server.routes import environments, operations, places
from envscout.server.routes.route import Route


def routes() -> list[Route]:
    """Return every endpoint."""
    return [*environments.ROUTES, *places.ROUTES, *operations.routes()]

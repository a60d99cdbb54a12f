"""All endpoints."""

from envscout.server.routes import operations
from envscout.server.routes.route import Route


def routes() -> list[Route]:
    """Return every endpoint."""
    return operations.routes()

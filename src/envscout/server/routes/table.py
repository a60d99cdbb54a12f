"""All endpoints."""

from envscout.server.routes import changes, deployments, environments, github, operations, places
from envscout.server.routes.route import Route


def routes() -> list[Route]:
    """Return every endpoint."""
    return [
        *environments.ROUTES,
        *changes.ROUTES,
        *places.ROUTES,
        *deployments.ROUTES,
        *github.ROUTES,
        *operations.routes(),
    ]

"""All endpoints."""

from envscout.server.routes import (
    admission,
    changes,
    deployments,
    drift,
    environments,
    github,
    images,
    operations,
    places,
    policies,
    references,
    statements,
)
from envscout.server.routes.route import Route


def routes() -> list[Route]:
    """Return every endpoint."""
    return [
        *environments.ROUTES,
        *drift.ROUTES,
        *changes.ROUTES,
        *places.ROUTES,
        *deployments.ROUTES,
        *references.ROUTES,
        *github.ROUTES,
        *images.ROUTES,
        *policies.ROUTES,
        *admission.ROUTES,
        *statements.ROUTES,
        *operations.routes(),
    ]

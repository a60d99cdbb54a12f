"""Every environment at a glance."""

from typing import Any

from envscout.server.asking import Asked
from envscout.server.pages.page import Page
from envscout.store.deployments import Scope


def overview(asked: Asked) -> Any:
    """Tell of all environments."""
    return asked.perform("ask.environments", scope=Scope(asked.query.org))


PAGES = (Page("/", "overview", "Overview", overview),)

"""The description is what is served: whatever it allows and forbids is asked for, and every answer is as it says."""

import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from envscout.access.roles import ROLES
from envscout.server.app import make
from envscout.server.openapi import resources
from envscout.server.routes.table import routes
from envscout.store import Database, Place
from envscout.verbs import stores, tokens
from tests.servers.postgresql import Server

EXAMPLES = int(os.environ.get("ENVSCOUT_SCHEMA_EXAMPLES", "1"))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
BOUNDED = hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[hypothesis.Phase.generate],
)


class Asker(NamedTuple):
    """A server, and who asks it whatever a request says. is_free: whether they may do everything."""

    server: Any
    token: str
    is_free: bool

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Ask the server, which begins and ends once."""
        if scope["type"] != "http" and not self.is_free:
            return
        others = [(name, value) for name, value in scope.get("headers", ()) if name != b"authorization"]
        headers = [*others, (b"authorization", f"Bearer {self.token}".encode())]
        await self.server({**scope, "headers": headers}, receive, send)


class World(NamedTuple):
    """What is described, and who asks for it."""

    schema: Any
    askers: tuple[Asker, ...]


@pytest.fixture(scope="module")
def world(demo: Path, postgresql: Server, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Serve the store of the demo on both engines: to its owner, and to those of one organization, one of each role."""
    here = tmp_path_factory.mktemp("schema") / "envscout.db"
    shutil.copy(demo, here)
    there = postgresql.make()
    stores.copy(here, there, lambda *_: None)
    owners = tuple(_asker(place, "owner", "") for place in (here, there))
    confined = tuple(_asker(here, role, "shop", owners[0].server) for role in ROLES if role != "owner")
    return World(schemathesis.openapi.from_asgi("/schema", owners[0]), owners + confined)


def _asker(place: Place, role: Any, organization: str, server: Any = None) -> Asker:
    with Database(place) as database:
        return Asker(
            server or make(place), tokens.create(database, role, "test", organization).secret, not organization
        )


def test_the_published_description_is_the_present_one() -> None:
    published = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"
    assert published.read_bytes() == resources(), "run: make openapi"


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", [row.name for row in routes()])
def test_every_answer_is_as_the_description_says(world: World, name: str, mode: schemathesis.GenerationMode) -> None:
    strategy = world.schema.find_operation_by_id(name).as_strategy(generation_mode=mode)

    @BOUNDED
    @hypothesis.given(case=strategy)
    def ask(case: Any) -> None:
        for asker in world.askers:
            answer = case.call_and_validate(app=asker, checks=CHECKS)
            refused = (401, 403, 429) if asker.is_free else (401, 429)
            assert answer.status_code not in refused, "what is asked reaches what answers"

    try:
        ask()
    except hypothesis.errors.Unsatisfiable:
        assert mode is schemathesis.GenerationMode.NEGATIVE, "something can be asked"

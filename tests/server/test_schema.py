"""The description is what is served: whatever it allows and forbids is asked for, and every answer is as it says."""

import os
import shutil
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from envscout.server.app import make
from envscout.server.openapi import resources
from envscout.server.routes.table import routes
from envscout.store import Database
from envscout.verbs import tokens

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


@pytest.fixture(scope="module")
def schema(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    place = tmp_path_factory.mktemp("schema") / "envscout.db"
    shutil.copy(demo, place)
    with Database(place) as database:
        token = tokens.create(database, "owner", "test").secret
    found = schemathesis.openapi.from_asgi("/schema", make(place))
    found.config.update(headers={"Authorization": f"Bearer {token}"})
    return found


def test_the_published_description_is_the_present_one() -> None:
    published = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"
    assert published.read_bytes() == resources(), "run: make openapi"


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", [row.name for row in routes()])
def test_every_answer_is_as_the_description_says(schema: Any, name: str, mode: schemathesis.GenerationMode) -> None:
    strategy = schema.find_operation_by_id(name).as_strategy(generation_mode=mode)

    @BOUNDED
    @hypothesis.given(case=strategy)
    def ask(case: Any) -> None:
        answer = case.call_and_validate(checks=CHECKS)
        assert answer.status_code not in (401, 403, 429), "what is asked reaches what answers"

    try:
        ask()
    except hypothesis.errors.Unsatisfiable:
        assert mode is schemathesis.GenerationMode.NEGATIVE, "something can be asked"

"""The page about the API: its examples are run, as they are, against a real server."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from envscout.server.routes.table import routes
from envscout.store import Database
from envscout.verbs import tokens
from tests.server.conftest import Server

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```bash\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_every_example_works(server: Server) -> None:
    with Database(server.place) as database:
        token = tokens.create(database, "owner", "test").secret
    environ = {**os.environ, "SERVER": server.address, "TOKEN": token}
    for example in EXAMPLES:
        script = "set -eu\n" + example.replace("curl -s", "curl -s --fail-with-body")
        done = subprocess.run(["bash", "-c", script], env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, example + done.stdout + done.stderr
        assert done.stdout
    assert done.stdout


def test_every_resource_is_on_the_page() -> None:
    words = {part for row in routes() if row.tag != "operations" for part in row.path.split("/") if part}
    assert [each for each in words if "{" not in each and each not in PAGE] == []

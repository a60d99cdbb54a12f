"""Tokens from the command line: shown once, at the end, and told to the log without their secret."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from envscout.cli.program import program
from envscout.store import Database
from envscout.verbs import tokens


def test_the_first_token_is_made_without_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVSCOUT_HOME", str(tmp_path))
    runner = CliRunner()
    done = runner.invoke(program, ["token", "create", "--role", "recorder", "--org", "acme", "--expires", "90d"])
    assert done.exit_code == 0, done.output
    secret = done.stdout.splitlines()[-1]
    with Database(tmp_path / "envscout.db") as database:
        holder = tokens.holder(database, secret)
        assert holder is not None
        assert (holder.role, holder.organization) == ("recorder", "acme")
        kept = [str(row) for row in database.connection.execute("SELECT * FROM access_token")]
    assert secret.removeprefix("es_") not in "".join(kept)
    assert secret.encode() not in (tmp_path / "envscout.db").read_bytes()
    assert secret not in runner.invoke(program, ["token", "list"]).stdout
    assert secret not in runner.invoke(program, ["audit", "export"]).stdout
    assert "tokens.create" in runner.invoke(program, ["audit", "list"]).stdout
    assert runner.invoke(program, ["token", "revoke", "1"]).exit_code == 0
    with Database(tmp_path / "envscout.db") as database:
        assert tokens.holder(database, secret) is None
    assert runner.invoke(program, ["audit", "verify"]).exit_code == 0

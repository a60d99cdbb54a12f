"""What the docker client is told to print after a command."""

import json

import pytest

from envscout.cli import entry
from envscout.cli.commands.hooks import template


def asked(command: str, error: str = "") -> str:
    """Return a request as the client writes it."""
    return json.dumps({"RootCmd": command, "Flags": {"quiet": ""}, "CommandError": error})


def test_after_a_pull_what_was_pulled_is_named() -> None:
    assert template(asked("pull")).endswith("docker scout quickview {{arg . 0}}")
    assert template(asked("buildx build")).endswith("docker scout quickview")


@pytest.mark.parametrize(
    "request_",
    [
        "",
        "{",
        "[]",
        "null",
        "1",
        asked("run"),
        asked("pull", "denied"),
        "[" * 100_000,
        '{"RootCmd": ["pull"]}',
        " " * (1 << 21),
    ],
)
def test_after_anything_else_nothing_is_printed(request_: str) -> None:
    assert template(request_) == ""


def test_the_answer_is_one_document_as_the_client_reads_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND", "docker")
    assert entry.run(["scout", "docker-cli-plugin-hooks", asked("pull")]) == 0
    assert json.loads(capsys.readouterr().out).keys() == {"Type", "Template"}

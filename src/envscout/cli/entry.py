"""Where every call begins: `envscout X`, `docker-scout X` and `docker scout X` are one program.

Two questions are answered before anything heavy is imported: `version`, and the metadata that the docker client asks
every plugin for at every start.
"""

import sys
from collections.abc import Callable, Mapping, Sequence

METADATA = "docker-cli-plugin-metadata"


def main() -> None:
    """Run the command line of this process and exit with its code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; return the exit code (see envscout.errors)."""
    arguments = without_docker(list(arguments))
    answer = _AT_ONCE.get(tuple(arguments))
    if answer:
        sys.stdout.write(answer())
        return 0
    from envscout.cli.program import execute

    return execute(arguments)


def without_docker(arguments: list[str]) -> list[str]:
    """Drop what the docker client passes on: its own global flags, and `scout`.

    A plugin gets the whole original command line (https://github.com/docker/cli, cli-plugins/manager), for example
    `--context remote scout cves alpine`. The variable below is set by the client on such a call.
    """
    import os

    if "DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND" not in os.environ or "scout" not in arguments:
        return arguments
    return arguments[arguments.index("scout") + 1 :]


def version_text() -> str:
    """Return what `version` prints."""
    import platform

    from envscout import __version__

    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"version: v{__version__} ({python} - {sys.platform}/{platform.machine()})\n"


def plugin_metadata() -> str:
    """Return what the docker client wants to know of a plugin: https://github.com/docker/cli, cli-plugins/metadata."""
    import json

    from envscout import __version__

    facts = {
        "SchemaVersion": "0.1.0",
        "Vendor": "envscout",
        "Version": f"v{__version__}",
        "ShortDescription": "Which image runs where, and which vulnerabilities that means",
    }
    return json.dumps(facts) + "\n"


_AT_ONCE: Mapping[tuple[str, ...], Callable[[], str]] = {
    ("version",): version_text,
    ("--version",): version_text,
    (METADATA,): plugin_metadata,
}

"""Where every call begins: `envscout X`, `docker-scout X` and `docker scout X` are one program.

Two questions are answered before anything heavy is imported: `version`, and the metadata that the docker client asks
every plugin for at every start.
"""

import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence

METADATA = "docker-cli-plugin-metadata"
COMPLETE = "_ENVSCOUT_COMPLETE"
"""The variable in which a shell that completes a command line says its name: envscout.cli.completing."""

PLUGIN_CALL = "DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND"
"""The variable that the docker client sets when it calls a plugin."""


def main() -> None:
    """Run the command line of this process and exit with its code."""
    # Looking for cycles among every 700 new objects takes a tenth of a short call, and there are hardly any.
    gc.set_threshold(50_000)
    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream:
                stream.flush()
        except OSError:
            code = code or 1
    # Every file is closed and every thread has ended: the system takes memory back faster than the interpreter does.
    os._exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; return the exit code (see envscout.errors)."""
    if COMPLETE in os.environ or arguments[:1] == ["__complete"]:
        from envscout.cli.completing import answer as completed

        sys.stdout.write(completed(arguments, os.environ.get(COMPLETE, "")))
        return 0
    arguments = without_docker(list(arguments))
    answer = _AT_ONCE.get(tuple(arguments))
    if answer:
        sys.stdout.write(answer())
        return 0
    from envscout.cli.program import execute

    return execute(arguments)


def without_docker(arguments: list[str]) -> list[str]:
    """Drop what the docker client passes on: its own global flags, and `scout`; keep what they ask for.

    A plugin gets the whole original command line (https://github.com/docker/cli, cli-plugins/manager), for example
    `--context remote scout cves alpine`. The first variable below is set by the client on such a call; the flags that
    say which engine and which credentials are handed on as the variables that stand for them. A context named by flag
    wins over DOCKER_HOST, as it does in the client.
    """
    if PLUGIN_CALL not in os.environ:
        return arguments
    rest = iter(arguments)
    for word in rest:
        if word == "scout":
            return list(rest)
        name, glued, value = word.partition("=")
        if name in _DOCKER_FLAGS:
            variable, value = _DOCKER_FLAGS[name], value if glued else next(rest, "")
            if variable == "DOCKER_CONTEXT":
                os.environ.pop("DOCKER_HOST", None)
            if variable:
                os.environ[variable] = value
    return arguments


# The global flags of docker that take a value, and the variable of the same meaning where it bears on us.
_DOCKER_FLAGS: Mapping[str, str] = {
    "--config": "DOCKER_CONFIG",
    "--context": "DOCKER_CONTEXT",
    "-c": "DOCKER_CONTEXT",
    "--host": "DOCKER_HOST",
    "-H": "DOCKER_HOST",
    "--log-level": "",
    "-l": "",
    "--tlscacert": "",
    "--tlscert": "",
    "--tlskey": "",
}


def version_text() -> str:
    """Return what `version` prints."""
    import platform

    from envscout import __version__
    from envscout.cli.commit import commit

    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"version: v{__version__} ({python} - {sys.platform}/{platform.machine()})\ngit commit: {commit()}\n"


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

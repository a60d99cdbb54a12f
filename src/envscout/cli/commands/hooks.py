"""`docker-scout docker-cli-plugin-hooks`: what the docker client prints after a command that has a hook.

The client calls the hooks of its plugins after the commands that `config.json` names
(`{"plugins": {"scout": {"hooks": "pull,buildx build"}}}`), with what it ran as JSON, and prints the lines of a template
that it fills itself: https://github.com/docker/cli, cli-plugins/hooks.
"""

import json
from collections.abc import Mapping

import click

MAX_REQUEST = 1 << 20
NEXT_STEPS = 0

_SUMMARY = "View a summary of image vulnerabilities and recommendations → docker scout quickview"

TEMPLATES: Mapping[str, str] = {
    "pull": f"{_SUMMARY} {{{{arg . 0}}}}",
    "image pull": f"{_SUMMARY} {{{{arg . 0}}}}",
    "build": f"{_SUMMARY}",
    "buildx build": f"{_SUMMARY}",
    "image build": f"{_SUMMARY}",
    "builder build": f"{_SUMMARY}",
}
"""By the hook as it is configured. After a build nothing is named: the image that was built last is meant."""


@click.command(hidden=True)
@click.argument("request", default="")
def command(request: str) -> None:
    """Answer the docker client after a command that has a hook."""
    click.echo(json.dumps({"Type": NEXT_STEPS, "Template": template(request)}, ensure_ascii=False))


def template(request: str) -> str:
    """Return what the client is to print, "" for nothing: after a command that failed, or one that is not ours."""
    try:
        asked = json.loads(request) if len(request) <= MAX_REQUEST else None
    except (ValueError, RecursionError):
        return ""
    if not isinstance(asked, dict) or asked.get("CommandError"):
        return ""
    return TEMPLATES.get(str(asked.get("RootCmd", "")).strip(), "")

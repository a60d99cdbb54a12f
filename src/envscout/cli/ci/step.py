"""One step from its inputs to its exit code: 0, 2 (a gate stays shut), 1 (no answer) or 64 (wrong usage)."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from envscout.cli.ci import comment, identity, page, workflow
from envscout.cli.ci.calls import Call, calls
from envscout.cli.ci.inputs import Inputs, read
from envscout.cli.ci.running import Result
from envscout.cli.ci.running import run as run_call
from envscout.environments.origin import detect
from envscout.errors import EnvscoutError


def run(environ: Mapping[str, str]) -> int:
    """Do what a step was asked for; return its exit code."""
    inputs = read(environ)
    for secret in inputs.secrets:
        workflow.command("add-mask", secret)
    try:
        for switch in ("summary", "write-comment", "keep-previous-comments"):
            inputs.is_on(switch)
        with tempfile.TemporaryDirectory(prefix="envscout-") as folder:
            asked = calls(inputs, Path(folder))
            results = _results(inputs, environ, asked)
        _tell(inputs, environ, results)
    except EnvscoutError as error:
        workflow.problem("error", "; ".join(filter(None, (error.cause, error.next_step))))
        return error.exit_code
    return results[-1].code


def _results(inputs: Inputs, environ: Mapping[str, str], asked: Sequence[Call]) -> list[Result]:
    """Run commands until one fails; each result is an output of the step."""
    results: list[Result] = []
    for call in asked:
        result = run_call(call, identity.variables(inputs, environ, call.command))
        results.append(result)
        if environ.get("GITHUB_OUTPUT") and not workflow.output(
            Path(environ["GITHUB_OUTPUT"]), call.command, result.text
        ):
            workflow.problem("warning", f"the result of `{call.command}` is too large to be an output of the step")
        if result.code:
            why = result.why or f"exit code {result.code}"
            workflow.problem("error", why, f"envscout {call.command}")
            break
    return results


def _tell(inputs: Inputs, environ: Mapping[str, str], results: Sequence[Result]) -> None:
    """Write the summary and the comment, as far as they are wanted."""
    text = page.written(results)
    file = environ.get("GITHUB_STEP_SUMMARY", "") if inputs.is_on("summary") else ""
    if file and not workflow.summary(Path(file), text):
        workflow.problem("warning", "the summary is shortened: the outputs of the step have all of it")
    if inputs.is_on("write-comment"):
        address = detect(environ).run_url
        comment.keep(inputs, environ, text + (f"\n[The run]({address})\n" if address else ""))

"""Which command line each word of the input `command` stands for, by a table of inputs and flags. Pure."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from envscout.cli.ci.inputs import Inputs
from envscout.errors import UsageError
from envscout.names.reference import parse

WORDS: Mapping[str, tuple[str, ...]] = {
    "quickview": ("quickview",),
    "compare": ("compare",),
    "cves": ("cves",),
    "recommendations": ("recommendations",),
    "policy": ("policy",),
    "sbom": ("sbom",),
    "environment": ("environment",),
    "attestation-add": ("attestation", "add"),
    "push": ("push",),
    "db-update": ("db", "update"),
}
"""The words that `command` may hold, and the commands that they are."""

PAGES = frozenset({"quickview", "compare", "cves", "recommendations", "policy"})
"""Commands that answer in Markdown, too."""
_BESIDE = frozenset({"compare", "cves", "policy"})
"""Those of them that write other forms to files beside what they print."""
_RUNNING = frozenset({"quickview", "compare", "cves", "recommendations"})
"""Those of them that look at an image for itself, and at what runs in an environment where no tag is named."""
_FOUND = frozenset({"compare", "cves"})
_JUDGED = frozenset({"compare", "quickview", "policy"})


class Flag(NamedTuple):
    """An input that becomes a flag of some commands."""

    name: str
    option: str
    commands: frozenset[str]
    is_switch: bool = False


def _switch(name: str, *commands: str, option: str = "") -> Flag:
    return Flag(name, option or f"--{name}", frozenset(commands), is_switch=True)


def _value(name: str, *commands: str, option: str = "") -> Flag:
    return Flag(name, option or f"--{name}", frozenset(commands))


FLAGS: tuple[Flag, ...] = (
    _value("organization", *PAGES, "environment", "attestation-add", "push", option="--org"),
    _value("platform", *PAGES, "sbom", "environment", "push"),
    _value("ref", *PAGES, "sbom", "environment", "push"),
    _value("service", *PAGES, "environment"),
    _value("to", "compare"),
    _value("to-ref", "compare"),
    _value("to-env", "compare"),
    _switch("to-latest", "compare"),
    _switch("ignore-base", *_FOUND),
    _switch("ignore-unchanged", "compare"),
    _switch("only-fixed", *_FOUND),
    _switch("only-unfixed", *_FOUND),
    _value("only-severities", *_FOUND, option="--only-severity"),
    _value("only-package-types", *_FOUND, "sbom", option="--only-package-type"),
    _switch("only-cisa-kev", *_FOUND),
    _switch("only-vex-affected", *PAGES),
    _value("vex-author", *PAGES),
    _value("vex-location", *PAGES),
    _switch("ignore-suppressed", *PAGES),
    _switch("hide-policies", "compare"),
    _value("only-policy", *_JUDGED),
    _value("policy-config", *_JUDGED),
    _value("policy-file", *_JUDGED),
    _value("policy-dir", *_JUDGED),
    _value("policy-bundle", *_JUDGED),
    _switch("only-refresh", "recommendations"),
    _switch("only-update", "recommendations"),
    _switch("secrets", "sbom", "push"),
    _switch("attach-sbom", "push", option="--sbom"),
    _value("file", "attestation-add"),
    _value("predicate-type", "attestation-add"),
    _value("referrer-repository", "attestation-add"),
    _value("advisories", "db-update", option="--from"),
    _switch("exit-code", "cves", "compare", "policy"),
    _value("exit-on", "compare"),
)


class Call(NamedTuple):
    """A command line. page: the file where its Markdown will be, None where that is what it prints."""

    command: str
    words: tuple[str, ...]
    form: str
    page: Path | None = None
    output: str = ""


def commands(inputs: Inputs) -> tuple[str, ...]:
    """Return what is to be done, in order. Raise UsageError."""
    asked = inputs.many("command")
    wrong = [word for word in asked if word not in WORDS]
    if wrong or not asked:
        named = f"names {', '.join(map(repr, wrong))}" if wrong else "is empty"
        raise UsageError(f"the input `command` {named[:200]}", f"choose from {', '.join(WORDS)}, separated by commas")
    return tuple(dict.fromkeys(asked))


def calls(inputs: Inputs, folder: Path) -> tuple[Call, ...]:
    """Return the command lines of a step, in order; folder is where Markdown may be kept. Raise UsageError."""
    asked = commands(inputs)
    written = _written(inputs, asked)
    reported = next((word for word in ("cves", "compare") if word in asked), "")
    if inputs.text("sarif-file") and not reported:
        raise UsageError("`sarif-file` is for `cves` and `compare`", "add one of them to `command`")
    gates(inputs, asked)
    return tuple(_call(inputs, word, folder, word == written, word == reported) for word in asked)


def _written(inputs: Inputs, asked: tuple[str, ...]) -> str:
    """Return the command that `format` and `output` are for: `sbom`, else the only one. Raise UsageError."""
    if not (inputs.text("format") or inputs.text("output")):
        return ""
    if "sbom" in asked:
        return "sbom"
    if len(asked) > 1:
        raise UsageError(
            "`format` and `output` are for `sbom`, or for one command", "give each command a step of its own"
        )
    return asked[0]


def gates(inputs: Inputs, asked: Sequence[str]) -> None:
    """Raise UsageError where a gate is asked for of commands that are none: it would never shut."""
    for name in ("exit-code", "exit-on"):
        commands = next(each.commands for each in FLAGS if each.name == name)
        is_asked = inputs.is_on(name) if name == "exit-code" else bool(inputs.text(name))
        if is_asked and not commands.intersection(asked):
            raise UsageError(
                f"`{name}` means nothing to {', '.join(asked)}", f"it is for {', '.join(sorted(commands))}"
            )


def _call(inputs: Inputs, command: str, folder: Path, is_written: bool, is_reported: bool) -> Call:
    form = inputs.text("format") if is_written else ""
    options = [each for flag in FLAGS if command in flag.commands for each in _option(inputs, flag)]
    if command == "compare" and inputs.text("exit-on"):
        # Otherwise a comparison that only gets better would fail as well.
        options = [each for each in options if each != "--exit-code"]
    if command in _RUNNING | {"policy"} and _is_about_environment(inputs, command):
        options.append(f"--env={inputs.text('environment')}")
    page = folder / f"{command}.md" if command in _BESIDE and not form else None
    if page:
        options.append(f"--output=markdown={page}")
    elif form or command in PAGES:
        options.append(f"--format={form or 'markdown'}")
    if is_reported and inputs.text("sarif-file"):
        options.append(f"--output=sarif={inputs.text('sarif-file')}")
    named = _NAMED.get(command, _image)(inputs)
    debug = ("--debug",) if inputs.is_on("debug") else ()
    words = (*debug, *WORDS[command], *options, *(("--", *named) if named else ()))
    return Call(command, words, _form(command, form), page, inputs.text("output") if is_written else "")


def _option(inputs: Inputs, flag: Flag) -> tuple[str, ...]:
    if flag.is_switch:
        return (flag.option,) if inputs.is_on(flag.name) else ()
    # Glued on, a value that begins with a dash is no flag.
    lines = (line.strip() for line in inputs.text(flag.name).splitlines())
    return tuple(f"{flag.option}={line}" for line in lines if line)


def _is_about_environment(inputs: Inputs, command: str) -> bool:
    """Tell whether a question is about what runs in the environment: a tag or a digest is asked about for itself."""
    if not inputs.text("environment"):
        return False
    return command == "policy" or not inputs.image or parse(inputs.image).is_tagless


def _form(command: str, form: str) -> str:
    """Return what the result is: `markdown`, `text`, or something for programs."""
    if form:
        return "text" if form == "list" else form
    return "markdown" if command in PAGES else "json" if command == "sbom" else "text"


def _image(inputs: Inputs) -> tuple[str, ...]:
    return (inputs.image,) if inputs.image else ()


def _recorded(inputs: Inputs) -> tuple[str, ...]:
    # One word fewer would be another question.
    for name in ("environment", "image"):
        if not inputs.text(name):
            raise UsageError(f"`environment` records an image, and the input `{name}` is empty", f"give `{name}`")
    return (inputs.text("environment"), inputs.image)


_NAMED: Mapping[str, Callable[[Inputs], tuple[str, ...]]] = {
    "environment": _recorded,
    "attestation-add": lambda inputs: inputs.images,
    "db-update": lambda _inputs: (),
}

"""Which values are offered for an argument or an option, by its name or by the words of its metavar."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import click
from click.shell_completion import CompletionItem

from envscout.cli.options import CommaList
from envscout.config import Settings
from envscout.store.known import Ask, Wanted, known

_PLACES = ("oci-dir://", "archive://", "fs://", "sbom://")
_PREFIXES = ("image://", "local://", "registry://", *_PLACES)
_SEVERITIES = ("critical", "high", "medium", "low", "unspecified")
_TYPES = ("apk", "cargo", "composer", "conda", "deb", "gem", "golang", "maven", "npm", "nuget", "pypi", "rpm")
_FORMS = ("history", "remove")


class Asked(NamedTuple):
    """What is being typed, the words of the same argument before it, the command around it, and a store to ask."""

    text: str
    before: tuple[str, ...]
    context: click.Context
    ask: Ask

    @property
    def flags(self) -> Mapping[str, object]:
        """Return what was typed of other parameters."""
        return self.context.params

    def names(self, query: str, prefix: str | None = None, environment: str = "") -> list[str]:
        """Return names that the store knows, of the organization that was typed."""
        organization = str(self.flags.get("org") or "")
        return self.ask(query, Wanted(self.text if prefix is None else prefix, environment, organization))


Values = Callable[[Asked], Iterable[str]]


def candidates(context: click.Context, target: click.Parameter, text: str) -> Iterator[CompletionItem[str]]:
    """Yield what begins with a text; of a list with commas, what begins with the text behind the last one."""
    head, comma, last = text.rpartition(",") if isinstance(target.type, CommaList) else ("", "", text)
    given = context.params.get(target.name or "")
    before = tuple(map(str, given)) if target.nargs == -1 and isinstance(given, tuple | list) else ()
    what = Asked(last, before, context, _known())
    kinds = _kinds(context, target)
    yield from (CompletionItem(text, _FILES[each]) for each in kinds if each in _FILES)
    for value in dict.fromkeys(value for each in kinds for value in _VALUES.get(each, _none)(what)):
        if value.lower().startswith(last.lower()) and not value.startswith(_MORE_THAN_A_NAME):
            yield CompletionItem(f"{head}{comma}{value}", "part" if value.endswith(("/", "=")) else "plain")


def _known() -> Ask:
    """Return what tells the names that the store knows, be it here or a server's."""
    settings = Settings()
    if not settings.text("server"):
        return known(settings.store_place)
    from envscout.cli.completing_remotely import known_there

    return known_there(settings)


# At the beginning of a word these make a flag, or a path, of what somebody else called a vulnerability or a service.
_MORE_THAN_A_NAME = ("-", "~", "=")


def _kinds(context: click.Context, target: click.Parameter) -> list[str]:
    """Return the keys of _VALUES for a parameter: its longest name, its metavar, or else the words of that."""
    metavar = target.make_metavar(context)
    whole = [each for each in (max(target.opts, key=len), metavar) if each in _VALUES]
    return whole or re.findall(r"[A-Z]+", metavar)


def _none(_asked: Asked) -> tuple[str, ...]:
    return ()


def _environments(asked: Asked) -> list[str]:
    return asked.names("environments")


def _services(asked: Asked) -> list[str]:
    """Return what was ever recorded into the environment that was named, or into any."""
    return asked.names("services", environment=str(asked.flags.get("environment") or ""))


def _images(asked: Asked) -> list[str]:
    """Return services where an environment was named; else images that were recorded, and places on disk."""
    if asked.flags.get("environment"):
        return _services(asked)
    for prefix in _PLACES:
        if asked.text.startswith(prefix):
            return [prefix + path for path in _paths(asked.text.removeprefix(prefix))]
    return [*asked.names("references"), *(_PREFIXES if asked.text else ())]


def _paths(text: str) -> list[str]:
    """Return what a folder holds of which the path begins with a text; folders end with a slash."""
    folder, name = Path(text), ""
    if not text.endswith("/"):
        folder, name = folder.parent, folder.name
    base = text[: len(text) - len(name)]
    try:
        members = sorted(each for each in folder.iterdir() if each.name.startswith(name))
    except OSError:
        return []
    return [base + each.name + ("/" if each.is_dir() else "") for each in members if name or each.name[0] != "."]


def _vulnerabilities(asked: Asked) -> list[str]:
    """Return ids; those of CVE and GHSA are found in small letters, too."""
    system, dash, rest = asked.text.partition("-")
    return asked.names("vulnerabilities", f"{system.upper()}{dash}{rest}")


def _packages(asked: Asked) -> list[str]:
    return asked.names("packages") if asked.text else []


def _environment_words(asked: Asked) -> list[str]:
    """Return what `environment` takes next: [ENVIRONMENT [IMAGE]], or history|remove ENVIRONMENT REPOSITORY."""
    match asked.before:
        case ():
            return [*_environments(asked), *_FORMS]
        case (form,) if form in _FORMS:
            return _environments(asked)
        case (_,):
            return _images(asked)
        case (form, environment) if form in _FORMS:
            return asked.names("services", environment=environment)
    return []


def _organizations(asked: Asked) -> list[str]:
    return asked.names("organizations")


def _policies(_asked: Asked) -> Iterable[str]:
    from envscout.policies.kinds import KINDS

    return KINDS


def _exceptions(asked: Asked) -> list[str]:
    return asked.names("exceptions")


def _forms(asked: Asked) -> Iterable[str]:
    """Return `sarif=` and its like: what --format takes may go to a file each."""
    forms = next((each.type for each in asked.context.command.params if each.name == "form"), None)
    return [f"{each}=" for each in forms.choices] if isinstance(forms, click.Choice) and asked.text else []


def _settings(_asked: Asked) -> Iterable[str]:
    from envscout.config import SETTINGS

    return SETTINGS


def _commands(_asked: Asked) -> Iterable[str]:
    from envscout.cli.program import COMMANDS

    return COMMANDS


def _fixed(*values: str) -> Values:
    return lambda _asked: values


_VALUES: Mapping[str, Values] = {
    "--org": _organizations,
    "--service": _services,
    "--cve": _vulnerabilities,
    "--only-cve-id": _vulnerabilities,
    "--only-package": _packages,
    "--only-package-type": _fixed(*_TYPES),
    "--only-policy": _policies,
    "--predicate-type": _fixed(
        "https://cyclonedx.org/bom",
        "https://openvex.dev/ns",
        "https://slsa.dev/provenance/v1",
        "https://spdx.dev/Document",
    ),
    "--only-severity": _fixed(*_SEVERITIES),
    "--exit-on": _fixed("vulnerability", "policy", "package"),
    "--expires": _fixed("on-fix", "on-kev", "30d", "90d"),
    "--known-at": _fixed("now"),
    "--platform": _fixed("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", "linux/ppc64le", "linux/s390x"),
    "words": _environment_words,
    "key": _settings,
    "[ID|DIGEST]": _policies,
    "COMMAND": _commands,
    "CVE": _vulnerabilities,
    "ENV": _environments,
    "ENVIRONMENT": _environments,
    "FORM": _forms,
    "ID": _exceptions,
    "IMAGE": _images,
    "NAME": _none,
    "ORG": _organizations,
    "PURL": _packages,
    "REPO": _services,
    "REPOSITORY": _services,
    "TYPE": _fixed("artifactory", "harbor", "nexus", "oci"),
}
"""By the longest name of an option, the name of an argument, a metavar, or a word of one."""

_FILES = {"FILE": "file", "PATH": "file", "DIR": "dir"}
"""Words of metavars for which the shell itself knows what there is."""

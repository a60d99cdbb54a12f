"""A project of Compose: the files of a folder, and its variables, its name and its profiles.

The variables that `docker compose` goes by are https://docs.docker.com/compose/how-tos/environment-variables/envvars/
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from envscout.errors import LimitExceeded, NotFound, SourceError, UsageError
from envscout.watch.compose.files import Reader, Scope
from envscout.watch.compose.running import running
from envscout.watch.compose.sources import Sources
from envscout.watch.declared import Declaration
from envscout.watch.documents import Text
from envscout.watch.dotenv import variables
from envscout.watch.filled import joined, parent, written
from envscout.watch.interpolation import InvalidVariable, filled_in
from envscout.watch.reading import is_file, is_folder, read, read_named

FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
"""Of each the first that is there is taken, as `docker compose` 2.40 does."""
MAX_VARIABLES = 1 << 20
_NAME = "COMPOSE_PROJECT_NAME"
_BOOLEANS = {
    **dict.fromkeys(("", "0", "f", "F", "false", "FALSE", "False"), False),
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True),
}


def declaration(
    places: Sequence[str],
    environ: Mapping[str, str],
    env_files: Sequence[str] = (),
    profiles: Sequence[str] = (),
) -> Declaration:
    """Return what Compose files run together; of a folder, those that `docker compose` takes in it.

    environ: of the process, which goes before files of variables. env_files: instead of those of COMPOSE_ENV_FILES, or
    of `.env` beside the first file. profiles: that are active, "*" for all, instead of those of COMPOSE_PROFILES. Raise
    NotFound, SourceError, LimitExceeded, UsageError.
    """
    told = env_files or [each for each in environ.get("COMPOSE_ENV_FILES", "").split(",") if each]
    # Read once: what is named on the command line may be a pipe.
    given = _variables(told, environ, read)

    def known(*folders: str) -> dict[str, str]:
        beside = {} if told else _variables(_beside(folders, environ), environ, read)
        return {**given, **beside, **environ}

    files = [file for place in places for file in _files(place, known)]
    folder = next((parent(each) for each in files if each != "-"), "")
    values = known(folder, *filter(is_folder, places[:1]))
    sources = Sources(places)
    reader = Reader(sources, _inner)
    values[_NAME] = values.get(_NAME) or _name(sources, files, values) or _plain(Path(folder).resolve().name)
    services = reader.together(files, Scope(folder, values))
    if not reader.said:
        raise SourceError(f"{files[0]} is no Compose file: it has no `services`", "give a Compose file")
    # Of nothing, that is one profile without a name, which is active then.
    active = {*profiles} or {each.strip() for each in values.get("COMPOSE_PROFILES", "").split(",")}
    return running(services, active, sources.unset)


def _files(place: str, known: Callable[[str], Mapping[str, str]]) -> list[str]:
    """Return a file, or those of a folder. known: returns the variables that are known in a folder."""
    if place == "-" or not is_folder(place):
        return [place]
    values = known(place)
    if told := values.get("COMPOSE_FILE"):
        parts = told.split(values.get("COMPOSE_PATH_SEPARATOR") or os.pathsep)
        return [joined(place, each) for each in parts]
    found = [next((file for name in names if is_file(file := joined(place, name))), "") for names in (FILES, OVERRIDES)]
    if not found[0]:
        raise NotFound(f"there is no Compose file in {place}", f"it has none of {', '.join(FILES)}")
    return [each for each in found if each]


def _beside(folders: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return the files of variables that lie in folders, the one that goes before the others last."""
    told = environ.get("COMPOSE_DISABLE_ENV_FILE", "")
    if told not in _BOOLEANS:
        raise UsageError(f"COMPOSE_DISABLE_ENV_FILE is {told!r}", "say true or false")
    files = dict.fromkeys(joined(each, ".env") for each in folders)
    return [] if _BOOLEANS[told] else [each for each in files if is_file(each)]


def _variables(files: Sequence[str], given: Mapping[str, str], reading: Callable[[str], bytes]) -> dict[str, str]:
    """Return what files of variables say; a later one goes before an earlier one. given: what goes before all."""
    found: dict[str, str] = {}
    for file in files:
        data = reading(file)
        if len(data) > MAX_VARIABLES:
            raise LimitExceeded(
                f"{written(file)} is larger than {MAX_VARIABLES >> 20} MiB", "it is no file of variables"
            )
        try:
            found |= variables(data.decode(), given, found)
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise SourceError(f"{written(file)}:{line} is not in UTF-8", "write lines such as NAME=value") from error
        except InvalidVariable as error:
            raise SourceError(
                f"{written(file)} is no file of variables: {error}", "write lines such as NAME=value"
            ) from error
    return found


def _inner(folder: str, env_files: Sequence[str], scope: Scope) -> Mapping[str, str]:
    """Return the variables of files that are included; those of what includes them go before."""
    beside = joined(folder, ".env")
    files = env_files or ([beside] if is_file(beside) else [])
    return {**_variables(files, scope.values, read_named), **scope.values}


def _name(sources: Sources, files: Sequence[str], values: Mapping[str, str]) -> str:
    """Return the name that files give the project, the last that does."""
    names = [tree.get("name") for file in files for tree in sources.trees(file)]
    told = next((each for each in reversed(names) if isinstance(each, Text) and each), "")
    try:
        return _plain(filled_in(told, values))
    except InvalidVariable as error:
        raise SourceError(f"the `name` of the project cannot be made out: {error}", "mend it") from error


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9_-]", "", name.lower()).lstrip("_-")

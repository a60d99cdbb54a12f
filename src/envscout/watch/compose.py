"""Compose files: which images their services run. https://github.com/compose-spec/compose-spec/blob/main/spec.md

Files are read as `docker compose` does: later ones change earlier ones, with `include`, `extends`, profiles and
variables; nothing is built, pulled or started.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from envscout.errors import LimitExceeded, NotFound, SourceError
from envscout.model import Problem
from envscout.watch.declared import Declaration, Declared
from envscout.watch.documents import Text, Tree, documents, read
from envscout.watch.interpolation import InvalidVariable, filled_in, variables

MAX_FILES = 100
MAX_CHAIN = 20
_RESET, _OVERRIDE = "!reset", "!override"


class Service(msgspec.Struct, frozen=True):
    """What of a service decides what it runs.

    where: of its image, else of itself. copies: "0" for none. provided: by a program, and no container at all.
    """

    where: str
    image: str = ""
    built: bool = False
    profiles: tuple[str, ...] = ()
    copies: str = ""
    problem: str = ""
    provided: bool = False


_Services = dict[str, Service]


def declaration(
    files: Sequence[str],
    environ: Mapping[str, str],
    env_files: Sequence[str] = (),
    profiles: Sequence[str] = (),
) -> Declaration:
    """Return what Compose files run together. environ: of the process, which goes before files of variables.

    env_files: instead of `.env` beside the first file. profiles: that are active, "*" for all, instead of those
    of COMPOSE_PROFILES. Raise NotFound, SourceError, LimitExceeded.
    """
    folder = _folder(files[0])
    values = _values(folder, env_files, environ)
    reader = _Reader()
    services = reader.together(files, values)
    active = {*profiles} or {each.strip() for each in values.get("COMPOSE_PROFILES", "").split(",") if each.strip()}
    return _declaration(services, active, reader.unset)


def _folder(file: str) -> Path:
    return Path() if file == "-" else Path(file).parent


def _values(folder: Path, env_files: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a project; those of the process go before those of files."""
    found: dict[str, str] = {}
    beside = folder / ".env"
    for file in env_files or ([str(beside)] if beside.is_file() else []):
        try:
            found |= variables(read(file).decode(), environ, found)
        except (InvalidVariable, UnicodeDecodeError) as error:
            raise SourceError(f"{file} is no file of variables: {error}", "write lines such as NAME=value") from error
    name = re.sub(r"[^a-z0-9_-]", "", folder.resolve().name.lower()).lstrip("_-")
    return {"COMPOSE_PROJECT_NAME": name, **found, **environ}


class _Reader:
    """Reads files, each once. unset: variables that have no value, and where each is asked for first."""

    def __init__(self) -> None:
        self.unset: dict[str, str] = {}
        self._read: dict[str, Tree] = {}
        self._folders: dict[str, Path] = {}

    def together(self, files: Sequence[str], values: Mapping[str, str], chain: tuple[str, ...] = ()) -> _Services:
        """Return the services of files that change one another, and of those that they include."""
        found: _Services = {}
        for file in files:
            # What later files name lies beside the first one, too.
            self._folders.setdefault(file, _folder(files[0]))
            tree = self._tree(file, values)
            found = self._included(tree, file, values, chain) | found
            self._take(found, tree, file, values)
        return found

    def _tree(self, file: str, values: Mapping[str, str]) -> Tree:
        if file not in self._read:
            if len(self._read) >= MAX_FILES:
                raise LimitExceeded(f"more than {MAX_FILES} Compose files lead to one another", "give fewer")
            found = documents(read(file), _name(file))
            if len(found) != 1 or not isinstance(found[0], Tree):
                raise SourceError(f"{_name(file)} is no Compose file: it is no mapping", "give a Compose file")
            self._read[file] = found[0]
            self._note_unset(found[0], file, values)
        return self._read[file]

    def _note_unset(self, tree: Tree, file: str, values: Mapping[str, str]) -> None:
        """Keep in mind the variables that have no value, wherever they stand: what they are in may run otherwise."""
        seen: set[int] = set()
        pending: list[Any] = [tree]
        while pending:
            each = pending.pop()
            if id(each) in seen:
                continue
            seen.add(id(each))
            if isinstance(each, Text) and "$" in each:
                try:
                    filled_in(each, values, partial(self._is_unset, f"{_name(file)}:{each.line}"))
                except InvalidVariable:
                    # Where it decides what runs, that is told there.
                    continue
            elif isinstance(each, list | dict):
                pending += reversed(list(each.values()) if isinstance(each, dict) else each)

    def _is_unset(self, where: str, name: str) -> None:
        self.unset.setdefault(name, where)

    def _included(self, tree: Tree, file: str, values: Mapping[str, str], chain: tuple[str, ...]) -> _Services:
        found: _Services = {}
        if len(chain) >= MAX_CHAIN or file in chain:
            raise SourceError(f"{_name(file)} includes itself, or too many others in turn", "mend its `include`")
        told = tree.get("include", [])
        for each in told if isinstance(told, list) else [told]:
            entry = each if isinstance(each, Tree) else Tree(path=each)
            paths, beside, folders = (
                self._named(file, entry.get(key), values) for key in ("path", "env_file", "project_directory")
            )
            if paths:
                inner = _values(Path(folders[0]) if folders else _folder(paths[0]), beside, values)
                found |= self.together(paths, inner, (*chain, file))
        return found

    def _take(self, found: _Services, tree: Tree, file: str, values: Mapping[str, str]) -> None:
        """Have the services of a file change those of the files before it."""
        services = _services(tree, file)
        for name, told in services.items():
            if _is_reset(told):
                found.pop(name, None)
                continue
            if not isinstance(told, Tree):
                if told != "":
                    raise SourceError(f"{_name(file)}: the service {name} is no mapping", "mend it")
                told = Tree()
            before = None if told.tag == _OVERRIDE else found.get(name)
            found[name] = self._service(name, told, services, file, values, before, ())

    def _service(
        self,
        name: str,
        told: Tree,
        services: Tree,
        file: str,
        values: Mapping[str, str],
        before: Service | None,
        chain: tuple[tuple[str, str], ...],
    ) -> Service:
        """Return a service: what it says itself, over what it extends, over what files before this one say of it."""
        where = f"{_name(file)}:{getattr(name, 'line', told.line)}"
        try:
            extended = self._extended(name, told, services, file, values, chain)
            base = _over(before, extended) if before and extended else before or extended or Service(where)
            return _changed(base, told, _name(file), values)
        except (InvalidVariable, SourceError, NotFound) as error:
            cause = error.cause if isinstance(error, SourceError | NotFound) else str(error)
            at = told.get("image")
            return Service(f"{_name(file)}:{at.line}" if isinstance(at, Text) else where, problem=cause)

    def _extended(
        self,
        name: str,
        told: Tree,
        services: Tree,
        file: str,
        values: Mapping[str, str],
        chain: tuple[tuple[str, str], ...],
    ) -> Service | None:
        extends = told.get("extends")
        if not extends:
            return None
        if (file, name) in chain or len(chain) >= MAX_CHAIN:
            raise SourceError(f"the service {name} extends itself, or too many others in turn", "mend it")
        asked = extends.get("service", "") if isinstance(extends, Tree) else extends
        inside = file
        if isinstance(extends, Tree) and (named := self._named(file, extends.get("file"), values)):
            (inside,) = named[:1]
            services = _services(self._tree(inside, values), inside)
        other, found = next((each for each in services.items() if each[0] == asked), ("", None))
        if not isinstance(found, Tree):
            raise SourceError(f"the service {name} extends {asked!r}, which is not in {_name(inside)}", "mend it")
        return self._service(other, found, services, inside, values, None, (*chain, (file, name)))

    def _named(self, file: str, told: Any, values: Mapping[str, str]) -> list[str]:
        """Return the paths that a file names. Raise SourceError."""
        try:
            return [self._beside(file, filled_in(path, values)) for path in _texts(told)]
        except InvalidVariable as error:
            raise SourceError(f"{_name(file)} names a file by a variable: {error}", "mend it, or set it") from error

    def _beside(self, file: str, path: str) -> str:
        if "://" in path or path.startswith("git@"):
            raise SourceError(f"{_name(file)} names {path[:100]}, and nothing is fetched", "give it as a file")
        return os.path.normpath(self._folders.get(file, _folder(file)) / path)


def _name(file: str) -> str:
    return "standard input" if file == "-" else file


def _texts(told: Any) -> list[str]:
    return [str(each) for each in (told if isinstance(told, list) else [told]) if isinstance(each, str) and each]


def _services(tree: Tree, file: str) -> Tree:
    found = tree.get("services")
    if found is None and "include" not in tree:
        raise SourceError(f"{_name(file)} is no Compose file: it has no `services`", "give a Compose file")
    if found in (None, ""):
        return Tree()
    if not isinstance(found, Tree):
        raise SourceError(f"{_name(file)}: `services` is no mapping", "mend it")
    return found


def _over(before: Service, after: Service) -> Service:
    """Return a service that another one changes."""
    changed = {
        field: value
        for field in ("image", "profiles", "copies", "problem", "provided")
        if (value := getattr(after, field))
    }
    where = after.where if after.image or not before.image else before.where
    return msgspec.structs.replace(before, built=before.built or after.built, where=where, **changed)


def _changed(base: Service, told: Tree, file: str, values: Mapping[str, str]) -> Service:
    """Return a service with what a file says of it itself."""
    if "image" in told:
        image = told["image"]
        if not isinstance(image, Text):
            raise SourceError("its image is no text", "mend it")
        text = "" if _is_reset(image) else filled_in(image, values)
        if image and not text.strip() and not _is_reset(image):
            raise SourceError(f"nothing is left of its image {image!r} where variables are filled in", "set them")
        base = msgspec.structs.replace(base, image=text, where=f"{file}:{image.line}", problem="")
    if "build" in told:
        base = msgspec.structs.replace(base, built=bool(told["build"]) and not _is_reset(told["build"]))
    if "provider" in told:
        base = msgspec.structs.replace(base, provided=bool(told["provider"]))
    if "profiles" in told:
        base = msgspec.structs.replace(base, profiles=_profiles(base, told["profiles"], values))
    deploy = told.get("deploy")
    if getattr(deploy, "tag", ""):
        base = msgspec.structs.replace(base, copies="")
    copies = deploy.get("replicas") if isinstance(deploy, Tree) else None
    copies = told.get("scale", copies)
    if isinstance(copies, str):
        base = msgspec.structs.replace(base, copies=filled_in(copies, values))
    return base


def _profiles(base: Service, told: Any, values: Mapping[str, str]) -> tuple[str, ...]:
    before = () if getattr(told, "tag", "") else base.profiles
    return tuple(dict.fromkeys((*before, *(filled_in(each, values) for each in _texts(told)))))


def _is_reset(told: Any) -> bool:
    return getattr(told, "tag", "") == _RESET


def _declaration(services: _Services, active: set[str], unset: Mapping[str, str]) -> Declaration:
    running = {name: each for name, each in services.items() if _runs(each, active)}
    lacking = {name: why for name, each in running.items() if (why := _lacks(each))}
    return Declaration(
        tuple(
            Declared(name, each.image, each.where)
            for name, each in running.items()
            if name not in lacking and each.image
        ),
        tuple(
            Problem("unclear-reference", f"service {name}: {why}", running[name].where) for name, why in lacking.items()
        ),
        (*_left_out(services, active), *_unset(unset)),
    )


def _lacks(service: Service) -> str:
    """Return why it cannot be told what a service runs, "" where it can."""
    return service.problem or (
        "" if service.image or service.built or service.provided else "it has neither `image` nor `build`"
    )


def _runs(service: Service, active: set[str]) -> bool:
    return service.copies != "0" and (not service.profiles or "*" in active or bool(active & {*service.profiles}))


def _left_out(services: _Services, active: set[str]) -> Iterator[Problem]:
    for name, each in services.items():
        if each.copies == "0":
            yield Problem("scaled-to-zero", f"service {name} is scaled to zero", each.where)
        elif not _runs(each, active):
            text = f"service {name} is of the profile {' or '.join(each.profiles)}, which is not active"
            yield Problem("inactive-profile", text, each.where)
        elif each.provided and not each.image:
            yield Problem("provided", f"service {name} is provided by a program, and runs no image", each.where)
        elif each.built and not each.image and not each.problem:
            text = f"service {name} is built, and has no name that an image could be found by: give it an `image`"
            yield Problem("build-only", text, each.where)


def _unset(unset: Mapping[str, str]) -> Iterator[Problem]:
    for name, where in unset.items():
        yield Problem("unset-variable", f"{name} has no value and is left empty", where)

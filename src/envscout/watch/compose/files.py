"""Compose files and those that they lead to, taken together: in their order, with `include` and `extends`.

https://github.com/compose-spec/compose-spec/blob/main/14-include.md, and `extends` of 05-services.md.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from envscout.errors import NotFound, SourceError
from envscout.watch.budget import Budget
from envscout.watch.compose.attributes import is_null, is_reset, replaces, service, size, texts
from envscout.watch.compose.service import Service, over
from envscout.watch.compose.sources import Sources, shown
from envscout.watch.documents import Items, Text, Tree
from envscout.watch.filled import filled, joined, parent, written
from envscout.watch.interpolation import InvalidVariable

MAX_CHAIN = 20
MAX_SAID = 16 << 20
"""Characters of what services say, each counted as often as an alias or `extends` has it said again."""

Services: TypeAlias = dict[str, Service]


class Scope(msgspec.Struct, frozen=True):
    """By what files are understood. folder: where what they name lies. values: of variables. chain: what led here."""

    folder: str
    values: Mapping[str, str]
    chain: tuple[str, ...] = ()


Inner: TypeAlias = Callable[[str, Sequence[str], Scope], Mapping[str, str]]
"""Returns the variables of files that are included, of their folder and of files of variables, in a scope."""


class Reader:
    """Takes files together. inner: see Inner. said: whether anything at all was told of services."""

    def __init__(self, sources: Sources, inner: Inner) -> None:
        self.said = False
        self._sources = sources
        self._inner = inner
        self._extended_files: dict[str, _Source] = {}
        self._budget = Budget(MAX_SAID, "says too much over again: services share long lists or texts")

    def together(self, files: Sequence[str], scope: Scope) -> Services:
        """Return the services of files that change one another, and of those that they include."""
        found: Services = {}
        for file in files:
            for tree in self._sources.visit(file, scope.values):
                self._take(found, tree, file, scope)
        return found

    def _take(self, found: Services, tree: Tree, file: str, scope: Scope) -> None:
        """Have a file change the services of the files before it; what it includes changes them as it does itself."""
        told = _services(tree, file)
        self.said = self.said or not (is_null(tree.get("services")) and is_null(tree.get("include")))
        if replaces(told):
            found.clear()
        for name in [name for name, each in told.items() if is_reset(each)]:
            found.pop(name, None)
        included = self._included(tree, file, scope)
        for name, each in included.items():
            found[name] = over(found.get(name), each)
        source = _source(file, [told])
        for name in source.services:
            each = told[name]
            if not isinstance(each, Tree) and not is_null(each):
                raise SourceError(f"{shown(file)}: the service {name} is no mapping", "mend it")
            found[name] = self._service(name, source, scope, None if replaces(each) else found.get(name))
            if name in included:
                _check_same(included[name], self._service(name, source, scope, None), name)

    def _included(self, tree: Tree, file: str, scope: Scope) -> Services:
        found: Services = {}
        if len(scope.chain) >= MAX_CHAIN or file in scope.chain:
            raise SourceError(f"{shown(file)} includes itself, or too many others in turn", "mend its `include`")
        for entry in _entries(tree.get("include")):
            paths, variables, folders = (
                _named(file, entry.get(key), scope) for key in ("path", "env_file", "project_directory")
            )
            if not paths:
                raise SourceError(f"{shown(file)}:{entry.line} includes a file and says no path", "mend its `include`")
            folder = folders[0] if folders else parent(paths[0])
            inner = Scope(folder, self._inner(folder, variables, scope), (*scope.chain, file))
            for name, each in self.together(paths, inner).items():
                if name in found:
                    _check_same(found[name], each, name)
                found[name] = each
        return found

    def _service(self, name: str, source: "_Source", scope: Scope, before: Service | None) -> Service:
        """Return a service: what it says itself, over what it extends, over what files before this one say of it."""
        file = shown(source.file)
        where = f"{file}:{source.lines[name]}"
        found = before
        try:
            if extended := self._extended(name, source, scope):
                found = over(before, extended)
        except (InvalidVariable, SourceError, NotFound) as error:
            cause = error.cause if isinstance(error, SourceError | NotFound) else str(error)
            found = over(before, Service(where, problem=cause))
        for told in source.services[name]:
            self._budget.spend(size(told), where)
            found = over(found, service(told, where, file, scope.values))
        assert found is not None
        self._budget.spend(found.size, where)
        return found

    def _extended(self, name: str, source: "_Source", scope: Scope) -> Service | None:
        extends = next((told["extends"] for told in reversed(source.services[name]) if "extends" in told), None)
        if extends is None or is_reset(extends):
            return None
        if (source.file, name) in source.chain or len(source.chain) >= MAX_CHAIN:
            raise SourceError(f"the service {name} extends itself, or too many others in turn", "mend it")
        chain = (*source.chain, (source.file, name))
        asked = extends.get("service") if isinstance(extends, Tree) else extends
        wanted = filled(asked, scope.values) if isinstance(asked, Text) else ""
        if isinstance(extends, Tree) and (named := _named(source.file, extends.get("file"), scope)):
            scope = Scope(parent(named[0]), scope.values, scope.chain)
            source = self._other(named[0], scope.values)
        if wanted not in source.services:
            cause = f"the service {name} extends {written(wanted)[:200]!r}, which is not in {shown(source.file)}"
            raise SourceError(cause, "mend it")
        return self._service(wanted, msgspec.structs.replace(source, chain=chain), scope, None)

    def _other(self, file: str, values: Mapping[str, str]) -> "_Source":
        if file not in self._extended_files:
            told = [_services(tree, file) for tree in self._sources.visit(file, values)]
            self._extended_files[file] = _source(file, told)
        return self._extended_files[file]


class _Source(msgspec.Struct, frozen=True):
    """The services of a file, and their lines. services: what its documents say of each, one after the other.

    chain: files and services that extend one of them.
    """

    file: str
    services: Mapping[str, Sequence[Tree]]
    lines: Mapping[str, int]
    chain: tuple[tuple[str, str], ...] = ()


def _source(file: str, told: Sequence[Tree]) -> _Source:
    found: dict[str, list[Tree]] = {}
    for services in told:
        if replaces(services):
            found = {}
        for name, each in [] if is_reset(services) else services.items():
            if replaces(each):
                found.pop(name, None)
            if not is_reset(each):
                found.setdefault(name, []).append(each if isinstance(each, Tree) else Tree())
    return _Source(file, found, {name: name.line for services in told for name in services if isinstance(name, Text)})


def _entries(told: Any) -> Iterator[Tree]:
    for each in told if isinstance(told, Items) else [] if is_null(told) else [told]:
        entry = each if isinstance(each, Tree) else Tree(path=each)
        entry.line = each.line
        yield entry


def _services(tree: Tree, file: str) -> Tree:
    found = tree.get("services", Tree())
    if not isinstance(found, Tree):
        raise SourceError(f"{shown(file)}:{found.line}: `services` is no mapping", "mend it")
    return found


def _named(file: str, told: Any, scope: Scope) -> list[str]:
    """Return the paths that a file names. Raise SourceError."""
    try:
        return [_beside(file, path, scope.folder) for each in texts(told) if (path := filled(each, scope.values))]
    except InvalidVariable as error:
        raise SourceError(f"{shown(file)} names a file by a variable: {error}", "mend it, or set it") from error


def _beside(file: str, path: str, folder: str) -> str:
    if "://" in path or path.startswith("git@"):
        raise SourceError(f"{shown(file)} names {written(path)[:100]}, and nothing is fetched", "give it as a file")
    return joined(folder, path)


def _check_same(included: Service, other: Service, name: str) -> None:
    """Refuse two services of one name, one of them included, as Compose does: neither changes the other."""
    if not included.same(other):
        raise SourceError(
            f"{other.where}: the service {name} is included from {included.where} as another one",
            "change it in a file that is merged: one more --compose FILE, or a list as `path` of the `include`",
        )

"""Kubernetes manifests: which images their workloads run, in whatever kind of object a pod is described."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from envscout.errors import LimitExceeded, NotFound, SourceError
from envscout.model import Problem
from envscout.watch.budget import Budget
from envscout.watch.declared import Declaration, Declared
from envscout.watch.documents import Text, Tree, documents
from envscout.watch.podspec import OF_KUBERNETES, Volume, containers, parts
from envscout.watch.reading import is_file, is_folder, read

MAX_FILES = 10_000
MAX_OBJECTS = 200_000
_SUFFIXES = (".yaml", ".yml", ".json")
_TEST_HOOKS = ("test", "test-success", "test-failure")
_DESCRIBING = frozenset({"CustomResourceDefinition", "Kustomization", "ConfigMap", "Secret"})
"""Kinds in which nothing runs, whatever they speak of."""
_ZERO = re.compile(r"[+-]?0(?:[box]?[0_]+)?")
"""Written in any way that YAML 1.1 has for it: https://yaml.org/type/int.html"""


def declaration(places: Sequence[str]) -> Declaration:
    """Return what manifests run: of files, of folders, "-" for standard input.

    Of a folder the files in it are read, not those further below, as `kubectl apply -f FOLDER` does. Raise NotFound,
    SourceError, LimitExceeded.
    """
    declared: list[Declared] = []
    problems: list[Problem] = []
    notes: list[Problem] = []
    files = [file for place in places for file in _files(place, notes)]
    if len(files) > MAX_FILES:
        raise LimitExceeded(f"there are more than {MAX_FILES:,} manifests", "give fewer")
    for file in files:
        name = "standard input" if file == "-" else file
        budget = parts()
        for each in _objects(documents(read(file), name)):
            _take(each, name, budget, declared, problems, notes)
    return Declaration(tuple(declared), tuple(problems), tuple(notes))


def _files(place: str, notes: list[Problem]) -> list[str]:
    if place == "-" or not is_folder(place):
        return [place]
    inside = _inside(place)
    found = [each for each in inside if each.endswith(_SUFFIXES) and is_file(each)]
    for folder in filter(is_folder, inside):
        try:
            if any(each.endswith(_SUFFIXES) for each in _inside(folder)):
                notes.append(
                    Problem("not-read", "manifests further below are not read: name the folder as well", folder)
                )
        except SourceError as error:
            notes.append(Problem("not-read", error.cause, folder))
    if not found:
        raise NotFound(f"there is no manifest in {place}", f"it has no file that ends with {', '.join(_SUFFIXES)}")
    return found


def _inside(folder: str) -> list[str]:
    """Return what lies in a folder, in the order of its names. Raise SourceError."""
    try:
        return sorted(str(each) for each in Path(folder).iterdir())
    except OSError as error:
        raise SourceError(f"cannot read {folder}: {error.strerror}", "check the path") from error


def _objects(trees: Sequence[Any]) -> Iterator[Tree]:
    """Yield objects; those of a list one by one."""
    pending, count = list(reversed(trees)), 0
    while pending:
        each = pending.pop()
        count += 1
        if count > MAX_OBJECTS:
            raise LimitExceeded(f"there are more than {MAX_OBJECTS:,} objects", "give fewer manifests")
        if not isinstance(each, Tree):
            continue
        items = each.get("items")
        if isinstance(items, list) and str(each.get("kind", "")).endswith("List"):
            pending += reversed(items)
        else:
            yield each


def _take(
    tree: Tree, file: str, budget: Budget, declared: list[Declared], problems: list[Problem], notes: list[Problem]
) -> None:
    kind = str(tree.get("kind", ""))
    if kind in _DESCRIBING:
        return
    found = list(containers(tree, budget, f"{file}:{tree.line}"))
    if not found:
        return
    name = _named(tree, kind)
    if why := _idle(tree):
        notes.append(Problem(why[0], f"{name} {why[1]}", f"{file}:{tree.line}"))
        return
    for container in found:
        what = "volume" if isinstance(container, Volume) else "container"
        called = f"{name}, {what} {container.get('name') or '?'}"
        image = container.get("image")
        if isinstance(image, Text) and image.strip():
            declared.append(Declared(called, image.strip(), f"{file}:{image.line}"))
        elif kind in OF_KUBERNETES:
            line = getattr(container, "line", 0)
            problems.append(Problem("unclear-reference", f"{called} has no image", f"{file}:{line}"))


def _named(tree: Tree, kind: str) -> str:
    metadata = tree.get("metadata")
    metadata = metadata if isinstance(metadata, Tree) else Tree()
    name = str(metadata.get("name") or metadata.get("generateName") or "?")
    space = metadata.get("namespace")
    return f"{kind} {f'{space}/' if space else ''}{name}"


def _idle(tree: Tree) -> tuple[str, str] | None:
    """Return why nothing of an object runs, as a code and in words; None where it does."""
    spec = tree.get("spec")
    spec = spec if isinstance(spec, Tree) else Tree()
    if _ZERO.fullmatch(str(spec.get("replicas", ""))):
        return "scaled-to-zero", "is scaled to zero"
    if str(spec.get("suspend", "")).lower() == "true":
        return "suspended", "is suspended"
    metadata = tree.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Tree) else None
    hooks = annotations.get("helm.sh/hook", "") if isinstance(annotations, Tree) else ""
    if hooks and all(each.strip() in _TEST_HOOKS for each in hooks.split(",")):
        return "helm-test", "is a test of a Helm chart"
    return None

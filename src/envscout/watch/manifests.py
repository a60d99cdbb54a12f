"""Kubernetes manifests: which images their workloads run, in whatever kind of object a pod is described."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from envscout.errors import LimitExceeded, NotFound
from envscout.model import Problem
from envscout.watch.declared import Declaration, Declared
from envscout.watch.documents import Text, Tree, documents
from envscout.watch.podspec import OF_KUBERNETES, containers
from envscout.watch.reading import read

MAX_FILES = 10_000
MAX_OBJECTS = 200_000
_SUFFIXES = (".yaml", ".yml", ".json")
_TEST_HOOKS = ("test", "test-success", "test-failure")
_DESCRIBING = frozenset({"CustomResourceDefinition", "Kustomization", "ConfigMap", "Secret"})
"""Kinds in which nothing runs, whatever they speak of."""


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
        for each in _objects(documents(read(file), name)):
            _take(each, name, declared, problems, notes)
    return Declaration(tuple(declared), tuple(problems), tuple(notes))


def _files(place: str, notes: list[Problem]) -> list[str]:
    folder = Path(place)
    if place == "-" or not folder.is_dir():
        return [place]
    found = sorted(str(each) for each in folder.iterdir() if each.suffix in _SUFFIXES and each.is_file())
    below = sorted(str(each) for each in folder.iterdir() if each.is_dir() and _holds_some(each))
    notes += [
        Problem("not-read", "manifests further below are not read: name the folder as well", each) for each in below
    ]
    if not found:
        raise NotFound(f"there is no manifest in {place}", f"it has no file that ends with {', '.join(_SUFFIXES)}")
    return found


def _holds_some(folder: Path) -> bool:
    return any(each.suffix in _SUFFIXES for each in folder.iterdir())


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


def _take(tree: Tree, file: str, declared: list[Declared], problems: list[Problem], notes: list[Problem]) -> None:
    kind = str(tree.get("kind", ""))
    if kind in _DESCRIBING:
        return
    found = list(containers(tree))
    if not found:
        return
    name = _named(tree, kind)
    if why := _idle(tree):
        notes.append(Problem(why[0], f"{name} {why[1]}", f"{file}:{tree.line}"))
        return
    for container in found:
        called = f"{name}, container {container.get('name') or '?'}"
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
    if spec.get("replicas") == "0":
        return "scaled-to-zero", "is scaled to zero"
    if str(spec.get("suspend", "")).lower() == "true":
        return "suspended", "is suspended"
    metadata = tree.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Tree) else None
    hooks = annotations.get("helm.sh/hook", "") if isinstance(annotations, Tree) else ""
    if hooks and all(each.strip() in _TEST_HOOKS for each in hooks.split(",")):
        return "helm-test", "is a test of a Helm chart"
    return None

"""Layers laid one over the other: which wanted files a container sees, and every content that led there. Pure.

A path's contents start anew where a layer removed it, hid its directory or put something else in its place. Whiteouts
of a layer act on lower layers alone, as the OCI image specification says ("Whiteouts").
"""

from collections.abc import Sequence

import msgspec

from envscout.images.contents import Problems
from envscout.images.layer import LayerContents, contains
from envscout.images.paths import LinkLoopError, ancestors, resolved
from envscout.model import Content, File, Problem

_ABSENT = "absent"
_FILE = "file"


class Squashed(msgspec.Struct, frozen=True):
    """The view of a container.

    needs: paths whose bytes were not kept although a wanted link leads there; reading them too and squashing again
    completes the view.
    """

    files: tuple[File, ...]
    problems: tuple[Problem, ...]
    needs: frozenset[str]


def squash(layers: Sequence[tuple[str, LayerContents]], extra: frozenset[str] = frozenset()) -> Squashed:
    """Lay layers, given as (diff_id, contents) from the lowest to the highest, over one another.

    extra: paths that were read only because links lead there; they are no part of the result.
    """
    return _Squash(layers).run(extra)


class _Squash:
    """The state of one squash. A path maps to its contents; an empty list is something without readable bytes."""

    def __init__(self, layers: Sequence[tuple[str, LayerContents]]) -> None:
        self._layers = layers
        self._state: dict[str, list[Content]] = {}
        self._hashes: dict[str, frozenset[int]] = {}
        self._relevant: set[int] = set()
        self._problems = Problems()
        self._needs: set[str] = set()

    def run(self, extra: frozenset[str]) -> Squashed:
        for number, (diff_id, layer) in enumerate(self._layers):
            if self._state:
                self._hide(layer)
            self._add(number, diff_id, layer)
        self._follow_links()
        files = tuple(
            File(path, tuple(contents))
            for path, contents in sorted(self._state.items())
            if contents and path not in extra
        )
        return Squashed(files, self._problems.done(), frozenset(self._needs))

    def _hide(self, layer: LayerContents) -> None:
        """Remove from the state what this layer removes, covers or replaces by what was not read."""
        removed = self._relevant.intersection(layer.whiteouts)
        covering = removed | self._relevant.intersection(layer.entries) | self._relevant.intersection(layer.opaques)
        if not covering:
            return
        for path in list(self._state):
            own = hash(path)
            replaced = own in covering and path not in layer.files and contains(layer.entries, own)
            if own in removed or replaced or not covering.isdisjoint(self._hashes[path]):
                del self._state[path]

    def _add(self, number: int, diff_id: str, layer: LayerContents) -> None:
        for path, data in layer.files.items():
            if data is None:
                self._put(path, [])
            else:
                self._put(path, [*self._state.get(path, ()), Content(diff_id, data)])
        for path, target in layer.hard_links.items():
            self._add_hard_link(number, path, target)

    def _put(self, path: str, contents: list[Content]) -> None:
        if path not in self._hashes:
            self._hashes[path] = frozenset(map(hash, ancestors(path)))
            self._relevant |= self._hashes[path]
            self._relevant.add(hash(path))
        self._state[path] = contents

    def _add_hard_link(self, number: int, path: str, target: str) -> None:
        """A hard link's bytes are those of its target, in this layer or, where it has none, below."""
        diff_id, layer = self._layers[number]
        self._put(path, [])
        if contains(layer.entries, hash(target)):
            self._needs |= {path, target}
        elif self._state.get(target):
            self._put(path, [Content(diff_id, self._state[target][-1].data)])
        elif self._kind(target, number)[0] == _FILE:
            self._needs |= {path, target}
        else:
            self._problems.add("dangling-hard-link", f"The hard link leads to {target[:200]!r}: no such file.", path)

    def _follow_links(self) -> None:
        """Give every wanted symbolic link that is visible at the end the contents of what it leads to."""
        found: dict[str, list[Content]] = {}
        for path in self._visible_links():
            try:
                target = resolved(path, self._link_at)
            except LinkLoopError:
                self._problems.add("link-loop", "The symbolic link leads through too many links.", path)
                continue
            if self._state.get(target):
                found[path] = self._state[target]
            elif target not in self._state and self._kind(target, len(self._layers))[0] == _FILE:
                self._needs.add(target)
        self._state.update(found)

    def _visible_links(self) -> list[str]:
        names = {path for _, layer in self._layers for path in layer.wanted_links}
        return sorted(path for path in names if self._link_at(path) is not None)

    def _link_at(self, path: str) -> str | None:
        kind, target = self._kind(path, len(self._layers))
        return target if kind not in (_ABSENT, _FILE) else None

    def _kind(self, path: str, below: int) -> tuple[str, str]:
        """Return what the layers under number `below` show at a path: a file, a link and its target, or neither."""
        above = [hash(ancestor) for ancestor in ancestors(path)]
        own = hash(path)
        for _, layer in reversed(self._layers[:below]):
            if path in layer.links:
                return "link", layer.links[path]
            if contains(layer.entries, own):
                return _FILE, ""
            if (
                contains(layer.directories, own)
                or contains(layer.whiteouts, own)
                or any(_hides(layer, ancestor) for ancestor in above)
            ):
                return _ABSENT, ""
        return _ABSENT, ""


def _hides(layer: LayerContents, directory: int) -> bool:
    hashes = (layer.entries, layer.whiteouts, layer.opaques)
    return any(contains(known, directory) for known in hashes)

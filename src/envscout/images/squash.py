"""Layers laid one over the other: which wanted files a container sees, and every content that led there. Pure.

A path's contents start anew where a layer removed it, hid its directory or put something else in its place. Whiteouts
of a layer act on lower layers alone, as the OCI image specification says ("Whiteouts").
"""

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from envscout.images.contents import Problems
from envscout.images.layer import LayerContents, contains, hashed
from envscout.images.paths import LinkLoopError, ancestors, resolved
from envscout.model import Content, File, Problem

_ABSENT = "absent"
_FILE = "file"


class Squashed(msgspec.Struct, frozen=True):
    """The view of a container.

    needs: paths of which nothing was kept although wanted links lead there, each with the paths of those links; reading
    them by these names too and squashing again completes the view.
    """

    files: tuple[File, ...]
    problems: tuple[Problem, ...]
    needs: dict[str, list[str]]


def squash(layers: Sequence[tuple[str, LayerContents]], kind: Callable[[str], str]) -> Squashed:
    """Lay layers, given as (diff_id, contents) from the lowest to the highest, over one another.

    kind: as in contents.Interest.
    """
    return _Squash(layers, kind).run()


_Key = tuple[str, str]
"""A path, and the path of the link by whose name it is read where that is not its own."""

MAX_READINGS = 1_000
"""Links by whose names one file is read."""


class _Squash:
    """The state of one squash. A path maps to its contents; an empty list is something without readable bytes."""

    def __init__(self, layers: Sequence[tuple[str, LayerContents]], kind: Callable[[str], str]) -> None:
        self._layers = layers
        self._kind_of = kind
        self._state: dict[_Key, list[Content]] = {}
        self._hashes: dict[str, frozenset[int]] = {}
        self._own: dict[str, int] = {}
        self._own_hashes: set[int] = set()
        self._relevant: set[int] = set()
        self._problems = Problems()
        self._needs: dict[str, list[str]] = {}
        self._readings = Counter(path for _, layer in layers for files in layer.extras.values() for path in files)

    def run(self) -> Squashed:
        for number, (diff_id, layer) in enumerate(self._layers):
            if self._state:
                self._hide(layer)
            self._add(number, diff_id, layer)
        self._follow_links()
        files = tuple(
            File(path, tuple(contents))
            for (path, link), contents in sorted(self._state.items())
            if contents and not link
        )
        return Squashed(files, self._problems.done(), self._needs)

    def _hide(self, layer: LayerContents) -> None:
        """Remove from the state what this layer removes, covers or replaces by what was not read."""
        removed = self._relevant.intersection(layer.whiteouts)
        covering = removed | self._relevant.intersection(layer.entries) | self._relevant.intersection(layer.opaques)
        replacing = self._own_hashes.intersection(layer.directories)
        if not covering and not replacing:
            return
        for key in list(self._state):
            path, link = key
            own = self._own[path]
            given = layer.extras.get(link, {}) if link else layer.files
            is_given = path in given
            replaced = not is_given and (own in replacing or (own in covering and contains(layer.entries, own)))
            if own in removed or replaced or not covering.isdisjoint(self._hashes[path]):
                del self._state[key]

    def _add(self, number: int, diff_id: str, layer: LayerContents) -> None:
        for link, files in (("", layer.files), *layer.extras.items()):
            for path, data in files.items():
                key = (path, link)
                self._put(key, [] if data is None else [*self._state.get(key, ()), Content(diff_id, data)])
        for path in layer.hard_links:
            target = _first_name(layer, path)
            if self._kind_of(path):
                self._add_hard_link(number, path, target)
                continue
            # Others are noted only because a link leads through them.
            for link, files in layer.extras.items():
                if data := files.get(target):
                    self._put((path, link), [Content(diff_id, data)])

    def _put(self, key: _Key, contents: list[Content]) -> None:
        path = key[0]
        if path not in self._hashes:
            self._hashes[path] = frozenset(map(hashed, ancestors(path)))
            self._relevant |= self._hashes[path]
            self._own[path] = hashed(path)
            self._own_hashes.add(self._own[path])
            self._relevant.add(self._own[path])
        self._state[key] = contents

    def _contents(self, path: str, link: str) -> list[Content] | None:
        """Return what is known of a path read for a link, None where it was not read so."""
        own = self._state.get((path, ""))
        if own is not None and (not own or self._kind_of(path) == self._kind_of(link)):
            return own
        return self._state.get((path, link))

    def _need(self, path: str, link: str) -> None:
        if self._readings[path] < MAX_READINGS:
            self._readings[path] += 1
            self._needs.setdefault(path, []).append(link)
        else:
            self._problems.add(
                "too-many-links",
                f"More than {MAX_READINGS:,} links lead to {path[:200]!r}; this one is not read.",
                link,
            )

    def _add_hard_link(self, number: int, path: str, target: str) -> None:
        """A hard link's bytes are those of its target, in this layer or, where it has none, below."""
        diff_id, layer = self._layers[number]
        self._put((path, ""), [])
        extras = layer.extras.get(path, {})
        if target in extras:
            data = extras[target]
            self._put((path, ""), [] if data is None else [Content(diff_id, data)])
        elif contains(layer.entries, hashed(target)):
            self._need(target, path)
        elif known := self._contents(target, path):
            self._put((path, ""), [Content(diff_id, known[-1].data)])
        elif self._kind(target, number)[0] == _FILE:
            self._need(target, path)
        else:
            self._problems.add("dangling-hard-link", f"The hard link leads to {target[:200]!r}: no such file.", path)

    def _follow_links(self) -> None:
        """Give every wanted symbolic link that is visible at the end the contents of what it leads to."""
        found: dict[_Key, list[Content]] = {}
        for path in self._visible_links():
            try:
                target = resolved(path, self._link_at)
            except LinkLoopError:
                self._problems.add("link-loop", "The symbolic link leads through too many links.", path)
                continue
            known = self._contents(target, path)
            if known:
                found[path, ""] = known
            elif known is None and self._kind(target, len(self._layers))[0] == _FILE:
                self._need(self._first_name(target), path)
        self._state.update(found)

    def _first_name(self, path: str) -> str:
        """Return the name under which the file at a path has its bytes, as far as its hard links were noted."""
        own = hashed(path)
        for _, layer in reversed(self._layers):
            if contains(layer.entries, own):
                return _first_name(layer, path)
        return path

    def _visible_links(self) -> list[str]:
        names = {path for _, layer in self._layers for path in layer.wanted_links}
        return sorted(path for path in names if self._link_at(path) is not None)

    def _link_at(self, path: str) -> str | None:
        kind, target = self._kind(path, len(self._layers))
        return target if kind not in (_ABSENT, _FILE) else None

    def _kind(self, path: str, below: int) -> tuple[str, str]:
        """Return what the layers under number `below` show at a path: a file, a link and its target, or neither."""
        above = [hashed(ancestor) for ancestor in ancestors(path)]
        own = hashed(path)
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


def _first_name(layer: LayerContents, path: str) -> str:
    """Follow the hard links that a layer noted; where they lead in a circle, no further than once around."""
    seen: set[str] = set()
    while path in layer.hard_links and path not in seen:
        seen.add(path)
        path = layer.hard_links[path]
    return path

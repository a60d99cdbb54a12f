"""Go programs: their modules, and the standard library, which is part of each of them."""

from collections.abc import Iterable

from envscout.inventory.executables import go_modules, go_version
from envscout.inventory.executables.go_blob import Build, unframed
from envscout.inventory.executables.go_modules import Module
from envscout.inventory.executables.go_search import GoSearch
from envscout.inventory.executables.layout import Layout
from envscout.inventory.executables.window import Window
from envscout.inventory.record import Reading, damaged, merged, record
from envscout.model import Problem


class Go:
    """Finds out what a Go program is made of."""

    def __init__(self, path: str, layout: Layout) -> None:
        self._path = path
        self._search = GoSearch(layout)

    def feed(self, window: Window) -> None:
        """Look at the next piece."""
        self._search.feed(window)

    def done(self) -> Reading:
        """Return the modules of a Go program, nothing of any other."""
        build = self._search.done()
        return read(self._path, build) if build else Reading()


def read(path: str, build: Build) -> Reading:
    """Return the standard library and the modules of a program.

    Without list of modules (made without modules, or the list taken out) the problem `unknown-modules` says so.
    """
    program = go_modules.read(unframed(build.modules))
    main = go_version.main_module(program, build)
    has_list = bool(program.main or program.dependencies or program.is_tool)
    return merged(
        [
            record("golang", go_version.STANDARD, go_version.of_go(build.version), path),
            *_main(path, main, has_list),
            *(record("golang", each.path, each.version, path) for each in dict.fromkeys(program.dependencies)),
            *_lacking(path, build, has_list),
        ]
    )


def _main(path: str, main: Module | None, has_list: bool) -> Iterable[Reading]:
    """Yield the main module; that its version is not known goes without saying where nothing else is known, either."""
    if main:
        reading = record("golang", main.path, main.version, path)
        yield reading if main.version or has_list else Reading(reading.records)


def _lacking(path: str, build: Build, has_list: bool) -> Iterable[Reading]:
    if build.is_cut:
        yield Reading(problems=(damaged(path, "the build information of this Go program ends early"),))
    elif not has_list:
        said = "unknown: this Go program lists neither the modules it is made of nor their versions"
        yield Reading(problems=(Problem("unknown-modules", f"{path}: {said}", path),))

"""The list of modules in a Go program, as `go version -m` shows it.

Lines of words between tabs (https://pkg.go.dev/runtime/debug#BuildInfo): `path` of the main package, `mod` the module
it is of, `dep` each other module, `=>` what stands in for the one before, `build` a setting as key=value.
"""

import re

import msgspec

_ESCAPE = re.compile(r"\\(.)")
_LOCAL = re.compile(r"\.{1,2}(?:/|\\|\Z)|/|[A-Za-z]:[/\\]|\\")
_DEVELOPMENT = "(devel)"


class Module(msgspec.Struct, frozen=True):
    """One module; version "" where the program does not tell."""

    path: str
    version: str = ""


class Program(msgspec.Struct, frozen=True):
    """What a list of modules says. path: of the main package. main: None where modules were not used."""

    path: str = ""
    main: Module | None = None
    dependencies: tuple[Module, ...] = ()
    settings: dict[str, str] = {}

    @property
    def is_tool(self) -> bool:
        """Tell whether this is a program that comes with Go: its parts are those of the standard library."""
        return self.main is None and self.path.startswith("cmd/")


def read(text: str) -> Program:
    """Return what a list of modules says; lines that say nothing we know are passed over."""
    path = ""
    main: Module | None = None
    dependencies: list[Module] = []
    settings: dict[str, str] = {}
    for line in text.split("\n"):
        kind, *words = line.split("\t")
        if kind == "path" and words:
            path = words[0]
        elif kind == "mod" and words:
            main = _module(words)
        elif kind == "dep" and words:
            dependencies.append(_module(words))
        elif kind == "=>" and words and dependencies:
            dependencies[-1] = _replaced(dependencies[-1], words)
        elif kind == "build" and words:
            key, _, value = "\t".join(words).partition("=")
            settings[_unquoted(key)] = _unquoted(value)
    return Program(path, main, tuple(dependencies), settings)


def _module(words: list[str]) -> Module:
    version = words[1] if len(words) > 1 else ""
    return Module(words[0], "" if version == _DEVELOPMENT else version)


def _replaced(module: Module, words: list[str]) -> Module:
    """Return the module whose code is in the program: the other one, or this one in a version that nobody can tell."""
    return Module(module.path) if _LOCAL.match(words[0]) else _module(words)


def _unquoted(text: str) -> str:
    """Return a Go string literal's text, a text without quotes as it is."""
    if len(text) < 2 or text[0] != text[-1] or text[0] not in '"`':
        return text
    return _ESCAPE.sub(lambda escape: {"t": "\t", "n": "\n"}.get(escape[1], escape[1]), text[1:-1])

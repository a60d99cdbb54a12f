"""Places where what looks like a secret is mostly an example: tests, documents, and what libraries bring along."""

_EXAMPLES = frozenset({
    "test", "tests", "testing", "testdata", "test-data", "test_data", "__tests__", "spec", "specs", "fixture",
    "fixtures", "example", "examples", "sample", "samples", "doc", "docs", "demo", "demos", "mock", "mocks", "man",
    "info",
})  # fmt: skip
_LIBRARIES = frozenset({
    "site-packages", "dist-packages", "node_modules", "vendor", "gems", "pkg", "perl", "perl5", "jvm", "share",
})  # fmt: skip
_SHIPPED = ("ssl-cert-snakeoil.key",)
"""Keys that a distribution makes or ships for trying things out."""
_MARKS = ("example", "sample", "_test.", ".test.", ".spec.", "test_")


_DOCUMENTS = (".md", ".rst", ".html")
_SYSTEM = frozenset({"lib", "lib32", "lib64", "libexec"})


def is_example(path: str, *, chosen: bool, is_text: bool) -> bool:
    """Return whether a file lies where secrets are examples.

    chosen: it is about a password: in libraries these are part of what is explained, while keys and tokens may have
    slipped in. is_text: the file is one; a key in a library of the system is one that it tests itself with.
    """
    *folders, name = path.lower().split("/")
    if name in _SHIPPED or any(mark in name for mark in _MARKS):
        return True
    parts = set(folders)
    if not parts.isdisjoint(_EXAMPLES) or any(each.endswith(("_tests", "-tests", "dummyserver")) for each in folders):
        return True
    top = folders[1:2] if folders[:1] == ["usr"] else folders[:1]
    if not is_text and not _SYSTEM.isdisjoint(top):
        return True
    is_library = not parts.isdisjoint(_LIBRARIES)
    return is_library and name.endswith(_DOCUMENTS) if not chosen else is_library or _is_standard(folders)


def _is_standard(folders: list[str]) -> bool:
    """Return whether this is a language's own library: `usr/lib/python3.12`, `usr/local/lib/ruby`."""
    return folders[:2] in (["usr", "lib"], ["usr", "libexec"]) or folders[:3] == ["usr", "local", "lib"]

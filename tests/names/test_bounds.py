"""Names and versions are short and printable, or refused."""

import pytest

from envscout.names import bounds


@pytest.mark.parametrize("name", ["a", "@s/a", "libstdc++6", "org.a:b", "a b", "é", "a" * 255])
def test_names(name: str) -> None:
    assert bounds.is_name(name)


@pytest.mark.parametrize("name", ["", " ", "/", "a ", "\ta", "a\0", "a\nb", "\x1b[31m", "\u202ea", "a" * 256])
def test_what_is_no_name(name: str) -> None:
    assert not bounds.is_name(name)


@pytest.mark.parametrize("version", ["", "1\0", "1\n", "1" * 513])
def test_what_is_no_version(version: str) -> None:
    assert not bounds.is_version(version)
    assert bounds.is_version(version.strip("\n\0")[:512] or "1")


def test_messages_show_little_and_nothing_that_a_terminal_obeys() -> None:
    assert bounds.shown("a\x1b[31mb") == "a\\x1b[31mb"
    assert bounds.shown("a" * 100) == "a" * 60 + "…"

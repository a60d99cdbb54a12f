"""Platforms are compared as container runtimes compare them."""

import pytest

from envscout.errors import UsageError
from envscout.images import platform as platforms


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/arm/v6", "linux/arm/v6"),
        ("linux/armhf", "linux/arm/v7"),
        ("Linux/AMD64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("windows/amd64", "windows/amd64"),
    ],
)
def test_names_have_one_form(text: str, normal: str) -> None:
    assert platforms.parse(text) == normal


@pytest.mark.parametrize("text", ["", "linux", "linux/", "/amd64", "a/b/c/d", "linux//v8"])
def test_what_is_no_platform_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no platform"):
        platforms.parse(text)


@pytest.mark.parametrize(
    ("wanted", "offered", "answer"),
    [
        ("linux/arm", "linux/arm/v7", True),
        ("linux/arm/v6", "linux/arm/v7", False),
        ("linux/arm64", "linux/arm64", True),
        ("linux/amd64", "windows/amd64", False),
        ("linux/amd64", "", False),
        ("linux/amd64", "linux/amd64/v3", False),
    ],
)
def test_matching(wanted: str, offered: str, answer: bool) -> None:
    assert platforms.matches(wanted, offered) is answer


def test_this_machine_runs_linux() -> None:
    assert platforms.local().startswith("linux/")

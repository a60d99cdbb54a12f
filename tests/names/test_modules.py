"""Which streams of modules a title names, in titles that AlmaLinux's advisories bear."""

import pytest

from envscout.names import modules


@pytest.mark.parametrize(
    ("title", "streams"),
    [
        ("Important: nodejs:18 security update", ("nodejs:18",)),
        ("Moderate: virt:rhel and virt-devel:rhel security update", ("virt:rhel", "virt-devel:rhel")),
        ("Moderate: 389-ds:1.4 security update", ("389-ds:1.4",)),
        ("Important: httpd:2.4/mod_http2 security update", ("httpd:2.4",)),
        ("pmdk:1_fileformat_v6 bug fix update", ("pmdk:1_fileformat_v6",)),
        ("Moderate: perl:5.32, perl:5.30 security update", ("perl:5.32", "perl:5.30")),
        ("Important: varnish security update", ()),
        ("", ()),
        (":", ()),
    ],
)  # fmt: skip
def test_streams_that_a_title_names(title: str, streams: tuple[str, ...]) -> None:
    assert modules.named(title) == streams


@pytest.mark.parametrize(
    ("version", "answer"),
    [
        ("1:18.20.4-1.module_el8.10.0+3890+5a092792", True),
        ("1:10.24.0-1.module+el8.3.0+10166+b07ac28e", True),
        ("1.0-1.el8", False),
        ("1.0-1.modules.el8", False),
        ("", False),
    ],
)
def test_a_modular_version_says_so_in_its_release(version: str, answer: bool) -> None:
    assert modules.is_modular(version) is answer

"""Addresses without their secrets, and those that stand for others."""

from ipaddress import ip_address

import pytest

from envscout.names.address import plain, shown


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("https://example.com/a/b.yaml", "https://example.com/a/b.yaml"),
        ("https://user:secret@example.com:8443/a", "https://example.com:8443/a"),
        ("https://secret@example.com", "https://example.com"),
        ("https://a@b@example.com/", "https://example.com/"),
        ("https://example.com/a?sig=secret#secret", "https://example.com/a?…"),
        ("https://secret@[::1/x", "https://…"),
        ("/home/a/b@c?d.yaml", "/home/a/b@c?d.yaml"),
        ("a: b", "a: b"),
    ],
)
def test_who_we_are_is_not_shown(url: str, seen: str) -> None:
    assert shown(url) == seen


@pytest.mark.parametrize(
    ("address", "stands_for"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("64:ff9b::a9fe:a9fe", "169.254.169.254"),
        ("2002:a9fe:a9fe::1", "169.254.169.254"),
        ("2001:0:4136:e378:8000:63bf:f5ff:fffe", "10.0.0.1"),
    ],
)
def test_an_address_that_leads_to_another(address: str, stands_for: str) -> None:
    assert str(plain(ip_address(address))) == stands_for

"""Which addresses may be connected to: public ones, and those that were allowed. Nothing is resolved here.

Special addresses: https://www.iana.org/assignments/iana-ipv4-special-registry and the same for IPv6.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from envscout.errors import ConfigError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# RFC 6052, 2.1: behind it are the 32 bits of an IPv4 address that a gateway leads on to.
_NAT64 = IPv6Network("64:ff9b::/96")
# What the registries call special, and Python not in every version: protocols, relays, NAT64 of one site (RFC 8215),
# documentation, segment routing.
_MORE = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "3fff::/20", "5f00::/16")))
# What machines in clouds ask for their credentials; one of them is an address like any other.
METADATA = frozenset(
    map(ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"))
)


class Allowed(NamedTuple):
    """What may be reached though it is not public: networks, and names of hosts."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()


def allowed(text: str) -> Allowed:
    """Read a list of networks, addresses and hosts, separated by commas. Raise ConfigError."""
    networks: list[Network] = []
    hosts: set[str] = set()
    for word in filter(None, (each.strip() for each in text.split(","))):
        if all(each.isalnum() or each in "-._" for each in word) and word.rpartition(".")[2][:1].isalpha():
            hosts.add(word.lower().rstrip("."))
            continue
        try:
            networks.append(ip_network(word))
        except ValueError as error:
            raise ConfigError(
                f"allow_private_addresses: {word!r} is neither a network nor a host: {error}",
                "write 10.1.0.0/16, fd12::/16, 192.168.1.7 or hooks.example.internal, separated by commas",
            ) from error
    return Allowed(tuple(networks), frozenset(hosts))


def refusal(address: Address, permitted: Allowed = Allowed()) -> str:  # noqa: B008
    """Return in a few words why an address may not be connected to, "" if it may."""
    if address in METADATA or inner(address) in METADATA:
        named = any(network.num_addresses == 1 and address in network for network in permitted.networks)
        return "" if named else "an address from which clouds hand out credentials"
    if any(each in network for each in {address, inner(address)} for network in permitted.networks):
        return ""
    return next((why for why in map(_special, (address, inner(address))) if why), "")


def inner(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address leads to, where it is one of those: mapped, NAT64, 6to4, Teredo."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address


def _special(address: Address) -> str:
    if isinstance(address, IPv6Address) and address in _NAT64:
        return ""
    for why, holds in (
        ("this machine itself", address.is_loopback),
        ("no address at all", address.is_unspecified),
        ("an address of many machines", address.is_multicast),
        ("an address of this link", address.is_link_local),
        ("an address of a private network", address.is_private or not address.is_global),
        ("a reserved address", address.is_reserved),
        ("an address of a private network", isinstance(address, IPv6Address) and address.is_site_local),
        ("a reserved address", any(address in network for network in _MORE)),
    ):
        if holds:
            return why
    return ""

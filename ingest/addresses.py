"""Which addresses a gateway may have: written one way only, and never a way around the allowlist.

The rules are security.md T14 and the gateways CSV of interfaces.md: IP literals alone, because a
name can point elsewhere between the check and the connection.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_network,
)

from shared.errors import ValueRefused

Host = IPv4Address | IPv6Address
Net = IPv4Network | IPv6Network

_ADDRESS = re.compile(
    r"(?:(?P<v4>\d{1,3}(?:\.\d{1,3}){3})|\[(?P<v6>[0-9A-Fa-f:.]{2,45})\]):(?P<port>[1-9]\d{0,4})",
    re.ASCII,
)
_LOOPBACK_V4 = IPv4Network("127.0.0.0/8")
_NEVER: tuple[tuple[str, Net], ...] = tuple(
    (kind, ip_network(net))
    for kind, net in (
        ("this network", "0.0.0.0/8"),
        ("loopback", "127.0.0.0/8"),
        ("link-local", "169.254.0.0/16"),
        ("multicast", "224.0.0.0/4"),
        ("reserved", "240.0.0.0/4"),
        ("unspecified", "::/128"),
        ("loopback", "::1/128"),
        ("IPv4 inside IPv6 (compatible)", "::/96"),
        ("IPv4 inside IPv6 (mapped)", "::ffff:0:0/96"),
        ("IPv4 inside IPv6 (SIIT)", "::ffff:0:0:0/96"),
        ("IPv4 inside IPv6 (NAT64)", "64:ff9b::/96"),
        ("IPv4 inside IPv6 (NAT64)", "64:ff9b:1::/48"),
        ("IPv4 inside IPv6 (6to4)", "2002::/16"),
        ("IPv4 inside IPv6 (Teredo)", "2001::/32"),
        ("link-local", "fe80::/10"),
        ("multicast", "ff00::/8"),
    )
)
_ISATAP = (0x00005EFE, 0x02005EFE)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a gateway listens: an IP literal and a TCP or UDP port."""

    host: Host
    port: int

    def __str__(self) -> str:
        """Return the one spelling that `parse_address` takes."""
        host = f"[{self.host}]" if self.host.version == 6 else str(self.host)  # noqa: PLR2004
        return f"{host}:{self.port}"


def parse_address(text: str) -> Address:
    """Return the address written as `a.b.c.d:port` or `[ipv6]:port`; raises ValueRefused."""
    match = _ADDRESS.fullmatch(text)
    if not match or int(match["port"]) > 65535:  # noqa: PLR2004
        raise ValueRefused(f"{text!r} is not an address such as 10.8.0.21:502 or [fd00::21]:502")
    try:
        host = IPv4Address(match["v4"]) if match["v4"] else IPv6Address(match["v6"])
    except ValueError:
        raise ValueRefused(f"{text!r} holds no valid IP address") from None
    return Address(host, int(match["port"]))


def refusal(address: Address, nets: Sequence[Net], *, allow_loopback: bool) -> str | None:
    """Return why the address may not be connected to, or None where it may (security.md T14).

    What no gateway can be stays refused even inside `nets`; `allow_loopback` opens 127.0.0.0/8
    alone.
    """
    host = address.host
    if allow_loopback and host in _LOOPBACK_V4:
        return None
    kind = _never(host)
    if kind:
        return f"{address} is not allowed for a gateway: {kind} address"
    if not any(host in net for net in nets):
        return f"{address} is outside PPA_GATEWAY_NETS"
    return None


def _never(host: Host) -> str | None:
    """Return the kind of an address that is refused whatever the allowlist says."""
    kind = next((kind for kind, net in _NEVER if host in net), None)
    if kind is None and isinstance(host, IPv6Address) and int(host) >> 32 & 0xFFFFFFFF in _ISATAP:
        return "IPv4 inside IPv6 (ISATAP)"
    return kind

"""Failed logins slow their address down, and nobody else (security.md T1)."""

import ipaddress

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from shared.errors import Refused
from shared.models.doors import Throttle

LIMITS = ((15 * 60, 10), (60 * 60, 30))
"""Windows in seconds, each with the failures it allows."""

_KEEP_S = 60 * 60


class TooManyFailures(Refused):
    """The address has failed too often; `retry_after_s` is at least 1."""

    def __init__(self, retry_after_s: int) -> None:
        """Keep how many seconds the address has to wait."""
        super().__init__(f"too many failed logins, try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


def network(address: str) -> str:
    """Return what one household shares: the IPv4 address, or the /64 of an IPv6 address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip.packed, 64), strict=False))
    return str(ip)


def check_throttle(session: Session, door: str, address: str, now: int) -> None:
    """Raise TooManyFailures where an address has used up its failures at a door."""
    failures = session.scalars(
        select(Throttle.at)
        .where(
            Throttle.address == network(address),
            Throttle.door == door,
            Throttle.at > now - _KEEP_S,
        )
        .order_by(Throttle.at.desc())
        .limit(LIMITS[-1][1])
    ).all()
    waits = [
        failures[allowed - 1] + window_s - now
        for window_s, allowed in LIMITS
        if len(failures) >= allowed
    ]
    if waits and max(waits) > 0:
        raise TooManyFailures(max(waits))


def register_failure(session: Session, door: str, address: str, now: int) -> None:
    """Count one failed login, and forget those that no longer matter."""
    session.execute(delete(Throttle).where(Throttle.at <= now - _KEEP_S))
    session.add(Throttle(door=door, address=network(address), at=now))

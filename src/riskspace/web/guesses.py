"""Wrong tokens, counted by where they come from, so that guessing is slow.

A guess past a bound is refused without being compared, so that a right one tells nothing either.
There are two bounds, after OWASP's "Slow Down Online Guessing Attacks with Device Cookies":

- the address that guesses: the connection's own, or behind a proxy (the hub's, an ingress, the
  gateway) the one that the proxy names. One who guesses shuts out nobody else's right token.
- the connection's own address, whatever it names: `X-Forwarded-For` can be made up. An address that
  the right token has come from is past this bound, so others behind its proxy don't shut it out.

Each process counts for itself: several on one port (WEB_CONCURRENCY), replicas, and the two ports
have these bounds each. A token worth the name makes that no matter: 16 random letters and digits
have 95 bits, and a thousand addresses at the bound try fewer than 2^33 a year.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

from starlette.requests import Request

# Wrong tokens that are compared in a window of so many seconds, which starts with the first.
WINDOW = 60.0
OF_AN_ADDRESS = 10
OF_A_CONNECTION = 100
# Addresses that are counted at most, the oldest forgotten first, and that are known as the admin's.
COUNTED = 10_000
KNOWN = 64
# Proxies in a row that are looked behind.
HOPS = 8


class Source(NamedTuple):
    """Where a request comes from: who is connected, and on whose behalf."""

    connection: str
    address: str


class Guesses:
    """No lock: it is asked by the event loop alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._addresses = _Counts(OF_AN_ADDRESS, clock)
        self._connections = _Counts(OF_A_CONNECTION, clock)
        self._known: dict[str, None] = {}

    def wait(self, source: Source) -> int:
        """Seconds until a guess from there is compared; 0 where it may be now."""
        return max(
            self._addresses.wait(source),
            0 if source.address in self._known else self._connections.wait(source.connection),
        )

    def wrong(self, source: Source) -> bool:
        """Counts a wrong token; whether it was the last that is compared for a while."""
        self._addresses.add(source)
        self._connections.add(source.connection)
        return self.wait(source) > 0

    def right(self, source: Source) -> None:
        """Remembers where the right token came from."""
        self._known.pop(source.address, None)
        self._known[source.address] = None
        if len(self._known) > KNOWN:
            del self._known[next(iter(self._known))]


class _Counts:
    """How often each key was counted in its window. Windows are of one length, so that the order
    in which they started is the one in which they end."""

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._clock = clock
        self._windows: dict[object, tuple[float, int]] = {}

    def wait(self, key: object) -> int:
        end, count = self._windows.get(key, (0.0, 0))
        left = end - self._clock()
        return math.ceil(left) if left > 0 and count >= self._limit else 0

    def add(self, key: object) -> None:
        now = self._clock()
        while self._windows and next(iter(self._windows.values()))[0] <= now:
            self._forget_the_oldest()
        if key not in self._windows and len(self._windows) >= COUNTED:
            self._forget_the_oldest()
        end, count = self._windows.get(key, (now + WINDOW, 0))
        self._windows[key] = (end, count + 1)

    def _forget_the_oldest(self) -> None:
        del self._windows[next(iter(self._windows))]


def source(request: Request) -> Source:
    """Where a request comes from. Of the addresses in `X-Forwarded-For`, to which each proxy adds
    the one that it saw, it is the last that isn't a private network's."""
    connection = request.client.host if request.client else ""
    direct = _address(connection)
    named = ",".join(request.headers.getlist("x-forwarded-for")).split(",")[-HOPS:]
    hops = [address for name in reversed(named) if (address := _address(name)) is not None]
    public = (address for address in hops if address.is_global)
    behind = next(public, hops[0] if hops else direct)
    return Source(
        connection if direct is None else _network(direct),
        connection if behind is None else _network(behind),
    )


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _network(address: IPv4Address | IPv6Address) -> str:
    """An IPv6 subscriber has 2^64 addresses, which count as one."""
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((address, 64), strict=False))

"""Refuses to start on a port that is taken.

`python -m riskspace.supervision.ports "SERVICE VARIABLE HOST PORT" ...` prints what is wrong, one
line a service, and exits with status 1. Without it, another program's Redis or API would answer
the probes of start.sh in place of ours.
"""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from typing import NamedTuple


class Address(NamedTuple):
    service: str
    variable: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        service, variable, host, port = text.split()
        return cls(service, variable, host, int(port))


def refusals(addresses: Iterable[Address]) -> list[str]:
    """Why each address that can't be listened on can't be. Two that want one port are found too."""
    reasons = []
    with ExitStack() as held:
        for address in addresses:
            try:
                _listen(address, held)
            except OSError as error:
                reasons.append(_describe(address, error))
    return reasons


def _listen(address: Address, held: ExitStack) -> None:
    found = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    for family, kind, protocol, _, where in found:
        try:
            listener = held.enter_context(socket.socket(family, kind, protocol))
            # As servers do: a port in TIME_WAIT after a restart is free.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind(where)
            listener.listen(1)
        except OSError as error:
            # `localhost` may name ::1 on a machine that has no IPv6.
            if len(found) > 1 and error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                continue
            raise


def _describe(address: Address, error: OSError) -> str:
    service, variable, host, port = address
    if error.errno == errno.EADDRINUSE:
        return f"{service}: le port {port} est déjà pris ({variable})"
    return f"{service}: impossible d'écouter sur {host}, port {port} ({variable}): {error.strerror}"


if __name__ == "__main__":
    wrong = refusals(map(Address.parse, sys.argv[1:]))
    sys.stderr.writelines(f"❌ {reason}\n" for reason in wrong)
    raise SystemExit(bool(wrong))

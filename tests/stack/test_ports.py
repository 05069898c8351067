from __future__ import annotations

import socket

import pytest
from real import free_port

from riskspace.supervision.ports import Address, refusals


def test_an_address_is_read_from_one_argument() -> None:
    assert Address.parse("API API_PORT :: 8000") == Address("API", "API_PORT", "::", 8000)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_free_ports_are_accepted_and_left_free(host: str) -> None:
    address = Address("API", "API_PORT", host, free_port())
    assert refusals([address]) == []
    assert refusals([address]) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
@pytest.mark.parametrize("other", ["127.0.0.1", "0.0.0.0"])
def test_a_port_is_taken_whatever_the_two_addresses(host: str, other: str) -> None:
    with socket.create_server((other, free_port())) as server:
        port = server.getsockname()[1]
        address = Address("API", "API_PORT", host, port)
        assert refusals([address]) == [f"API: le port {port} est déjà pris (API_PORT)"]


def test_a_port_that_a_client_has_just_left_is_free() -> None:
    """The connection stays in TIME_WAIT for a minute: a restart can't wait for that."""
    with socket.create_server(("127.0.0.1", free_port())) as server:
        port = server.getsockname()[1]
        with socket.create_connection(server.getsockname()):
            server.accept()[0].close()
    assert refusals([Address("API", "API_PORT", "127.0.0.1", port)]) == []


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
def test_an_address_that_is_not_ours_is_named(host: str) -> None:
    (reason,) = refusals([Address("API", "API_PORT", host, 8000)])
    assert reason.startswith(f"API: impossible d'écouter sur {host}, port 8000 (API_PORT): ")

"""Who may do what only the Space's owner may."""

from __future__ import annotations

import hmac

from pydantic import SecretStr

from riskspace.errors import Forbidden, Unauthorized


def require_admin(authorization: str | None, token: SecretStr | None) -> None:
    """Compares an `Authorization: Bearer …` header with ADMIN_TOKEN, in constant time.

    Raises Forbidden where no token is set, Unauthorized where the right one wasn't given.
    """
    if token is None:
        raise Forbidden("This is closed: no ADMIN_TOKEN is set.")
    scheme, _, given = (authorization or "").partition(" ")
    expected = token.get_secret_value().encode()
    matches = hmac.compare_digest(given.strip().encode(), expected)
    if scheme.lower() != "bearer" or not matches:
        raise Unauthorized(
            "This needs the admin token: Authorization: Bearer <ADMIN_TOKEN>.",
            headers={"WWW-Authenticate": "Bearer"},
        )

"""Who may do what only the Space's owner may: the admin, who bears ADMIN_TOKEN."""

from __future__ import annotations

import hashlib
import hmac
import logging

from pydantic import SecretStr
from starlette.requests import Request

from riskspace.errors import Forbidden, TooManyGuesses, Unauthorized
from riskspace.web.guesses import Guesses, source

# Characters below which a token may be short enough to be guessed.
SHORT = 16


class Admin:
    """Knows the admin by `Authorization: Bearer <ADMIN_TOKEN>`."""

    def __init__(
        self, token: SecretStr | None, logger: logging.Logger, guesses: Guesses | None = None
    ) -> None:
        secret = None if token is None else token.get_secret_value()
        self._digest = None if secret is None else _digest(secret.encode())
        self._logger = logger
        self._guesses = guesses or Guesses()
        if secret is not None and len(secret) < SHORT:
            logger.warning("ADMIN_TOKEN est court: %d caractères au hasard le protègent", SHORT)

    def require(self, request: Request) -> None:
        """Returns where the request bears the token.

        Digests are compared, in constant time: they are of one length, whatever was sent. Raises
        Forbidden where no token is set, Unauthorized where the right one wasn't given, and
        TooManyGuesses, without a comparison, where too many wrong ones were before it.
        """
        if self._digest is None:
            raise Forbidden("This is closed: no ADMIN_TOKEN is set.")
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        token = given.strip().encode("latin-1")  # the bytes that were sent
        if scheme.lower() != "bearer" or not token:
            raise _unauthorized()
        origin = source(request)
        if seconds := self._guesses.wait(origin):
            raise TooManyGuesses(
                "Too many wrong tokens came from this address.",
                headers={"Retry-After": str(seconds)},
            )
        if hmac.compare_digest(_digest(token), self._digest):
            self._guesses.right(origin)
            return
        if self._guesses.wrong(origin):
            self._logger.warning("Trop de jetons faux d'une même adresse")
        raise _unauthorized()


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()


def _unauthorized() -> Unauthorized:
    return Unauthorized(
        "This needs the admin token: Authorization: Bearer <ADMIN_TOKEN>.",
        headers={"WWW-Authenticate": "Bearer"},
    )

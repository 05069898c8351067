"""What can go wrong, as one tree.

RiskSpaceError
├── SettingsError        the environment asks for something that isn't accepted
├── PackageError         a model package can't be served
├── StoreError           the store can't be reached, or refuses
└── RequestError         a caller's request can't be answered; carries its HTTP status
    ├── BadInput         422  one or more fields are wrong
    ├── MalformedBody    400  the body can't be read at all
    ├── BodyTooLarge     413
    ├── UnsupportedMedia 415
    ├── Unauthorized     401
    ├── Forbidden        403
    ├── TooSlow          408  a body that doesn't come
    ├── NotFound         404
    ├── MethodNotAllowed 405
    ├── TooManyGuesses   429  wrong tokens, too many of them
    ├── NotReady         503  no model yet
    ├── Overloaded       503  too many others
    ├── StoreUnavailable 503  the log can't be read just now
    └── UpstreamError    502  the API behind the page doesn't answer
        └── UpstreamTimeout  504  or not in time
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

# The field that stands for a body as a whole.
BODY = "body"


class RiskSpaceError(Exception):
    """The root of every error that this package raises on purpose."""


class SettingsError(RiskSpaceError):
    """An environment variable holds what it can't; the message names it and what it accepts."""


class PackageError(RiskSpaceError):
    """A model package is refused; the message says which file and why."""


class StoreError(RiskSpaceError):
    """The store can't be reached, or refuses."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: never holds the value that was sent.

    `code` is stable, for programs: missing, unknown_field, wrong_type, not_finite,
    out_of_bounds, not_a_choice, malformed, too_many, too_few, too_large.
    """

    field: str
    code: str
    message: str
    accepted: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


class RequestError(RiskSpaceError):
    """A request that can't be answered: `status` is HTTP's, `detail` is safe to show, `headers`
    go out with the answer."""

    status = 500

    def __init__(
        self,
        detail: str,
        errors: tuple[FieldError, ...] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}


class BadInput(RequestError):
    status = 422


class MalformedBody(RequestError):
    status = 400


class TooSlow(RequestError):
    status = 408


class BodyTooLarge(RequestError):
    status = 413


class UnsupportedMedia(RequestError):
    status = 415


class Unauthorized(RequestError):
    status = 401


class Forbidden(RequestError):
    status = 403


class NotFound(RequestError):
    status = 404


class MethodNotAllowed(RequestError):
    status = 405


class TooManyGuesses(RequestError):
    status = 429


def bad_input(errors: Sequence[FieldError]) -> BadInput:
    """The refusal of some fields, which it names."""
    fields = ", ".join(dict.fromkeys(error.field for error in errors))
    return BadInput(f"Wrong input in: {fields}.", tuple(errors))


def malformed(expected: str) -> MalformedBody:
    """The refusal of a body that isn't what was expected at all."""
    error = FieldError(BODY, "malformed", "can't be read", expected)
    return MalformedBody("The body can't be read.", (error,))


class NotReady(RequestError):
    status = 503


class Overloaded(RequestError):
    status = 503


class StoreUnavailable(RequestError):
    status = 503


class UpstreamError(RequestError):
    status = 502


class UpstreamTimeout(UpstreamError):
    status = 504

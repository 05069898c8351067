"""Reading a request's body, bounded, whatever it says of its own length."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import Message, Receive

from riskspace.errors import BodyTooLarge, FieldError, UnsupportedMedia

JSON = "application/json"
CSV = "text/csv"

# Bytes of one record, and of a batch: the widest record, ten thousand times.
RECORD_LIMIT = 64 * 1024
BATCH_LIMIT = 8 * 1024 * 1024


async def read(request: Request, limit: int) -> bytes:
    """The body, at most `limit` bytes.

    Raises BodyTooLarge where it is longer; the rest is left unread.
    """
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
    return b"".join(parts)


def replayed(first: Message, receive: Receive) -> Receive:
    """What was received, once more, and then what follows."""
    messages = [first]

    async def received() -> Message:
        return messages.pop() if messages else await receive()

    return received


def media_type(request: Request, accepted: tuple[str, ...]) -> str:
    """The body's media type, without its parameters.

    Raises UnsupportedMedia where it is not one of `accepted`.
    """
    given = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if given not in accepted:
        names = " or ".join(accepted)
        error = FieldError("Content-Type", "wrong_type", "is not accepted", names)
        raise UnsupportedMedia(f"Send the body as {names}.", (error,), {"Accept": names})
    return given


def _too_large(limit: int) -> BodyTooLarge:
    error = FieldError("body", "too_large", "is too long", f"at most {limit} bytes")
    return BodyTooLarge(f"The body is longer than {limit} bytes.", (error,))

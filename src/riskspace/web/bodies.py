"""Reading a request's body, bounded, whatever it says of its own length."""

from __future__ import annotations

from starlette.requests import Request

from riskspace.errors import BodyTooLarge, FieldError, UnsupportedMedia

JSON = "application/json"
CSV = "text/csv"

# Bytes of one record, of a batch (the widest record, ten thousand times), and of what is still
# read of a body that is too long.
RECORD_LIMIT = 64 * 1024
BATCH_LIMIT = 8 * 1024 * 1024
DRAINED = 32 * 1024 * 1024


async def read(request: Request, limit: int) -> bytes:
    """The body, at most `limit` bytes.

    Raises BodyTooLarge where it is longer. Up to DRAINED bytes are then read and thrown away: a
    client that is still sending when the connection closes never sees the answer.
    """
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size <= limit:
            parts.append(part)
        else:
            parts.clear()
            if size > DRAINED:
                break
    if size > limit:
        raise _too_large(limit)
    return b"".join(parts)


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

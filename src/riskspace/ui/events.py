"""What a page says of its events. Gradio keeps some of it, and takes for granted that it comes from
a page of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from riskspace.errors import BadInput, FieldError, bad_input

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,64}$")]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Joined(_Message):
    """An event that the page asks for; `data` holds a value for each of its inputs."""

    fn_index: int
    session_hash: Id
    data: list[Any]
    event_data: Any = None
    trigger_id: int | None = None


class Cancelled(_Message):
    fn_index: int
    session_hash: Id
    event_id: Id


class Reset(_Message):
    event_id: Id


_MESSAGES: dict[str, type[_Message]] = {"join": Joined, "cancel": Cancelled, "reset": Reset}


def check(call: str, body: bytes, inputs: Mapping[int, int]) -> None:
    """Checks the body of one of Gradio's calls; `inputs` has the number of values that each event
    of the page takes.

    Raises BadInput where no page of ours would send it.
    """
    try:
        message = _MESSAGES[call].model_validate_json(body)
    except ValidationError as error:
        location = error.errors(include_url=False, include_input=False)[0]["loc"]
        known = [name for name in location[:1] if name in _MESSAGES[call].model_fields]
        raise _refusal(str(*known) or "body") from None
    if isinstance(message, Joined) and inputs.get(message.fn_index) != len(message.data):
        raise _refusal("data" if message.fn_index in inputs else "fn_index")


def _refusal(field: str) -> BadInput:
    return bad_input([FieldError(field, "malformed", "is not accepted", "what the page sends")])

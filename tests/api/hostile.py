"""Bad input of every kind. What a value says is always the canary, so that an echo is seen."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import tiny

CANARY, NUMBER = "canary-7731", 77317731.25
JSON, CSV = "application/json", "text/csv"


@dataclass(frozen=True)
class Sent:
    """A request, the status that it gets, and the field and the code that its problem names."""

    body: bytes
    status: int
    field: str
    code: str
    media_type: str = JSON


def record(**changes: Any) -> bytes:
    return json.dumps({**tiny.RECORD, **changes}).encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in tiny.RECORD.items() if key != name}).encode()


def wrong(body: bytes, field: str, code: str) -> Sent:
    return Sent(body, 422, field, code)


def unreadable(body: bytes) -> Sent:
    return Sent(body, 400, "body", "malformed")


def unsupported(media_type: str) -> Sent:
    return Sent(record(liquid=CANARY), 415, "Content-Type", "wrong_type", media_type)


CANARY_JSON = json.dumps(CANARY).encode()

RECORDS: dict[str, Sent] = {
    "missing": wrong(without("hours"), "hours", "missing"),
    "null": wrong(record(hours=None), "hours", "missing"),
    "a text": wrong(record(hours=CANARY), "hours", "wrong_type"),
    "a number as text": wrong(record(hours=str(NUMBER)), "hours", "wrong_type"),
    "a list": wrong(record(hours=[CANARY]), "hours", "wrong_type"),
    "an object": wrong(record(hours={CANARY: CANARY}), "hours", "wrong_type"),
    "a boolean for a number": wrong(record(hours=True), "hours", "wrong_type"),
    "a number for a boolean": wrong(record(outdoor=NUMBER), "outdoor", "wrong_type"),
    "out of bounds": wrong(record(hours=77317731), "hours", "out_of_bounds"),
    "no whole number": wrong(record(hours=7731.7731), "hours", "wrong_type"),
    "no choice": wrong(record(liquid=CANARY), "liquid", "not_a_choice"),
    "unicode": wrong(record(material=CANARY + "\u202e\U0001f388é\0\n"), "material", "not_a_choice"),
    "a choice of 50 kB": wrong(record(liquid=CANARY * 4500), "liquid", "not_a_choice"),
    "an unknown field": wrong(record(depth=CANARY), "depth", "unknown_field"),
    "a thousand unknown fields": wrong(
        record(**{f"depth{number}": CANARY for number in range(1000)}), "depth0", "unknown_field"
    ),
    "a prototype": wrong(record(__proto__={"x": CANARY}), "__proto__", "unknown_field"),
    "NaN": wrong(record(inlet_bar=float("nan")), "inlet_bar", "not_finite"),
    "Infinity": wrong(record(inlet_bar=float("inf")), "inlet_bar", "not_finite"),
    "-Infinity": wrong(record(inlet_bar=float("-inf")), "inlet_bar", "not_finite"),
    "1e999": wrong(record(inlet_bar=0)[:-1] + b', "inlet_bar": 1e999}', "inlet_bar", "not_finite"),
    "a number of 400 digits": wrong(record(hours=int("7731" * 100)), "hours", "not_finite"),
    "a number of 5000 digits": unreadable(b'{"hours": ' + b"7731" * 1250 + b"}"),
    "a key twice, the last one wrong": wrong(
        record(hours=1)[:-1] + b', "hours": ' + CANARY_JSON + b"}", "hours", "wrong_type"
    ),
    "nothing": unreadable(b""),
    "half an object": unreadable(b'{"hours": ' + CANARY_JSON),
    "no JSON": unreadable(CANARY.encode()),
    "a comment": unreadable(b"{} // " + CANARY.encode()),
    "single quotes": unreadable(b"{'hours': 1}"),
    "invalid UTF-8": unreadable(b'{"hours": 1, "material": "' + CANARY.encode() + b'\xff"}'),
    "UTF-16": unreadable(record(liquid=CANARY).decode().encode("utf-16")),
    "half a pair of surrogates": unreadable(b'{"hours": 1, "material": "\\ud800"}'),
    "a deep list": unreadable(b"[" * 30_000 + b"]" * 30_000),
    "a deep value": unreadable(b'{"hours": ' + b"[" * 30_000 + b"]" * 30_000 + b"}"),
    "compressed": unreadable(b"\x1f\x8b\x08\x00" + bytes(100)),
    "the word null": wrong(b"null", "body", "wrong_type"),
    "a text alone": wrong(CANARY_JSON, "body", "wrong_type"),
    "a number alone": wrong(b"77317731.25", "body", "wrong_type"),
    "an array": wrong(b"[" + record(liquid=CANARY) + b"]", "body", "wrong_type"),
    "a body just too long": Sent(record(liquid="x" * 65_500), 413, "body", "too_large"),
    "a body of 10 MB": Sent(record(liquid=CANARY * 950_000), 413, "body", "too_large"),
    "a form": unsupported("application/x-www-form-urlencoded"),
    "a text's type": unsupported("text/plain"),
    "CSV where a record is due": unsupported(CSV),
    "no type": unsupported(""),
    "a type that is none": unsupported(CANARY),
}

# Whole batches that are refused; a wrong row in a good batch is another matter.
BATCHES: dict[str, Sent] = {
    "nothing": unreadable(b""),
    "half a list": unreadable(b"[{}, " + CANARY_JSON),
    "invalid UTF-8": unreadable(b'[{"hours": "' + CANARY.encode() + b'\xff"}]'),
    "a deep list": unreadable(b"[" * 300_000 + b"]" * 300_000),
    "a number of 5000 digits": unreadable(b"[" + b"7731" * 1250 + b"]"),
    "the word null": wrong(b"null", "records", "wrong_type"),
    "an object of others": wrong(b'{"x": ' + CANARY_JSON + b"}", "records", "wrong_type"),
    "no row": wrong(b"[]", "records", "too_few"),
    "a body of 10 MB": Sent(b"[" + CANARY_JSON * 800_000 + b"]", 413, "body", "too_large"),
    "CSV of 10 MB": Sent(b"hours\n" + b"7731773\n" * 1_300_000, 413, "body", "too_large", CSV),
    "CSV of nothing": Sent(b"", 400, "body", "malformed", CSV),
    "CSV without a header": Sent(
        f"{CANARY},1\n{CANARY},2\n".encode(), 400, "body", "malformed", CSV
    ),
    "CSV in another encoding": Sent(
        b"hours\n" + CANARY.encode() + b"\xe9\n", 400, "body", "malformed", CSV
    ),
    "CSV with an open quote": Sent(
        b'hours\n"' + CANARY.encode() + b"\n", 400, "body", "malformed", CSV
    ),
    "CSV with a header alone": Sent(b"hours\n", 422, "records", "too_few", CSV),
    "a form": unsupported("multipart/form-data; boundary=x"),
}

# Batches whose one row is refused, in an answer that is 200.
ROWS: dict[str, Sent] = {
    name: sent for name, sent in RECORDS.items() if sent.status == 422 and len(sent.body) < 1e5
}

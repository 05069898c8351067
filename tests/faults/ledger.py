"""What clients were answered, beside what Redis holds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from faults.load import Outcome
from redis import Redis, RedisError

RECORDS = "riskspace:records"
# Statuses after which a record may be there or not: whoever answered them lost the one who knew.
_UNCERTAIN = {502, 504}


@dataclass(frozen=True, slots=True)
class Balance:
    """Predictions that were answered, and those of them that are not there, or more than once.

    `unasked` are records of requests that were refused or never sent; `unheard` those of requests
    whose connection died before the answer came, which may be there.
    """

    answered: int
    missing: int
    double: int
    unasked: int
    unheard: int

    @property
    def sound(self) -> bool:
        return not (self.missing or self.double or self.unasked)


class Ledger:
    """Reads the stream of records on from where it stopped, before its oldest are trimmed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._last = "-"
        self._ids: Counter[str] = Counter()
        self._requests: Counter[str] = Counter()

    def read(self) -> None:
        """Raises RedisError while Redis is away."""
        with Redis(port=self._port, socket_timeout=5, decode_responses=True) as client:
            while True:
                entries: Any = client.xrange(RECORDS, min=self._last, count=5000)
                for id_, fields in entries:
                    self._ids[fields["id"]] += 1
                    self._requests[fields.get("request_id", "")] += 1
                    self._last = f"({id_}"
                if len(entries) < 5000:
                    return

    def missing(self, outcomes: Iterable[Outcome]) -> list[str]:
        """Predictions that were answered and have no record."""
        answered = (one.prediction_id for one in outcomes if one.status == 200)
        return [id_ for id_ in answered if id_ is not None and id_ not in self._ids]

    def settle(self, outcomes: Callable[[], Iterable[Outcome]], within: float = 30) -> float:
        """Reads until all that is answered by now is there; the seconds that it took, or `within`
        where it never was."""
        began = time.monotonic()
        answered = list(outcomes())
        while time.monotonic() - began < within:
            with suppress(RedisError):
                self.read()
                if not self.missing(answered):
                    break
            time.sleep(0.05)
        return min(time.monotonic() - began, within)

    def balance(self, outcomes: Iterable[Outcome]) -> Balance:
        """Of all that was read; `outcomes` must hold every request."""
        known = {one.request_id: one for one in outcomes}
        answered = [one for one in known.values() if one.status == 200]
        unheard = unasked = 0
        for request_id in self._requests:
            outcome = known.get(request_id)
            if outcome is None or (outcome.status or 502) not in {200, *_UNCERTAIN}:
                unasked += 1
            elif outcome.status != 200:
                unheard += 1
        double = max(_repeated(self._ids), _repeated(self._requests))
        return Balance(len(answered), len(self.missing(answered)), double, unasked, unheard)


def _repeated(counts: Counter[str]) -> int:
    return sum(times - 1 for times in counts.values())

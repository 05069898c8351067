"""Requests of one moment, answered together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")

# What is answered in one turn: so that a crowd is not answered all at its end, and whoever comes
# meanwhile is heard.
MOST = 64


class MicroBatch(Generic[Asked, Answered]):
    """Gathers what is asked in one turn of the event loop and answers it by one call of `answer`,
    which takes a few questions and gives as many answers: nobody waits for others to come. More
    than MOST questions take more turns, first come, first served.

    For one event loop; `answer` runs on it, so it must be quick.
    """

    def __init__(self, answer: Callable[[Sequence[Asked]], Sequence[Answered]]) -> None:
        self._answer = answer
        self._asked: list[Asked] = []
        self._waiting: list[asyncio.Future[Answered]] = []
        self._loop: asyncio.AbstractEventLoop

    def ask(self, question: Asked) -> asyncio.Future[Answered]:
        """The answer, in the next turn of the loop that has room; raises what `answer` raised."""
        if not self._asked:  # asking for the loop costs as much as decoding a record does
            self._loop = asyncio.get_running_loop()
            self._loop.call_soon(self._turn)
        self._asked.append(question)
        future: asyncio.Future[Answered] = self._loop.create_future()
        self._waiting.append(future)
        return future

    def _turn(self) -> None:
        asked, self._asked = self._asked[:MOST], self._asked[MOST:]
        waiting, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        self._some(asked, waiting)
        if self._asked:
            self._loop.call_soon(self._turn)

    def _some(self, asked: Sequence[Asked], waiting: Sequence[asyncio.Future[Answered]]) -> None:
        try:
            answers = self._answer(asked)
        except Exception as error:  # it is each asker's to handle
            for future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        for future, answer in zip(waiting, answers, strict=True):
            if not future.done():  # its asker may have gone
                future.set_result(answer)

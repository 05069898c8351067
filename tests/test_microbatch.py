from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from riskspace.microbatch import MOST, MicroBatch


class Doubling:
    """Doubles numbers, and keeps how many it was asked at once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, numbers: Sequence[int]) -> Sequence[int]:
        self.sizes.append(len(numbers))
        if -1 in numbers:
            raise ValueError("minus one")
        return [2 * number for number in numbers]


async def ask_all(batch: MicroBatch[int, int], numbers: Sequence[int]) -> list[int]:
    async def ask(number: int) -> int:
        return await batch.ask(number)

    return await asyncio.gather(*map(ask, numbers))


def test_what_is_asked_in_one_moment_is_answered_by_one_call_each_his_own() -> None:
    doubling = Doubling()
    answers = asyncio.run(ask_all(MicroBatch(doubling), range(10)))
    assert answers == [2 * number for number in range(10)]
    assert doubling.sizes == [10]


def test_a_crowd_is_answered_in_parts() -> None:
    doubling = Doubling()
    asyncio.run(ask_all(MicroBatch(doubling), range(MOST + 1)))
    assert doubling.sizes == [MOST, 1]


def test_who_comes_meanwhile_is_heard_between_the_parts_of_a_crowd() -> None:
    async def crowd() -> list[int]:
        batch, done = MicroBatch(Doubling()), list[int]()
        asked = [batch.ask(number) for number in range(3 * MOST)]
        loop = asyncio.get_running_loop()
        for _ in range(3):
            loop.call_soon(lambda: done.append(sum(one.done() for one in asked)))
            await asyncio.sleep(0)
        assert await asyncio.gather(*asked) == [2 * number for number in range(3 * MOST)]
        return done

    assert asyncio.run(crowd()) == [MOST, 2 * MOST, 3 * MOST]


def test_the_next_moment_is_another_call() -> None:
    async def twice() -> None:
        batch = MicroBatch(doubling)
        assert await batch.ask(1) == 2
        assert await batch.ask(2) == 4

    doubling = Doubling()
    asyncio.run(twice())
    assert doubling.sizes == [1, 1]


def test_a_failure_is_raised_where_it_was_asked_and_the_next_is_answered() -> None:
    async def fail_then_ask() -> None:
        batch = MicroBatch(Doubling())
        with pytest.raises(ValueError, match="minus one"):
            await ask_all(batch, [1, -1])
        assert await batch.ask(3) == 6

    asyncio.run(fail_then_ask())


def test_whoever_has_gone_does_not_disturb_the_others() -> None:
    async def leave() -> int:
        batch = MicroBatch(Doubling())
        gone = batch.ask(1)
        stays = batch.ask(2)
        gone.cancel()
        return await stays

    assert asyncio.run(leave()) == 4

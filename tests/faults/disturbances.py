"""What happens to a program of the stack, each as a function that takes the stack and the
program's name, and returns when it is over."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from faults.spaces import PROGRAMS
from real import eventually
from stack.stacks import Stack

Act = Callable[[Stack, str], None]


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What happens, and to which programs in turn; how often a program exits each time, and what
    part of all times it happens."""

    name: str
    act: Act
    programs: tuple[str, ...] = PROGRAMS
    exits: int = 1
    share: float = 1.0


def short() -> list[Disturbance]:
    return [
        Disturbance("kill -9", kill),
        Disturbance("SIGSTOP for 2 s", freeze(2)),
        Disturbance("kill -9 while Redis is frozen for 1 s", kill_beside_frozen(1), ("api",)),
    ]


def long() -> list[Disturbance]:
    return [
        Disturbance("SIGSTOP for 10 s", freeze(10)),
        Disturbance("kill -9", kill),
        Disturbance(
            "kill -9 while Redis is frozen for 5 s", kill_beside_frozen(5), ("api",), share=0.25
        ),
        Disturbance("kill -9, and again while it starts", kill_again(0.3), ("api",), 2, 0.25),
    ]


def kill(stack: Stack, program: str) -> None:
    """`kill -9`."""
    os.kill(stack.pid(program), signal.SIGKILL)


def freeze(seconds: float) -> Act:
    """SIGSTOP, and SIGCONT so many seconds later."""

    def act(stack: Stack, program: str) -> None:
        pid = stack.pid(program)
        os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)

    return act


def kill_beside_frozen(seconds: float) -> Act:
    """`kill -9` when Redis has not answered for so long: what was answered meanwhile is in no other
    process, and Redis stays away until the program has been started again."""

    def act(stack: Stack, program: str) -> None:
        redis, killed = stack.pid("redis"), stack.pid(program)
        os.kill(redis, signal.SIGSTOP)
        try:
            time.sleep(seconds)
            os.kill(killed, signal.SIGKILL)
            eventually(lambda: stack.pid(program) not in (0, killed))
        finally:
            os.kill(redis, signal.SIGCONT)

    return act


def kill_again(seconds: float) -> Act:
    """`kill -9`, and so many seconds after it was started again, once more."""

    def act(stack: Stack, program: str) -> None:
        stack.kill(program)
        time.sleep(seconds)
        kill(stack, program)

    return act

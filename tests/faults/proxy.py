"""Between the API and Redis: a proxy that delays, refuses and cuts, a command at a time."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Awaitable, Callable
from typing import Self

# How Redis refuses, each with what it would say.
OOM = b"-OOM command not allowed when used memory > 'maxmemory'.\r\n"
LOADING = b"-LOADING Redis is loading the dataset in memory\r\n"
READONLY = b"-READONLY You can't write against a read only replica.\r\n"
MISCONF = b"-MISCONF Errors writing to the AOF file: No space left on device\r\n"
# What writes; the greetings of a connection do not.
_WRITES = (b"EVAL", b"EVALSHA", b"XADD", b"DEL", b"SCRIPT")


class Cut(Exception):
    """The connection is to be cut."""


class Exchange:
    """One command on its way."""

    def __init__(self, command: bytes, client: asyncio.StreamWriter, redis: _Redis) -> None:
        self.command = command
        self._client = client
        self._redis = redis

    @property
    def writes(self) -> bool:
        return self.command.split(b"\r\n", 3)[2].upper() in _WRITES

    async def forward(self, size: int | None = None) -> None:
        """Sends the command, or its first bytes."""
        await self._redis.send(self.command[:size])

    async def reply(self) -> bytes:
        return await self._redis.reply()

    def answer(self, reply: bytes) -> None:
        self._client.write(reply)


Fault = Callable[[Exchange], Awaitable[None]]


async def nothing(exchange: Exchange) -> None:
    await exchange.forward()
    exchange.answer(await exchange.reply())


def delay(seconds: float) -> Fault:
    """Answers so much later."""

    async def fault(exchange: Exchange) -> None:
        await asyncio.sleep(seconds)
        await nothing(exchange)

    return fault


async def reset(_: Exchange) -> None:
    """Cuts before Redis sees the command."""
    raise Cut


def refuse(reply: bytes) -> Fault:
    """Answers an error in Redis's place."""

    async def fault(exchange: Exchange) -> None:
        exchange.answer(reply)

    return fault


def cut_after(size: int) -> Fault:
    """Cuts in the middle of a command: Redis gets its first bytes alone."""

    async def fault(exchange: Exchange) -> None:
        await exchange.forward(size)
        raise Cut

    return fault


async def lose_reply(exchange: Exchange) -> None:
    """Cuts once Redis has done what it was told, and before it can say so."""
    await exchange.forward()
    await exchange.reply()
    raise Cut


def every(number: int, fault: Fault) -> Fault:
    """The fault, on each so manieth command that writes; the others pass."""
    numbers = itertools.count(1)

    async def sometimes(exchange: Exchange) -> None:
        if exchange.writes and next(numbers) % number == 0:
            await fault(exchange)
        else:
            await nothing(exchange)

    return sometimes


class Proxy:
    """Listens on a port of its own, in a thread of its own; `fault` may be changed at any time."""

    def __init__(self, redis_port: int) -> None:
        self.fault: Fault = nothing
        self.struck = 0
        self.port = 0
        self._redis_port = redis_port
        self._listening = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._listening.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**24)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0.1))  # which the transports take to be closed
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        redis = None
        try:
            redis = _Redis(*await asyncio.open_connection("127.0.0.1", self._redis_port))
            while True:
                exchange = Exchange(await _value(reader), client, redis)
                fault = self.fault
                self.struck += fault is not nothing
                await fault(exchange)
                await client.drain()
        except (Cut, OSError, EOFError):
            client.transport.abort()
        finally:
            client.close()
            if redis is not None:
                redis.close()


class _Redis:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, command: bytes) -> None:
        self._writer.write(command)
        await self._writer.drain()

    async def reply(self) -> bytes:
        return await _value(self._reader)

    def close(self) -> None:
        self._writer.close()


async def _value(reader: asyncio.StreamReader) -> bytes:
    """One value of RESP, versions 2 and 3, as it came: https://redis.io/docs/reference/protocol-spec"""
    line = await reader.readuntil(b"\r\n")
    kind, rest = line[:1], line[1:-2]
    if kind in b"$=!" and int(rest) >= 0:
        return line + await reader.readexactly(int(rest) + 2)
    if kind in b"*~>%":
        times = int(rest) * (2 if kind == b"%" else 1)
        return line + b"".join([await _value(reader) for _ in range(times)])
    return line

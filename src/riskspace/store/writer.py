"""Between those who log and the store: nobody who hands in an entry ever waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from riskspace.store.protocol import Store, StoreError
from riskspace.store.queues import Queue

logger = logging.getLogger("api")

# Entries written at once, and seconds between two looks at the queues while there is something to
# write. Putting entries into words holds the event loop, and whoever asks waits: for a millisecond
# where they are 200, as for a look every 20 ms. A call, on the other hand, costs as much as 30.
BATCH = 24
BUSY_INTERVAL = 0.005
# Past so many that wait (a batch's records, or what came while the store was away) more go at once.
BACKLOG = 1000
LARGE_BATCH = 200
# Seconds between two looks else, and the longest pause while the store is away.
INTERVAL = 0.05
LONGEST_PAUSE = 1.0
# Seconds that a batch waits at most for room.
PATIENCE = 5.0
# Seconds between two lines on what was lost.
TELL_EVERY = 10.0


class Writer:
    """Writes queues to the store in batches, by one task. While the store is away everything stays
    queued; what a full queue pushed out is counted in `lost` and told in the log."""

    def __init__(self, store: Store, queues: Sequence[Queue]) -> None:
        self._store = store
        self._queues = list(queues)
        self._writing = asyncio.Lock()
        self._away = False
        self._told = 0, 0
        self._tell_again = 0.0

    @property
    def lost(self) -> int:
        """Entries that a full queue has pushed out so far."""
        return sum(queue.lost for queue in self._queues)

    @property
    def missed(self) -> int:
        """Records that the disk has refused so far."""
        return sum(queue.missed for queue in self._queues)

    def adopt(self, queue: Queue) -> None:
        """One more queue."""
        self._queues.append(queue)

    async def room(self, queue: Queue, entries: int) -> None:
        """Waits until as many entries can be put without pushing others out; not while the store is
        away, and not for ever."""
        give_up = asyncio.get_running_loop().time() + PATIENCE
        while not self._away and len(queue) + min(entries, queue.most) > queue.most:
            if asyncio.get_running_loop().time() > give_up:
                return
            await asyncio.sleep(BUSY_INTERVAL)

    async def run(self) -> None:
        """Writes until cancelled."""
        pause = INTERVAL
        while True:
            await asyncio.sleep(pause)
            try:
                written = await self.flush()
            except StoreError:
                pause = min(2 * pause, LONGEST_PAUSE)
            except Exception:  # a task's edge: the log must not end with one entry
                logger.exception("Erreur inattendue à l'écriture")
                pause = LONGEST_PAUSE
            else:
                pause = BUSY_INTERVAL if written else INTERVAL
            self._say_lost()

    async def flush(self) -> int:
        """Writes all that was put before this call; the number of entries.

        Raises StoreError when the store is away, or refuses one of the streams; nothing is lost
        by it, and the other streams are written all the same.
        """
        async with self._writing:
            refusals = []
            written = 0
            for queue in self._queues:
                try:
                    written += await self._drain(queue)
                except StoreError as error:
                    refusals.append(error)
            if refusals:
                self._say_away(refusals[0])
                raise refusals[0]
            self._say_back()
            return written

    async def close(self, patience: float) -> None:
        """A last write, for at most `patience` seconds."""
        try:
            await asyncio.wait_for(self.flush(), patience)
        except (StoreError, TimeoutError):
            left = sum(map(len, self._queues))
            logger.warning("Arrêt sans Redis (entrées non écrites: %d)", left)

    async def _drain(self, queue: Queue) -> int:
        written = remaining = len(queue)
        most = LARGE_BATCH if remaining > BACKLOG else BATCH
        while remaining > 0:
            entries, mark = queue.next(most)
            if not entries:
                break
            await self._store.append(queue.stream, entries, mark)
            queue.written()
            remaining -= len(entries)
        return written

    def _say_away(self, error: StoreError) -> None:
        if not self._away:
            self._away = True
            logger.warning("Redis ne répond pas (%s), les entrées attendent", error)

    def _say_back(self) -> None:
        if self._away:
            self._away = False
            logger.info("Redis répond de nouveau")

    def _say_lost(self) -> None:
        now = asyncio.get_running_loop().time()
        told = self.lost, self.missed
        if told == self._told or now < self._tell_again:
            return
        if self.lost > self._told[0]:
            logger.warning("File d'attente pleine (entrées perdues: %d au total)", self.lost)
        if self.missed > self._told[1]:
            logger.warning(
                "Journal refusé par le disque (prédictions en mémoire seulement: %d au total)",
                self.missed,
            )
        self._told, self._tell_again = told, now + TELL_EVERY

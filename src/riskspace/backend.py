"""What an edge works with, put together from the settings, and its life from start to end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from riskspace.errors import PackageError
from riskspace.logbook import Logbook
from riskspace.logs import Output
from riskspace.model import manifest as manifests
from riskspace.model.package import Package, load
from riskspace.service import Service, form_of
from riskspace.settings import Settings
from riskspace.store.entries import PredictionLine
from riskspace.store.handler import StreamHandler
from riskspace.store.journal import Journal, Journals, Orphan
from riskspace.store.memory import MemoryStore
from riskspace.store.protocol import Store, Stream
from riskspace.store.queues import BYTES, EntryQueue, RecordQueue
from riskspace.store.redis import RedisStore
from riskspace.store.writer import Writer

logger = logging.getLogger("api")

# Seconds between two looks at the lines to print.
PRINT_EVERY = 0.02
# Seconds between two looks for journals whose process has died.
ADOPT_EVERY = 5.0
# Seconds that a start waits for the model at most; a slow one is loaded while the port is open.
AT_ONCE = 0.25
# Seconds that the last write to Redis may take at shutdown.
DRAIN = 1.5
# Records that the memory of a process keeps: without Redis nobody reads them but this process.
IN_MEMORY = 1000
# Entries of one stream that wait at most for Redis; beyond what the stream keeps, none needs to.
WAITING = 100_000


@dataclass(frozen=True, slots=True)
class Backend:
    """`load` verifies and loads the package (in a thread); what refuses it goes to `refused`, and
    `settled` is called once it is there."""

    settings: Settings
    service: Service
    logbook: Logbook
    store: Store
    writer: Writer
    entries: EntryQueue
    records: RecordQueue
    output: Output
    load: Callable[[], Package]
    refused: Callable[[Exception], None]
    settled: Callable[[], None]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Writes the log and the records to the store, and loads the model meanwhile."""
        handler = StreamHandler(self.entries)
        if self.settings.uses_redis:
            logging.getLogger().addHandler(handler)
        logger.info("Démarrage de l'API...")
        journals = Journals(self.settings.run_dir / "journal")
        journal = self._open_journal(journals.root) if self.settings.uses_redis else None
        writing = asyncio.create_task(self.writer.run())
        adopting = asyncio.create_task(self._adopt(journals)) if journal else None
        printing = asyncio.create_task(self._print())
        loading = asyncio.create_task(self._load())
        # A compiled model is there at once, and then nobody is told to come again.
        await asyncio.wait({loading}, timeout=AT_ONCE)
        try:
            yield
        finally:
            logger.info("Arrêt de l'API...")
            await _end(loading)
            if adopting:
                await _end(adopting)
            # Before the writer's task ends: a write cut off in the middle would be made again.
            await self.writer.close(DRAIN)
            await _end(writing)
            await _end(printing)
            self.output.write()
            logging.getLogger().removeHandler(handler)
            await self.store.close()
            if journal is not None:
                journal.close()

    def _open_journal(self, root: Path) -> Journal:
        journal = Journal(root, self.records.form)
        try:
            journal.open()
        except OSError as error:
            logger.warning("Journal impossible (%s: %s)", root, error.strerror)
        self.records.write_into(journal)
        return journal

    async def _adopt(self, journals: Journals) -> None:
        """Takes over what the dead have left, those before and siblings: one journal after the
        other, each when the one before it is written."""
        while True:
            with suppress(OSError):
                if lost := journals.shed(BYTES):
                    logger.warning("Journaux trop pleins (prédictions perdues: %d)", lost)
                while orphan := journals.orphan():
                    await self._take_over(orphan)
            await asyncio.sleep(ADOPT_EVERY)

    async def _take_over(self, orphan: Orphan) -> None:
        queue = RecordQueue(self.records.stream, orphan.form, WAITING, orphan)
        try:
            for number, records in await asyncio.to_thread(list, orphan.records()):
                queue.restore(number, records)
        except OSError as error:
            logger.warning("Journal illisible (%s)", type(error).__name__)
            return  # and nobody tries it again while this process lives
        if not queue:
            orphan.forget()
            return
        logger.info("Journal repris (prédictions: %d)", len(queue))
        self.writer.adopt(queue)
        while queue:
            await asyncio.sleep(PRINT_EVERY)

    async def _print(self) -> None:
        while True:
            await asyncio.sleep(PRINT_EVERY)
            self.output.write()

    async def _load(self) -> None:
        try:
            package = await asyncio.to_thread(self.load)
        except Exception as error:  # whatever it is, an API without its model must not stay
            refused = isinstance(error, PackageError)
            logger.critical("Modèle refusé: %s", error if refused else type(error).__name__)
            self.refused(error)
        else:
            self.service.engine = package.engine
            logger.info("Modèle chargé avec succès")
            self.settled()


def assemble(
    settings: Settings,
    output: Output,
    refused: Callable[[Exception], None],
    settled: Callable[[], None] = lambda: None,
) -> Backend:
    """The backend that these settings ask for, its package's manifest read.

    Raises PackageError where there is none that can be served.
    """
    folder = settings.model_path
    manifest = manifests.read(folder)
    most = settings.redis_records_max_size if settings.uses_redis else IN_MEMORY
    logs = Stream("riskspace:logs", settings.redis_logs_max_size)
    records = Stream("riskspace:records", most)
    store: Store = RedisStore.of(settings) if settings.uses_redis else MemoryStore()
    waiting = EntryQueue(logs, WAITING)
    waiting_records = RecordQueue(records, form_of(manifest), WAITING)
    writer = Writer(store, (waiting, waiting_records))

    def tell(line: PredictionLine) -> None:
        if logger.isEnabledFor(logging.INFO):
            output.later(line)
            if settings.uses_redis:
                waiting.put(line)

    service = Service(manifest, waiting_records, record_inputs=settings.record_inputs, tell=tell)
    logbook = Logbook(store, writer, logs)
    return Backend(
        settings,
        service,
        logbook,
        store,
        writer,
        waiting,
        waiting_records,
        output,
        lambda: load(folder),
        refused,
        settled,
    )


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task

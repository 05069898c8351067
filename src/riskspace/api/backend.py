"""What the routes work with, put together from the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from riskspace.model.manifest import Manifest
from riskspace.model.package import Package
from riskspace.service import Service
from riskspace.settings import Settings
from riskspace.store.memory import MemoryStore
from riskspace.store.protocol import Store, Stream
from riskspace.store.redis import RedisStore
from riskspace.store.writer import Writer


@dataclass(frozen=True, slots=True)
class Backend:
    """`load` verifies and loads the package (seconds, in a thread); its PackageError goes to
    `refused`."""

    settings: Settings
    service: Service
    store: Store
    writer: Writer
    logs: Stream
    load: Callable[[], Package]
    refused: Callable[[Exception], None]


def assemble(
    settings: Settings,
    manifest: Manifest,
    load: Callable[[], Package],
    refused: Callable[[Exception], None],
) -> Backend:
    """The backend that these settings ask for."""
    logs = Stream("riskspace:logs", settings.redis_logs_max_size)
    records = Stream("riskspace:records", settings.redis_records_max_size)
    store: Store = RedisStore.of(settings) if settings.uses_redis else MemoryStore()
    writer = Writer(store, (logs, records))
    service = Service(manifest, writer, records, record_inputs=settings.record_inputs)
    return Backend(settings, service, store, writer, logs, load, refused)

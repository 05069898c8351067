"""Each protection, how it is broken, and the tests that must notice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from real import ROOT

SOURCE = "src/riskspace"


@dataclass(frozen=True, slots=True)
class Break:
    """In `file`, what is there once `before` becomes `after`; then one of `tests` (as pytest takes
    them) has to fail."""

    protection: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]

    def make(self, root: Path) -> None:
        """Raises ValueError where the file isn't as it is said to be."""
        path = root / SOURCE / self.file
        text = path.read_text("utf-8")
        if text.count(self.before) != 1:
            raise ValueError(f"{self.file}: {self.before!r} is there {text.count(self.before)}×")
        path.write_text(text.replace(self.before, self.after), "utf-8")

    def undo(self, root: Path) -> None:
        (root / SOURCE / self.file).write_bytes((ROOT / SOURCE / self.file).read_bytes())


def _break(protection: str, file: str, before: str, after: str, *tests: str) -> Break:
    return Break(protection, file, before, after, tests)


JOURNAL = (
    _break(
        "a record is in the journal before its answer leaves",
        "store/queues.py",
        "            self._append(number, records)",
        "            pass",
        "tests/store/test_journal.py",
    ),
    _break(
        "what a dead process left is replayed",
        "backend.py",
        "while orphan := journals.orphan():",
        "while orphan := None:",
        "tests/api/test_journal.py",
    ),
    _break(
        "a journal is cut once Redis acknowledged",
        "store/journal.py",
        "if self._size and self._number <= number:",
        "if False:",
        "tests/store/test_journal.py",
    ),
    _break(
        "what is written twice is there once",
        "store/redis.py",
        "if number >= written then",
        "if true then",
        "tests/store/test_once.py",
    ),
    _break(
        "no more records wait than are kept",
        "store/queues.py",
        "while self._count > self.most:",
        "while False:",
        "tests/store",
    ),
    _break(
        "nor more bytes of them",
        "store/queues.py",
        "while self._bytes > BYTES and",
        "while False and",
        "tests/store/test_journal.py",
    ),
    _break(
        "what was lost is counted",
        "store/queues.py",
        "self.lost += stop - start",
        "pass",
        "tests/store",
    ),
    _break(
        "and told in the log",
        "store/writer.py",
        "logger.warning(\"File d'attente pleine",
        "logger.debug(\"File d'attente pleine",
        "tests/store",
    ),
    _break(
        "half a record on a full disk hides none",
        "store/journal.py",
        "os.ftruncate(self._file, self._size)",
        "pass",
        "tests/store/test_journal.py",
    ),
    _break(
        "the journals of the dead are bounded",
        "store/journal.py",
        "if size <= most:",
        "if True:",
        "tests/store/test_journal.py",
    ),
    _break(
        "a living process keeps its journal",
        "store/journal.py",
        "self._lock = _lock(draft)",
        "self._lock = os.open(draft, os.O_RDONLY)",
        "tests/store/test_journal.py",
    ),
)

OVERLOAD = (
    _break(
        "no more than N requests are in flight",
        "web/overload.py",
        "if self._answering >= (",
        "if False and self._answering >= (",
        "tests/api/test_overload.py",
    ),
    _break(
        "a refusal says when to come again",
        "web/overload.py",
        '    (b"retry-after", b"%d" % RETRY_AFTER),\n',
        "",
        "tests/api/test_overload.py",
    ),
    _break(
        "a probe is answered in any crowd",
        "web/overload.py",
        'if scope["path"] in self._always or _ENTERED in scope:',
        "if _ENTERED in scope:",
        "tests/api/test_overload.py",
    ),
    _break(
        "who comes too early gives way to the others",
        "web/overload.py",
        "(max(self.most // 2, 1) if early else self.most)",
        "self.most",
        "tests/api/test_overload.py",
    ),
    _break(
        "who comes again at once is not heard at once",
        "web/connections.py",
        "            self.on_response_complete()\n            self._rest()",
        "            self.on_response_complete()",
        "tests/api/test_overload.py",
    ),
    _break(
        "and later each time",
        "web/connections.py",
        "min(2 * self._rests, LONGEST_REST) if self._early else REST",
        "REST",
        "tests/api/test_overload.py",
    ),
    _break(
        "who was refused together doesn't come again together",
        "web/connections.py",
        "random.uniform(self._rests / 2, self._rests)",
        "self._rests",
        "tests/api/test_overload.py",
    ),
    _break(
        "a crowd is answered in parts",
        "microbatch.py",
        "self._asked[:MOST], self._asked[MOST:]\n"
        "        waiting, self._waiting = self._waiting[:MOST], self._waiting[MOST:]",
        "self._asked, []\n        waiting, self._waiting = self._waiting, []",
        "tests/test_microbatch.py",
    ),
    _break(
        "a crowd of connections is taken in at once",
        "web/acceptor.py",
        "AT_ONCE = 64",
        "AT_ONCE = 1",
        "tests/api/test_acceptor.py",
    ),
    _break(
        "half a request is nobody's work",
        "web/connections.py",
        "if cycle.more_body and not cycle.waiting_for_100_continue:",
        "if False:",
        "tests/api/test_connections.py",
    ),
    _break(
        "a client that lets wait is left",
        "web/connections.py",
        "if self.late < (",
        "if True or self.late < (",
        "tests/api/test_connections.py",
    ),
    _break(
        "a byte a second is too slow",
        "web/connections.py",
        "return self._moved - before >= SLOWEST",
        "return self._moved > before",
        "tests/api/test_connections.py",
    ),
    _break(
        "a head has an end",
        "web/connections.py",
        "if self._overhead > HEAD_LIMIT:",
        "if False:",
        "tests/api/test_connections.py",
    ),
    _break(
        "connections that wait make room for newcomers",
        "web/connections.py",
        "return len(leaving)",
        "return 0",
        "tests/api/test_connections.py",
    ),
    _break(
        "a client that has vanished is found out",
        "web/server.py",
        "        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)\n",
        "",
        "tests/api/test_connections.py",
    ),
    _break(
        "batches that wait are bounded",
        "api/predictions.py",
        "if not self._free:",
        "if False:",
        "tests/api/test_overload.py",
    ),
    _break(
        "a batch has to come in time",
        "api/predictions.py",
        "asyncio.timeout(UPLOAD)",
        "asyncio.timeout(None)",
        "tests/api/test_overload.py",
    ),
    _break(
        "the page's port refuses what is too many, too",
        "ui/public_api.py",
        "            Middleware(InFlight, gate=Gate(settings.max_in_flight, logger)),\n",
        "",
        "tests/ui/test_overload.py",
    ),
    _break(
        "it asks the API for few at once",
        "ui/public_api.py",
        "AT_ONCE = 16",
        "AT_ONCE = 1600",
        "tests/ui/test_overload.py",
    ),
    _break(
        "and not for who has gone",
        "ui/public_api.py",
        "if await request.is_disconnected():",
        "if False:",
        "tests/ui/test_overload.py",
    ),
)

HOSTILE = (
    _break(
        "a body has a bound, whatever it says of itself",
        "web/bodies.py",
        "if size > limit:",
        "if False:",
        "tests/api/test_bodies.py",
        "tests/api/test_bad_input.py",
    ),
    _break(
        "a batch has so many values at most",
        "service.py",
        "if any(_occurrences(body, mark) > most",
        "if False and any(_occurrences(body, mark) > most",
        "tests/api/test_batches.py",
    ),
    _break(
        "JSON of any depth is only wrong",
        "model/table.py",
        "with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):",
        "with suppress(msgspec.MsgspecError, UnicodeDecodeError):",
        "tests/api/test_bad_input.py",
    ),
    _break(
        "what follows a body is no header",
        "web/connections.py",
        "if self.cycle is None or self.cycle.scope is not self.scope:",
        "if True:",
        "tests/api/test_connections.py",
        "tests/faults/hostile/test_heads.py",
    ),
    _break(
        "a request's id is of a sane shape",
        "web/request_id.py",
        "return given if SHAPE.fullmatch(given) else new_id()",
        "return given",
        "tests/api",
    ),
    _break(
        "Gradio's other routes are closed",
        "ui/guard.py",
        "if not methods:",
        "if not methods and (methods := [scope['method']]) is None:",
        "tests/ui/test_gradio.py",
    ),
    _break(
        "an event is one that the page sends",
        "ui/guard.py",
        "            events.check(",
        "            (lambda *_: None)(",
        "tests/ui/test_gradio.py",
        "tests/faults/hostile/test_events.py",
    ),
    _break(
        "an event has a length",
        "ui/guard.py",
        "EVENT_LIMIT = 64 * 1024",
        "EVENT_LIMIT = 64 * 1024**2",
        "tests/ui/test_gradio.py",
    ),
    _break(
        "no answer makes an address of a made-up host",
        "ui/guard.py",
        "_HOSTS.fullmatch(value)",
        "True",
        "tests/ui",
        "tests/faults/hostile/test_heads.py",
    ),
)

ACCESS = (
    _break(
        "only the token opens",
        "web/admin.py",
        "if hmac.compare_digest(_digest(token), self._digest):",
        "if True:",
        "tests/access/test_token.py",
    ),
    _break(
        "tokens are compared in constant time",
        "web/admin.py",
        "hmac.compare_digest(_digest(token), self._digest)",
        "_digest(token) == self._digest",
        "tests/api/test_log_reading.py",
    ),
    _break(
        "guessing is slow",
        "web/admin.py",
        "if seconds := self._guesses.wait(origin):",
        "if seconds := 0:",
        "tests/access/test_guesses.py",
    ),
    _break(
        "addresses that are made up come to an end",
        "web/guesses.py",
        "        self._connections.add(source.connection)\n",
        "",
        "tests/access/test_guesses.py",
    ),
    _break(
        "the log is the admin's on the public port, too",
        "ui/public_api.py",
        "        admin.require(request)\n",
        "",
        "tests/access/test_table.py",
    ),
    _break(
        "no other site is let in",
        "api/app.py",
        "if origins := backend.settings.origins:",
        'if origins := ["*"]:',
        "tests/access/test_cors.py",
    ),
    _break(
        "Gradio isn't told of other sites",
        "ui/guard.py",
        '_UNHEARD = {b"origin", b"x-gradio-server"}',
        '_UNHEARD = {b"x-gradio-server"}',
        "tests/access/test_cors.py",
    ),
    _break(
        "a browser is told what an answer may",
        "ui/app.py",
        "    app.add_middleware(SecurityHeaders)\n",
        "",
        "tests/access/test_headers.py",
    ),
    _break(
        "only the hub frames the page",
        "web/headers.py",
        "\"'self' https://huggingface.co https://*.hf.space\"",
        '"*"',
        "tests/access/test_headers.py",
    ),
)

MODELS = (
    _break(
        "a tampered file is refused",
        "model/package.py",
        "if digest(content) != expected:",
        "if False:",
        "tests/model/test_tampering.py",
    ),
    _break(
        "a wrong library is refused",
        "model/package.py",
        "if found != expected:",
        "if False:",
        "tests/model/test_tampering.py",
    ),
    _break(
        "a file outside the package is refused",
        "model/files.py",
        "if not Path(target).is_relative_to(os.path.realpath(folder)):",
        "if False:",
        "tests/model/test_files.py",
    ),
    _break(
        "what is no file is refused",
        "model/files.py",
        "if not stat.S_ISREG(status.st_mode):",
        "if False:",
        "tests/model/test_files.py",
    ),
    _break(
        "a compiled model finds no other file",
        "model/engine.py",
        "        options.add_session_config_entry(_FILES_FOR_TENSORS, _NOWHERE)\n",
        "",
        "tests/model/test_hostile_graphs.py",
    ),
    _break(
        "an archive has only the types that the manifest trusts",
        "model/estimator.py",
        "if strange := sorted(set(found) - set(trusted)):",
        "trusted = found\n    if strange := []:",
        "tests/model/test_skops.py",
    ),
    _break(
        "and only classes",
        "model/estimator.py",
        "if others := [name for name in found if not _is_class(name)]:",
        "if others := []:",
        "tests/model/test_skops.py",
    ),
)

MEMORY = (
    _break(
        "what a visit was told goes",
        "ui/remembered.py",
        "            del self[told]\n",
        "",
        "tests/ui/test_gradio.py",
    ),
    _break(
        "visits are forgotten",
        "ui/remembered.py",
        "    blocks.state_session_capacity = VISITS\n",
        "",
        "tests/ui/test_gradio.py",
    ),
    _break(
        "no statistics are made of each event",
        "ui/remembered.py",
        "    queue.ANALYTICS_MAX_EVENTS = 1\n",
        "",
        "tests/ui/test_gradio.py",
    ),
    _break(
        "the page's threads share one heap",
        "ui/__main__.py",
        "    share_freed_memory()\n",
        "",
        "tests/stack/test_real_boot.py",
    ),
)

BREAKS = JOURNAL + OVERLOAD + HOSTILE + ACCESS + MODELS + MEMORY

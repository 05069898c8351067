from __future__ import annotations

import pytest

from riskspace.supervision.verdict import Event, Exit, Watch, explain, last_exit

EXITED = Event("EXITED", "api")
BACKOFF = Event("BACKOFF", "api")
FATAL = Event("FATAL", "api")


def verdicts(*seen: tuple[float, Event]) -> list[str | None]:
    watch = Watch()
    return [watch.see(event, now) for now, event in seen]


def test_fatal_is_enough() -> None:
    assert verdicts((0.0, FATAL)) == ["ne démarre pas"]


def test_the_fifth_exit_within_a_minute_is_too_many() -> None:
    seen = [(13.0 * number, EXITED) for number in range(5)]
    assert verdicts(*seen) == [None, None, None, None, "5 arrêts en moins de 60 s"]


def test_exits_that_are_further_apart_are_borne_for_ever() -> None:
    seen = [(16.0 * number, EXITED) for number in range(100)]
    assert set(verdicts(*seen)) == {None}


def test_an_exit_right_after_its_start_counts_too() -> None:
    """A program that dies now early, now late, is never FATAL: each RUNNING starts a new count."""
    seen = [(0, BACKOFF), (7, EXITED), (8, BACKOFF), (15, EXITED), (16, BACKOFF)]
    assert verdicts(*seen)[-1] == "5 arrêts en moins de 60 s"


def test_each_program_has_its_own_count() -> None:
    seen = [
        (float(number), Event("EXITED", program))
        for number in range(4)
        for program in ("redis", "api", "ui")
    ]
    assert set(verdicts(*seen)) == {None}


def test_an_event_is_read_as_supervisord_writes_it() -> None:
    payload = "processname:api groupname:api from_state:RUNNING expected:0 pid:2766"
    assert Event.parse("PROCESS_STATE_EXITED", payload) == EXITED


LOG = """\
2026-11-24 20:59:15,152 INFO spawned: 'api' with pid 11471
2026-11-24 20:59:16,458 WARN exited: api (exit status 1; not expected)
2026-11-24 20:59:16,958 WARN exited: ui (terminated by SIGSEGV (core dumped); not expected)
2026-11-24 20:59:17,458 INFO exited: api (exit status 0; expected)
2026-11-24 20:59:18,889 WARN exited: redis (terminated by SIGKILL; not expected)
"""


@pytest.mark.parametrize(
    ("program", "end"),
    [
        ("api", Exit(0, None)),
        ("ui", Exit(None, "SIGSEGV")),
        ("redis", Exit(None, "SIGKILL")),
        ("other", None),
    ],
)
def test_the_last_exit_of_a_program_is_read_from_the_log(program: str, end: Exit | None) -> None:
    assert last_exit(LOG, program) == end


@pytest.mark.parametrize(
    ("end", "log", "told"),
    [
        (None, "", "cause"),
        (Exit(3, None), "", "cause: code 3"),
        (Exit(3, None), "\n \n", "cause: code 3"),
        (Exit(3, None), "Traceback:\n  File\nValueError: no\n\n", "cause: code 3: ValueError: no"),
        (Exit(3, None), "x" * 1000, "cause: code 3: " + "x" * 200),
        (Exit(None, "SIGSEGV"), "of long ago\n", "cause: signal SIGSEGV"),
        (Exit(None, "SIGKILL"), "of long ago\n", "cause: signal SIGKILL"),
    ],
)
def test_a_cause_comes_with_how_the_program_ended(end: Exit | None, log: str, told: str) -> None:
    assert explain("cause", end, log, memory_limit=None) == told


def test_a_kill_under_a_limit_of_memory_names_the_limit() -> None:
    """The kernel's SIGKILL is the only sign of too little memory."""
    limit = 128 * 2**20
    told = explain("cause", Exit(None, "SIGKILL"), "", limit)
    assert told == "cause: signal SIGKILL: mémoire limitée à 128 Mo"
    assert explain("cause", Exit(None, "SIGSEGV"), "", limit) == "cause: signal SIGSEGV"
    assert explain("cause", Exit(1, None), "", limit) == "cause: code 1"

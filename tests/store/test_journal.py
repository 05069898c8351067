"""What was answered outlives the process, once."""

from __future__ import annotations

import errno
import multiprocessing
import os
import resource  # noqa: F401 - for the process below
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from real import ROOT
from store.test_records import FORM

from riskspace.store import journal as journals
from riskspace.store.journal import Journal, Journals, Orphan
from riskspace.store.protocol import Stream
from riskspace.store.queues import RecordQueue
from riskspace.store.records import Records


def begun(root: Path) -> Journal:
    made = Journal(root, FORM)
    made.open()
    return made


def orphans(root: Path) -> list[Orphan]:
    journals, found = Journals(root), []
    while orphan := journals.orphan():
        found.append(orphan)
    return found


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = begun(tmp_path)
    yield made
    made.close()


def some(first: int, count: int = 1) -> Records:
    ids = [str(number) for number in range(first, first + count)]
    return Records(1.5, ids, [0.25] * count, [0.5], [None], b"\0" * 24 * count)


def abandoned(root: Path, journal: Journal) -> list[tuple[int, list[str]]]:
    """What the next process finds: the numbers and the ids of what the dead one had."""
    journal.close()
    return [
        (number, records.ids) for orphan in orphans(root) for number, records in orphan.records()
    ]


def files(root: Path) -> list[Path]:
    return [path for path in root.glob("*/[0-9]*") if path.stat().st_size]


def test_the_next_process_finds_what_was_written(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    journal.append(0, some(0, 3))
    journal.append(3, some(3))
    journal.close()
    (orphan,) = orphans(tmp_path)
    assert orphan.id == journal.id
    assert orphan.form == FORM
    assert list(orphan.records()) == [(0, some(0, 3)), (3, some(3))]


def test_a_living_process_keeps_its_own(tmp_path: Path, journal: Journal) -> None:
    journal.append(0, some(0))
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as other:
        assert other.apply(_count_orphans, (tmp_path,)) == 0
    assert len(files(tmp_path)) == 1


def _count_orphans(root: Path) -> int:
    return len(orphans(root))


def test_one_process_alone_takes_what_a_dead_one_left(tmp_path: Path) -> None:
    begun(tmp_path).close()
    journal = begun(tmp_path)
    journal.append(0, some(0))
    journal.close()
    assert len(orphans(tmp_path)) == 1
    assert orphans(tmp_path) == []


def test_what_is_written_in_the_store_is_cut(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    journal.append(0, some(0, 10))
    journal.append(10, some(10))
    journal.cut(10)
    assert len(files(tmp_path)) == 1
    journal.cut(11)
    assert files(tmp_path) == []
    journal.append(11, some(11))
    assert abandoned(tmp_path, journal) == [(11, ["11"])]


def test_full_segments_go_as_they_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = begun(tmp_path)
    monkeypatch.setattr(journals, "SEGMENT", 1000)
    for number in range(100):
        journal.append(number, some(number))
    assert len(files(tmp_path)) > 5
    journal.cut(90)
    assert sum(path.stat().st_size for path in files(tmp_path)) < 3000
    assert abandoned(tmp_path, journal)[-10:] == [(n, [str(n)]) for n in range(90, 100)]


def test_nothing_is_left_behind_when_all_is_written(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    journal.append(0, some(0))
    journal.cut(1)
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_only_its_owner_may_read_it(tmp_path: Path, journal: Journal) -> None:
    journal.append(0, some(0))
    for path in (tmp_path / journal.id, *files(tmp_path)):
        assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("left", range(1, 120, 7))
def test_half_a_frame_is_no_record(tmp_path: Path, left: int) -> None:
    journal = begun(tmp_path)
    journal.append(0, some(0))
    whole = files(tmp_path)[0].stat().st_size
    journal.append(1, some(1))
    os.truncate(files(tmp_path)[0], whole + left)
    expected = [(0, ["0"])] if whole + left < 2 * whole else [(0, ["0"]), (1, ["1"])]
    assert abandoned(tmp_path, journal) == expected


@pytest.mark.parametrize("garbage", [b"\0" * 100, b"\xff" * 100, b"\x10" + b"\0" * 99])
def test_garbage_behind_the_records_hides_none(tmp_path: Path, garbage: bytes) -> None:
    journal = begun(tmp_path)
    journal.append(0, some(0))
    with files(tmp_path)[0].open("ab") as file:
        file.write(garbage)
    assert abandoned(tmp_path, journal) == [(0, ["0"])]


def test_a_form_that_can_t_be_read_is_left_there_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = begun(tmp_path)
    journal.append(0, some(0))
    (tmp_path / journal.id / "form").write_bytes(b"?")
    assert abandoned(tmp_path, journal) == []
    assert len(files(tmp_path)) == 1
    assert caplog.messages == [f"Journal illisible, laissé là: {tmp_path / journal.id}"]


def test_what_a_full_disk_refuses_is_counted_and_hides_nothing(tmp_path: Path) -> None:
    """In a process of its own, whose files may have so many bytes and no more: the system writes
    what fits and refuses the rest."""
    program = (
        "import sys; from pathlib import Path; from store.test_journal import *;"
        "journal = begun(Path(sys.argv[1])); journal.append(0, some(0));"
        "size = files(Path(sys.argv[1]))[0].stat().st_size;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, resource.RLIM_INFINITY));"
        "journal.append(1, some(1)); journal.append(2, some(2, 2));"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY));"
        "journal.append(4, some(4)); print(journal.missed)"
    )
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"}
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], env=environ, capture_output=True, text=True
    )
    assert ran.stdout == "3\n", ran.stderr
    (orphan,) = orphans(tmp_path)
    assert [(number, records.ids) for number, records in orphan.records()] == [
        (0, ["0"]),
        (4, ["4"]),
    ]


def test_a_disk_that_refuses_all_stops_nothing(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EIO, "the disk is broken")

    queue = RecordQueue(Stream("records", 10), FORM, 1000)
    queue.write_into(journal)
    for name in ("writev", "ftruncate"):
        monkeypatch.setattr(os, name, refuse)
    queue.put(some(0, 3))
    assert queue.missed == 3
    entries, mark = queue.next(10)
    assert [entry["id"] for entry in entries] == ["0", "1", "2"]
    assert mark == (journal.id, 0)


# --- The queue and its journal ----------------------------------------------------------------


def test_what_is_put_is_in_the_journal_until_it_is_written(
    tmp_path: Path, journal: Journal
) -> None:
    queue = RecordQueue(Stream("records", 10), FORM, 1000)
    queue.write_into(journal)
    queue.put(some(0, 4))
    assert len(files(tmp_path)) == 1
    queue.next(3)
    queue.written()
    assert len(files(tmp_path)) == 1, "the fourth waits"
    queue.next(3)
    assert len(files(tmp_path)) == 1
    queue.written()
    assert files(tmp_path) == []


def test_what_is_pushed_out_leaves_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = begun(tmp_path)
    monkeypatch.setattr(journals, "SEGMENT", 1000)
    queue = RecordQueue(Stream("records", 10), FORM, 1000)
    queue.write_into(journal)
    for number in range(10_000):
        queue.put(some(number))
    size = sum(path.stat().st_size for path in files(tmp_path))
    assert queue.lost == 9000
    found = [number for number, _ in abandoned(tmp_path, journal)]
    assert found[-1000:] == list(range(9000, 10_000))
    assert len(found) < 1020
    assert size < 150 * len(found)


def test_a_gap_in_a_journal_shifts_no_number(tmp_path: Path) -> None:
    """Where the disk refused some records, those behind them keep their own numbers."""
    journal = begun(tmp_path)
    journal.append(0, some(0, 2))
    journal.append(5, some(5, 2))
    journal.close()
    (orphan,) = orphans(tmp_path)
    queue = RecordQueue(Stream("records", 10), FORM, 1000, orphan)
    for number, records in orphan.records():
        queue.restore(number, records)
    for first in (0, 5):
        entries, mark = queue.next(100)
        assert [entry["id"] for entry in entries] == [str(first), str(first + 1)]
        assert mark == (journal.id, first)
        assert files(tmp_path)
        queue.written()
    assert list(tmp_path.iterdir()) == []


def test_records_are_bounded_in_bytes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("riskspace.store.queues.BYTES", 10_000)
    queue = RecordQueue(Stream("records", 10), FORM, 1000)
    for number in range(500):
        queue.put(some(number))
    assert queue.lost > 400
    entries, mark = queue.next(1000)
    assert len(entries) == 500 - queue.lost
    assert mark.first == queue.lost


def test_a_segment_that_can_t_be_begun_leaves_the_one_before_it_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A closed descriptor's number may be the next client's: nothing may be written to it."""
    monkeypatch.setattr(journals, "SEGMENT", 1)
    journal = begun(tmp_path)
    away = tmp_path.with_name("away")
    (tmp_path / journal.id).rename(away)
    journal.append(0, some(0))
    with (tmp_path / "client").open("w+b") as client:
        journal.append(1, some(1))
        assert client.read() == b""
    assert journal.missed == 0
    away.rename(tmp_path / journal.id)
    assert abandoned(tmp_path, journal) == [(0, ["0"]), (1, ["1"])]


def test_nothing_is_written_once_it_is_closed(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    journal.close()
    with (tmp_path / "client").open("w+b") as client:
        journal.append(0, some(0))
        assert client.read() == b""
    assert journal.missed == 1


def test_a_disk_that_refuses_at_first_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "AGAIN", 0.0)
    root = tmp_path / "journal"
    root.write_text("in the way")
    before = len(os.listdir("/proc/self/fd"))
    journal = Journal(root, FORM)
    with pytest.raises(OSError, match=r"exist|directory"):
        journal.open()
    journal.append(0, some(0))
    assert journal.missed == 1
    assert len(os.listdir("/proc/self/fd")) == before
    root.unlink()
    journal.append(1, some(1))
    assert journal.missed == 1
    assert abandoned(root, journal) == [(1, ["1"])]


def test_a_journal_that_is_being_begun_is_nobody_s(tmp_path: Path) -> None:
    draft = tmp_path / ".half"
    draft.mkdir()
    assert orphans(tmp_path) == []
    assert draft.exists()
    os.utime(draft, (0, 0))
    assert orphans(tmp_path) == []
    assert not draft.exists()


def test_the_oldest_journals_of_the_dead_go_beyond_a_bound(tmp_path: Path) -> None:
    for age in range(4):
        journal = begun(tmp_path)
        journal.append(0, some(age, 10))
        journal.close()
        os.utime(tmp_path / journal.id, (1e9 + age, 1e9 + age))
    size = max(path.stat().st_size for path in files(tmp_path))
    living = begun(tmp_path)
    living.append(0, some(99))
    assert Journals(tmp_path).shed(4 * size) == 0
    assert Journals(tmp_path).shed(2 * size) == 20
    assert [next(o.records())[1].ids[0] for o in orphans(tmp_path)] == ["2", "3"]
    living.close()


def test_an_empty_batch_leaves_nothing(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    queue = RecordQueue(Stream("records", 10), FORM, 1000)
    queue.write_into(journal)
    queue.put(some(0, 0))
    assert files(tmp_path) == []
    assert abandoned(tmp_path, journal) == []


def test_what_doesn_t_fit_its_form_is_no_record(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    journal.append(0, some(0))
    journal.append(1, Records(1.5, ["1"], [0.25], [0.5], [None], b"\0" * 7))
    assert abandoned(tmp_path, journal) == [(0, ["0"])]


def test_an_unreadable_journal_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = begun(tmp_path)
    journal.append(0, some(0))
    journal.close()
    (tmp_path / journal.id / "form").unlink()
    found = Journals(tmp_path)
    assert [found.orphan() for _ in range(3)] == [None] * 3
    assert len(caplog.messages) == 1


def test_what_is_being_written_stays_though_others_are_pushed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "SEGMENT", 1)
    journal = begun(tmp_path)
    queue = RecordQueue(Stream("records", 10), FORM, 1000)
    queue.write_into(journal)
    for number in range(1000):
        queue.put(some(number))
    queue.next(10)
    for number in range(1000, 1100):
        queue.put(some(number))
    assert queue.lost == 90
    found = [number for number, _ in abandoned(tmp_path, journal)]
    assert set(range(10)) <= set(found)

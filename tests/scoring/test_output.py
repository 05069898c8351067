"""A file is there whole or not at all, and one that was there is left alone."""

from __future__ import annotations

import os
import resource
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from real import eventually
from scoring.scored import Command, started

from riskspace.scoring.errors import ScoringError
from riskspace.scoring.output import replacing

TEXT = "hours,material\n20000,steel\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text(TEXT)
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_an_existing_file_is_refused(score: Command, source: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("mine")
    assert score(source, target) == (1, f"{target}: is there already; --force replaces it\n")
    assert target.read_text() == "mine"
    assert score(source, target, "--force")[0] == 0
    assert target.read_text().startswith("hours,material,prediction")


def test_an_existing_file_is_kept_when_a_run_fails(score: Command, tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(TEXT * 1 + "1,steel\n" * 5000 + "1\n")
    target.write_text("mine")
    assert score(source, target, "--force")[0] == 1
    assert target.read_text() == "mine"
    assert names(tmp_path) == {"in.csv", "out.csv"}


def test_a_file_that_was_made_meanwhile_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"

    def write() -> None:
        with replacing(target, force=False) as draft:
            draft.write_text("ours")
            target.write_text("theirs")

    with pytest.raises(ScoringError, match="meanwhile"):
        write()
    assert target.read_text() == "theirs"
    assert names(tmp_path) == {"out.csv"}


def test_nothing_is_under_the_name_before_the_end(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    with replacing(target, force=False) as draft:
        draft.write_text("ours")
        assert draft.parent == tmp_path
        assert not target.exists()
    assert target.read_text() == "ours"
    assert names(tmp_path) == {"out.csv"}


def test_a_link_still_leads_to_what_it_led_to(score: Command, source: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    real, link = tmp_path / "there/real.csv", tmp_path / "link.csv"
    real.write_text("old")
    link.symlink_to(real)
    assert score(source, link, "--force")[0] == 0
    assert link.is_symlink()
    assert real.read_text().startswith("hours")


def test_the_file_has_the_mode_of_any_new_one(score: Command, source: Path, tmp_path: Path) -> None:
    score(source, tmp_path / "out.csv")
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == stat.S_IMODE(
        source.stat().st_mode
    )


@pytest.mark.parametrize("link", ["", "symbolic", "hard"])
def test_a_file_is_not_written_over_itself(
    score: Command, source: Path, tmp_path: Path, link: str
) -> None:
    target = tmp_path / "out.csv"
    if link:
        (target.symlink_to if link == "symbolic" else target.hardlink_to)(source)
    status, said = score(source, target if link else source, "--force")
    assert status == 2
    assert "IN and OUT are the same file" in said
    assert source.read_text() == TEXT


@pytest.mark.parametrize(
    "arguments",
    [
        ["in.txt", "out.csv"],
        ["in.csv", "out"],
        ["in.csv", "out.csv", "--chunk", "0"],
        ["in.csv", "out.csv", "--chunk", "many"],
        ["in.csv", "out.csv", "--prefix", "a;b"],
    ],
)
def test_a_wrong_call_is_refused(
    score: Command, source: Path, tmp_path: Path, arguments: list[str]
) -> None:
    status, said = score(tmp_path / arguments[0], tmp_path / arguments[1], *arguments[2:])
    assert status == 2
    assert "expected" in said
    assert names(tmp_path) == {source.name}


def test_what_can_t_be_read_or_written_is_named(
    score: Command, source: Path, tmp_path: Path
) -> None:
    for name in ("none.csv", "none.parquet"):
        assert score(tmp_path / name, tmp_path / "out.csv") == (
            1,
            f"{tmp_path / name}: No such file or directory\n",
        )
    (tmp_path / "folder.csv").mkdir()
    assert score(tmp_path / "folder.csv", tmp_path / "out.csv")[1] == (
        f"{tmp_path / 'folder.csv'}: Is a directory\n"
    )
    assert score(source, tmp_path / "folder.csv")[1].endswith("is a folder\n")
    assert "there is no folder" in score(source, tmp_path / "none/out.csv")[1]
    status, said = score(source, tmp_path / "out.csv", "--package", str(tmp_path))
    assert (status, "manifest.json: not found" in said) == (1, True)
    assert names(tmp_path) == {"in.csv", "folder.csv"}


@contextmanager
def full_at(size: int) -> Iterator[None]:
    """As a disk is that has no room for files of more than `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_nothing_is_left_when_the_disk_is_full(score: Command, tmp_path: Path, suffix: str) -> None:
    source, target = tmp_path / "in.csv", tmp_path / f"out.{suffix}"
    source.write_text("hours,material,note\n" + "".join(f"{i},steel,{i:x}\n" for i in range(9_000)))
    with full_at(10_000):
        status, said = score(source, target)
    assert (status, len(said.splitlines())) == (1, 1)
    assert "File too large" in said
    assert names(tmp_path) == {"in.csv"}


def test_the_first_of_two_errors_is_told(score: Command, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text(TEXT + "1\n")
    with full_at(10):
        status, said = score(source, tmp_path / "out.csv")
    assert (status, "line 3: 1 cells" in said) == (1, True)
    assert names(tmp_path) == {"in.csv"}


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_nothing_is_left_when_a_run_is_ended(
    pumps: Path, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    """In the middle of a file that never ends."""
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    os.mkfifo(source)
    target.write_text("mine")
    process = started(pumps, source, target, "--force")
    with source.open("w") as endless:
        endless.write(TEXT + "1,steel\n" * 20_000)
        endless.flush()
        eventually(lambda: any(p.stat().st_size > 1000 for p in tmp_path.glob(".out.csv.*.part")))
        process.send_signal(number)
        assert process.wait(10) == status
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert target.read_text() == "mine"
    assert names(tmp_path) == {"in.csv", "out.csv"}

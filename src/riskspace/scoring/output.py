"""A file that is there whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from riskspace.scoring.errors import ScoringError


@contextmanager
def replacing(path: Path, *, force: bool) -> Iterator[Path]:
    """Gives a name beside `path` to write to, and moves it there when the block ends well; after
    an error nothing is left and `path` is what it was.

    Raises ScoringError where `path` is there already and `force` is false.
    """
    target = Path(os.path.realpath(path))
    _refuse_existing(target, path, force)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        yield draft
        _keep(draft)
        if force:
            draft.replace(target)
        else:
            _move(draft, target, path)
    finally:
        draft.unlink(missing_ok=True)


def _refuse_existing(target: Path, shown: Path, force: bool) -> None:
    if target.is_dir():
        raise ScoringError(f"{shown}: is a folder")
    if not target.parent.is_dir():
        raise ScoringError(f"{shown}: there is no folder {target.parent}")
    if target.exists() and not force:
        raise ScoringError(f"{shown}: is there already; --force replaces it")


def _keep(draft: Path) -> None:
    with draft.open("rb+") as file:
        os.fsync(file.fileno())


def _move(draft: Path, target: Path, shown: Path) -> None:
    """To a name that nobody has taken meanwhile."""
    try:
        target.hardlink_to(draft)
    except FileExistsError:
        raise ScoringError(f"{shown}: was made meanwhile; --force replaces it") from None
    except OSError:  # a file system without hard links
        _refuse_existing(target, shown, False)
        draft.replace(target)

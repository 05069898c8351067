"""The files of a package: each read once, within a bound, and never from outside its folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from riskspace.errors import PackageError

MEGABYTE = 2**20
# What one message of protobuf can be, and so a compiled model.
LARGEST = 2048 * MEGABYTE

# A named pipe doesn't make us wait, nor is a link followed that wasn't there a moment ago; not
# every system has these.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)


def read(folder: Path, name: str, largest: int = LARGEST) -> bytes:
    """The content of a regular file. A link is followed within the folder, as a mounted volume
    has them.

    Raises FileNotFoundError where there is none, and PackageError, naming the file and why, where
    it can't be read or isn't such a file.
    """
    path = folder / name
    try:
        target = os.path.realpath(path, strict=True)
        if not Path(target).is_relative_to(os.path.realpath(folder)):
            raise PackageError(f"{path}: leads outside the package")
        with open(os.open(target, _FLAGS | getattr(os, "O_BINARY", 0)), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise PackageError(f"{path}: is not a regular file")
            if status.st_size > largest:
                raise PackageError(f"{path}: is larger than {largest // MEGABYTE} MB")
            # Not to the end: it may be growing.
            return file.read(status.st_size)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise PackageError(f"{path}: can't be read ({error.strerror})") from None

"""The file of an estimator, in one of two forms: a pickle of joblib, which runs whatever it says,
or an archive of skops, which makes objects of known types and of those that the manifest trusts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import joblib

from riskspace.errors import PackageError
from riskspace.model.files import LARGEST, MEGABYTE

# How many names of types a message holds, and how much of each.
_NAMES, _LETTERS = 5, 200


def unpickle(path: Path, content: bytes) -> Any:
    """The estimator in the bytes of a pickle, which were read from `path`.

    Raises PackageError where they hold none.
    """
    try:
        return joblib.load(io.BytesIO(content))
    except Exception as error:  # a pickle can raise anything at all
        raise PackageError(f"{path}: can't be unpickled ({type(error).__name__})") from error


def unpack(path: Path, content: bytes, trusted: Sequence[str]) -> Any:
    """The estimator in the bytes of an archive of skops, which were read from `path`. Types that
    skops doesn't know must be `trusted`, by their full names, and be classes: a function could do
    anything with what it is given.

    Raises PackageError, before anything is made of the content, naming the types that are not.
    """
    from skops import io as skops

    found = untrusted(path, content)
    if strange := sorted(set(found) - set(trusted)):
        raise PackageError(f"{path}: the manifest doesn't trust its types {_said(strange)}")
    if others := [name for name in found if not _is_class(name)]:
        raise PackageError(f"{path}: only classes can be trusted, not {_said(others)}")
    try:
        return skops.loads(content, trusted=list(trusted))
    except Exception as error:  # what a class does with a state that isn't its own
        raise PackageError(f"{path}: can't be unpacked ({type(error).__name__})") from error


def pack(estimator: Any) -> bytes:
    """An estimator as an archive of skops."""
    from skops import io as skops

    content: bytes = skops.dumps(estimator, compression=zipfile.ZIP_DEFLATED)
    return content


def untrusted(path: Path, content: bytes) -> list[str]:
    """The types in an archive that skops doesn't trust by itself, by their full names.

    Raises PackageError where it can't be read.
    """
    from skops import io as skops

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(file.file_size for file in archive.infolist())
        if size > LARGEST:
            raise PackageError(f"{path}: unpacks to more than {LARGEST // MEGABYTE} MB")
        names: list[str] = skops.get_untrusted_types(data=content)
    except PackageError:
        raise
    except Exception as error:  # an archive of anything, with any JSON
        raise PackageError(f"{path}: can't be unpacked ({type(error).__name__})") from error
    return names


def _is_class(name: str) -> bool:
    module, _, attribute = name.rpartition(".")
    try:
        return isinstance(getattr(import_module(module), attribute, None), type)
    except Exception:  # a module can raise anything when it is imported
        return False


def _said(names: Iterable[str]) -> str:
    """Some names, which may hold anything, for a message of one line."""
    first, *rest = (ascii(name[:_LETTERS])[1:-1] for name in names)
    more = f" and {len(rest) + 1 - _NAMES} more" if len(rest) >= _NAMES else ""
    return ", ".join([first, *rest[: _NAMES - 1]]) + more

"""A file of a package that isn't the plain one it was is refused, by name and reason, unopened."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from model.spoiled import CARD, COMPILED, ESTIMATOR, Bomb, CompiledCopy, Copy

from riskspace.errors import PackageError
from riskspace.model import files, manifest, package

MANIFEST = manifest.FILE_NAME
OTHER_BYTES = "its SHA-256 is not the one in the manifest"
FILES = [CARD, ESTIMATOR, COMPILED]


def alter_a_byte(path: Path) -> str:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return OTHER_BYTES


def add_a_byte(path: Path) -> str:
    path.write_bytes(path.read_bytes() + b"\0")
    return OTHER_BYTES


def truncate(path: Path) -> str:
    path.write_bytes(path.read_bytes()[:-1])
    return OTHER_BYTES


def empty(path: Path) -> str:
    path.write_bytes(b"")
    return OTHER_BYTES


def lose(path: Path) -> str:
    path.unlink()
    return "missing, but the manifest lists it"


def link_to_nothing(path: Path) -> str:
    path.unlink()
    path.symlink_to("nothing")
    return "missing, but the manifest lists it"


def link_to_the_same_outside(path: Path) -> str:
    moved = path.parents[1] / path.name
    shutil.move(path, moved)
    path.symlink_to(moved)
    return "leads outside the package"


def link_over_a_folder_outside(path: Path) -> str:
    """By two steps, neither of which names a place outside by itself."""
    shutil.move(path, path.parents[1] / path.name)
    (path.parent / "parts").symlink_to("..")
    path.symlink_to(f"parts/{path.name}")
    return "leads outside the package"


def link_to_a_device(path: Path) -> str:
    path.unlink()
    path.symlink_to("/dev/zero")
    return "leads outside the package"


def link_to_itself(path: Path) -> str:
    path.unlink()
    path.symlink_to(path.name)
    return "can't be read (Too many levels of symbolic links)"


def make_a_folder(path: Path) -> str:
    path.unlink()
    path.mkdir()
    return "can't be read (Is a directory)"


def make_a_pipe(path: Path) -> str:
    path.unlink()
    os.mkfifo(path)
    return "is not a regular file"


def make_a_socket(path: Path) -> str:
    path.unlink()
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(path))
    return "can't be read (No such device or address)"


def make_huge(path: Path) -> str:
    """In holes: it takes no room on the disk."""
    os.truncate(path, 3 * 2**30)
    return "is larger than 2048 MB"


KINDS = [
    lose,
    link_to_nothing,
    link_to_the_same_outside,
    link_over_a_folder_outside,
    link_to_a_device,
    link_to_itself,
    make_a_folder,
    make_a_pipe,
    make_a_socket,
    make_huge,
]


@pytest.fixture(autouse=True)
def _patience() -> Iterator[None]:
    """Where it waits for a pipe, or reads to the end of a device, the test fails."""

    def give_up(*_: object) -> None:
        raise AssertionError("still reading after 10 s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("spoil", [alter_a_byte, add_a_byte, truncate, empty, *KINDS])
@pytest.mark.parametrize("name", FILES)
def test_a_package_is_refused_with_nothing_unpickled_when_a_file_is_another(
    compiled: CompiledCopy, name: str, spoil: Callable[[Path], str]
) -> None:
    why = spoil(compiled / name)
    assert compiled.refusal() == f"{compiled / name}: {why}"
    assert not compiled.mark.exists()


@pytest.mark.parametrize("spoil", [alter_a_byte, add_a_byte, truncate, empty, *KINDS])
def test_an_uncompiled_package_is_refused_with_nothing_unpickled_when_its_estimator_is_another(
    copy: Copy, spoil: Callable[[Path], str]
) -> None:
    copy.put(Bomb(copy.mark))
    why = spoil(copy / ESTIMATOR)
    assert copy.refusal() == f"{copy / ESTIMATOR}: {why}"
    assert not copy.mark.exists()


@pytest.mark.parametrize("spoil", [truncate, empty, *KINDS])
def test_a_package_is_refused_with_nothing_unpickled_when_its_manifest_is_no_file(
    copy: Copy, spoil: Callable[[Path], str]
) -> None:
    copy.put(Bomb(copy.mark))
    why = spoil(copy / MANIFEST)
    expected = {
        OTHER_BYTES: "the file: Invalid JSON",
        "missing, but the manifest lists it": "not found; MODEL_PATH must name a model package",
        "is larger than 2048 MB": "is larger than 16 MB",
    }
    assert copy.refusal().startswith(f"{copy / MANIFEST}: {expected.get(why, why)}")
    assert not copy.mark.exists()


def test_a_package_is_refused_when_its_manifest_is_as_deep_as_a_file_can_say(copy: Copy) -> None:
    (copy / MANIFEST).write_text('{"provenance":' + 10**6 * "[")
    assert copy.refusal().startswith(f"{copy / MANIFEST}: the file: Invalid JSON")


def test_a_package_is_taken_when_its_files_are_links_within_it(copy: Copy) -> None:
    """As a volume of Kubernetes has them, renewed by one rename."""
    (copy / "..2024").mkdir()
    (copy / "..data").symlink_to("..2024")
    for name in (MANIFEST, CARD, ESTIMATOR):
        shutil.move(copy / name, copy / "..2024" / name)
        (copy / name).symlink_to(f"..data/{name}")
    assert package.load(copy.folder).engine


def test_a_package_is_taken_when_its_folder_is_a_link(copy: Copy) -> None:
    """As an operator switches between versions."""
    link = copy.folder.parent / "current"
    link.symlink_to(copy.folder)
    assert package.load(link).engine


def test_a_file_is_refused_when_it_becomes_a_link_after_it_was_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_and_swap(path: str | Path, strict: bool = False) -> str:
        found = look(path, strict=strict)
        if Path(found) == tmp_path / CARD:
            os.unlink(found)
            os.symlink("/etc/passwd", found)
        return found

    look = os.path.realpath
    (tmp_path / CARD).write_text("# Pumps\n")
    monkeypatch.setattr(os.path, "realpath", look_and_swap)
    with pytest.raises(PackageError, match="can't be read"):
        files.read(tmp_path, CARD)

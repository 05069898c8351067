"""`riskspace`: what a package's author runs by hand."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from riskspace.errors import PackageError
from riskspace.model import package


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; 1 when a package is refused."""
    parser = argparse.ArgumentParser(prog="riskspace", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="verify a model package as the API does at start")
    check.add_argument("folder", type=Path, nargs="?", default=Path("models/prediabetes"))
    chosen = parser.parse_args(arguments)
    return _check(chosen.folder)


def _check(folder: Path) -> int:
    try:
        manifest = package.load(folder).manifest
    except PackageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(
        f"{manifest.name} {manifest.version}: {len(manifest.features)} features,"
        f" {len(manifest.bands)} bands, threshold {manifest.threshold:g};"
        f" its example gives {manifest.example.probability:.6f}\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""`riskspace`: what a package's author runs by hand."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from riskspace.errors import PackageError
from riskspace.model import package
from riskspace.scoring import command as scoring


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; 1 when a package or a file is refused, 2 when it is called wrongly."""
    parser = argparse.ArgumentParser(prog="riskspace", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="verify a model package as the API does at start")
    check.add_argument("folder", type=Path, nargs="?", default=Path("models/prediabetes"))
    check.set_defaults(run=_check)
    scoring.add(commands)
    chosen = parser.parse_args(arguments)
    status: int = chosen.run(chosen)
    return status


def _check(chosen: argparse.Namespace) -> int:
    try:
        manifest = package.load(chosen.folder).manifest
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

"""Why a package has no compiled engine."""

from __future__ import annotations

from riskspace.errors import RiskSpaceError


class NotCompilable(RiskSpaceError):
    """A step has no form in the graph: `step` is its path of names in the pipeline."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(f"{step}: {reason}")
        self.step = step
        self.reason = reason


class ProofFailed(RiskSpaceError):
    """The graph and the estimator don't answer alike: `figure` is what differs, and `rows` the
    kind of rows where it does. Never holds a value of a row."""

    def __init__(self, figure: str, rows: str, reason: str) -> None:
        super().__init__(f"{figure}, over {rows}: {reason}")
        self.figure = figure
        self.rows = rows
        self.reason = reason

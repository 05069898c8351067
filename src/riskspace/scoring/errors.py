"""Why a file is not scored."""

from __future__ import annotations

from riskspace.errors import RiskSpaceError


class ScoringError(RiskSpaceError):
    """A file can't be read, scored or written as asked; the message says which and why."""


class Ended(BaseException):
    """A signal ended the process. Like KeyboardInterrupt, nothing but the edge catches it."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal

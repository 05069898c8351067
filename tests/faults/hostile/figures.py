"""What a run of these tests measured."""

from __future__ import annotations


class Figures(dict[str, int]):
    """Numbers by what they are numbers of."""

    def count(self, what: str, number: int) -> None:
        """Adds to what other tests counted."""
        self[what] = self.get(what, 0) + number

    def most(self, what: str, number: int) -> None:
        """Keeps the largest."""
        self[what] = max(self.get(what, number), number)

"""Figures as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bench.ratios import Spread, ratios, spread
from bench.rounds import Run, of

# A column: the name of a figure, its heading, and how it is written.
_COLUMNS = (
    ("rate", "requests/s", "{:.0f}"),
    ("p50", "p50 ms", "{:.2f}"),
    ("p99", "p99 ms", "{:.2f}"),
    ("memory", "memory MB", "{:.0f}"),
    ("start", "start s", "{:.2f}"),
)


def compared(runs: Sequence[Run], titles: Mapping[str, str], base: str = "floor") -> str:
    """A row a contender: each figure's median, and its ratio to the base's of the same round, with
    the lowest and the highest."""
    head = ["server", *(text for _, title, _ in _COLUMNS for text in (title, "to the floor"))]
    rows = []
    others = of(runs, base)
    for name, title in titles.items():
        found = of(runs, name)
        if not found:
            continue
        row = [title]
        for column, _, form in _COLUMNS:
            figures = [getattr(run, column) for run in found]
            floor = [getattr(run, column) for run in others if run.round in _rounds(found)]
            row.append(form.format(spread(figures).median))
            row.append("1" if name == base else ratio(ratios(figures, floor)))
        rows.append(row)
    return table(head, rows)


def costs(runs: Sequence[Run], titles: Mapping[str, str]) -> str:
    """What a request costs the processors, and how busy they were with something else."""
    head = ["server", "server's CPU µs a request", "Redis's", "Redis's memory MB", "busy elsewhere"]
    rows = []
    for name, title in titles.items():
        found = of(runs, name)
        if not found:
            continue
        redis = any(run.redis_memory for run in found)
        rows.append(
            [
                title,
                between(spread([run.cpu for run in found]), "{:.0f}"),
                between(spread([run.redis_cpu for run in found]), "{:.0f}") if redis else "",
                between(spread([run.redis_memory for run in found]), "{:.0f}") if redis else "",
                between(spread([run.elsewhere for run in found]), "{:.2f}"),
            ]
        )
    return table(head, rows)


def ratio(figures: Spread) -> str:
    return _between(*map(number, (figures.median, figures.low, figures.high)))


def between(figures: Spread, form: str) -> str:
    return _between(*map(form.format, (figures.median, figures.low, figures.high)))


def number(figure: float) -> str:
    """Three digits, or else all that stand before the point, in groups."""
    return f"{figure:.3g}" if abs(figure) < 999.5 else f"{figure:,.0f}".replace(",", " ")


def _between(middle: str, low: str, high: str) -> str:
    return middle if low == high else f"{middle} ({low}–{high})"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, all columns but the first to the right."""
    line = ["---", *("--:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, line, *rows)) + "\n"


def _rounds(runs: Sequence[Run]) -> set[int]:
    return {run.round for run in runs}

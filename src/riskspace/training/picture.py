"""The calibration picture of the model card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from riskspace.model.manifest import Band
from riskspace.training.bands import Edges, bands

FILE_NAME = "calibration.png"
GROUPS = 20
INK = "#333333"


def draw(
    path: Path,
    target: npt.NDArray[np.int_],
    probabilities: npt.NDArray[np.float64],
    edges: Edges,
) -> None:
    """What was predicted against what happened, in twentieths of the out-of-fold predictions
    (shape (repeats, people), pooled), over the bands; below, how the predictions are spread.

    The file holds no time and no version, so that the same study draws the same bytes.
    """
    figure = Figure(figsize=(6, 6.4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    curve, spread = figure.subplots(
        2, 1, sharex=True, gridspec_kw={"height_ratios": [4, 1], "hspace": 0.03}
    )
    scale = bands(edges)
    for axes in (curve, spread):
        _shade(axes, scale)
        axes.spines[["top", "right"]].set_visible(False)
    _curve(curve, target, probabilities)
    for band, lower in zip(scale, (0.0, *edges), strict=True):
        middle = (lower + band.upper) / 2
        curve.text(middle, 1.01, band.label.en, color=band.color, ha="center", va="bottom")
    spread.hist(probabilities.ravel(), bins=np.linspace(0, 1, 51).tolist(), color=INK)
    spread.set(xlim=(0, 1), xlabel="Predicted probability, out of fold", ylabel="People")
    spread.set_yticks([])
    figure.savefig(path, metadata={"Software": None})


def _shade(axes: Axes, scale: tuple[Band, ...]) -> None:
    lower = 0.0
    for band in scale:
        axes.axvspan(lower, band.upper, color=band.color, alpha=0.10, linewidth=0)
        lower = band.upper


def _curve(
    axes: Axes, target: npt.NDArray[np.int_], probabilities: npt.NDArray[np.float64]
) -> None:
    """The bars are 95 % intervals for the number of people, not of predictions, in a group."""
    pooled = probabilities.ravel()
    happened = np.tile(target, len(probabilities))
    groups = np.array_split(np.argsort(pooled, kind="stable"), GROUPS)
    predicted = np.array([pooled[group].mean() for group in groups])
    observed = np.array([happened[group].mean() for group in groups])
    error = 1.96 * np.sqrt(observed * (1 - observed) / (len(target) / GROUPS))
    axes.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle="--", label="ideal")
    axes.errorbar(
        predicted, observed, error, fmt="o", color=INK, markersize=5, capsize=2, label="observed"
    )
    axes.set(ylim=(0, 1), ylabel="Observed share with HbA1c ≥ 5.7%")
    axes.legend(loc="upper left", frameon=False)

"""The bands of risk: where they end, from out-of-fold predictions, and what they say."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from riskspace.model.manifest import Band
from riskspace.training.texts import text

# How the edges are chosen, each in whole per cents.
LOW_RATE = 0.10
SENSITIVITY = 0.80
VERY_HIGH_RATE = 0.65


class Edges(NamedTuple):
    """Where moderate, high and very high begin. `high` is the threshold."""

    moderate: float
    high: float
    very_high: float


def edges(target: npt.NDArray[np.int_], probabilities: npt.NDArray[np.float64]) -> Edges:
    """From out-of-fold probabilities, shape (repeats, people), all repeats pooled:

    - moderate: the highest per cent below which at most 10 in 100 people are positive;
    - high: the highest per cent from which on at least 80 in 100 of the positive are found;
    - very high: the lowest per cent from which on at least 65 in 100 people are positive.
    """
    pooled = probabilities.ravel()
    happened = np.tile(target, len(probabilities))
    per_cents = np.arange(1, 100) / 100
    below = [happened[pooled < edge] for edge in per_cents]
    above = [happened[pooled >= edge] for edge in per_cents]
    seldom = [len(b) > 0 and b.mean() <= LOW_RATE for b in below]
    sensitive = [a.sum() >= SENSITIVITY * happened.sum() for a in above]
    often = [len(a) > 0 and a.mean() >= VERY_HIGH_RATE for a in above]
    return Edges(
        moderate=float(per_cents[seldom].max()),
        high=float(per_cents[sensitive].max()),
        very_high=float(per_cents[often].min()),
    )


def bands(at: Edges) -> tuple[Band, ...]:
    """White text is readable on each colour (WCAG 2 AA)."""
    return (
        Band(
            name="low",
            upper=at.moderate,
            color="#1b7a43",
            label=text("Faible", "Low"),
            sentence=text(
                "Peu de personnes ayant donné ces réponses ont un taux de sucre trop élevé. Rien ne"
                " presse ; gardez vos bonnes habitudes et refaites ce test de temps en temps.",
                "Few people with these answers have too much sugar in their blood. There is no"
                " hurry; keep up your good habits, and come back to this test from time to time.",
            ),
        ),
        Band(
            name="moderate",
            upper=at.high,
            color="#8a6500",
            label=text("Modéré", "Moderate"),
            sentence=text(
                "La plupart des personnes ayant donné ces réponses ont un taux normal, mais pas"
                " toutes. Vous pouvez en parler à votre médecin lors d'une prochaine visite.",
                "Most people with these answers have a normal level, but not all. You can mention"
                " it to your doctor at a coming visit.",
            ),
        ),
        Band(
            name="high",
            upper=at.very_high,
            color="#b4450b",
            label=text("Élevé", "High"),
            sentence=text(
                "Un taux un peu trop élevé est fréquent avec ces réponses. Ce n'est pas un"
                " diagnostic : une simple prise de sang (glycémie à jeun ou HbA1c) dirait ce qu'il"
                " en est, parlez-en à votre médecin. Pris tôt, un prédiabète est souvent"
                " réversible.",
                "A level that is a little too high is common with these answers. This is no"
                " diagnosis: a simple blood test (HbA1c or fasting glucose) would tell, talk to"
                " your doctor about it. Found early, prediabetes can often be reversed.",
            ),
        ),
        Band(
            name="very_high",
            upper=1.0,
            color="#9b1c1c",
            label=text("Très élevé", "Very high"),
            sentence=text(
                "La plupart des personnes ayant donné ces réponses ont un taux trop élevé, souvent"
                " sans le sentir. Ce n'est pas un diagnostic, mais une prise de sang (glycémie à"
                " jeun ou HbA1c) vaut la peine : parlez-en à votre médecin dans les semaines qui"
                " viennent.",
                "Most people with these answers have a level that is too high, often without"
                " feeling it. This is no diagnosis, but a blood test (HbA1c or fasting glucose) is"
                " worth having: talk to your doctor in the coming weeks.",
            ),
        ),
    )

"""The inputs of the model: what a person is asked, how to find it, and what is accepted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from riskspace.model.manifest import Choice, Feature, Group, Text
from riskspace.training.nhanes import FEMALE, MALE
from riskspace.training.texts import text


def _number(name: str, *, unit: str, default: float | None = None, **said: Any) -> Feature:
    """Required where the form has a value to start with."""
    asked = {"type": "number", "required": default is not None, "unit_label": text(unit, unit)}
    return Feature(name=name, unit=unit, default=default, **asked | said)


def _choice(
    name: str, *, choices: Mapping[str, Text], required: bool = False, **said: Any
) -> Feature:
    return Feature(
        name=name,
        type="choice",
        required=required,
        choices=tuple(Choice(value=value, label=label) for value, label in choices.items()),
        **said,
    )


def _yes_no(name: str, **said: Any) -> Feature:
    return Feature(name=name, type="boolean", required=False, **said)


GROUPS = (
    Group(name="person", label=text("Vous", "About you")),
    Group(name="measurements", label=text("Vos mesures", "Your measurements")),
    Group(name="blood", label=text("Votre prise de sang", "Your blood test")),
    Group(name="habits", label=text("Vos habitudes", "Your habits")),
    Group(name="history", label=text("Vos antécédents médicaux", "Your medical history")),
)

# Pairs of which the first is expected below the second.
ORDER = (("diastolic_mmhg", "systolic_mmhg"), ("hdl_mgdl", "total_cholesterol_mgdl"))

FEATURES = (
    _number(
        "age_years",
        group="person",
        label=text("Votre âge", "Your age"),
        help=text(
            "À partir de 20 ans. Au-delà de 80 ans, le modèle répond comme à 80 ans.",
            "From 20 on. Above 80, the model answers as for 80.",
        ),
        type="integer",
        unit="years",
        unit_label=text("ans", "years"),
        bounds=(20, 120),
        step=1,
        default=45,
    ),
    _choice(
        "sex",
        group="person",
        label=text("Votre sexe", "Your sex"),
        help=text(
            "L'enquête dont vient le modèle n'a noté que ces deux réponses.",
            "The survey behind the model recorded these two answers only.",
        ),
        # No default: on a form, it would answer for half of the visitors.
        choices={FEMALE: text("Femme", "Female"), MALE: text("Homme", "Male")},
        required=True,
    ),
    _number(
        "height_cm",
        group="person",
        label=text("Votre taille", "Your height"),
        help=text("Debout, sans chaussures.", "Standing, without shoes."),
        unit="cm",
        bounds=(100, 250),
        step=1,
        default=168,
    ),
    _number(
        "weight_kg",
        group="person",
        label=text("Votre poids", "Your weight"),
        help=text("En vêtements légers.", "In light clothing."),
        unit="kg",
        bounds=(30, 300),
        step=0.5,
        default=72,
    ),
    _number(
        "waist_cm",
        group="measurements",
        label=text("Votre tour de taille", "Your waist"),
        help=text(
            "Debout, un mètre ruban à l'horizontale juste au-dessus des os des hanches, à peu près"
            " au niveau du nombril ; mesurez à la fin d'une expiration normale.",
            "Standing, a tape held level just above your hip bones, about at the navel; measure at"
            " the end of a normal breath out.",
        ),
        unit="cm",
        bounds=(40, 200),
        step=1,
    ),
    _number(
        "systolic_mmhg",
        group="measurements",
        label=text("Votre tension, le grand chiffre", "Your blood pressure, the upper number"),
        help=text(
            "Au repos, assis. La moyenne de deux ou trois mesures est préférable. Une tension de"
            " « 12,5 » s'écrit 125.",
            "Seated and at rest. The mean of two or three readings is best.",
        ),
        unit="mmHg",
        bounds=(60, 260),
        step=1,
    ),
    _number(
        "diastolic_mmhg",
        group="measurements",
        label=text("Votre tension, le petit chiffre", "Your blood pressure, the lower number"),
        help=text(
            "Mesuré en même temps que le grand. Une tension de « 8 » s'écrit 80.",
            "Measured together with the upper one.",
        ),
        unit="mmHg",
        bounds=(30, 160),
        step=1,
    ),
    _number(
        "total_cholesterol_mgdl",
        group="blood",
        label=text("Votre cholestérol total", "Your total cholesterol"),
        help=text(
            "Sur votre dernier bilan sanguin. 1 g/L = 100 mg/dL ; 1 mmol/L ≈ 38,67 mg/dL.",
            "From your latest blood test. 1 mmol/L ≈ 38.67 mg/dL; 1 g/L = 100 mg/dL.",
        ),
        unit="mg/dL",
        bounds=(50, 600),
        step=1,
    ),
    _number(
        "hdl_mgdl",
        group="blood",
        label=text("Votre « bon » cholestérol (HDL)", "Your “good” cholesterol (HDL)"),
        help=text(
            "Sur votre dernier bilan sanguin. 1 g/L = 100 mg/dL ; 1 mmol/L ≈ 38,67 mg/dL.",
            "From your latest blood test. 1 mmol/L ≈ 38.67 mg/dL; 1 g/L = 100 mg/dL.",
        ),
        unit="mg/dL",
        bounds=(10, 200),
        step=1,
    ),
    _choice(
        "smoking",
        group="habits",
        label=text("Fumez-vous ?", "Do you smoke?"),
        help=text(
            "« Jamais » veut dire moins de 100 cigarettes dans toute votre vie.",
            "“Never” means fewer than 100 cigarettes in your whole life.",
        ),
        choices={
            "never": text("Jamais fumé", "Never smoked"),
            "former": text("J'ai arrêté", "I stopped"),
            "some_days": text("Certains jours", "Some days"),
            "every_day": text("Tous les jours", "Every day"),
        },
    ),
    _yes_no(
        "vigorous_activity",
        group="habits",
        label=text("Avez-vous une activité physique intense ?", "Are you vigorously active?"),
        help=text(
            "Dans une semaine ordinaire, au travail ou en loisir, au moins 10 minutes de suite qui"
            " vous essoufflent vraiment : porter lourd, courir, jouer au football…",
            "In a typical week, at work or for leisure, at least 10 minutes at a stretch that make"
            " you breathe hard: heavy lifting, running, football…",
        ),
    ),
    _yes_no(
        "moderate_activity",
        group="habits",
        label=text("Avez-vous une activité physique modérée ?", "Are you moderately active?"),
        help=text(
            "Dans une semaine ordinaire, au travail ou en loisir, au moins 10 minutes de suite qui"
            " vous essoufflent un peu : marcher d'un bon pas, faire du vélo, nager…",
            "In a typical week, at work or for leisure, at least 10 minutes at a stretch that make"
            " you breathe a little harder: brisk walking, cycling, swimming…",
        ),
    ),
    _number(
        "sedentary_minutes",
        group="habits",
        label=text("Votre temps assis", "Your time sitting"),
        help=text(
            "Un jour ordinaire, assis ou allongé, sans compter le sommeil. 5 heures = 300 minutes.",
            "On a typical day, sitting or lying down, without sleep. 5 hours = 300 minutes.",
        ),
        unit="min/day",
        unit_label=text("min par jour", "min a day"),
        bounds=(0, 1440),
        step=10,
    ),
    _number(
        "sleep_hours",
        group="habits",
        label=text("Votre sommeil", "Your sleep"),
        help=text(
            "La durée d'une nuit habituelle, en semaine ou les jours de travail.",
            "A usual night, on weekdays or workdays.",
        ),
        unit="h",
        unit_label=text("heures", "hours"),
        bounds=(0, 24),
        step=0.5,
    ),
    _choice(
        "snoring",
        group="habits",
        label=text("Ronflez-vous ?", "Do you snore?"),
        help=text(
            "Au cours des 12 derniers mois. Votre entourage le sait peut-être mieux que vous.",
            "Over the past 12 months. Those around you may know better than you do.",
        ),
        choices={
            "never": text("Jamais", "Never"),
            "rarely": text("Rarement (1 ou 2 nuits par semaine)", "Rarely (1–2 nights a week)"),
            "occasionally": text(
                "Parfois (3 ou 4 nuits par semaine)", "Occasionally (3–4 nights a week)"
            ),
            "frequently": text(
                "Souvent (5 nuits par semaine ou plus)", "Often (5 or more nights a week)"
            ),
        },
    ),
    _yes_no(
        "heart_attack",
        group="history",
        label=text("Avez-vous eu un infarctus ?", "Have you had a heart attack?"),
        help=text(
            "Un médecin vous a-t-il dit un jour que vous aviez fait un infarctus (une crise"
            " cardiaque) ?",
            "Did a doctor ever tell you that you had a heart attack?",
        ),
    ),
    _yes_no(
        "stroke",
        group="history",
        label=text("Avez-vous eu un AVC ?", "Have you had a stroke?"),
        help=text(
            "Un médecin vous a-t-il dit un jour que vous aviez fait un accident vasculaire"
            " cérébral (AVC) ?",
            "Did a doctor ever tell you that you had a stroke?",
        ),
    ),
)

OPTIONAL = tuple(feature.name for feature in FEATURES if not feature.required)
CHOLESTEROL = ("total_cholesterol_mgdl", "hdl_mgdl")

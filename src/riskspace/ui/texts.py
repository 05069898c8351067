"""The page's own words, French and English. A model's words come from its package."""

from __future__ import annotations

from typing import Literal

from riskspace import typography
from riskspace.model.manifest import Text

Language = Literal["fr", "en"]
LANGUAGES: tuple[tuple[str, Language], ...] = (("Français", "fr"), ("English", "en"))

_TEXTS: dict[str, tuple[str, str]] = {
    "language": ("Langue", "Language"),
    "tab_estimate": ("Estimation", "Estimate"),
    "examples": ("Essayer avec un exemple :", "Try an example:"),
    "clear": ("Tout effacer", "Clear all"),
    "stale": (
        "Vos réponses ont changé : relancez l'estimation.",
        "Your answers have changed: estimate again.",
    ),
    "unknown": ("Je ne sais pas", "I don't know"),
    "yes": ("Oui", "Yes"),
    "no": ("Non", "No"),
    "optional": ("facultatif", "optional"),
    "estimate": ("Estimer mon risque", "Estimate my risk"),
    "recorded": (
        "Vos réponses sont enregistrées, sans votre nom, pour suivre l'usage du modèle.",
        "Your answers are recorded, without your name, to follow how the model is used.",
    ),
    "not_recorded": (
        "Vos réponses ne sont pas enregistrées.",
        "Your answers are not recorded.",
    ),
    "waiting": (
        "Votre estimation s'affichera ici.",
        "Your estimate will appear here.",
    ),
    "of_100": (
        "Sur 100 personnes ayant donné ces réponses, environ {count} {phrase}.",
        "Of 100 people with these answers, about {count} {phrase}.",
    ),
    "threshold": ("seuil {value}", "threshold {value}"),
    "above_threshold": (
        "Au-dessus du seuil ({value}).",
        "Above the threshold ({value}).",
    ),
    "below_threshold": (
        "En dessous du seuil ({value}).",
        "Below the threshold ({value}).",
    ),
    "scale": (
        "Échelle de risque de 0 à 100 % : {value}, {band}",
        "Risk scale from 0 to 100%: {value}, {band}",
    ),
    "warnings": ("À savoir", "Please note"),
    "outside_trained_range": (
        "{label} : le modèle n'a presque rien vu hors de {low} à {high}{unit} ; l'estimation est "
        "moins sûre.",
        "{label}: the model has seen next to nothing outside {low} to {high}{unit}; the estimate "
        "is less certain.",
    ),
    "unusual_order": (
        "« {lower} » devrait être en dessous de « {upper} » : vérifiez ces deux réponses.",
        '"{lower}" should be below "{upper}": please check both answers.',
    ),
    "reference": (
        "Modèle {model} {version} · prédiction {id}",
        "Model {model} {version} · prediction {id}",
    ),
    "wrong_input": (
        "Certaines réponses ne conviennent pas :",
        "Some answers can't be used:",
    ),
    "missing": ("une réponse est nécessaire", "an answer is needed"),
    "out_of_bounds": ("entre {low} et {high}{unit}", "between {low} and {high}{unit}"),
    "beyond": (
        "Entre {low} et {high} : la réponse précédente est gardée.",
        "Between {low} and {high}: the previous answer is kept.",
    ),
    "kept": (
        "Il faut un nombre : la réponse précédente est gardée.",
        "A number is needed: the previous answer is kept.",
    ),
    "broken": (
        "Cela n'a pas abouti, et l'incident est noté. Rechargez la page.",
        "This didn't work out, and the incident is noted. Reload the page.",
    ),
    "whole_number": ("un nombre entier", "a whole number"),
    "not_accepted": ("cette réponse n'est pas acceptée", "this answer is not accepted"),
    "away": (
        "Le service d'estimation ne répond pas pour le moment. Vos réponses sont toujours là : "
        "réessayez dans quelques secondes.",
        "The estimation service doesn't answer just now. Your answers are still here: "
        "try again in a few seconds.",
    ),
    "failed": (
        "L'estimation n'a pas abouti, et l'incident est noté (référence {request_id}). Réessayez.",
        "The estimate didn't work out, and the incident is noted (reference {request_id}). "
        "Try again.",
    ),
    "api": ("API pour les programmes", "API for programs"),
}


def text(key: str, language: Language, **values: object) -> str:
    """One of the page's texts, completed."""
    french, english = _TEXTS[key]
    plain = typography.french(french) if language == "fr" else typography.english(english)
    return plain.format(**values)


def known(language: object) -> Language:
    """A language of the page, whatever a stranger's program sent for it."""
    return next((code for _, code in LANGUAGES if code == language), LANGUAGES[0][1])


def of(words: Text, language: Language) -> str:
    """One of the package's texts."""
    return words.fr if language == "fr" else words.en


def number(value: float, language: Language) -> str:
    """A number as it is written in the language: 1 250,5 or 1,250.5."""
    english = f"{value:,.10g}"
    if language == "en":
        return english
    return english.replace(",", "\u202f").replace(".", ",")


def percent(share: float, language: Language) -> str:
    """A share of 1 in whole percents; never 0 or 100 for what is neither."""
    whole = min(max(round(share * 100), 1), 99) if 0 < share < 1 else round(share * 100)
    return f"{whole}\u00a0%" if language == "fr" else f"{whole}%"

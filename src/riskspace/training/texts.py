"""What the page says about the model as a whole, in both languages."""

from __future__ import annotations

from riskspace import typography
from riskspace.model.manifest import Preset, Record, Target, Text


def text(fr: str, en: str) -> Text:
    """A text for people, set properly."""
    return Text(fr=typography.french(fr), en=typography.english(en))


NAME = "prediabetes"
VERSION = "1.0.0"

TITLE = text("Risque de prédiabète", "Prediabetes risk")

DESCRIPTION = text(
    "Ce modèle estime si une prise de sang trouverait aujourd'hui une hémoglobine glyquée (HbA1c)"
    " de 5,7 % ou plus, le seuil du prédiabète selon l'American Diabetes Association, chez un"
    " adulte à qui l'on n'a jamais dit qu'il avait un diabète."
    " Quatre réponses suffisent ; chaque réponse de plus affine l'estimation.",
    "This model estimates whether a blood test today would find a glycated haemoglobin (HbA1c) of"
    " 5.7% or more, where prediabetes begins for the American Diabetes Association, in an adult who"
    " was never told they have diabetes."
    " Four answers are enough; each further one sharpens the estimate.",
)

DISCLAIMER = text(
    "Ceci n'est pas un dispositif médical et ne pose aucun diagnostic : seule une prise de sang"
    " peut le faire. L'estimation vient de 4 214 adultes examinés aux États-Unis en 2017-2018"
    " (enquête NHANES) ; elle peut être moins juste pour vous, et ne vaut ni pendant une grossesse"
    " ni en cas d'anémie ou de diabète déjà traité. Pour toute question de santé,"
    " parlez-en à votre médecin.",
    "This is not a medical device and makes no diagnosis: only a blood test can. The estimate comes"
    " from 4,214 adults examined in the United States in 2017–2018 (the NHANES survey), and may be"
    " less accurate for you; it does not hold in pregnancy, with anaemia or with diabetes under"
    " treatment. For any question about your health, talk to your doctor.",
)

TARGET = Target(
    name="hba1c_5_7_or_more",
    label=text("HbA1c de 5,7 % ou plus", "HbA1c of 5.7% or more"),
    phrase=text(
        "auraient une hémoglobine glyquée de 5,7 % ou plus, ce qui évoque un prédiabète ou un"
        " diabète qu'elles ignorent",
        "would have a glycated haemoglobin of 5.7% or more, which suggests prediabetes or"
        " diabetes that they don't know of",
    ),
)

EXAMPLE: Record = {
    "age_years": 52,
    "sex": "female",
    "height_cm": 165,
    "weight_kg": 78,
    "waist_cm": 96,
    "systolic_mmhg": 128,
    "diastolic_mmhg": 79,
    "total_cholesterol_mgdl": 205,
    "hdl_mgdl": 50,
    "smoking": "former",
    "vigorous_activity": False,
    "moderate_activity": True,
    "sedentary_minutes": 360,
    "sleep_hours": 7,
    "snoring": "occasionally",
    "heart_attack": False,
    "stroke": False,
}

PRESETS = (
    Preset(
        label=text("Camille, 34 ans, sportive", "Camille, 34, sporty"),
        record={
            "age_years": 34,
            "sex": "female",
            "height_cm": 168,
            "weight_kg": 61,
            "waist_cm": 76,
            "systolic_mmhg": 112,
            "diastolic_mmhg": 70,
            "total_cholesterol_mgdl": 175,
            "hdl_mgdl": 64,
            "smoking": "never",
            "vigorous_activity": True,
            "moderate_activity": True,
            "sedentary_minutes": 240,
            "sleep_hours": 8,
            "snoring": "never",
            "heart_attack": False,
            "stroke": False,
        },
    ),
    Preset(
        label=text("Thomas, 46 ans, au bureau", "Thomas, 46, desk job"),
        record={
            "age_years": 46,
            "sex": "male",
            "height_cm": 178,
            "weight_kg": 79,
            "waist_cm": 92,
            "systolic_mmhg": 122,
            "diastolic_mmhg": 78,
            "smoking": "never",
            "vigorous_activity": True,
            "moderate_activity": True,
            "sedentary_minutes": 480,
            "sleep_hours": 7,
            "snoring": "rarely",
        },
    ),
    Preset(
        label=text("Nadia, 58 ans, quatre réponses", "Nadia, 58, four answers"),
        record={"age_years": 58, "sex": "female", "height_cm": 162, "weight_kg": 76},
    ),
    Preset(
        label=text("Gérard, 69 ans, plusieurs facteurs", "Gérard, 69, several factors"),
        record={
            "age_years": 69,
            "sex": "male",
            "height_cm": 172,
            "weight_kg": 104,
            "waist_cm": 121,
            "systolic_mmhg": 146,
            "diastolic_mmhg": 76,
            "total_cholesterol_mgdl": 180,
            "hdl_mgdl": 36,
            "smoking": "every_day",
            "vigorous_activity": False,
            "moderate_activity": False,
            "sedentary_minutes": 600,
            "sleep_hours": 6,
            "snoring": "frequently",
            "heart_attack": True,
            "stroke": False,
        },
    ),
)

"""Texts written plainly, set properly."""

from __future__ import annotations

import re

_NO_BREAK, _THIN_NO_BREAK, _APOSTROPHE = "\u00a0", "\u202f", "\u2019"


def french(plain: str) -> str:
    """French with curly apostrophes, and with no line that begins with a high mark, a per cent
    sign, a closing guillemet, a unit or the second half of a number."""
    text = re.sub(r" (?=[;:!?%»])|(?<=«) |(?<=\d) (?=m?[gm]\b|mmol|kg|cm)", _NO_BREAK, plain)
    return re.sub(r"(?<=\d) (?=\d{3}\b)", _THIN_NO_BREAK, text).replace("'", _APOSTROPHE)


def english(plain: str) -> str:
    """English with curly apostrophes, and with no line that begins with a unit."""
    text = re.sub(r"(?<=\d) (?=m?[gm]\b|mmol|kg|cm)", _NO_BREAK, plain)
    return text.replace("'", _APOSTROPHE)

"""What every tab is built with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from riskspace.ui.client import ApiClient
from riskspace.ui.texts import Language
from riskspace.web.answers import Model


@dataclass(frozen=True, slots=True)
class Context:
    """`language` is the component that holds the visitor's choice, `start` the language that the
    page is built in."""

    model: Model
    client: ApiClient
    language: Any
    start: Language

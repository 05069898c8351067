"""The page around the tabs: title, language, disclaimer."""

from __future__ import annotations

import json
from functools import partial
from html import escape
from pathlib import Path
from types import ModuleType
from typing import Any

import gradio as gr

from riskspace.ui import estimate
from riskspace.ui.client import ApiClient
from riskspace.ui.context import Context
from riskspace.ui.form import Translation
from riskspace.ui.texts import LANGUAGES, Language, of, text
from riskspace.web.answers import Model

# Each a module with `title(language)` and `build(context)`. A single one stands without a tab bar.
TABS: tuple[ModuleType, ...] = (estimate,)
START: Language = "fr"
SCRIPT = Path(__file__).with_name("script.js")
# For screen readers, and so that no browser offers to translate what is already in the language.
_SET_LANGUAGE = "language => { document.documentElement.lang = language }"


def build(model: Model, client: ApiClient) -> gr.Blocks:
    """The page of one model. It is built in French and turned to English where the browser
    prefers that, or the visitor chooses it."""
    with gr.Blocks(title=of(model.title, START), analytics_enabled=False) as page:
        with gr.Row(elem_classes=["header"]):
            heading = gr.HTML(_heading(model, START), elem_classes=["heading"], padding=False)
            language = gr.Radio(
                LANGUAGES,
                value=START,
                label=text("language", START),
                show_label=False,
                container=False,
                elem_id="language",
                min_width=190,
            )
        context = Context(model, client, language, START)
        translations = [*_tabs(context)]
        footer = gr.HTML(_footer(model, START), elem_classes=["page-footer"], padding=False)
        translations += [
            (heading, lambda language: gr.update(value=_heading(model, language))),
            (footer, lambda language: gr.update(value=_footer(model, language))),
        ]

        def translated(language: Language) -> list[Any]:
            return [update(language) for _, update in translations]

        language.change(
            translated,
            language,
            [component for component, _ in translations],
            api_visibility="private",
            show_progress="hidden",
        )
        language.change(fn=None, js=_SET_LANGUAGE, inputs=language, api_visibility="private")
        page.load(preferred, None, language, api_visibility="private", show_progress="hidden")
    return page


def script() -> str:
    """What the page does by itself, for its `<head>`."""
    texts = {
        language: text("brought_back", language, low="LOW", high="HIGH")
        for _, language in LANGUAGES
    }
    source = SCRIPT.read_text(encoding="utf-8").replace("__TEXTS__", json.dumps(texts))
    return f"<script>{source}</script>"


def preferred(request: gr.Request) -> Language:
    """The first of our languages in the browser's own list, which is in order of preference."""
    for accepted in request.headers.get("accept-language", "").split(","):
        for _, language in LANGUAGES:
            if accepted.strip().lower().startswith(language):
                return language
    return START


def _tabs(context: Context) -> list[Translation]:
    if len(TABS) == 1:
        return [*TABS[0].build(context)]
    translations: list[Translation] = []
    with gr.Tabs():
        for tab in TABS:
            with gr.Tab(tab.title(context.start)) as placed:
                translations += tab.build(context)
            translations.append((placed, partial(_retitled, tab)))
    return translations


def _retitled(tab: ModuleType, language: Language) -> Any:
    return gr.update(label=tab.title(language))


def _heading(model: Model, language: Language) -> str:
    title, description = of(model.title, language), of(model.description, language)
    return f'<div lang="{language}"><h1>{escape(title)}</h1><p>{escape(description)}</p></div>'


def _footer(model: Model, language: Language) -> str:
    return (
        f'<p class="disclaimer" lang="{language}">{escape(of(model.disclaimer, language))}</p>'
        f'<p><a href="api/docs">{escape(text("api", language))}</a>'
        f" · {escape(model.name)} {escape(model.version)}</p>"
    )

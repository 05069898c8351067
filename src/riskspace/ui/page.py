"""The page around the tabs: title, language, disclaimer."""

from __future__ import annotations

import json
import logging
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

logger = logging.getLogger("ui")

# Each a module with `title(language)` and `build(context)`. A single one stands without a tab bar.
TABS: tuple[ModuleType, ...] = (estimate,)
START: Language = "fr"
SCRIPT = Path(__file__).with_name("script.js")


class Page(gr.Blocks):  # type: ignore[misc]
    """Gradio's blocks, but what goes wrong in an event is told in our words: Gradio's own would
    quote what the visitor sent, on the page and in the log."""

    async def process_api(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = await super().process_api(*arguments, **options)
        except Exception:
            logger.exception("Erreur inattendue")
            words = " / ".join(text("broken", language) for _, language in LANGUAGES)
            raise gr.Error(words, print_exception=False) from None
        return answer


def build(model: Model, client: ApiClient) -> gr.Blocks:
    """The page of one model. It is built in French and turned to English where the browser
    prefers that, or the visitor chooses it."""
    with Page(title=of(model.title, START), analytics_enabled=False) as page:
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
            (language, lambda language: gr.update(label=text("language", language))),
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
        told = {"fn": None, "js": _tell_browser(model), "inputs": language}
        language.change(**told, api_visibility="private")
        page.load(preferred, None, language, api_visibility="private", show_progress="hidden").then(
            **told, api_visibility="private"
        )
    return page


def _tell_browser(model: Model) -> str:
    """For screen readers, for the browser's tab, and so that no browser offers to translate what
    is already in the visitor's language."""
    titles = json.dumps({language: of(model.title, language) for _, language in LANGUAGES})
    return f"""language => {{
        document.documentElement.lang = language;
        document.title = {titles}[language];
    }}"""


def script() -> str:
    """What the page does by itself, for its `<head>`."""
    texts = {
        language: {
            "beyond": text("beyond", language, low="LOW", high="HIGH"),
            "empty": text("kept", language),
        }
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

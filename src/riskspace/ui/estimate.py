"""The tab where a visitor answers and reads a risk."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from html import escape
from typing import Any

import gradio as gr

from riskspace.model.manifest import Text, Value
from riskspace.ui import result
from riskspace.ui.client import Outcome
from riskspace.ui.context import Context
from riskspace.ui.form import Form, Translation
from riskspace.ui.texts import Language, known, of, text

# On a phone the result is below the form: bring it into sight.
_SHOW_RESULT = """() => document.querySelector('#result').scrollIntoView(
    {behavior: 'smooth', block: 'nearest'})"""


def title(language: Language) -> str:
    return text("tab_estimate", language)


def build(context: Context) -> Iterable[Translation]:
    """Places the tab's components; gives what changes with the language."""
    model, start = context.model, context.start
    outcome = gr.State(None)
    with gr.Row():
        with gr.Column(scale=3, min_width=320):
            heading, presets, clear = _presets(context)
            form = Form(model, start)
        with gr.Column(scale=2, min_width=320, elem_classes=["answer"]):
            button = gr.Button(
                text("estimate", start), variant="primary", size="lg", elem_id="estimate"
            )
            privacy = gr.Markdown(_privacy(context, start), elem_classes=["privacy"])
            panel = gr.HTML(result.html(None, model, start), elem_id="result", padding=False)

    async def estimate(language: Language, *held: Any) -> tuple[Outcome, str]:
        language = known(language)
        answer = await context.client.predict(form.record(held))
        return answer, result.html(answer, model, language)

    def shown(language: Language, answer: Outcome | None) -> str:
        return result.html(answer, model, language)

    asked = {
        "fn": estimate,
        "inputs": [context.language, *form.components],
        "outputs": [outcome, panel],
        "show_progress": "minimal",
        "preprocess": False,  # the API alone says what an answer may be, in words of ours
        "api_visibility": "private",
    }
    after = {"fn": None, "js": _SHOW_RESULT, "api_visibility": "private"}
    button.click(**asked).then(**after)
    filled = [*form.components, *form.sections]
    for preset, chosen in zip(presets, model.presets, strict=True):
        preset.click(
            partial(_filled, form, chosen.record), outputs=filled, api_visibility="private"
        ).then(**asked).then(**after)
    clear.click(
        lambda language: [*_filled(form, form.defaults()), None, shown(language, None)],
        context.language,
        [*filled, outcome, panel],
        api_visibility="private",
    )
    context.language.change(
        shown, [context.language, outcome], panel, api_visibility="private", show_progress="hidden"
    )

    yield button, lambda language: gr.update(value=text("estimate", language))
    yield clear, lambda language: gr.update(value=text("clear", language))
    yield heading, lambda language: gr.update(value=_hint("examples", language))
    yield privacy, lambda language: gr.update(value=_privacy(context, language))
    for preset, chosen in zip(presets, model.presets, strict=True):
        yield preset, partial(_relabelled, chosen.label)
    yield from form.translations()


def _filled(form: Form, record: dict[str, Value]) -> list[Any]:
    return [*form.filled(record), *form.opened(record)]


def _presets(context: Context) -> tuple[Any, list[Any], Any]:
    presets = context.model.presets
    heading = gr.HTML(_hint("examples", context.start), padding=False, visible=bool(presets))
    with gr.Row(elem_classes=["presets"]):
        buttons = [
            gr.Button(of(preset.label, context.start), size="sm", min_width=120)
            for preset in presets
        ]
        clear = gr.Button(
            text("clear", context.start), size="sm", scale=0, min_width=120, elem_id="clear"
        )
    return heading, buttons, clear


def _hint(key: str, language: Language) -> str:
    return f'<p class="hint">{escape(text(key, language))}</p>'


def _relabelled(words: Text, language: Language) -> Any:
    return gr.update(value=of(words, language))


def _privacy(context: Context, language: Language) -> str:
    return text("recorded" if context.model.inputs_recorded else "not_recorded", language)

"""The public port's application: `/api`, then the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import gradio as gr
import httpx
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount

from riskspace.settings import Settings
from riskspace.ui import page, remembered
from riskspace.ui.client import ApiClient
from riskspace.ui.guard import Guard
from riskspace.ui.public_api import PREFIX, create_public_api
from riskspace.web import problems
from riskspace.web.answers import Model
from riskspace.web.draining import ReadToTheEnd
from riskspace.web.headers import SecurityHeaders
from riskspace.web.request_id import RequestId

STYLE = Path(__file__).with_name("style.css")
# Events of one kind that run at once, and that wait behind them.
CONCURRENT = 40
QUEUED = 400
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# The fonts that the visitor's system has (none is fetched), and darker shades than the theme's own
# where text would be hard to read.
THEME = gr.themes.Soft(
    primary_hue="teal",
    neutral_hue="slate",
    font=("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"),
    font_mono=("ui-monospace", "Menlo", "Consolas", "monospace"),
).set(
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_300",
    block_title_background_fill="transparent",
    block_title_background_fill_dark="transparent",
    block_title_text_color="*neutral_800",
    block_title_text_color_dark="*neutral_100",
    block_title_padding="0",
    block_info_text_color="*neutral_600",
    block_info_text_color_dark="*neutral_300",
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_dark="*primary_700",
    button_primary_background_fill_hover="*primary_800",
    button_primary_background_fill_hover_dark="*primary_600",
    checkbox_label_background_fill_selected="*primary_700",
    checkbox_label_background_fill_selected_dark="*primary_700",
    checkbox_background_color_selected="*primary_700",
    checkbox_background_color_selected_dark="*primary_700",
    checkbox_border_color="*neutral_400",
    checkbox_border_color_dark="*neutral_500",
    input_border_color="*neutral_300",
    slider_color="*primary_700",
    slider_color_dark="*primary_500",
)


def create_app(settings: Settings, model: Model, http: httpx.AsyncClient) -> FastAPI:
    """The page of `model`, whose API is at `http`'s base address; `http` is closed with it."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with http:
            yield

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.add_route(PREFIX, _to_docs, methods=list(METHODS))
    app.mount(PREFIX, create_public_api(http, settings))
    blocks = page.build(model, ApiClient(http))
    blocks.queue(max_size=QUEUED, default_concurrency_limit=CONCURRENT)
    remembered.bound(blocks)
    gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        theme=THEME,
        css_paths=[STYLE],
        head=page.script(),
        footer_links=[],
        run_history=False,  # a visitor's answers stay out of the browser's storage
        ssr_mode=False,
        show_error=not settings.production,
        app_kwargs={"openapi_url": None, "docs_url": None, "redoc_url": None},
    )
    _without_echo(app)
    app.add_middleware(Guard, inputs=_inputs(blocks))
    app.add_middleware(ReadToTheEnd)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestId)
    return app


def _inputs(blocks: gr.Blocks) -> dict[int, int]:
    """The number of values that each event takes which this process answers, by its number."""
    return {number: len(event.inputs) for number, event in blocks.fns.items() if event.fn}


def _without_echo(app: FastAPI) -> None:
    """Gradio's application is FastAPI's, whose own refusal of a request quotes it."""
    for route in app.routes:
        if isinstance(route, Mount) and isinstance(route.app, FastAPI):
            route.app.add_exception_handler(RequestValidationError, problems.validation_error)


async def _to_docs(request: Request) -> Response:
    if request.method not in {"GET", "HEAD"}:
        detail = "This address doesn't take this method."
        return problems.problem(request, 405, detail, headers={"Allow": "GET, HEAD"})
    return RedirectResponse(f"{PREFIX}/docs")

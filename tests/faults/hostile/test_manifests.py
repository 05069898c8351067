"""Any manifest: what it describes is the same everywhere, or it is refused and the refusal says
what is wrong with it."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import gradio as gr
import jsonschema_rs
import numpy as np
import pytest
from api.apis import logging_to
from faults.hostile.forms import Explore
from faults.hostile.mutations import damaged
from hypothesis import strategies as st
from model.strategies import broken, documented, labels, manifest_of, manifests
from starlette.testclient import TestClient

from riskspace import settings
from riskspace.api.app import create_app
from riskspace.backend import assemble
from riskspace.errors import BadInput, PackageError
from riskspace.model import manifest as described
from riskspace.model import package
from riskspace.model.decoder import Decoder
from riskspace.model.encoding import encode
from riskspace.model.manifest import Manifest
from riskspace.model.schema import Schema
from riskspace.ui.form import Form
from riskspace.web.answers import Model


class _Enough(Exception):
    pass


def form_of(some: Manifest) -> Form:
    async def built() -> Form:
        # What a page is made of; the application around it is not needed, and takes long.
        with suppress(_Enough), gr.Blocks(analytics_enabled=False):
            form = Form(model_of(some), "fr")
            raise _Enough
        return form

    return asyncio.run(built())  # Gradio would make an event loop, and leave it open


def model_of(some: Manifest) -> Model:
    known = some.model_dump(include=set(Model.model_fields))
    return Model.model_validate({**known, "inputs_recorded": True})


def test_what_the_document_allows_is_taken_and_what_it_doesn_t_is_refused(explore: Explore) -> None:
    @explore(100, 5_000, some=manifests, drawn=st.data())
    def holds(some: Manifest, drawn: st.DataObject) -> None:
        schema, decoder = Schema(some), Decoder(some)
        document = schema.json_schema()
        record = drawn.draw(documented(document))
        body = json.dumps(record).encode()
        assert schema.parse(body) == {name: record.get(name) for name in schema.names}
        inputs = decoder.record(body)
        assert inputs is not None
        taken = decoder.matrix([decoder.row(inputs)])
        np.testing.assert_array_equal(taken, encode(some.features, [schema.parse(body)]))
        wrong = drawn.draw(broken(document, record))
        body = json.dumps(wrong).encode()
        assert not jsonschema_rs.validator_for(document).is_valid(wrong)
        assert decoder.record(body) is None
        with pytest.raises(BadInput):
            schema.parse(body)


def test_the_form_gives_back_each_record_that_it_is_filled_with(explore: Explore) -> None:
    @explore(40, 1_000, some=manifests, drawn=st.data())
    def holds(some: Manifest, drawn: st.DataObject) -> None:
        form, schema = form_of(some), Schema(some)
        record = drawn.draw(documented(schema.json_schema()))
        known = {name: value for name, value in record.items() if value is not None}
        assert form.record(form.filled(known)) == known


def test_the_form_starts_with_answers_that_are_accepted_or_not_given(explore: Explore) -> None:
    @explore(40, 1_000, some=manifests)
    def holds(some: Manifest) -> None:
        form = form_of(some)
        record = form.record([component.value for component in form.components])
        checked = Schema(some).check(record)
        if isinstance(checked, tuple):
            assert {error.code for error in checked} == {"missing"}


NOTHING = {"fr": "", "en": ""}


@pytest.mark.parametrize("required", [True, False])
def test_a_choice_may_be_called_anything(required: bool) -> None:
    """Also what a form sends for "I don't know", for yes, or for nothing."""
    values = ["?", "yes", "no", "null", "None", "true", " ", "\0", "<b>", "=1", ",", "\U0001f388"]
    choices = [{"value": value, "label": NOTHING} for value in values]
    feature = {"name": "a", "type": "choice", "required": required, "label": NOTHING}
    form = form_of(manifest_of([{**feature, "choices": choices}]))
    for value in values:
        assert form.record(form.filled({"a": value})) == {"a": value}


@pytest.mark.parametrize("kind", ["number", "integer"])
@pytest.mark.parametrize(
    ("bounds", "step"),
    [
        ([-8e307, 8e307], None),
        ([-1e300, 8e307], 5e-324),
        ([0.0, 1.7e308], 1.0),
        ([0.5, 2.5], None),
        ([-0.5, 1e15 + 0.5], 7.0),
        ([-3.0, 5e300], 1e299),
        ([0.0, 1.0], 3.0),
        ([1e15, 1e15 + 4], None),
    ],
)
def test_a_slider_may_go_from_anywhere_to_anywhere(
    kind: str, bounds: list[float], step: float | None
) -> None:
    feature = {"name": "a", "type": kind, "required": True, "label": NOTHING}
    whole = kind == "number" or not step or step % 1 == 0
    some = manifest_of([{**feature, "bounds": bounds, "step": step if whole else None}])
    form = form_of(some)
    start = form.record([component.value for component in form.components])
    assert isinstance(Schema(some).check(start), dict), start


def test_the_api_answers_for_any_manifest(explore: Explore, tmp_path: Path) -> None:
    figures = st.sampled_from([1, "x", None, 1e300, float("nan")])

    @explore(15, 400, some=manifests, title=labels, figure=figures)
    def holds(some: Manifest, title: dict[str, str], figure: Any) -> None:
        changes = {"title": title, "metrics": {"figure": figure}}
        written = {**some.model_dump(mode="json"), **changes}
        (tmp_path / described.FILE_NAME).write_text(json.dumps(written), "utf-8")
        chosen = settings.load({"MODEL_PATH": str(tmp_path)})
        with logging_to(chosen) as output:
            try:
                backend = assemble(chosen, output, lambda _: None)
            except PackageError:
                assert "" in title.values()
                return
            client = TestClient(create_app(backend), raise_server_exceptions=False)
            model = client.get("/model")
            assert model.status_code == 200
            assert json.loads(model.text, parse_constant=pytest.fail)["title"] == title
            document = client.get("/openapi.json").json()
            assert client.get("/docs").status_code == 200
        taken = document["paths"]["/predict"]["post"]["requestBody"]["content"]
        assert taken["application/json"]["schema"] == Schema(some).json_schema()


def test_a_damaged_package_is_refused_by_the_name_of_its_file_or_served(
    explore: Explore, tmp_path: Path, pumps: Path
) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(pumps, folder)
    path = folder / described.FILE_NAME
    written = json.loads(path.read_bytes())

    @explore(150, 5_000, text=damaged(written))
    def holds(text: bytes) -> None:
        path.write_bytes(text)
        refusal = ""
        try:
            some = package.load(folder).manifest
        except PackageError as error:
            refusal = str(error)
        if refusal:
            assert re.fullmatch(rf"{folder}/[a-z.]+: .+", refusal, re.DOTALL)
            return
        Schema(some).json_schema()
        Decoder(some)
        form_of(some)

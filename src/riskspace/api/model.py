"""What the model is and takes."""

from __future__ import annotations

from fastapi import APIRouter

from riskspace.backend import Backend
from riskspace.web.answers import Model, links


def router(backend: Backend) -> APIRouter:
    routes = APIRouter(tags=["model"])
    manifest = backend.service.manifest
    answer = Model.model_validate(
        {
            **manifest.model_dump(include=set(Model.model_fields)),
            "inputs_recorded": backend.settings.record_inputs,
        }
    )

    record = {"requestBody": "$response.body#/presets/0/record"}
    asked = links(predict=("predict_predict_post", record)) if manifest.presets else {}

    @routes.get("/model", responses={200: asked})
    async def model() -> Model:
        """The target, the features with their units, bounds and choices, the bands, the threshold,
        and how well the model did, with confidence intervals."""
        return answer

    return routes

"""The document and its page: true, complete, and from this process alone."""

from __future__ import annotations

import re
from typing import Any

import jsonschema_rs
import pytest
from api.apis import Api

CALLS = {
    ("/health", "get"),
    ("/livez", "get"),
    ("/readyz", "get"),
    ("/model", "get"),
    ("/predict", "post"),
    ("/predict/batch", "post"),
    ("/logs", "get"),
    ("/logs", "delete"),
}


@pytest.fixture
def document(lasting: Api) -> dict[str, Any]:
    content: dict[str, Any] = lasting.client.get("/openapi.json").json()
    return content


def test_the_document_lists_every_call(document: dict[str, Any]) -> None:
    paths = document["paths"].items()
    assert {(path, method) for path, item in paths for method in item} == CALLS
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["title"] == "Pumps"


def test_the_document_s_schemas_are_json_schema(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)


def references(content: Any) -> set[str]:
    if isinstance(content, dict):
        own = {content["$ref"]} if "$ref" in content else set()
        return own.union(*(references(value) for value in content.values()))
    if isinstance(content, list):
        return set().union(*(references(item) for item in content))
    return set()


def test_the_document_refers_to_all_that_it_holds_and_to_nothing_else(
    document: dict[str, Any],
) -> None:
    held = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) == held


def test_every_error_is_documented_as_a_problem(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for call in item.values():
            for status, response in call["responses"].items():
                if status >= "400" and path != "/health":
                    assert set(response["content"]) == {"application/problem+json"}


def test_the_document_s_examples_work_as_they_are(lasting: Api, document: dict[str, Any]) -> None:
    tried = 0
    for path, item in document["paths"].items():
        for method, call in item.items():
            for media_type, body in call.get("requestBody", {}).get("content", {}).items():
                sent: dict[str, Any] = (
                    {"json": body["example"]}
                    if media_type == "application/json"
                    else {"content": body["example"], "headers": {"Content-Type": media_type}}
                )
                answer = lasting.client.request(method, path, **sent)
                assert answer.status_code == 200, answer.text
                assert answer.json().get("failed", 0) == 0
                tried += 1
    assert tried == 3


def test_the_document_says_what_a_record_may_be(document: dict[str, Any]) -> None:
    content = document["paths"]["/predict"]["post"]["requestBody"]["content"]
    schema = content["application/json"]["schema"]
    assert schema["required"] == ["hours", "material"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["hours"] == {
        "type": "integer",
        "minimum": 0,
        "maximum": 100_000,
        "title": "Running hours (h)",
    }
    assert schema["properties"]["liquid"]["enum"] == ["water", "oil", None]


def test_no_parameter_is_offered_as_null(document: dict[str, Any]) -> None:
    """A query can leave a parameter out; it has no null to send."""
    parameters = document["paths"]["/logs"]["get"]["parameters"]
    assert {item["name"] for item in parameters} == {"limit", "level", "since", "cursor"}
    assert "null" not in str(parameters)
    assert not any(item["required"] for item in parameters)


def test_the_page_asks_no_one_else(lasting: Api) -> None:
    page = lasting.client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert not re.search(r"https?:|//[a-z]", page.text.replace("<!-- `SwaggerUIBundle`", ""))


def test_all_that_the_page_needs_is_served(lasting: Api) -> None:
    page = lasting.client.get("/docs").text
    named = set(re.findall(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)["']""", page))
    assert named == {
        *("docs/swagger-ui-bundle.js", "docs/swagger-ui.css", "docs/favicon.png"),
        "openapi.json",
    }
    for address in named:
        answer = lasting.client.get(f"/{address}")
        assert answer.status_code == 200
        assert len(answer.content) > 500


def test_the_page_s_style_asks_no_one_else(lasting: Api) -> None:
    style = lasting.client.get("/docs/swagger-ui.css").text
    assert not re.search(r"url\(['\"]?(https?:)?//", style)

"""`/api` on the public port: the public subset and nothing else, errors as problems."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from space import TOKEN, Space


@pytest.fixture
def client(shipped: Space) -> Any:
    with httpx.Client(base_url=shipped.url) as http:
        yield http


def example(client: httpx.Client) -> dict[str, Any]:
    document = client.get("/api/openapi.json").json()
    body = document["paths"]["/predict"]["post"]["requestBody"]
    record: dict[str, Any] = body["content"]["application/json"]["example"]
    return record


def assert_problem(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["instance"] == answer.request.url.path
    assert problem["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/health", "/model", "/docs", "/openapi.json"])
def test_the_public_calls_answer(client: httpx.Client, path: str) -> None:
    assert client.get(f"/api{path}").status_code == 200
    head = client.head(f"/api{path}")
    assert (head.status_code, head.content) == (200, b"")


def test_the_example_of_the_document_is_answered(client: httpx.Client) -> None:
    answer = client.post("/api/predict", json=example(client))
    assert answer.status_code == 200
    assert 0 < answer.json()["probability"] < 1


def test_a_batch_is_answered(client: httpx.Client) -> None:
    record = example(client)
    answer = client.post("/api/predict/batch", json={"records": [record, {}]}).json()
    assert (answer["total"], answer["failed"]) == (2, 1)


def test_the_document_holds_the_public_calls_alone_at_their_public_address(
    client: httpx.Client,
) -> None:
    document = client.get("/api/openapi.json").json()
    assert set(document["paths"]) == {"/health", "/model", "/predict", "/predict/batch"}
    assert document["servers"] == [{"url": "/api"}]


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/nowhere", "/", "/docs/x.js"])
def test_what_is_not_public_is_not_there(client: httpx.Client, path: str) -> None:
    assert_problem(client.get(f"/api{path}"), 404)


@pytest.mark.parametrize("path", ["/..%2flogs", "/health/../logs", "/%2e%2e/readyz", "//logs"])
def test_no_path_reaches_what_is_not_public(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/api{path}")
    assert answer.status_code in {401, 404}


def test_a_wrong_method_is_a_problem(client: httpx.Client) -> None:
    answer = client.put("/api/predict", json={})
    assert_problem(answer, 405)
    assert answer.headers["allow"] == "POST"


def test_bad_input_names_the_fields(client: httpx.Client) -> None:
    answer = client.post("/api/predict", json={})
    assert_problem(answer, 422)
    required = [f["name"] for f in client.get("/api/model").json()["features"] if f["required"]]
    assert [error["field"] for error in answer.json()["errors"]] == required


def test_a_body_of_10_mb_is_refused(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    assert_problem(client.post("/api/predict", content=b"x" * 10_000_000, headers=headers), 413)


def test_the_request_id_is_one_from_end_to_end(client: httpx.Client) -> None:
    answer = client.get("/api/health", headers={"X-Request-ID": "from-outside.1"})
    assert answer.headers["x-request-id"] == "from-outside.1"


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_the_log_is_closed_without_the_token(
    client: httpx.Client, token: str | None, method: str
) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}".strip()}
    answer = client.request(method, "/api/logs", headers=headers)
    assert_problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_the_log_is_open_with_the_token(client: httpx.Client) -> None:
    answer = client.get("/api/logs?limit=2", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert set(answer.json()) == {"logs", "total", "next_cursor"}


def test_the_log_is_closed_where_no_token_is_set(other: Space) -> None:
    answer = httpx.get(f"{other.url}/api/logs", headers={"Authorization": "Bearer anything"})
    assert_problem(answer, 403)


def test_the_api_away_is_a_problem(other: Space) -> None:
    other.api.stop()
    try:
        answer = httpx.get(f"{other.url}/api/health")
        assert_problem(answer, 502)
    finally:
        other.restart_api()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_page_answers_200(shipped: Space, method: str) -> None:
    answer = httpx.request(method, f"{shipped.url}/")
    assert answer.status_code == 200
    assert "huggingface.co" in answer.headers["content-security-policy"]
    assert "x-frame-options" not in answer.headers


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/redoc", "/gradio_api/openapi.json"])
def test_the_outer_application_has_no_docs_of_its_own(shipped: Space, path: str) -> None:
    assert httpx.get(f"{shipped.url}{path}").status_code == 404


def test_no_answer_leads_to_the_host_that_the_visitor_named(shipped: Space) -> None:
    answer = httpx.get(f"{shipped.url}/api/health/", headers={"Host": "evil.example"})
    assert_problem(answer, 404)


def test_api_alone_takes_no_other_method(shipped: Space) -> None:
    assert_problem(httpx.post(f"{shipped.url}/api"), 405)


def test_api_alone_leads_to_its_documentation(shipped: Space) -> None:
    answer = httpx.get(f"{shipped.url}/api", follow_redirects=True)
    assert (answer.status_code, answer.url.path) == (200, "/api/docs")

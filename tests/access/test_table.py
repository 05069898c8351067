"""Who may what, as docs/access.md says it: every route is there, and is answered so."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from access import asking
from access.routes import Route, every_route
from access.table import Access, lines
from space import TOKEN, Space

TABLE = lines()
ADMIN = {"Authorization": f"Bearer {TOKEN}"}
WRONG = {"Authorization": "Bearer wrong"}


def name(line: Access) -> str:
    return f"{line.route.port} {line.route.method} {line.route.path}"


each_line = pytest.mark.parametrize("line", TABLE, ids=name)
the_admin_s = pytest.mark.parametrize("line", [x for x in TABLE if x.who == "admin"], ids=name)


def test_every_route_is_in_the_table_and_the_table_has_no_other(pumps: Path) -> None:
    served = every_route(pumps)
    told = {line.route for line in TABLE}
    assert told - served == set(), "in docs/access.md, and not there"
    assert served - told == set(), "not in docs/access.md: say there who may ask for it"


def test_no_route_is_there_twice() -> None:
    assert Counter(line.route for line in TABLE).most_common(1)[0][1] == 1


@each_line
def test_who_may_agrees_with_what_is_answered(line: Access) -> None:
    expected = {
        "everyone": line.visitor < 400 and line.visitor == line.admin,
        "admin": line.visitor == 401 and line.admin < 400,
        "nobody": line.visitor in {404, 405} and line.visitor == line.admin,
    }
    assert expected[line.who]


@each_line
def test_a_visitor_is_answered_as_the_table_says(owned: Space, line: Access) -> None:
    assert asking.status(owned, line.route) == line.visitor


@each_line
def test_the_admin_is_answered_as_the_table_says(owned: Space, line: Access) -> None:
    assert asking.status(owned, line.route, **ADMIN) == line.admin


@each_line
def test_a_wrong_token_is_answered_as_none_is(owned: Space, line: Access) -> None:
    assert asking.status(owned, line.route, **WRONG) == line.visitor


@the_admin_s
def test_nobody_is_the_admin_where_no_token_is_set(unowned: Space, line: Access) -> None:
    for headers in ({}, ADMIN, {"Authorization": "Bearer"}):
        assert asking.status(unowned, line.route, **headers) == 403


@pytest.mark.parametrize("port", [8000, 7860])
def test_what_the_table_does_not_have_is_not_there(owned: Space, port: int) -> None:
    for path in ("/nowhere", "/api/nowhere", "/metrics", "/gradio_api", "/gradio_api/nowhere"):
        assert asking.status(owned, Route(port, "GET", path), **ADMIN) == 404, path


def test_another_method_than_the_table_s_is_refused_with_those_that_are_taken(
    owned: Space,
) -> None:
    taken: dict[tuple[int, str], set[str]] = {}
    for line in TABLE:
        if line.who != "nobody":
            taken.setdefault((line.route.port, line.route.path), set()).add(line.route.method)
    for (port, path), methods in taken.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - methods:
            answer = asking.answer(owned, Route(port, method, path))
            assert answer.status_code == 405, f"{method} {path}"
            assert set(answer.headers["allow"].split(", ")) == methods, f"{method} {path}"
            assert answer.headers["content-type"] == "application/problem+json"

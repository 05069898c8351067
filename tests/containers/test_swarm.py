"""A one-node swarm: the compose file as a stack, updated while it serves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from containers.composed import (
    Load,
    Stack,
    answers,
    build_images,
    predict,
    swarm,
)
from containers.conftest import Measured
from containers.engines import PATIENCE, docker
from real import eventually

pytestmark = [pytest.mark.container, pytest.mark.usefixtures("engine")]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    build_images()
    with swarm():
        stack = Stack()
        try:
            stack.deploy()
            eventually(lambda: answers(f"{stack.url}/readyz"), PATIENCE, every=0.2)
            eventually(lambda: answers(stack.page), PATIENCE, every=0.2)
            yield stack
        finally:
            stack.remove()


def test_the_stack_answers(stack: Stack) -> None:
    assert predict(stack.url).status == 200
    assert predict(f"{stack.page}/api").status == 200


def test_no_request_fails_while_the_only_replica_of_the_api_is_replaced(
    stack: Stack, measured: Measured
) -> None:
    before = stack.tasks("api")
    assert len(before) == 1
    with Load(stack.url) as load:
        load.goes_on()
        stack.deploy(RECORD_INPUTS="false")
        eventually(lambda: stack.update_state("api") == "completed", PATIENCE, every=0.2)
        load.goes_on()
    measured(f"swarm, the API updated: {load}")
    assert not load.failures(), stack.story()
    assert not stack.tasks("api") & before


def test_an_update_that_never_gets_healthy_is_rolled_back_and_nobody_notices(
    stack: Stack, measured: Measured
) -> None:
    before = stack.tasks("api")
    with Load(stack.url) as load:
        load.goes_on()
        stack.update("api", "--env-add", "MODEL_PATH=/nowhere")
        eventually(lambda: stack.update_state("api") == "rollback_completed", PATIENCE, every=0.2)
        load.goes_on()
    measured(f"swarm, a bad update of the API rolled back: {load}")
    assert not load.failures(), stack.story()
    assert stack.tasks("api") == before


def test_redis_is_stopped_before_another_takes_its_file(stack: Stack) -> None:
    order = "{{.Spec.UpdateConfig.Order}} {{.Spec.RollbackConfig.Order}}"
    found = docker("service", "inspect", "--format", order, f"{stack.name}_redis")
    assert found == "stop-first stop-first"

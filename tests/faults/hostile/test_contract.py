"""The document is the contract: schemathesis asks for what it allows and for what it doesn't, and
judges every answer with every check that it has. A real process answers, on either port."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import randrange

import pytest
from faults.hostile import contracts
from faults.hostile.figures import Figures
from faults.hostile.targets import Target
from real import ROOT
from space import Space, start_space

from riskspace.model import manifest

SHIPPED = ROOT / "models/prediabetes"
PUBLIC = {"GET /health", "GET /model", "POST /predict", "POST /predict/batch"}
CALLS = PUBLIC | {"GET /livez", "GET /readyz", "GET /logs", "DELETE /logs"}
# Of each call, in the short form and in the long one; at least so many in all.
SHORT, LONG = (25, 400), (1500, 20_000)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """The Space of the shipped package, as it is without Redis."""
    if not SHIPPED.is_dir():
        pytest.skip("no models/prediabetes: make train")
    space = start_space(SHIPPED, tmp_path_factory.mktemp("shipped"))
    yield space
    space.end()


def fields(package: str) -> list[str]:
    return [feature.name for feature in manifest.read(ROOT / package).features]


def test_every_call_does_what_the_document_says(
    target: Target, figures: Figures, cases: Callable[[int], None], long: bool
) -> None:
    examples, least = LONG if long else SHORT
    names = fields(target.space.environ["MODEL_PATH"])
    total = 0
    # The long form finds other cases each time.
    seed = randrange(2**32) if long else 7731
    figures["the seed of schemathesis"] = seed
    for wire, prefix, calls in ((target.api, "", CALLS), (target.page, "/api", PUBLIC)):
        url = f"http://127.0.0.1:{wire.port}{prefix}/openapi.json"
        asked = contracts.ask(url, names, examples, seed)
        assert not asked.failures, "\n\n".join(dict.fromkeys(asked.failures))
        assert set(asked.cases) >= calls
        assert asked.modes["positive"]
        assert asked.modes["negative"]
        assert asked.followed, "no call followed from another"
        total += asked.cases.total()
        count(figures, asked)
    cases(total)
    assert total >= least


def test_the_shipped_package_does_too(
    shipped: Space, figures: Figures, cases: Callable[[int], None], long: bool
) -> None:
    examples = LONG[0] // 5 if long else SHORT[0] // 5
    asked = contracts.ask(
        f"{shipped.url}/api/openapi.json", fields("models/prediabetes"), examples, 1
    )
    assert not asked.failures, "\n\n".join(dict.fromkeys(asked.failures))
    assert set(asked.cases) >= PUBLIC
    cases(asked.cases.total())
    count(figures, asked)


def count(figures: Figures, asked: contracts.Asked) -> None:
    figures.count("requests of schemathesis", asked.cases.total())
    figures.count("of them followed from another's answer", asked.followed)
    for mode in ("positive", "negative"):
        figures.count(f"of them {mode}", asked.modes[mode])

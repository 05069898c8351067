"""The page in a real browser, as a visitor meets it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect
from space import Space

pytestmark = pytest.mark.browser

Visit = Callable[..., Any]
ALERT = "#result [role=alert]"
VALUE = "#result .result-value strong"


def features(space: Space) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = httpx.get(f"{space.api_url}/model").json()["features"]
    return answer


def choose(page: Any, space: Space, language: str = "fr") -> None:
    """Answers what has no answer to start with."""
    for feature in features(space):
        if feature["required"] and feature["default"] is None:
            label = feature["choices"][0]["label"][language]
            page.locator(f"#feature-{feature['name']}").get_by_text(label, exact=True).click()


def test_a_visitor_estimates_a_risk(visit: Visit, shipped: Space) -> None:
    page = visit(shipped.url)
    expect(page.locator("#result")).to_contain_text("Votre estimation s’affichera ici.")
    choose(page, shipped)
    page.click("#estimate")
    expect(page.locator(VALUE)).to_have_text(re.compile(r"^\d{1,2}\s%$"))
    expect(page.locator(".scale-band")).to_have_count(4)
    expect(page.locator(".scale-threshold")).to_contain_text("seuil")
    expect(page.locator(".result-sentence")).to_contain_text("Sur 100 personnes")


def test_the_answer_follows_the_form(visit: Visit, shipped: Space) -> None:
    """The same record gives the page and the API the same risk."""
    page = visit(shipped.url)
    record: dict[str, Any] = {}
    for feature in features(shipped):
        if feature["required"] and feature["type"] == "choice":
            chosen = feature["choices"][-1]
            page.locator(f"#feature-{feature['name']}").get_by_text(chosen["label"]["fr"]).click()
            record[feature["name"]] = chosen["value"]
        elif feature["required"]:
            box = page.locator(f"#feature-{feature['name']} input[type=number]")
            box.fill(f"{feature['trained'][1]:g}")
            box.press("Tab")
            record[feature["name"]] = feature["trained"][1]
    page.click("#estimate")
    probability = httpx.post(f"{shipped.api_url}/predict", json=record).json()["probability"]
    expect(page.locator(VALUE)).to_have_text(f"{round(probability * 100)}\u00a0%")


def test_a_visitor_switches_the_language_and_keeps_the_answers(
    visit: Visit, shipped: Space
) -> None:
    page = visit(shipped.url)
    choose(page, shipped)
    page.click("#estimate")
    value = page.locator(VALUE)
    expect(value).to_be_visible()
    french = value.inner_text()
    page.locator("#language").get_by_text("English").click()
    expect(page.locator("#estimate")).to_have_text("Estimate my risk")
    expect(value).to_have_text(french.replace("\u00a0", ""))
    expect(page.locator(".result-sentence")).to_contain_text("Of 100 people")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page).to_have_title("Prediabetes risk")
    for feature in features(shipped):
        if feature["required"]:
            expect(page.locator(f"#feature-{feature['name']}")).to_contain_text(
                feature["label"]["en"]
            )
    page.locator("#language").get_by_text("Français").click()
    expect(page.locator("#estimate")).to_have_text("Estimer mon risque")


def test_the_page_opens_in_the_browser_s_language(visit: Visit, shipped: Space) -> None:
    page = visit(shipped.url, language="en-GB")
    expect(page.locator("#estimate")).to_have_text("Estimate my risk")


def test_the_page_says_what_language_it_is_in_whatever_the_browser_prefers(
    visit: Visit, shipped: Space
) -> None:
    page = visit(shipped.url, language="de-DE")
    expect(page.locator("#estimate")).to_have_text("Estimer mon risque")
    expect(page.locator("html")).to_have_attribute("lang", "fr")


def test_moving_a_slider_makes_its_value_known(visit: Visit, other: Space) -> None:
    page = visit(other.url)
    page.get_by_text("Use (facultatif)").click()
    unknown = page.locator("#unknown-inlet_bar input")
    expect(unknown).to_be_checked()
    box = page.locator("#feature-inlet_bar input[type=number]")
    box.fill("2.5")
    box.press("Tab")
    expect(unknown).not_to_be_checked()


def test_an_example_fills_the_form_and_is_estimated(visit: Visit, other: Space) -> None:
    page = visit(other.url)
    page.get_by_role("button", name="old pump").click()
    expect(page.locator(VALUE)).to_have_text("54\u00a0%")
    expect(page.locator("#feature-hours input[type=number]")).to_have_value("20000")


def test_a_warning_says_what_the_model_has_not_seen(visit: Visit, other: Space) -> None:
    page = visit(other.url)
    box = page.locator("#feature-hours input[type=number]")
    box.fill("90000")
    box.press("Tab")
    page.click("#estimate")
    expect(page.locator(".result-warnings")).to_contain_text(
        "Heures de marche : le modèle n’a presque rien vu hors de 0 à 40 000 h".replace(
            " 000", "\u202f000"
        ).replace("000 h", "000\u00a0h")
    )


def test_a_missing_answer_is_named(visit: Visit, shipped: Space) -> None:
    page = visit(shipped.url)
    page.click("#estimate")
    expect(page.locator(ALERT)).to_contain_text("Votre sexe : une réponse est nécessaire")


def test_a_value_out_of_range_is_said_and_not_taken(visit: Visit, other: Space) -> None:
    page = visit(other.url)
    box = page.locator("#feature-hours input[type=number]")
    box.fill("12345")
    box.press("Tab")
    box.fill("999999")
    expect(page.locator("#feature-hours [role=alert]")).to_contain_text("Entre 0 et 100000")
    page.click("#estimate")
    expect(box).to_have_value("12345")
    expect(page.locator(VALUE)).to_be_visible()


def test_an_estimate_is_marked_when_the_answers_under_it_change(visit: Visit, other: Space) -> None:
    page = visit(other.url)
    page.click("#estimate")
    expect(page.locator(".result-stale")).not_to_be_visible()
    page.get_by_text("Bronze").click()
    expect(page.locator(".result-stale")).to_be_visible()
    page.click("#estimate")
    expect(page.locator(".result-stale")).not_to_be_visible()


def test_an_example_shows_what_it_answers_and_can_be_cleared(visit: Visit, other: Space) -> None:
    page = visit(other.url)
    unknown = page.locator("#unknown-inlet_bar input")
    expect(unknown).not_to_be_visible()
    page.get_by_role("button", name="old pump").click()
    expect(unknown).to_be_visible()
    expect(unknown).not_to_be_checked()
    page.click("#clear")
    expect(unknown).not_to_be_visible()
    expect(page.locator("#feature-hours input[type=number]")).to_have_value("8000")
    expect(page.locator("#result")).to_contain_text("Votre estimation s’affichera ici.")


@pytest.mark.parametrize("typed", ["", "abc"])
def test_a_number_that_was_emptied_is_not_taken_for_another(
    visit: Visit, other: Space, typed: str
) -> None:
    page = visit(other.url)
    box = page.locator("#feature-hours input[type=number]")
    box.fill("12345")
    box.press("Tab")
    box.focus()
    box.press("Control+a")
    box.press("Delete")
    box.press_sequentially(typed)
    page.click("#estimate")
    expect(page.locator("#feature-hours [role=alert]")).to_contain_text("Il faut un nombre")
    expect(box).to_have_value("12345")
    expect(page.locator(VALUE)).to_be_visible()


def test_the_api_away_is_said_and_the_answers_stay(visit: Visit, other: Space) -> None:
    page = visit(other.url)
    box = page.locator("#feature-hours input[type=number]")
    box.fill("12345")
    box.press("Tab")
    other.api.stop()
    try:
        page.click("#estimate")
        expect(page.locator(ALERT)).to_contain_text("ne répond pas pour le moment")
        page.locator("#language").get_by_text("English").click()
        expect(page.locator(ALERT)).to_contain_text("doesn’t answer just now")
        expect(box).to_have_value("12345")
    finally:
        other.restart_api()
    page.click("#estimate")
    expect(page.locator(VALUE)).to_be_visible()


@pytest.mark.parametrize(
    ("space", "line"),
    [("shipped", "Vos réponses sont enregistrées"), ("other", "ne sont pas enregistrées")],
)
def test_the_page_says_whether_answers_are_kept(
    visit: Visit, request: pytest.FixtureRequest, space: str, line: str
) -> None:
    page = visit(request.getfixturevalue(space).url)
    expect(page.get_by_test_id("markdown").first).to_contain_text(line)


def test_the_documentation_works_without_a_cdn(shipped: Space, browser: Any) -> None:
    page = browser.new_page()
    outside: list[str] = []
    page.on("request", lambda r: None if r.url.startswith(shipped.url) else outside.append(r.url))
    page.goto(f"{shipped.url}/api/docs")
    expect(page.locator("#swagger-ui")).to_contain_text("/predict/batch")
    page.close()
    assert [url for url in outside if not url.startswith("data:")] == []


@pytest.mark.parametrize(
    ("name", "language", "width", "height"),
    [("desktop", "fr-FR", 1280, 900), ("phone", "en-GB", 390, 844)],
)
def test_the_page_fits_the_screen(
    visit: Visit,
    shipped: Space,
    pytestconfig: pytest.Config,
    name: str,
    language: str,
    width: int,
    height: int,
) -> None:
    """The same state as in the README's pictures, which `make screenshots` renews."""
    page = visit(shipped.url, language=language, width=width, height=height)
    page.locator(".presets button").nth(2).click()
    expect(page.locator(VALUE)).to_be_visible()
    sections = page.locator(".section button.label-wrap").all()
    for section in sections:
        section.click()
    # Side by side, as narrow as they may be, and as wide as the screen is.
    for narrower in (1101, width) if width > 1101 else (width,):
        page.set_viewport_size({"width": narrower, "height": height})
        for box in page.locator(".feature-unknown").all():
            expect(box).to_be_visible()
            assert box.evaluate("box => box.scrollWidth <= box.clientWidth"), box.inner_text()
    for section in sections:
        section.click()
    overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0, f"{overflow} px beyond the right edge"
    if folder := pytestconfig.getoption("--screenshots"):
        page.wait_for_timeout(1000)  # the scrolling to the result is animated
        page.evaluate("window.scrollTo(0, 0)")
        page.screenshot(path=folder / f"{name}.png", full_page=True)

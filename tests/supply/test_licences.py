"""Everything from the package index that goes into an image is listed with a licence, and with one
that a product under Apache-2.0 may hold."""

from __future__ import annotations

import re

import pytest
from real import ROOT
from supply.listing import ACCEPTED, PAGE, ROWS, licences


def test_the_page_is_what_the_script_writes() -> None:
    assert licences.written(PAGE) == PAGE, "`make licences` renews it"


@pytest.mark.parametrize("image", licences.IMAGES)
def test_each_package_of_an_image_is_listed_with_its_version(image: str) -> None:
    held = licences.shipped(ROOT / licences.IMAGES[image])
    assert {(row.name, row.version) for row in ROWS if row.is_in(image)} == held
    assert len(held) > 20


def test_the_requirement_files_of_the_images_are_those_that_are_installed_in_them() -> None:
    files = [(ROOT / name).read_text("utf-8") for name in ("Dockerfile", "Dockerfile.hf")]
    installed = set(re.findall(r"/opt/venv \"?/build/(\S+?)\"?$", "".join(files), re.MULTILINE))
    assert installed == {"requirements-api-$ENGINE.txt", "requirements-ui.txt", "requirements.txt"}
    engines = {f"requirements-api-{engine}.txt" for engine in ("compiled", "sklearn")}
    assert set(licences.IMAGES.values()) == installed - {"requirements-api-$ENGINE.txt"} | engines


def test_every_licence_is_permissive_or_there_for_a_reason() -> None:
    refused = [row for row in ROWS if not licences.parts(row.licence) <= ACCEPTED]
    assert not refused
    assert all(licences.parts(row.licence) for row in ROWS), "one is listed without any"


def test_nothing_is_accepted_that_is_not_there() -> None:
    used = set().union(*(licences.parts(row.licence) for row in ROWS))
    assert used == ACCEPTED
    assert set(licences.KNOWN["declared"]) <= {row.name for row in ROWS}


@pytest.mark.parametrize(
    "licence",
    [
        *("GPL-3.0-only", "LGPL-2.1-or-later", "AGPL-3.0-only", "SSPL-1.0", "EUPL-1.2"),
        *("BUSL-1.1", "CC-BY-NC-4.0", "LicenseRef-Proprietary", "MIT AND GPL-2.0-only"),
    ],
)
def test_a_licence_of_another_kind_would_be_refused(licence: str) -> None:
    assert not licences.parts(licence) <= ACCEPTED


def test_a_package_without_a_known_licence_is_refused_in_words() -> None:
    with pytest.raises(licences.Unknown, match="nowhere is not installed here"):
        licences.licence("nowhere")

"""Each image holds the list of what is in it, made while it was built."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from containers.engines import Container, docker
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name
from real import ROOT
from supply.listing import ROWS

from riskspace import __version__

pytestmark = pytest.mark.container

PATH = "/usr/share/riskspace/sbom.cdx.json"
DISTRIBUTIONS = """
import json
from importlib.metadata import distributions
print(json.dumps(sorted({(one.metadata["Name"], one.version) for one in distributions()})))
"""
# The product's environment, and the base image's own.
PYTHONS = ("/opt/venv/bin/python", "/usr/local/bin/python")
PACKAGES = ["dpkg-query", "--show", "--showformat=${Package} ${Version}\\n"]


def read(image: str) -> str:
    """As docs/supply.md reads it."""
    page = (ROOT / "docs/supply.md").read_text("utf-8")
    (command,) = re.findall(r"^docker (.* ml-app-hf .*)$", page, re.MULTILINE)
    return docker(*command.replace("ml-app-hf", image).split())


@pytest.fixture(scope="module")
def text(image: str) -> str:
    return read(image)


@pytest.fixture(scope="module")
def parts(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)["components"]
    return found


def listed(parts: list[dict[str, Any]], kind: str) -> set[tuple[str, str]]:
    """Names and versions of what has a purl of this kind."""
    return {
        (part["name"], part["version"]) for part in parts if part["purl"].startswith(f"pkg:{kind}/")
    }


def found(inside: Container, python: str) -> set[tuple[str, str]]:
    """Names and versions of what an interpreter finds."""
    return {
        (name, version) for name, version in json.loads(inside.run(python, "-c", DISTRIBUTIONS))
    }


def test_it_is_valid_and_says_of_what(text: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    listed = json.loads(text)
    assert listed["bomFormat"] == "CycloneDX"
    described = listed["metadata"]["component"]
    assert (described["name"], described["version"]) == ("riskspace", __version__)


def test_each_part_has_a_name_a_version_a_purl_and_a_licence(parts: list[dict[str, Any]]) -> None:
    incomplete = [
        part
        for part in parts
        if not all(part.get(key) for key in ("name", "version", "purl", "licenses"))
    ]
    assert not incomplete
    purls = [part["purl"] for part in parts]
    assert len(purls) == len(set(purls))


def test_every_distribution_that_a_python_finds_is_listed_at_its_version_and_no_other(
    inside: Container, parts: list[dict[str, Any]]
) -> None:
    product, base = (found(inside, python) for python in PYTHONS)
    assert len(product) > 20
    assert base
    assert listed(parts, "pypi") == product | base


def test_the_page_on_licences_lists_what_the_product_s_environment_holds(
    kind: str, inside: Container
) -> None:
    image = {"api": "API", "ui": "page", "space": "Space"}[kind]
    rows = {(row.name, row.version) for row in ROWS if row.is_in(image)}
    assert {(canonicalize_name(n), v) for n, v in found(inside, PYTHONS[0])} == rows


def test_every_package_of_debian_is_listed_at_its_version_and_no_other(
    kind: str, inside: Container, parts: list[dict[str, Any]]
) -> None:
    packages = {tuple(line.split()) for line in inside.run(*PACKAGES).splitlines()}
    assert listed(parts, "deb") == packages
    names = {name for name, _ in packages}
    assert {"libc6", "tini"} <= names
    assert ("redis-server" in names) == (kind == "space")


def test_a_licence_of_debian_is_told_though_it_has_no_name(space_image: str) -> None:
    found = json.loads(read(space_image))["components"]
    (redis,) = (part for part in found if part["name"] == "redis-server")
    assert any("AGPLv3" in licence["license"]["name"] for licence in redis["licenses"])


def test_python_and_debian_themselves_are_listed(
    inside: Container, parts: list[dict[str, Any]]
) -> None:
    version = inside.python("import platform; print(platform.python_version())")
    assert listed(parts, "generic") == {("python", version), ("debian", "13")}


def test_the_tool_that_made_it_stayed_out(inside: Container) -> None:
    assert inside.run("find", "/mnt", "-mindepth", "1") == ""
    assert inside.run("find", "/", "-xdev", "-name", "cyclonedx*", user="0") == ""


def test_only_root_could_change_it(inside: Container) -> None:
    assert inside.run("stat", "-c", "%U %a", PATH) == "root 644"

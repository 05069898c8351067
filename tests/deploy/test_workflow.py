"""The workflow: what runs in it is pinned, what deploys is behind everything else."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from real import ROOT

WORKFLOW = ROOT / ".github/workflows/cicd.yml"
TEXT = WORKFLOW.read_text("utf-8")
PARSED: dict[Any, Any] = yaml.safe_load(TEXT)
TRIGGERS = PARSED[True]  # YAML 1.1 reads `on` as a truth value
JOBS: dict[str, dict[str, Any]] = PARSED["jobs"]
DEPLOY = JOBS["deploy"]
STEPS: list[dict[str, Any]] = [step for job in JOBS.values() for step in job["steps"]]
SCRIPTS: list[str] = [step["run"] for step in STEPS if "run" in step]


def test_it_is_the_only_workflow_here() -> None:
    assert [path.name for path in WORKFLOW.parent.iterdir()] == [WORKFLOW.name]


def test_every_action_is_pinned_to_a_commit_and_says_which_version_that_is() -> None:
    lines = re.findall(r"uses: *(.*)", TEXT)
    assert len(lines) == sum("uses" in step for step in STEPS) > 0
    for line in lines:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line
    versions = {line.split("@")[0]: line for line in lines}
    assert set(lines) == set(versions.values()), "an action is there in two versions"


def test_each_push_and_pull_request_is_checked() -> None:
    assert TRIGGERS["push"] is TRIGGERS["pull_request"] is None
    tested = JOBS["test"]["strategy"]["matrix"]["python"]
    (supported,) = re.findall(r'requires-python = "(.*)"', (ROOT / "pyproject.toml").read_text())
    assert (supported, tested) == (">=3.11,<3.14", ["3.11", "3.12", "3.13"])
    for name in set(JOBS) - {"deploy"}:
        assert "if" not in JOBS[name]


def test_the_gate_here_is_the_gate_at_home() -> None:
    (gate,) = re.findall(r"^check: (.*?) *##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    run = " ".join(re.findall(r"^(?:make|\.ci/run) (.*)$", "\n".join(SCRIPTS), re.MULTILINE))
    assert set(gate.split()) <= set(run.split())


def test_known_vulnerabilities_are_looked_up_here_and_not_at_home() -> None:
    """There `make check` needs no network; here a source that isn't reached fails, too."""
    (gate,) = re.findall(r"^check: (.*?) *##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert "audit" not in gate.split()
    (step,) = (step for step in JOBS["check"]["steps"] if step.get("run") == "make audit")
    assert set(step) == {"run"}, "no condition, and no failure overlooked"
    assert "continue-on-error" not in TEXT


def test_both_images_are_built_started_and_asked() -> None:
    assert JOBS["image"]["strategy"]["matrix"]["include"] == [
        {"name": "ml-app-hf", "file": "Dockerfile.hf", "port": 7860, "smoke": ""},
        {"name": "ml-app", "file": "Dockerfile", "port": 8000, "smoke": "--without-redis"},
    ]
    scripts = "\n".join(step.get("run", "") for step in JOBS["image"]["steps"])
    for command in ('docker build -f "$FILE" -t "$NAME" .', "docker run -d", "scripts/smoke"):
        assert command in scripts


def test_only_somebody_on_main_deploys_and_only_what_has_passed() -> None:
    assert set(DEPLOY["needs"]) == set(JOBS) - {"deploy"}
    assert DEPLOY["if"].split(" && ") == [
        "github.event_name == 'workflow_dispatch'",
        "inputs.environment == 'production'",
        "github.ref == 'refs/heads/main'",
    ]
    assert DEPLOY["environment"] == "production"
    chosen = TRIGGERS["workflow_dispatch"]["inputs"]["environment"]
    assert chosen["options"] == ["none", "production"]
    assert chosen["default"] == "none"
    assert DEPLOY["concurrency"] == {"group": "production", "cancel-in-progress": False}


def test_no_job_may_do_more_than_it_must() -> None:
    assert PARSED["permissions"] == {"contents": "read"}
    given = {name: job["permissions"] for name, job in JOBS.items() if "permissions" in job}
    assert given == {"deploy": {"contents": "read", "id-token": "write"}}
    assert "secrets." not in TEXT, "the hub trusts the workflow: there is no token to keep"
    for step in STEPS:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
    assert all(0 < job["timeout-minutes"] <= 90 for job in JOBS.values())


def test_nothing_from_outside_is_written_into_a_script() -> None:
    assert not [script for script in SCRIPTS if "${{" in script]


def test_the_scripts_are_clean(tmp_path: Path) -> None:
    paths = []
    for number, script in enumerate(SCRIPTS):
        paths.append(tmp_path / f"{number}.sh")
        paths[-1].write_text(f"#!/usr/bin/env bash\n{script}")
    shellcheck = Path(sys.executable).parent / "shellcheck"
    ran = subprocess.run([shellcheck, *paths], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout


def test_the_scripts_name_files_that_are_there() -> None:
    named = set(re.findall(r"(?:scripts/|requirements|\.ci/)[\w./-]+", "\n".join(SCRIPTS)))
    assert named >= {"scripts/smoke", "scripts/space", ".ci/run"}
    assert [name for name in named if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("space", ["", "name", "owner/", "owner/name; echo", "a/b/c"])
def test_a_deployment_without_a_space_says_what_to_set(space: str) -> None:
    ran = _know_the_space(space)
    assert ran.returncode == 1
    assert ran.stdout.startswith("::error::The variable SPACE_ID")


def test_a_deployment_with_a_space_goes_on() -> None:
    assert _know_the_space("owner/risk-space").returncode == 0


def _know_the_space(space: str) -> subprocess.CompletedProcess[str]:
    script = DEPLOY["steps"][0]["run"]
    return subprocess.run(
        ["bash", "-e", "-c", script], env={"SPACE_ID": space}, capture_output=True, text=True
    )


def test_the_client_that_syncs_is_locked_and_is_given_the_tree_of_the_space() -> None:
    scripts = "\n".join(step.get("run", "") for step in DEPLOY["steps"])
    (lock,) = re.findall(r"pip install .*--require-hashes .*--requirement (\S+)", scripts)
    assert re.search(r"^huggingface-hub==", (ROOT / lock).read_text("utf-8"), re.MULTILINE)
    (written,) = re.findall(r"scripts/space (\S+)", scripts)
    assert f'hf upload "$SPACE_ID" {written} . --repo-type space --delete "*"' in scripts
    (sync,) = (step for step in DEPLOY["steps"] if "hf upload" in step.get("run", ""))
    assert sync["env"] == {"HF_OIDC_RESOURCE": "spaces/${{ vars.SPACE_ID }}"}
    assert DEPLOY["env"] == {"SPACE_ID": "${{ vars.SPACE_ID }}"}

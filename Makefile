# `make run` and `make test` work from a bare clone with Python 3.11+ and a package index.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONPATH := $(CURDIR)/src

.DEFAULT_GOAL := help
.PHONY: help run test check lint types shell screenshots train lock clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: $(VENV)/.run ## start the whole stack; the page is on port 7860
	@PYTHON=$(CURDIR)/$(BIN)/python exec ./start.sh

test: $(VENV)/.dev ## every test that this machine can run, and why the others were skipped
	$(BIN)/python -m pytest

check: lint types shell test ## what must pass before a change lands

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

shell: $(VENV)/.dev
	$(BIN)/shellcheck start.sh .ci/run $(wildcard scripts/*)

screenshots: $(VENV)/.dev ## renew docs/images
	$(BIN)/python -m pytest tests/ui/test_page.py -k fits --screenshots docs/images

train: $(VENV)/.train ## make models/prediabetes again from the public data
	$(BIN)/python -m riskspace.training

lock: ## resolve pyproject.toml into the requirement files (needs uv)
	scripts/lock

clean: ## remove the environment and what a run left
	rm -rf $(VENV) .run

# The locks hold the same versions, so one environment serves them all.
$(VENV)/.run: requirements.txt | $(VENV)
	$(BIN)/pip install --quiet --require-hashes --requirement $<
	@touch $@

$(VENV)/.dev: requirements-dev.txt | $(VENV)
	$(BIN)/pip install --quiet --require-hashes --requirement $<
	@touch $@

$(VENV)/.train: requirements-train.txt | $(VENV)
	$(BIN)/pip install --quiet --require-hashes --requirement $<
	@touch $@

$(VENV):
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	    { echo "$(PYTHON) is not Python 3.11 to 3.13: make PYTHON=python3.13 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $@ || \
	    { rm -rf $@; echo "no venv module: install python3-venv, or another Python" >&2; exit 1; }

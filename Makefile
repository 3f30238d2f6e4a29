# Bare `make` lists the verbs. Whichever comes first builds .venv from requirements.lock.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.from-lock
WORKERS ?= 3

# What Python has compiled is kept: some hundred processes of the tests would else each compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types lab bench docs lock clean
.SUFFIXES:

help:
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1#\2/p' $(MAKEFILE_LIST) | while IFS='#' read -r verb says; do \
		printf '%-14s %s\n' "$$verb" "$$says"; done

demo: $(STAMP)  ## make the sample company's report of its last quarter, and say where it is
	@$(BIN)/salesnb demo

test: $(STAMP)  ## run every test, with coverage of salesnb/
	@$(BIN)/python -m pytest -n $(WORKERS) --cov --cov-report=term $(ARGS)

check: lint  ## all that a change must pass: lint, types, test
	@$(MAKE) --no-print-directory --jobs=2 types test

lint: $(STAMP)  ## hold the code to its format and its rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: $(STAMP)  ## check the types
	@$(BIN)/mypy

lab: $(STAMP)  ## open the notebooks in JupyterLab
	@$(BIN)/salesnb lab

bench: $(STAMP)  ## measure what is promised to be fast, each against what one would do otherwise
	@$(BIN)/python bench/parts.py
	@$(BIN)/python bench/run.py

docs: $(STAMP)  ## write the catalogue of KPIs, the contract and the command line's reference again
	@$(BIN)/python docs/generate.py

lock:  ## choose the versions of requirements.lock again, within what pyproject.toml allows
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	@uv pip compile --universal --generate-hashes --all-extras --no-header --no-annotate --quiet \
		--python-version 3.11 pyproject.toml --output-file requirements.lock

clean:  ## remove .venv, what the tools keep and what runs wrote
	@rm -rf $(VENV) outputs .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* htmlcov

# The lock is complete, so nothing is resolved: pip would take a newer release than the locked one for `name[extra]`.
# Again when what it is made from is newer; packages of an older lock are brought to the versions of the new one.
$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "there is no $(PYTHON): install Python 3.11 or newer, or say make PYTHON=/path/to/it" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "salesnb needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) -V 2>&1): say make PYTHON=python3.11" >&2; exit 1; }
	@echo "building $(VENV) from requirements.lock ..." >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

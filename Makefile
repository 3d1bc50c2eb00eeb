.DEFAULT_GOAL := help
.PHONY: help install demo serve test lint format clean

PYTHON ?= python3
BIN := .venv/bin
export HF_HUB_OFFLINE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

install: .venv/installed ## Install Groundswell into .venv

demo: .venv/installed ## Load the sample community and serve it on 127.0.0.1:8000
	$(BIN)/groundswell demo

serve: .venv/installed ## Serve your own store on 127.0.0.1:8000
	$(BIN)/groundswell serve

test: .venv/developer ## Run everything that must hold for each change
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: .venv/developer ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/developer ## Rewrite files in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove the environment and every cache
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache *.egg-info

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -c constraints.txt -e .
	touch $@

.venv/developer: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -c constraints.txt -e '.[dev]'
	touch .venv/installed $@

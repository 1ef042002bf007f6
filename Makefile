# Every target works from a fresh clone. `make run PYTHON=python3.12` chooses another Python.
PYTHON ?= python3
VENV := $(if $(HEALTHSOCIAL_VENV),$(HEALTHSOCIAL_VENV),.venv)
BIN := $(VENV)/bin

FOLDERS ?= tests/chaos tests/races tests/quiet tests/hostile

.DEFAULT_GOAL := help
.PHONY: help run test lint bench soak chaos screenshots dev

help: ## Show this list
	@grep -E '^[a-z]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | column -t -s '|' 2>/dev/null \
		|| grep -E '^[a-z]+:.*## ' $(firstword $(MAKEFILE_LIST))

run: ## Set up what is missing and run everything (Ctrl-C stops it)
	@$(if $(PORT),PORT=$(PORT)) $(if $(HOST),HOST=$(HOST)) $(PYTHON) bootstrap.py run

# Compiled files are kept even where the environment says otherwise: the tests start many processes.
test: dev ## Run the tests on two cores (ARGS="tests/run -k lock" narrows them)
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

lint: dev ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q .
	@$(BIN)/mypy

bench: dev ## Measure, as ratios within one run (a table; ARGS="--only rules engine" narrows it)
	@$(BIN)/python -m tests.bench $(ARGS)

soak: dev ## Drive the model of the state machine for ten thousand steps
	@env -u PYTHONDONTWRITEBYTECODE HEALTHSOCIAL_THOROUGH=1 $(BIN)/python -m pytest tests/model $(ARGS)

chaos: dev ## Kill, race, leak and attack in the long form (FOLDERS="tests/races" narrows it)
	@env -u PYTHONDONTWRITEBYTECODE HEALTHSOCIAL_THOROUGH=1 $(BIN)/python -m pytest $(FOLDERS) $(ARGS)

screenshots: dev ## Take pictures of every page into var/screenshots
	@$(BIN)/python -m tests.browser.screenshots $(ARGS)

dev:
	@$(PYTHON) bootstrap.py prepare-dev

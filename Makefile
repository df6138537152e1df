# Works on a bare Debian machine with make and Python 3.11 or newer; the first target that needs it
# makes the virtual environment .venv. PYTHON=... names another interpreter, VENV=... another folder.

VENV ?= .venv
BIN := $(VENV)/bin
# Tests run in two processes: CI has two cores.
WORKERS ?= 2
PYTEST_ARGS ?=
BENCH_ARGS ?=
SELFTEST_ARGS ?=
RUN_STAMP := $(VENV)/.towline-run
DEV_STAMP := $(VENV)/.towline-dev
PINS := pyproject.toml constraints.txt ci/venv.sh
PYTHON_FILES := app.py chalicelib towline runner_image tests bench

.PHONY: help environment demo test lint format pytest soak bench clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(RUN_STAMP): $(PINS)
	@sh ci/venv.sh $(VENV) ""
	@touch $@

$(DEV_STAMP): $(PINS)
	@sh ci/venv.sh $(VENV) dev
	@touch $@ $(RUN_STAMP)

environment: $(DEV_STAMP) ## the virtual environment alone, with all that developing needs

demo: $(RUN_STAMP) ## run a small repository's jobs through the whole service, embedded
	@$(BIN)/python examples/demo.py

test: lint pytest ## style, types, layers and all tests (docker tests when an engine answers)

lint: $(DEV_STAMP) ## style, types and layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(wildcard $(PYTHON_FILES))
	@PYTHONPATH=.:runner_image $(BIN)/lint-imports

format: $(DEV_STAMP) ## put the files into the house's style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

pytest: $(DEV_STAMP) ## the tests alone; PYTEST_ARGS="-k name" picks some
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(PYTEST_ARGS)

soak: $(DEV_STAMP) ## the long tests, and every case on every test image; SELFTEST_ARGS="--jobs 2"
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m soak $(PYTEST_ARGS)
	@PYTHON=$(BIN)/python ci/soak.sh $(SELFTEST_ARGS)

bench: $(DEV_STAMP) ## measure, beside the bare tools
	@$(BIN)/python -m bench $(BENCH_ARGS)

clean: ## remove the virtual environment and all caches
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

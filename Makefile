PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help app test check format bench validation coverage mutants clean

help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

app: $(READY) ## open the calculator in the browser
	$(BIN)/balance app

test: $(READY) ## run the tests
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(READY) ## format, lint, types and tests: what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict calculator
	$(MAKE) test

format: $(READY) ## rewrite the code in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) ## time the benchmarks in tests/bench
	$(BIN)/python -m pytest tests/bench --benchmark-enable --benchmark-only

validation: $(READY) ## write docs/validation.md from a run of the published results
	$(BIN)/python -m tests.published.validation

# The cheap tests alone: the whole suite takes minutes.
coverage: $(READY) ## measure what the cheap tests reach of calculator/model
	$(BIN)/python -m coverage run -m pytest calculator/model tests/blackbox tests/published \
		tests/unit/test_choice.py tests/unit/test_cohort.py tests/unit/test_known.py \
		tests/unit/test_market.py tests/unit/test_medicaid.py tests/unit/test_member.py \
		tests/unit/test_spell_table.py
	$(BIN)/python -m coverage report --fail-under=95

mutants: $(READY) ## change the benefit, payment and rebates in every way a test must notice
	rm -rf mutants
	$(BIN)/mutmut run --max-children 1
	$(BIN)/mutmut results

clean: ## remove everything that make made, .venv too
	rm -rf .venv build dist .benchmarks .hypothesis .mypy_cache .pytest_cache .ruff_cache .coverage mutants
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One environment with every extra, at the exact versions of constraints.txt.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt hatchling editables setuptools
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[dev]'
	touch $@

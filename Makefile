# `make` alone prints the targets. Each sets up what it needs by itself, once; arguments go through ARGS.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo test check lint types contracts tidy docs bench simulate fuzz interop lock clean

PY := .venv/bin/python
RUNTIME := .venv/.runtime
DEV := .venv/.dev
SIMULATE := $(if $(SEED),--seed $(SEED)) $(if $(METERS),--meters $(METERS)) $(if $(DAYS),--days $(DAYS)) $(if $(PREPAID),--prepaid $(PREPAID))

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

demo: $(RUNTIME) ## run a street of meters, head-end and console: make demo ARGS="--once --json"
	@.venv/bin/ferraris demo $(ARGS)

test: $(DEV) ## run every test, those against foreign implementations included
	@$(PY) -m pytest -n auto --dist loadgroup $(ARGS)

check: lint types contracts tidy ## what CI asks before the tests: lint, types, contracts and tidy

lint: $(DEV) ## ruff's rules and format, spelling
	@.venv/bin/ruff check . $(ARGS)
	@.venv/bin/ruff format --check --quiet . || { echo "run: .venv/bin/ruff format ."; exit 1; }
	@.venv/bin/codespell src tests docs tools benchmarks *.md

types: $(DEV) ## mypy --strict over src
	@.venv/bin/mypy $(ARGS)

contracts: $(DEV) ## the direction of every import
	@.venv/bin/lint-imports --cache-dir .cache/import-linter $(ARGS)

tidy: $(DEV)
	@$(PY) -m pytest -q tests/tidy $(ARGS)

docs: $(DEV) ## write the reference pages anew from the code
	@$(PY) -m tools.reference $(ARGS)

bench: $(DEV) ## measure beside other implementations and print the ratios
	@$(PY) -m benchmarks $(ARGS)

simulate: $(RUNTIME) ## a territory on a virtual clock: make simulate SEED=7 METERS=50 DAYS=3 PREPAID=20
	@.venv/bin/ferraris simulate $(SIMULATE) $(ARGS)

fuzz: $(DEV) ## throw mutated octets at every decoder: make fuzz ARGS="--minutes 10"
	@$(PY) -m tests.fuzz $(ARGS)

interop: $(DEV) ## only the tests against foreign implementations
	@$(PY) -m pytest tests/interop $(ARGS)

lock: $(DEV) ## choose newer versions of the dependencies and write their hashes down
	@sh tools/lock.sh $(ARGS)

clean: ## remove everything that these targets made
	rm -rf .venv .cache .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist demo-data
	find src tests docs tools -name __pycache__ -type d -prune -exec rm -rf {} +
	find src -name '*.so' -delete

# Set-up speaks on standard error only: standard output belongs to the program.
COMPILED := setup.py $(wildcard src/ferraris/*/*.[ch])

$(RUNTIME): requirements/runtime.txt tools/setup.sh pyproject.toml $(COMPILED)
	@sh tools/setup.sh runtime >&2

$(DEV): requirements/dev.txt tools/setup.sh pyproject.toml $(COMPILED)
	@sh tools/setup.sh dev >&2

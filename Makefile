# What a contributor runs. The environment is made on first use; VENV=... takes another one.
VENV ?= .venv
BIN := $(VENV)/bin
TOOLS := $(BIN)/lint-imports

.PHONY: help check test update bench gate

help:
	@echo "make check   lint, types, import contracts, and portlint on itself"
	@echo "make test    the tests; T='tests/fix/test_fix.py -k baseline' for some of them"
	@echo "make update  write the expected files of the tests and docs/rules.md anew; then read the difference"
	@echo "make bench   times of portlint and its peers; CHECKOUT=FOLDER for a repository of yours"
	@echo "make gate    all that decides whether a change lands; makes .venv anew"

$(TOOLS):
	python3 -m venv $(VENV)
	$(BIN)/pip install --quiet -e '.[dev]'

check: $(TOOLS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/portlint check

test: $(TOOLS)
	$(BIN)/pytest $(T)

update: $(TOOLS)
	PYTHONPATH=tests $(BIN)/python -m support.inventory
	PYTHONPATH=tests $(BIN)/python tests/pipeline/test_projects.py
	$(BIN)/portlint explain --markdown >$(VENV)/rules.md
	cp $(VENV)/rules.md docs/rules.md
	git --no-pager diff --stat -- tests/fixtures docs/rules.md

bench: $(TOOLS)
	$(BIN)/python benchmarks/run.py $(if $(CHECKOUT),--checkout $(CHECKOUT))

gate:
	.ci/run

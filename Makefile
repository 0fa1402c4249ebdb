# Each target stands alone on a fresh clone: it makes .venv first if it has to. Nothing but Python >= 3.11, git and make is assumed.
.PHONY: help demo test web webcheck opencode fix lint types layers proofs bench reference picture browser screens bench-console clean
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
READY := .venv/.ready
WORKERS := 3 # of the tests; one more than CI has cores, because many wait for a program or the disk
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export GIT_CONFIG_NOSYSTEM := 1

help:       ## what each target does
	@grep -hE '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: no Python >= 3.11 with venv found; install one or say PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install -q --group dev -e .
	@touch $(READY)

demo: $(READY) ## deliver the example service with the embedded host and print the report
	$(BIN)/echelon demo $(DIR)

test: lint types layers opencode web webcheck ## lint, types, layers, all tests: what CI runs
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -q

web: $(READY) ## build the console's page; nothing to do when it is as its sources are
	$(BIN)/python tools/page.py

webcheck: $(READY) ## types and unit tests of the page
	$(BIN)/python tools/page.py check

opencode: $(READY) ## fetch the OpenCode versions that tests run on, from npm, into .node
	$(BIN)/python tools/opencode_binary.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/pyrefly check

layers: $(READY)
	$(BIN)/lint-imports

fix: $(READY) ## format, and mend what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

proofs: $(READY) opencode ## the long forms of the crash, race and property proofs
	ECHELON_PROOFS=long $(BIN)/python -m pytest -n 2 --dist worksteal -q tests/crash tests/race tests/property tests/model tests/opencode --timeout 1800

bench: $(READY) ## measure, compare with the limits, write docs/PERFORMANCE.md
	$(BIN)/python -m bench

reference: $(READY) ## write docs/reference and docs/FORMAT.md from the tables in the code
	$(BIN)/python tools/docs_reference.py

picture: $(READY) ## run the demo and draw docs/img/demo.svg from what it prints
	$(BIN)/python tools/picture.py

screens: $(READY) web ## each view of the console on the example portfolio, into docs/img
	$(BIN)/python tools/screens.py

browser: $(READY) opencode web ## every test of the console's page in a real browser, also those that make test leaves out
	ECHELON_TESTS=all $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -q tests/browser

bench-console: $(READY) web ## measure the console in a real browser
	$(BIN)/python -m bench console

clean:      ## remove what the targets made
	rm -rf .venv build dist web/node_modules web/src/client web/openapi.json src/echelon/console/page

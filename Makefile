# make demo       onboard three prefixes against a small Internet on loopback (EXIT=1: end there)
# make test-fast  all tests without real outside servers
# make test       what .ci/run runs: with CI=true or SYSTEM=1 also real servers (apt, root)
# make test-long  soaks with many seeds, a killed speaker, ten minutes of fuzzing, docker-compose.yml
#                 in an engine, and store and API on the oldest promised Postgres (apt, root)
# make check      style, types, import contracts
# make fuzz       a long search for faults in the API, with schemathesis; FUZZ_SECONDS=600
# make bench      the figures of the README; bench-quick: only whether each can be measured
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --no-input
PYTEST_ARGS ?=
# One process more than cores: it works while another waits for Postgres or a real server.
PYTEST := $(BIN)/pytest --dist loadfile --no-loadscope-reorder -n 3
FUZZ_SECONDS ?= 600
OLDEST_POSTGRES := 15
# django-htmx is there for the files in it, and Django would come along.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-annotate --no-header --no-emit-package django --no-emit-package sqlparse \
  --no-emit-package byoip-cli
# The command's package comes last: a service of before owned the script, and takes it along.
EDITABLE := $(PIP) install --quiet --no-deps --no-build-isolation --editable
INSTALL := $(EDITABLE) . && $(EDITABLE) ./cli
# Tests start `byoip` some thirty times: what Python has compiled is kept, whatever the shell says.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo from-nothing test test-fast test-long long-ship long-failover long-others long-oldest \
  check fuzz bench bench-quick lock image-check clean

demo: $(VENV)/.runtime
	@$(BIN)/byoip demo $(if $(EXIT),--exit)

test-fast: $(VENV)/.development
	$(PYTEST) -m "not real and not long" $(PYTEST_ARGS)

test: $(VENV)/.development
ifneq ($(filter true 1,$(CI) $(SYSTEM)),)
	tools/install-real-parts
endif
	$(PYTEST) $(PYTEST_ARGS)

# Most of it waits for time to pass: three at once.
test-long: $(VENV)/.development
	tools/install-real-parts
	-tools/install-engine # tests/ship says what is missing
	$(MAKE) --jobs=3 --output-sync=target --keep-going \
	  long-ship long-failover long-others fuzz long-oldest

long-ship: $(VENV)/.development
	CI=true $(BIN)/pytest -m long $(PYTEST_ARGS) tests/ship

long-failover: $(VENV)/.development
	CI=true $(BIN)/pytest -m long $(PYTEST_ARGS) tests/failover

long-others: $(VENV)/.development
	CI=true $(PYTEST) -n 2 -m long --ignore=tests/ship --ignore=tests/failover $(PYTEST_ARGS)

long-oldest: $(VENV)/.development
	$(PYTEST) --postgres=$(OLDEST_POSTGRES) $(PYTEST_ARGS) tests/store tests/api tests/net

check: $(VENV)/.development
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

fuzz: $(VENV)/.development
	tools/install-real-parts
	CI=true FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/pytest $(PYTEST_ARGS) tests/clients/test_fuzzing.py

from-nothing: $(VENV)/.development # a /24, on pages, in a browser: clicks and seconds
	$(VENV)/bin/pytest -q tests/web/sandbox/test_5_from_nothing.py

bench: $(VENV)/.development
	$(BIN)/python -m benchmarks

bench-quick: $(VENV)/.development
ifneq ($(filter true 1,$(CI) $(SYSTEM)),)
	tools/install-real-parts
endif
	$(BIN)/python -m benchmarks --quick

image-check: $(VENV)/.development
	tools/image-check

lock: # needs uv; writes what `make demo` and `make test` install
	$(COMPILE) --extra embedded --group build pyproject.toml -o requirements.lock
	$(COMPILE) --extra embedded --group build --group dev -c requirements.lock pyproject.toml \
	  -o requirements-dev.lock
	$(COMPILE) -c requirements.lock pyproject.toml -o requirements-image.lock
	$(COMPILE) --no-emit-package asgiref --no-emit-package tzdata -c requirements.lock --group build \
	  -o requirements-build.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "byoip needs Python 3.11 or newer: set PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "No venv module: on Debian, apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.runtime: requirements.lock pyproject.toml cli/pyproject.toml | $(BIN)/python
	@echo "Installing byoip into $(VENV) ..."
	@$(PIP) install --quiet --require-hashes --no-deps -r requirements.lock
	@$(INSTALL)
	@touch $@

$(VENV)/.development: requirements-dev.lock pyproject.toml cli/pyproject.toml | $(BIN)/python
	@echo "Installing byoip and its tests into $(VENV) ..."
	@$(PIP) install --quiet --require-hashes --no-deps -r requirements-dev.lock
	@$(INSTALL)
	@touch $@ $(VENV)/.runtime

# Everything a contributor types. Each target sets up .venv by itself, from the hash-locked files and nothing else.
# From a bare Debian: apt install make python3-venv git

PYTHON ?= python3
JOBS ?= auto
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
PYTEST := $(BIN)/python -m pytest -q -n $(JOBS)
PACKAGES := somalink ingest processing dashboards
PAGE := dashboards/live/static/vendor/.ready

# Threads inside numpy only fight with the test workers; the engine is one thread by contract.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help demo test check everyday truth slow influx grafana containers bluez bench format docs dashboards env lock clean

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1	/' | expand -t 20

demo: .venv/.ready $(PAGE) ## a simulated month on the page, and on from there
	@$(BIN)/somalink demo
	@echo "(first: . .venv/bin/activate, so that this shell finds somalink)"

test: check everyday ## what every change must pass: checks and the everyday tests

check: .venv/.ready-dev ## style, format, types and import rules
	@echo "check: ruff" && $(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .
	@echo "check: mypy --strict" && $(BIN)/mypy --no-error-summary
	@echo "check: dashboards" && $(BIN)/python -m dashboards.grafana --check
	@echo "check: imports" && $(BIN)/lint-imports --config pyproject.toml > .venv/imports.log || { cat .venv/imports.log; exit 1; }

everyday: .venv/.ready-dev ## the tests that are neither slow nor on real recordings
	@$(PYTEST) -m "not slow and not truth and not influx and not containers" $(PYTEST_ARGS)

# A file a worker, so that what a file reads once is read once.
truth: .venv/.ready-dev ## the tests on real recordings, their figures written to docs/truth.md (SOMALINK_DATA, else ../shared/data)
	@$(PYTEST) --dist loadfile --write-truth -m "truth and not slow and not influx" $(PYTEST_ARGS)

slow: .venv/.ready-dev ## the long ones: thousands of draws, kills, simulated months
	@$(PYTEST) -m "slow and not influx and not containers" $(PYTEST_ARGS)

influx: .venv/.ready-dev ## replica and every panel on a real InfluxDB (found as CONTRIBUTING says)
	@$(PYTEST) -m influx $(PYTEST_ARGS)

containers: .venv/.ready-dev ## the image and the compose file, brought up (Debian: its engine, docker-compose, mmdebstrap; as root)
	@$(BIN)/python -m pytest -q -m containers $(PYTEST_ARGS)

grafana: .venv-grafana/.ready ## boards brought to a Grafana, in the environment of its client (docs/decisions/0027)
	@.venv-grafana/bin/python -m pytest -q tests/somalink/pipeline/test_grafana.py tests/somalink/cli/test_grafana.py tests/storage/influx/test_server.py $(PYTEST_ARGS)

bluez: ## straps on a real BlueZ, in a small Linux of its own: four minutes to build once (apt, as root), then ten
	@tests/bluez/run python3 -m pytest -q --color=no -p no:cacheprovider tests/bluetooth $(PYTEST_ARGS)

bench: .venv/.ready .venv-bench/.ready ## speed beside four libraries that do the same, into docs/benchmarks.md (ROUNDS=1: quickly, and the page stays)
	@$(BIN)/python -m bench $(if $(ROUNDS),--rounds $(ROUNDS))

format: .venv/.ready-dev ## let ruff write the layout
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .

docs: .venv/.ready ## write the pages that are made from the program
	@$(BIN)/python docs/write_pages.py

# Locks name versions and hashes, never where to download from: that is the business of whoever installs.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
env: ## keys by chance and .env, for `docker compose up`
	@$(PYTHON) deploy/make_env.py

dashboards: .venv/.ready ## write the Grafana dashboards anew, from Python to JSON
	@$(BIN)/python -m dashboards.grafana

lock: ## resolve again within pyproject.toml (needs uv); review the difference
	@$(LOCK) $(LOCK_ARGS) pyproject.toml --output-file requirements.txt
	@$(LOCK) $(LOCK_ARGS) --output-file requirements-node.txt setup/node.in
	@$(LOCK) $(LOCK_ARGS) pyproject.toml --extra dev --extra research --extra virtual --extra cluster --constraints requirements.txt --output-file requirements-dev.txt
	@$(LOCK) $(LOCK_ARGS) pyproject.toml --extra dev --extra grafana --constraints requirements-dev.txt --output-file requirements-grafana.txt
	@$(LOCK) $(LOCK_ARGS) --output-file requirements-bench.txt --overrides setup/bench-overrides.in setup/bench.in
	@$(LOCK) $(LOCK_ARGS) --output-file requirements-bench-build.txt --constraints requirements-bench.txt setup/bench-build.in

clean: ## remove what make made
	@rm -rf .venv .venv-grafana .venv-bench .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info

# ---------------------------------------------------------------- the environment

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "somalink needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "setup: .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "No venv module: apt install python3-venv"; exit 1; }

.venv/.ready: requirements.txt pyproject.toml | .venv/bin/python
	@echo "setup: packages from requirements.txt (a few minutes the first time)"
	@$(PIP) install --quiet --require-hashes -r requirements.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# The page's chart, by npm (of the system, else as a wheel): docs/decisions/0022.
$(PAGE): package-lock.json dashboards/live/build.py | .venv/.ready
	@echo "setup: the page's chart, by npm"
	@command -v npm > /dev/null || $(PIP) install --quiet --require-hashes -r requirements-node.txt
	@$(BIN)/python -m dashboards.live.build
	@touch $@

.venv/.ready-dev: requirements-dev.txt .venv/.ready $(PAGE)
	@echo "setup: tools from requirements-dev.txt"
	@$(PIP) install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

# Grafana's client brings another urllib3 under the same name, so it has an environment of its own.
.venv-grafana/.ready: requirements-grafana.txt .venv/.ready-dev
	@echo "setup: .venv-grafana from requirements-grafana.txt"
	@$(PYTHON) -m venv .venv-grafana
	@.venv-grafana/bin/python -m pip --disable-pip-version-check --no-input install --quiet --require-hashes -r requirements-grafana.txt
	@.venv-grafana/bin/python -m pip --disable-pip-version-check --no-input install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# The libraries somalink is timed beside cannot live with its numpy, nor with what they ask of each other: docs/benchmarks.md. pip would not find
# the lock consistent, so it is told not to look (--no-deps); one of them has no wheel, and is built with what is locked too.
.venv-bench/.ready: requirements-bench.txt requirements-bench-build.txt | .venv/bin/python
	@echo "setup: .venv-bench from requirements-bench.txt (a few minutes the first time, 1 GB)"
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip --disable-pip-version-check --no-input install --quiet --require-hashes -r requirements-bench-build.txt
	@.venv-bench/bin/python -m pip --disable-pip-version-check --no-input install --quiet --no-deps --no-build-isolation --require-hashes -r requirements-bench.txt
	@touch $@

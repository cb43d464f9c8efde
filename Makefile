# The two commands that a newcomer needs are `make run` and `make test`. Everything is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
SECONDS ?= 60
# More than there are cores: half of the tests' time is waiting for processes, sockets and screens.
WORKERS ?= 4

.PHONY: help run demo test tests check compiled format lint types imports sim screenshots bench fuzz soak lock clean

help:  ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

run: .venv/run  ## Install, and open the app
	@$(BIN)/cryptpad-tui

demo: .venv/run  ## A throw-away vault and relay, with somebody else typing
	@$(BIN)/python -m cryptpad_tui.ui.demo

test: check tests  ## Format, lint, types, import directions, and all tests

tests: .venv/dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

check: format lint types imports

# Before the first run: otherwise each worker compiles all tests. What fails here fails again, and is shown, there.
compiled: .venv/dev
	-@$(BIN)/python -m pytest --collect-only -q >/dev/null

format: .venv/dev
	$(BIN)/ruff format --check .

lint: .venv/dev
	$(BIN)/ruff check .

types: .venv/dev
	$(BIN)/mypy

imports: .venv/dev
	$(BIN)/lint-imports --no-cache

sim: .venv/dev  ## Simulate people, disks, network and relay: SECONDS=600, or SEED=123 again
	PYTHONPATH=.:relay:tests $(BIN)/python -m sim --seconds $(SECONDS) $(if $(SEED),--seed $(SEED)) $(if $(STEPS),--steps $(STEPS))

screenshots: .venv/dev  ## Make screenshots/*.svg from the running app
	$(BIN)/python tests/support/screenshots.py

bench: .venv/dev  ## Measure the bars of docs/performance.md
	$(BIN)/python -m benchmarks

fuzz: .venv/fuzz  ## Fuzz every parser of foreign bytes (SECONDS=600), then a million honest updates
	PYTHONPATH=tests $(BIN)/python -m fuzz --seconds $(SECONDS)

soak: .venv/dev  ## Ten thousand hostile connections; deaths and cuts at every step; other examples of each property
	CRYPTPAD_TUI_SOAK=1 $(BIN)/python -m pytest tests/relay/test_limits_hostile.py -rs
	CRYPTPAD_TUI_SOAK=1 $(BIN)/python -m pytest -n auto tests/engine/test_killed_*.py tests/engine/test_teams_at_once.py tests/people/test_roster_keys.py tests/sim/test_teams.py -rs
	CRYPTPAD_TUI_SOAK=1 $(BIN)/python -m pytest -n auto -m hypothesis -rs

lock:  ## Pin every package again
	$(BIN)/pip install -q uv
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python .ci/make_lock.py

clean:
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis benchmarks/.work
	find . -name __pycache__ -prune -exec rm -rf {} +

# Only what the program needs: the lock's part above its marker.
.venv/run: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "cryptpad-tui needs Python 3.11 or newer; set PYTHON=" >&2; exit 1; }
	@echo "installing into .venv, once: this takes a minute"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@sed '/^# development/q' requirements.lock > .venv/run.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/run.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev: .venv/run
	@sed '/^# fuzzing/q' requirements.lock > .venv/dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/dev.lock
	@$(BIN)/python .ci/get_spec.py
	@touch $@

# Where the fuzzer has no build the lock's markers leave it out, and `make fuzz` says so.
.venv/fuzz: .venv/dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

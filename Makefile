# make demo: the paper's network learns, on a virtual board; shows where log and figure are.
# make test: style, types, imports, and the tests that need neither an emulated chip nor KiCad: 3 minutes on two cores.
# make test-emulated: tests on an emulated RP2040, and with the newest MicroPython.    make test-hardware: tests that run KiCad 9.
# make test-browser: the pages of watch --web and dashboard, in chromium.
# make test-slow: scores of 26 boards a task, every single fault of a kind, the tour of the README, most of the recorded runs.
# make test-chaos: what breaks: links, streams, files, interrupts; random faults, fuzzing.    make test-all: all of these.
# make docs: the documentation site, in build/site.    make test-docs: that it is whole, notebooks, and every example of a page.
# make hardware: hardware/ again from boards.toml, and its netlists checked against the learning rule.
# Both need python3 >= 3.11 and make; all else goes into .venv.

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?=
LOCK_ARGS ?=

bin = $(VENV)/bin
pip = $(bin)/python -m pip install --quiet --disable-pip-version-check
pytest = $(bin)/pytest -n auto --dist worksteal $(PYTEST_ARGS)
uv = .cache/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"

.PHONY: demo check test test-emulated test-hardware test-browser test-chaos test-slow test-docs test-all docs hardware lock clean

demo: $(VENV)/.demo
	$(bin)/twinohm run allostery

# Imports and types side by side, one on each core; either can fail it.
check: $(VENV)/.test
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/lint-imports --no-cache & $(bin)/mypy; types=$$?; wait $$! && exit $$types

test: check
	$(pytest) -m "not emulated and not newest and not kicad and not chaos and not browser and not docs and not slow"

test-emulated: $(VENV)/.test
	$(pytest) -m "emulated or newest"

test-hardware: $(VENV)/.test
	$(pytest) -m kicad

test-browser: $(VENV)/.test
	$(pytest) -m browser

test-slow: $(VENV)/.test
	$(pytest) -m "slow and not docs and not emulated and not kicad and not chaos and not browser"

test-chaos: $(VENV)/.test
	$(pytest) -m chaos

test-docs: $(VENV)/.docs
	$(pytest) -m docs

docs: $(VENV)/.docs
	$(bin)/python -m sphinx --quiet --fail-on-warning --keep-going --conf-dir docs . build/site
	@echo "build/site/index.html"

test-all: check $(VENV)/.docs
	$(pytest)

hardware: $(VENV)/.test
	$(bin)/python -m hardware.generator
	$(bin)/python -m hardware.netcheck

# Stamps: what was installed, and when.
$(VENV)/.demo: requirements.txt pyproject.toml $(bin)/pip
	@echo "Installing into $(VENV) ..."
	@$(pip) --require-hashes -r requirements.txt
	@$(pip) --no-deps --editable .
	@touch $@

$(VENV)/.test: requirements-test.txt pyproject.toml $(bin)/pip
	@echo "Installing into $(VENV) what the tests need ..."
	@$(pip) --require-hashes -r requirements-test.txt
	@$(pip) --no-deps --editable .
	@touch $@

$(VENV)/.docs: requirements-docs.txt $(VENV)/.test
	@echo "Installing into $(VENV) what the documentation site needs ..."
	@$(pip) --require-hashes -r requirements-docs.txt
	@touch $@

# An environment that `uv run` has made has no pip: then it is made anew, and its stamps with it.
$(bin)/pip:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found: install Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "TwinOhm needs Python 3.11 or newer, and $(PYTHON) is `$(PYTHON) -V 2>&1`; name another: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)

# Pins stay as they are while they fit; LOCK_ARGS=--upgrade takes the newest releases.
lock:
	@test -x .cache/uv/bin/uv || { $(PYTHON) -m venv .cache/uv && .cache/uv/bin/python -m pip install --quiet uv; }
	$(uv) $(LOCK_ARGS) pyproject.toml --output-file requirements.txt
	$(uv) $(LOCK_ARGS) pyproject.toml --extra test -c requirements.txt -o requirements-test.txt
	$(uv) $(LOCK_ARGS) pyproject.toml --extra docs -c requirements-test.txt -o requirements-docs.txt

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find firmware hardware host tests -name __pycache__ -type d -prune -exec rm -rf {} +

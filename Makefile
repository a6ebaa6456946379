# make demo and make test do all the set-up themselves; `make help` lists the rest.

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?=
WORKERS ?= 2
BENCH_ARGS ?=
RANDOM_ARGS ?=

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
TYPED := build/typed

.DEFAULT_GOAL := help
.PHONY: help check venv install demo test test-fast random random-folded random-rtl lint format bench wheel clean distclean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

# Named at once, before anything is installed.
check:
	@case "$(CURDIR)" in *[[:space:]]*) \
	  echo "error: the path '$(CURDIR)' contains a space, which make cannot handle; move the repository" >&2; exit 1;; esac
	@command -v "$${HLSQ_CXX:-g++}" >/dev/null 2>&1 || { [ -z "$${HLSQ_CXX:-}" ] && command -v c++ >/dev/null 2>&1; } || { \
	  echo "error: no C++ compiler: '$${HLSQ_CXX:-g++}' is not on PATH, and the C simulation needs it." >&2; \
	  echo "       Install it (Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++) or set HLSQ_CXX to one." >&2; \
	  exit 1; }
	@python="$(PYTHON)"; if [ -x "$(BIN)/python" ]; then python="$(BIN)/python"; fi; \
	command -v "$$python" >/dev/null 2>&1 || { \
	  echo "error: '$$python' is not on PATH. Install Python 3.11, 3.12 or 3.13, or name one: make PYTHON=python3.11 ..." >&2; \
	  exit 1; }; \
	version=$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])') || version=unknown; \
	case "$$version" in 3.11|3.12|3.13) ;; *) \
	  echo "error: '$$python' is Python $$version; hlsq needs 3.11, 3.12 or 3.13." >&2; \
	  echo "       Name one that is: make PYTHON=python3.11 ... (and remove $(VENV), if it exists: make distclean)" >&2; \
	  exit 1;; esac; \
	"$$python" -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "error: '$$python' cannot create virtual environments. Debian, Ubuntu: apt install python$$version-venv" >&2; \
	  exit 1; }

venv: $(BIN)/python ## create .venv, with nothing in it

$(BIN)/python: | check
	$(PYTHON) -m venv $(VENV)

install: $(INSTALLED) ## create .venv and install hlsq, editable, with what tests and checkers need

# Installed again only when the package's metadata or its list of packages changes.
$(INSTALLED): pyproject.toml setup.py | check $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[test,dev,rtl]"
	@touch $@

demo: $(INSTALLED) ## train, quantise, emit, simulate and verify a small network
	$(BIN)/hlsq demo

# Each test goes to the worker that has time for it. WORKERS=0 runs all of them in one process, as a debugger needs.
test: $(INSTALLED) ## run all tests, in two processes (WORKERS=n for others)
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

test-fast: $(INSTALLED) ## run the tests that are quick and need no data, in about two minutes
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not slow and not realdata" $(PYTEST_ARGS)

# More than the tests take, each simulated as C++ and as streams: three quarters of an hour on two busy cores.
random: $(INSTALLED) ## check 200 random networks as hardware (RANDOM_ARGS="--count n --no-exact" for others)
	$(BIN)/python tests/support/random_designs.py $(RANDOM_ARGS)

random-folded: $(INSTALLED) ## the same as folded accelerators (RANDOM_ARGS="--count n --first seed")
	$(BIN)/python tests/support/random_folded.py $(RANDOM_ARGS)

random-rtl: $(INSTALLED) ## the same as SystemVerilog, a minute each (RANDOM_ARGS="--count n --first seed")
	$(BIN)/python tests/support/random_rtl.py $(RANDOM_ARGS)

# mypy sees hlsq.backends and hlsq.converters where an install puts them, so it gets a tree of links laid out like that,
# and runs inside it.
lint: $(INSTALLED) ## run ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@rm -rf $(TYPED)/hlsq && mkdir -p $(TYPED)/hlsq
	@ln -s $(CURDIR)/hlsq/* $(CURDIR)/backends $(CURDIR)/converters $(TYPED)/hlsq/
	cd $(TYPED) && $(abspath $(BIN))/mypy --config-file $(CURDIR)/pyproject.toml --cache-dir $(CURDIR)/.mypy_cache -p hlsq

format: $(INSTALLED) ## let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(INSTALLED) ## measure and print the ratio tables
	$(BIN)/python benchmarks/run.py $(BENCH_ARGS)

# build/lib of an earlier wheel would put deleted files into the new one.
wheel: $(INSTALLED) ## build dist/hlsq-*.whl
	rm -rf build/lib build/bdist.*
	$(BIN)/python -m build --wheel --outdir dist .

clean: ## remove what was generated, but not .venv
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis projects/*/build
	find hlsq backends converters tests -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove .venv as well
	rm -rf $(VENV)

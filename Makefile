# Everything runs in .venv, which these rules make with any Python from 3.11 on; nothing needs
# to be activated. `make PYTHON=/path/to/python test` chooses the Python of a new .venv.

.DELETE_ON_ERROR:
.PHONY: help demo test lint types unit install bench clean

VENV := .venv
RUN := $(VENV)/bin/python
WORKERS ?= 2
PIP := $(RUN) -m pip --disable-pip-version-check --quiet install

# A name on the path counts only if it is new enough and can make environments.
FITS := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
FIND := for each in python3.13 python3.12 python3.11 python3 python; do \
    if $$each -c "$(FITS)" >/dev/null 2>&1; then echo $$each; break; fi; done
ifneq ($(origin PYTHON), command line)
PYTHON = $(shell $(FIND))
endif

help:
	@echo "make demo     run the main job on real data, under CPython and under Conure"
	@echo "make test     lint, types, all tests"
	@echo "make lint, make types, make unit    one of the three"
	@echo "make install  the environment only, in $(VENV)"
	@echo "make bench    the figures of the README, against NumPy, Numba and others"
	@echo "make clean    remove what these rules made"

demo: $(VENV)/.test
	$(RUN) examples/demo.py

test: lint types unit

lint: $(VENV)/.test
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

types: $(VENV)/.test
	$(RUN) -m mypy

unit: $(VENV)/.test
	$(RUN) -m pytest -q -n $(WORKERS)

bench: $(VENV)/.bench
	$(RUN) benchmarks/loops.py
	$(RUN) benchmarks/arrays.py
	$(RUN) benchmarks/compile_time.py

install: $(VENV)/.test

# The stamps make a second run quick; a change of the dependencies installs again.
$(VENV)/.test: pyproject.toml $(VENV)/.python
	$(PIP) --editable '.[test,cli]'
	@touch $@

$(VENV)/.bench: pyproject.toml $(VENV)/.python
	$(PIP) --editable '.[test,cli,bench]'
	@touch $@

$(VENV)/.python:
	@python="$(PYTHON)"; if [ -z "$$python" ]; then \
	    echo "Conure needs Python 3.11 or newer with the venv module" >&2; exit 1; fi; \
	echo "making $(VENV) with $$python"; "$$python" -m venv $(VENV)
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis examples/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

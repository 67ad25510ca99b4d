# Everything that this project does, from nothing but Python and make.
# `make` alone lists the commands.

PYTHON ?= python3
VENV := .venv
VENV_OLDEST := .venv-oldest
VENV_SMOKE := .venv-smoke
OUTPUT ?= output/extrapolation
PYTEST_ARGS ?=

# Two quiets leave pip its errors.
PIP_INSTALL := -m pip --disable-pip-version-check --quiet --quiet install
# TensorFlow takes memory in every worker, so never more than four. A worker takes whole
# files, whose fixtures and compiled networks then serve all of their tests; the order
# is that of tests/conftest.py.
PYTEST := -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder
# TensorFlow does not give back what a compiled network took, some 20 MB. So the tests run
# in two halves, each in new processes; those that PYTEST_ARGS selects run at once.
HALVES := $(if $(PYTEST_ARGS),"","tests/_[a-z]*" "tests/test_*.py tests/[a-z]*/ skrnn")
# What no release of a dependency changes: arithmetic and checks of our own, and what
# repeats for an estimator what the tests of the engine, beside Keras, show of networks.
INDEPENDENT := tests/test_package.py tests/_scaling tests/_networks/test_cells.py \
	tests/_networks/test_description.py tests/_networks/test_variances.py \
	tests/_process/test_compilation_cache.py tests/_process/test_config.py \
	tests/_process/test_memory.py tests/_process/test_signals.py \
	tests/_estimators/test_base.py tests/_estimators/test_budget.py \
	tests/_estimators/test_docstrings.py tests/_estimators/test_placeholders.py \
	tests/_estimators/test_recurrent_refusals.py \
	tests/_forecasting/test_bands.py tests/_forecasting/test_differencing.py \
	tests/_forecasting/test_plan.py tests/_forecasting/test_series_bands.py \
	tests/_forecasting/test_set_up.py tests/inspection
OLDEST := $(VENV_OLDEST)/bin/python $(PYTEST) -m "not slow and not exhaustive"

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-all test-oldest lint format docs build smoke bench clean

help:  ## list these commands
	@echo "make COMMAND [PYTHON=python3.12], where COMMAND is one of"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(VENV)/installed-plot  ## extrapolate the shipped series: a table, figures and CSV
	@echo "Training the networks of examples/plot_extrapolation.py (some minutes) ..."
	$(VENV)/bin/python examples/plot_extrapolation.py --output $(OUTPUT)

test: $(VENV)/installed-test  ## run the tests; PYTEST_ARGS="-k windows" selects some
	@echo "Running the tests ..."
	@for half in $(HALVES); do \
		$(VENV)/bin/python $(PYTEST) $$half -m "not exhaustive" $(PYTEST_ARGS) || exit; \
	done

test-all: $(VENV)/installed-test  ## run those, too, of which `make test` runs one for many
	@echo "Running all tests ..."
	@for half in $(HALVES); do \
		$(VENV)/bin/python $(PYTEST) $$half --durations=20 $(PYTEST_ARGS) || exit; \
	done

test-oldest: $(VENV_OLDEST)/installed-test  ## test what depends on releases with the oldest
	@echo "Running what depends on releases with requirements/oldest.txt ..."
ifeq ($(PYTEST_ARGS),)
	@XLA_FLAGS= $(OLDEST) tests/_engine
	@$(OLDEST) tests skrnn --ignore=tests/_engine $(INDEPENDENT:%=--ignore=%)
else
	@$(OLDEST) $(PYTEST_ARGS)
endif

lint: $(VENV)/installed-dev  ## check style, formatting and types
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy

format: $(VENV)/installed-dev  ## repair what lint can repair
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

docs: $(VENV)/installed-dev  ## build the documentation, running new and changed examples
	@echo "Building the documentation into docs/_build/html (runs each new or changed example) ..."
	$(VENV)/bin/python -m sphinx -W --keep-going -b html docs docs/_build/html

build: $(VENV)/installed-dev  ## make the sdist, and of it the wheel, in dist/
	@echo "Building the sdist and the wheel ..."
	@rm -rf dist
	@$(VENV)/bin/python -m build --quiet
	$(VENV)/bin/python -m twine check --strict dist/*

# The fresh environment borrows the dependencies of $(VENV), but not its editable skrnn.
smoke: build  ## install the wheel into a fresh environment and try it there
	@rm -rf $(VENV_SMOKE)
	@$(VENV)/bin/python -m venv --without-pip $(VENV_SMOKE)
	@$(VENV)/bin/python -m pip --python $(VENV_SMOKE) --disable-pip-version-check --quiet \
		install --no-index --no-deps dist/*.whl
	@$(VENV)/bin/python -I -c 'import sys; print(*sys.path, sep="\n")' \
		> $$(echo $(VENV_SMOKE)/lib/python*/site-packages)/borrowed.pth
	@cd $(VENV_SMOKE) && bin/python -I ../.ci/smoke.py

bench: $(VENV)/installed-dev  ## run the benchmarks one by one
	@for script in benchmarks/bench_*.py; do \
		echo "== $$script"; $(VENV)/bin/python $$script || exit 1; \
	done

clean:  ## remove the environments and everything that was built
	rm -rf $(VENV) $(VENV_OLDEST) $(VENV_SMOKE) build dist output .mypy_cache .pytest_cache .ruff_cache
	rm -rf docs/_build docs/api docs/auto_examples docs/generated docs/sg_execution_times.rst
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment is ready for a purpose when the file installed-EXTRA says so, and
# out of date as soon as pyproject.toml changes.
$(VENV)/installed-%: pyproject.toml | $(VENV)/created
	@echo "Installing skrnn[$*] into $(VENV) (TensorFlow is large: minutes the first time) ..."
	@$(VENV)/bin/python $(PIP_INSTALL) --editable ".[$*]"
	@touch $@

$(VENV_OLDEST)/installed-test: pyproject.toml requirements/oldest.txt | $(VENV_OLDEST)/created
	@echo "Installing the oldest supported releases into $(VENV_OLDEST) (minutes) ..."
	@$(VENV_OLDEST)/bin/python $(PIP_INSTALL) --constraint requirements/oldest.txt --editable ".[test]"
	@touch $@

$(VENV)/created $(VENV_OLDEST)/created:
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "skrnn needs Python 3.11, 3.12 or 3.13 (TensorFlow has no packages for others). $(PYTHON) is " + sys.version.split()[0] + "; name another, e.g. make PYTHON=python3.12 demo")'
	@echo "Creating the environment $(@D) with $(PYTHON) ..."
	@rm -rf $(@D)
	@$(PYTHON) -m venv $(@D)
	@touch $@
